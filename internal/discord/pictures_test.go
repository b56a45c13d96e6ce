package discord

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/render"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/testbin"
)

// The pictures of docs/discord.md are drawn from what the emulator received:
//
//	go test ./internal/discord -run Pictures -update
//
// Without -update the same stories are played, and nothing is drawn.
var update = flag.Bool("update", false, "draw the pictures in docs/pictures anew")

// picture draws what a user sees in a channel now, from a message on. It is
// drawn when the story is over, which must not wait for it.
func (w *bench) picture(name string, u *discordtest.User, c *discordtest.Channel, since ...discordtest.Message) {
	w.t.Helper()
	tr := u.Transcript(c, since...)
	if len(tr.Messages) == 0 {
		w.t.Errorf("%s: there is nothing to see", name)
	}
	if *update {
		w.t.Cleanup(func() { drawPicture(w.t, name, tr) })
	}
}

func drawPicture(t testing.TB, name string, tr discordtest.Transcript) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	png, err := render.PNG(ctx, tr, render.Options{Start: time.Date(2026, 11, 20, 10, 14, 0, 0, time.UTC)})
	if err != nil {
		t.Error(err)
		return
	}
	path := filepath.Join("..", "..", "docs", "pictures", name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// weatherData is a real file; the charts and figures about it are the true ones.
func weatherData(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testbin.Root(), "runner", "tests", "testdata", "seattle-weather.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// newScene is a bench whose clock stands still at a friendly time.
func newScene(t *testing.T, set setup) *bench {
	now := time.Date(2026, 11, 20, 10, 14, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	set.discord.Now, set.files.Now = clock, clock
	return newBench(t, set)
}

// put saves a file as if it had been uploaded some hours ago.
func (w *bench) put(u *discordtest.User, name string, content []byte, ago time.Duration) {
	w.t.Helper()
	before := w.set.files
	now := before.Now()
	before.Now = func() time.Time { return now.Add(-ago) }
	fs := files.New(w.store(), w.bucket, before)
	if _, err := fs.Save(w.ctx, files.Upload{User: files.UserID(u.ID), Name: name, Size: int64(len(content)), Body: bytes.NewReader(content),
		Generated: strings.HasPrefix(name, "temperature")}); err != nil {
		w.t.Fatal(err)
	}
}

func TestPicturesOfFiles(t *testing.T) {
	w := newScene(t, setup{})
	gen := w.general
	w.run(w.anna, gen, "files")
	w.picture("files-empty", w.anna, gen)

	// Files of several kinds.
	w.put(w.anna, "holiday photo.jpg", temperatureChart(), 30*time.Hour)
	w.put(w.anna, "notes.md", []byte("# Questions for Monday\n\n- Which month was the wettest?\n- Is **wind** related to rain?\n- Compare 2012 and 2015\n"), 26*time.Hour)
	w.put(w.anna, "report 2026.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 48_000)...), 20*time.Hour)
	w.put(w.anna, "settings.json", []byte(`{"city":"Seattle","units":{"temperature":"C","wind":"m/s"},"years":[2012,2013,2014,2015]}`), 5*time.Hour)
	w.put(w.anna, "temperature.png", temperatureChart(), time.Hour)
	w.put(w.anna, "seattle-weather.csv", weatherData(t), 10*time.Minute)
	list := w.run(w.anna, gen, "files")
	w.picture("files-list", w.anna, gen, list)

	since := w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "seattle-weather.csv")
	w.picture("files-table", w.anna, gen, since)
	since = w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "temperature.png")
	w.picture("files-image", w.anna, gen, since)
	since = w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "notes.md")
	w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "settings.json")
	w.picture("files-text", w.anna, gen, since)

	// Downloads.
	m := w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "notes.md")
	since = w.press(w.anna, m, "⬇️ Download", discordtest.Contains("✅"))
	w.anna.CloseDMs()
	w.press(w.anna, m, "⬇️ Download", discordtest.HasFile)
	w.anna.OpenDMs()
	w.put(w.anna, "recording.wav", append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), make([]byte, 14<<20)...), time.Minute)
	m = w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "recording.wav")
	w.press(w.anna, m, "⬇️ Download", discordtest.Contains("📦"))
	w.picture("files-download", w.anna, gen, since)
	w.picture("files-download-message", w.anna, w.anna.DM())

	// Deleting.
	open := func() discordtest.Message {
		return w.press(w.anna, w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "recording.wav"), "🗑️ Delete")
	}
	since = open()
	w.press(w.anna, open(), "⚠️ Yes, Delete")
	w.picture("files-delete", w.anna, gen, since)
	since = w.press(w.anna, w.press(w.anna, open(), "⚠️ Yes, Delete"), "🔴 Click Again to Confirm")
	w.picture("files-deleted", w.anna, gen, since)

	// A confirmation that died, and a file that is gone.
	w.set.discord.tune.confirm = 200 * time.Millisecond
	w.shutDown()
	w.start()
	since = w.press(w.anna, w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "notes.md"), "🗑️ Delete")
	w.await(gen, discordtest.Contains("Timed out"))
	m = w.choose(w.anna, w.run(w.anna, gen, "files"), fileMenu, "notes.md")
	page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w)
	for _, f := range page.Files {
		if f.Name != "seattle-weather.csv" {
			if err := w.files.Delete(w.ctx, f.User, f.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.press(w.anna, m, "⬇️ Download", discordtest.Contains("not found"))
	w.picture("files-gone", w.anna, gen, since)

	// Many files.
	for i := range 240 {
		w.put(w.bert, fmt.Sprintf("measurement %03d.csv", i), fmt.Appendf(nil, "time,value\n%d,1\n", i), time.Duration(240-i)*6*time.Minute)
		if i%12 == 0 {
			w.put(w.bert, fmt.Sprintf("plot %03d.png", i), chart(200+i, 120), time.Duration(240-i)*6*time.Minute)
		}
	}
	many := w.run(w.bert, gen, "files")
	w.press(w.bert, w.press(w.bert, many, "▶️ Next"), "▶️ Next")
	w.picture("files-pages", w.bert, gen, many)
}

func TestPicturesOfAConversation(t *testing.T) {
	w := newScene(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond}})
	head := table.Table{Columns: []string{"weather", "days", "temp_max", "rain_mm"}, Rows: [][]string{
		{"rain", "641", "13.5", "6.6"}, {"sun", "640", "19.9", "0.0"}, {"fog", "101", "16.8", "0.0"}, {"drizzle", "53", "15.9", "0.0"}, {"snow", "26", "5.6", "8.6"}}}
	step := 0
	release := make(chan bool)
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Status(llm.ToolStatus{State: llm.ToolRunning})
		if step++; step == 2 {
			<-release
			save := func(name string, b []byte) string {
				s, err := w.files.Save(ctx, files.Upload{User: user, Name: name, Body: bytes.NewReader(b), Generated: true})
				if err != nil {
					t.Error(err)
				}
				return string(s.ID)
			}
			return llm.ToolResult{Output: "two charts", Files: []string{save("weather.png", weatherChart()), save("temperature.png", temperatureChart())},
				Tables: []table.Table{head}, Run: &llm.Run{Elapsed: 1700 * time.Millisecond, Packages: []string{"seaborn 0.13.2"},
					Code:   "df = load_file('" + fmt.Sprint(user) + "_…')\nby = df.groupby('weather').agg(days=('date', 'size'),\n    temp_max=('temp_max', 'mean'), rain_mm=('precipitation', 'mean'))\nby.sort_values('days', ascending=False).round(1)",
					Output: "Figure: Days by weather, 2012–2015\nFigure: Mean temperature a month (°C)"}}
		}
		return llm.ToolResult{Output: "1461 rows", Run: &llm.Run{Code: "df = load_file(file_id)\nprint(df.shape, df.date.min(), df.date.max())", Output: "(1461, 6) 2012-01-01 2015-12-31", Elapsed: 310 * time.Millisecond}}
	}
	w.model.Push(
		llmtest.Reply{Text: "Let me look at the file first.", Calls: []llm.ToolCall{python("a", "x")}},
		llmtest.Reply{Calls: []llm.ToolCall{python("b", "y")}},
		llmtest.Reply{Text: "It is the **weather of Seattle**: 1,461 days from 2012-01-01 to 2015-12-31, with precipitation, temperatures, wind and a word for each day. Nothing is missing.\n\n" +
			"- **Rain** is the most frequent with 641 days, **sun** follows with 640.\n- The warmest day had **35.6 °C**, the coldest **−7.1 °C**.\n- Rain is a matter of winter: 39 % of it falls from November to January."})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" Analyze this data", discordtest.File{Name: "seattle-weather.csv",
		Data: weatherData(t)}))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("step 2"))
	w.picture("working", w.anna, w.general, q)
	close(release)
	a := w.answerTo(q)
	w.picture("answer", w.anna, w.general, q)

	code := w.press(w.anna, a, "📜 Code")
	w.picture("code", w.anna, w.general, code)

	// A conversation of two people, with a question before a package is installed.
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, _ := h.Ask(ctx, locale.Later("The code needs the package **prophet**, which is not on my list of well-known ones. Install it from PyPI?"))
		return llm.ToolResult{Output: fmt.Sprint(yes), Run: &llm.Run{Code: "from prophet import Prophet", Elapsed: time.Second}}
	}
	w.does("I fitted a model with a yearly season. For the first week of January 2016 it expects **4 to 8 °C** and rain on about four of the seven days.\n\n| day | low | high |\n|---|---|---|\n| 1 Jan | 1.2 | 6.9 |\n| 2 Jan | 1.3 | 7.0 |\n| 3 Jan | 1.1 | 7.2 |")
	q = must(w.bert.Reply(a, "Can you forecast the next week?"))(w)
	ask := w.await(w.general, discordtest.HasButton("✅ Yes"))
	w.picture("question", w.bert, w.general, q)
	must(w.bert.Press(ask, "✅ Yes"))(w)
	w.answerTo(q)
	w.picture("reply", w.bert, w.general, q)
}

