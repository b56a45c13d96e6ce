package main

// What people do with the whole program: the real sandbox behind an emulator of
// Discord.

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

var fileID = regexp.MustCompile(`\d+_\d+_[0-9a-f]{8}`)

// runs makes the model run what stands after RUN in the question.
func (b *bot) runs() {
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "RESULT " + r.Last().Text}
		}
		_, code, found := strings.Cut(r.LastUser(), "RUN ")
		if !found {
			return llmtest.Reply{Text: "Fine."}
		}
		code, _, _ = strings.Cut(code, "\n[Attached")
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", "execute_python_code", map[string]string{"code": code})}}
	}
}

func (b *bot) caseAnswer(q discordtest.Message) discordtest.Message {
	b.t.Helper()
	a, err := b.AwaitMessage(discordtest.Context(b.t), b.Channel(q.ChannelID), discordtest.FromBot, discordtest.After(q), discordtest.HasButton("🔁 Retry"))
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bot) caseAsk(u *discordtest.User, c *discordtest.Channel, text string, fs ...discordtest.File) (q, a discordtest.Message) {
	b.t.Helper()
	q, err := u.Send(c, text, fs...)
	if err != nil {
		b.t.Fatal(err)
	}
	return q, b.caseAnswer(q)
}

// With default settings somebody can have six tables analysed a day.
func TestCaseSixAnalyses(t *testing.T) {
	b := serve(t, map[string]string{"OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}) // the built-in model
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	data := testdata(t, "seattle-weather.csv")
	for i := range 6 {
		fresh := append(append([]byte(nil), data...), fmt.Sprintf("2016-01-%02d,0.0,5.0,1.0,2.%d,sun\n", i+1, i)...)
		q, a := b.caseAsk(anna, anna.DM(), "Analyze this data", discordtest.File{Name: fmt.Sprintf("day%d.csv", i+1), Data: fresh})
		charts := 0 // several are galleries, in a message of their own
		for _, m := range b.Messages(anna.DM()) {
			if discordtest.FromBot(m) && discordtest.After(q)(m) {
				charts += len(m.Attachments)
				for _, c := range m.Components {
					charts += len(c.Items)
				}
			}
		}
		if charts == 0 {
			t.Errorf("analysis %d has no charts: %s", i+1, a.Text())
		}
		time.Sleep(1800 * time.Millisecond) // three messages in five seconds are taken
	}
}

// At the limit of files a chart is still shown.
func TestCaseChartAtTheLimit(t *testing.T) {
	b := serve(t, map[string]string{"MAX_FILES_PER_USER": "1"})
	b.runs()
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	_, a := b.caseAsk(anna, anna.DM(), "RUN import matplotlib.pyplot as plt; plt.plot([1, 2, 3])", discordtest.File{Name: "a.csv", Data: []byte(salesCSV)})
	if len(a.Attachments) != 1 {
		t.Errorf("no chart, but: %s", a.Text())
	}
}

// Two people work on one file in one conversation.
func TestCaseSharedFile(t *testing.T) {
	b := serve(t, nil)
	b.runs()
	guild := b.AddGuild("Acme")
	anna, bert := b.AddUser("anna"), b.AddUser("bert")
	guild.AddMember(anna)
	guild.AddMember(bert)
	general := guild.Channel("general")
	q, a := b.caseAsk(anna, general, b.Bot().Mention()+" RUN df = load_file(list_user_files()[0]['file_id']); print(df.shape)", discordtest.File{Name: "sales.csv", Data: []byte(salesCSV)})
	saved, err := b.AwaitMessage(discordtest.Context(t), general, discordtest.FromBot, discordtest.ReplyTo(q), discordtest.Contains("File saved!"))
	if err != nil {
		t.Fatal(err)
	}
	q, err = bert.Reply(a, "RUN print(load_file('"+fileID.FindString(saved.Text())+"').shape)")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.caseAnswer(q).Text(); !strings.Contains(got, "(5, 3)") {
		t.Errorf("bert joined the conversation by replying, and can't use the file that it is about: %s", got)
	}
	if q, err = bert.Reply(a, "RUN print('anna has', df.shape, 'of', len(list_user_files()), 'files of mine')"); err != nil {
		t.Fatal(err)
	}
	if got := b.caseAnswer(q).Text(); !strings.Contains(got, "anna has (5, 3) of 0 files of mine") {
		t.Errorf("bert uses anna's variables, and has no file of hers listed: %s", got)
	}
}

// Labels of charts are legible in every script.
func TestCaseChartInChinese(t *testing.T) {
	b := serve(t, nil)
	b.runs()
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	_, a := b.caseAsk(anna, anna.DM(), "RUN import matplotlib.pyplot as plt\nplt.bar(['北京', '東京', '서울', 'दिल्ली'], [1, 2, 3, 4])\nplt.title('各城市销售额')")
	if strings.Contains(a.Text(), "missing from font") {
		t.Errorf("the labels are boxes: %s", firstLine(a.Text()))
	}
}

// People who don't see a chart are told what it shows.
func TestCaseAltText(t *testing.T) {
	b := serve(t, nil)
	b.runs()
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	_, a := b.caseAsk(anna, anna.DM(), "RUN import matplotlib.pyplot as plt; plt.plot([1, 2, 3]); plt.title('Sales by month')")
	if len(a.Attachments) != 1 || !strings.Contains(a.Attachments[0].Description, "Sales by month") {
		t.Errorf("the chart has the description %q", a.Attachments[0].Description)
	}
}