func TestPicturesOfCommands(t *testing.T) {
	w := newScene(t, setup{noStart: true, chat: chat.Options{Model: "gpt-5.4-mini", Models: []string{"gpt-5.4-mini", "gpt-5.4", "gpt-5.5"}}})
	w.set.chat.Now = func() time.Time { return w.set.discord.Now() }
	w.set.chat.UserDailyCost = ledger.Dollar / 2
	w.start()
	w.put(w.anna, "seattle-weather.csv", weatherData(t), time.Hour)
	help := w.run(w.anna, w.anna.DM(), "help")
	w.picture("help", w.anna, w.anna.DM(), help)
	model := w.run(w.anna, w.anna.DM(), "model")
	w.run(w.anna, w.anna.DM(), "model", discordtest.Opt("name", "gpt-5.4"))
	w.picture("model", w.anna, w.anna.DM(), model)
	w.addUsage(w.anna)
	usage := w.run(w.anna, w.anna.DM(), "usage")
	w.picture("usage", w.anna, w.anna.DM(), usage)
	reset := w.run(w.anna, w.anna.DM(), "reset")
	w.press(w.anna, w.run(w.anna, w.anna.DM(), "reset"), "🧹 Forget the conversation")
	w.picture("reset", w.anna, w.anna.DM(), reset)
}

// addUsage enters two weeks of requests.
func (w *bench) addUsage(u *discordtest.User) {
	now := w.set.discord.Now().UTC()
	for i := range 13 {
		n := int64(9_000 + 4_700*((i*7)%11))
		if i%6 == 3 {
			continue
		}
		for m, share := range map[string]int64{"gpt-5.4-mini": 4, "gpt-5.4": 1} {
			err := w.chats().AddUsage(w.ctx, ledger.Usage{User: files.UserID(u.ID), Model: m, Day: now.AddDate(0, 0, -i).Format("2006-01-02"),
				Requests: 3 * share, Input: n * share, Cached: n * share / 3, Output: n * share / 9, Cost: ledger.NanoDollars(n * share * 1000)})
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
