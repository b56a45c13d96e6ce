package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// The specification of the file management is a user guide. Each of its statements
// is a row here, in the guide's order, held against the whole program: the emulator of
// Discord on one side, the real sandbox on the other. What the documents of MongoDB
// look like, and that old ones are read, is held by internal/mongo; that files are
// listed, counted down and swept at their time, by internal/files and
// internal/discord, whose clocks can be turned.

// spec is what the rows play on, one after the other.
type spec struct {
	*bot
	t          *testing.T
	ctx        context.Context
	anna, bert *discordtest.User
	dm         *discordtest.Channel // anna's
	general    *discordtest.Channel
	first      discordtest.Message // the question with which the file came
	id         string              // of the file
	sent       time.Time           // the last message
}

// send sends a message, at a pace at which the program takes them: three in five
// seconds.
func (s *spec) send(u *discordtest.User, text string, fs ...discordtest.File) discordtest.Message {
	s.t.Helper()
	time.Sleep(time.Until(s.sent.Add(1800 * time.Millisecond)))
	s.sent = time.Now()
	m, err := u.Send(u.DM(), text, fs...)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// said is what a message says, without Markdown's marks.
func said(m discordtest.Message) string {
	return strings.NewReplacer("**", "", "\\", "", "`", "").Replace(m.Text())
}

// see fails the row unless a message says all the texts.
func (s *spec) see(m discordtest.Message, texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		if !strings.Contains(said(m), want) {
			s.t.Errorf("%q is not in:\n%s", want, said(m))
		}
	}
}

// match fails the row unless a message has a line of that form.
func (s *spec) match(m discordtest.Message, form string) {
	s.t.Helper()
	if !regexp.MustCompile(`(?m)` + form).MatchString(said(m)) {
		s.t.Errorf("%s is not in:\n%s", form, said(m))
	}
}

func (s *spec) reply(it *discordtest.Interaction, err error, conditions ...discordtest.Match) discordtest.Message {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	m, err := it.AwaitMessage(s.ctx, conditions...)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *spec) list(u *discordtest.User) discordtest.Message {
	s.t.Helper()
	it, err := u.Command(u.DM(), "files")
	return s.reply(it, err)
}

func (s *spec) open(name string) discordtest.Message {
	s.t.Helper()
	it, err := s.anna.Choose(s.list(s.anna), "Select a file...", name)
	return s.reply(it, err)
}

func (s *spec) press(m discordtest.Message, button string, conditions ...discordtest.Match) discordtest.Message {
	s.t.Helper()
	it, err := s.anna.Press(m, button)
	return s.reply(it, err, conditions...)
}

// code makes the model run code, and returns the answer, which begins with what the
// code printed.
func (s *spec) code(u *discordtest.User, code string, fs ...discordtest.File) discordtest.Message {
	s.t.Helper()
	return s.caseAnswer(s.send(u, "RUN "+code, fs...))
}

// attach sends a file without a question, and returns its confirmation.
func (s *spec) attach(u *discordtest.User, name string, data []byte) discordtest.Message {
	s.t.Helper()
	q := s.send(u, "", discordtest.File{Name: name, Data: data})
	m, err := s.AwaitMessage(s.ctx, u.DM(), discordtest.FromBot, discordtest.ReplyTo(q))
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

type statement struct {
	name  string
	check func(s *spec)
}

var specification = []statement{
	{"an attached file is saved, and its id has the user, the time and eight digits", func(s *spec) {
		q := s.send(s.anna, "RUN df = load_file(list_user_files()[0]['file_id']); print(df.shape); df.plot(x='date', y='amount')", discordtest.File{Name: "sales_data.csv", Data: []byte(salesCSV)})
		s.first = q
		m, err := s.AwaitMessage(s.ctx, s.dm, discordtest.FromBot, discordtest.ReplyTo(q), discordtest.Contains("File saved!"))
		if err != nil {
			s.t.Fatal(err)
		}
		s.match(m, `^File saved! ID: \d+_\d+_[0-9a-f]{8}`)
		if s.id = fileID.FindString(said(m)); !strings.HasPrefix(s.id, fmt.Sprintf("%d_%d", s.anna.ID, time.Now().Unix()/1000)) {
			s.t.Errorf("the id is %q", s.id)
		}
		s.see(m, "📊 sales_data.csv")
		if at := regexp.MustCompile(`⏰ Expires <t:(\d+):R>`).FindStringSubmatch(m.Text()); at == nil {
			s.t.Errorf("no expiry in:\n%s", m.Text())
		} else if unix, _ := strconv.ParseInt(at[1], 10, 64); time.Until(time.Unix(unix, 0)).Round(time.Hour) != 48*time.Hour {
			s.t.Errorf("it expires at %s", at[1])
		}
	}},
	{"then comes the analysis, then the chart", func(s *spec) {
		a := s.caseAnswer(s.first)
		s.see(a, "(5, 3)")
		if len(a.Attachments) != 1 || a.Attachments[0].Width == nil {
			s.t.Fatalf("got %+v", a.Attachments)
		}
		sandboxtest.NotBlank(s.t, "the chart", a.Attachments[0].Bytes())
	}},
	{"the list has a headline, and how many files there are", func(s *spec) {
		s.see(s.list(s.anna), "📁 Your Files", "You have 2 file(s) uploaded.")
	}},
	{"a file's entry has its kind's emoji, name, type, size, time and countdown", func(s *spec) {
		s.match(s.list(s.anna), `^📊 sales_data\.csv\nType: csv • Size: 127 B\nUploaded: \d{4}-\d\d-\d\d \d\d:\d\d • ⏰ 48h left$`)
	}},
	{"pictures and texts have their emoji", func(s *spec) {
		s.attach(s.anna, "report.txt", []byte("all is well\n"))
		list := s.list(s.anna)
		s.match(list, `^📝 report\.txt\nType: text • Size: 12 B$`)
		s.match(list, `^🖼️ .*\.png\nType: image • Size: `)
	}},
	{"the list has a menu to choose from, and says how long files are kept", func(s *spec) {
		list := s.list(s.anna)
		s.see(list, "💡 Files expire after 48h • Use the menu below to manage files")
		if !strings.Contains(list.Text(), "Select a file...") {
			s.t.Errorf("no menu in:\n%s", list.Text())
		}
	}},
	{"only who asked sees the list", func(s *spec) {
		it, err := s.anna.Command(s.general, "files")
		if m := s.reply(it, err); m.EphemeralTo != s.anna.ID {
			s.t.Error("everybody sees it")
		}
	}},
	{"a file's details have its type, its size with two digits, and two buttons", func(s *spec) {
		m := s.open("sales_data.csv")
		s.see(m, "sales_data.csv", "Type: csv\nSize: 127 B")
		for _, button := range []string{"⬇️ Download", "🗑️ Delete"} {
			if !discordtest.HasButton(button)(m) {
				s.t.Errorf("there is no %s", button)
			}
		}
		if got := files.ExactSize(2_621_440); got != "2.50 MB" {
			s.t.Errorf("2,621,440 bytes are %q", got)
		}
		if got := files.Size(2_621_440); got != "2.5 MB" {
			s.t.Errorf("in the list they are %q", got)
		}
	}},
	{"a download comes by direct message", func(s *spec) {
		m := s.press(s.open("sales_data.csv"), "⬇️ Download", discordtest.Contains("✅"))
		s.see(m, "✅ Downloaded: sales_data.csv")
		got, err := s.AwaitMessage(s.ctx, s.dm, discordtest.FromBot, discordtest.HasFile, func(m discordtest.Message) bool {
			return m.Attachments != nil && m.Attachments[0].Filename == "sales_data.csv"
		})
		if err != nil || string(got.Attachments[0].Bytes()) != salesCSV {
			s.t.Errorf("got %+v, %v", got.Attachments, err)
		}
	}},
	{"a file that is too large to send is said to be so, and used in code all the same", func(s *spec) {
		s.attach(s.anna, "large.csv", append([]byte("n\n"), bytes.Repeat([]byte("1234567\n"), 11<<17)...))
		m := s.press(s.open("large.csv"), "⬇️ Download", discordtest.Contains("📦"))
		s.see(m, "File too large to download", "You can still use it in code.")
		s.see(s.code(s.anna, "print(len(load_file(list_user_files()[0]['file_id'])))"), "1441792")
	}},
	{"a file of more than 50 MB is not taken", func(s *spec) {
		q := s.send(s.anna, "", discordtest.File{Name: "huge.csv", Size: 51 << 20})
		m, err := s.AwaitMessage(s.ctx, s.dm, discordtest.FromBot, discordtest.ReplyTo(q))
		if err != nil {
			s.t.Fatal(err)
		}
		s.see(m, "huge.csv is too large: a file may have at most 50 MB.")
	}},
	{"deleting asks once", func(s *spec) {
		m := s.press(s.open("report.txt"), "🗑️ Delete")
		s.see(m, "⚠️ Confirm Deletion", "Are you sure you want to delete:\nreport.txt?", "This action cannot be undone!")
		for _, button := range []string{"⚠️ Yes, Delete", "❌ Cancel"} {
			if !discordtest.HasButton(button)(m) {
				s.t.Errorf("there is no %s", button)
			}
		}
	}},
	{"and it asks twice", func(s *spec) {
		m := s.press(s.press(s.open("report.txt"), "🗑️ Delete"), "⚠️ Yes, Delete")
		s.see(m, "⚠️ Final Confirmation", "Click 'Click Again to Confirm' to permanently delete:\nreport.txt", "This is your last chance to cancel!")
		for _, button := range []string{"🔴 Click Again to Confirm", "❌ Cancel"} {
			if !discordtest.HasButton(button)(m) {
				s.t.Errorf("there is no %s", button)
			}
		}
		s.see(s.list(s.anna), "report.txt")
	}},
	{"a confirmation counts for 30 seconds", func(s *spec) {
		s.see(s.press(s.open("report.txt"), "🗑️ Delete"), "Within 30 s")
	}},
	{"cancelling leads back to the file", func(s *spec) {
		m := s.press(s.press(s.open("report.txt"), "🗑️ Delete"), "❌ Cancel")
		s.see(m, "📝 report.txt", "Type: text")
	}},
	{"after two confirmations it is deleted", func(s *spec) {
		m := s.press(s.press(s.press(s.open("report.txt"), "🗑️ Delete"), "⚠️ Yes, Delete"), "🔴 Click Again to Confirm")
		s.see(m, "✅ File Deleted\nSuccessfully deleted: report.txt")
		if strings.Contains(said(s.list(s.anna)), "report.txt") {
			s.t.Error("it is still listed")
		}
	}},
	{"code loads a file by its id, draws, and the picture is sent", func(s *spec) {
		a := s.code(s.anna, "import pandas as pd\nimport matplotlib.pyplot as plt\nimport seaborn as sns\ndf = load_file('"+s.id+"')\nplt.figure(figsize=(12, 6))\nsns.lineplot(data=df, x='date', y='amount')\n"+
			"plt.title('Sales Trend Over Time')\nplt.savefig('sales_trend.png')\nprint(f\"Created visualization from {len(df)} rows of data\")")
		s.see(a, "Created visualization from 5 rows of data")
		if len(a.Attachments) != 1 || a.Attachments[0].Filename != "sales_trend.png" {
			s.t.Errorf("got %+v", a.Attachments)
		}
	}},
	{"files that code writes are saved and sent", func(s *spec) {
		a := s.code(s.anna, "df = load_file('"+s.id+"')\ndf_cleaned = df.dropna()\ndf_cleaned.to_csv('cleaned_data.csv')")
		if len(a.Attachments) != 1 || a.Attachments[0].Filename != "cleaned_data.csv" {
			s.t.Errorf("got %+v", a.Attachments)
		}
		s.see(s.list(s.anna), "📊 cleaned_data.csv")
	}},
	{"packages need no installation by hand, and the tool's description says so", func(s *spec) {
		r := s.model.Requests()[0]
		if len(r.Tools) == 0 || r.Tools[0] != "execute_python_code" || !bytes.Contains(r.Body, []byte("install")) || !bytes.Contains(r.Body, []byte("load_file('file_id')")) {
			s.t.Errorf("the tools are %v", r.Tools)
		}
	}},
	{"the analysis of a table is a function in code, and no tool of its own", func(s *spec) {
		for _, tool := range s.model.Requests()[0].Tools {
			if tool == "analyze_data_file" {
				s.t.Error("it is a tool")
			}
		}
		s.code(s.anna, "analyze_data_file(file_path='"+s.id+"', analysis_type='comprehensive')")
		rs := s.model.Requests()
		if got := rs[len(rs)-1].Last().Text; !strings.Contains(got, "5 rows × 3 columns") {
			s.t.Errorf("it says:\n%s", got)
		}
	}},
	{"code lists files, describes one, and deletes one after two confirmations", func(s *spec) {
		a := s.code(s.anna, fmt.Sprintf("files = await list_user_files(%d, None)\nm = await get_file_metadata('%s', %d, None)\nprint(len(files) > 2, m['filename'], m['file_type'], m['file_size'], m['file_id'])", s.anna.ID, s.id, s.anna.ID))
		s.see(a, "True sales_data.csv csv 127 "+s.id)
		q := s.send(s.anna, "RUN result = await delete_file('"+s.id+"'); print(result)")
		last := q
		for range 2 {
			m, err := s.AwaitMessage(s.ctx, s.dm, discordtest.FromBot, discordtest.After(last), discordtest.HasButton("✅ Yes"))
			if err != nil {
				s.t.Fatal(err)
			}
			s.press(m, "✅ Yes")
			last = m
		}
		s.see(s.caseAnswer(q), "'success': True", "Successfully deleted: sales_data.csv")
	}},
	{"what is deleted, or never was, is not found", func(s *spec) {
		s.see(s.code(s.anna, "try:\n    load_file('"+s.id+"')\nexcept FileNotFoundError as e:\n    print('E:', e)"), "E: File not found or expired")
	}},
	{"nobody sees or uses the files of others", func(s *spec) {
		id := fileID.FindString(said(s.attach(s.anna, "private.csv", []byte(salesCSV))))
		s.see(s.list(s.bert), "You have 0 file(s) uploaded.")
		s.see(s.code(s.bert, "print(len(list_user_files()))\ntry:\n    load_file('"+id+"')\nexcept FileNotFoundError as e:\n    print('E:', e)"), "0\nE: File not found or expired")
	}},
	{"the bytes lie in a folder of the user, under the id and the extension", func(s *spec) {
		id := fileID.FindString(said(s.open("private.csv")))
		path := filepath.Join(os.Getenv("DATA_DIR"), "user_files", fmt.Sprint(s.anna.ID), id+".csv")
		if data, err := os.ReadFile(path); err != nil || string(data) != salesCSV {
			s.t.Errorf("%d bytes, %v", len(data), err)
		}
	}},
	{"files are kept for 48 hours, or as many as are set; an empty list of wrong values", func(s *spec) {
		for value, want := range map[string]int{"": 48, "24": 24, "72": 72, "168": 168, "-1": -1} {
			s.t.Setenv("FILE_EXPIRATION_HOURS", value)
			if c, err := config.Load(""); err != nil || c.Expiration != want {
				s.t.Errorf("%q: %d, %v", value, c.Expiration, err)
			}
		}
		for _, value := range []string{"0", "-2", "two"} {
			s.t.Setenv("FILE_EXPIRATION_HOURS", value)
			if _, err := config.Load(""); err == nil {
				s.t.Errorf("%q is taken", value)
			}
		}
	}},
	{"the table of settings spells the name with an S", func(s *spec) {
		s.t.Setenv("FILE_EXPIRATION_HOURS", "")
		if err := os.Unsetenv("FILE_EXPIRATION_HOURS"); err != nil {
			s.t.Fatal(err)
		}
		s.t.Setenv("FILES_EXPIRATION_HOURS", "-1")
		if c, err := config.Load(""); err != nil || c.Expiration != -1 {
			s.t.Errorf("%d, %v", c.Expiration, err)
		}
	}},
	{"50 MB in and 25 MB out are the limits that nobody has to set", func(s *spec) {
		c, err := config.Load("")
		if err != nil || c.MaxUpload != 50 || c.MaxSend != 25 {
			s.t.Errorf("%d in, %d out, %v", c.MaxUpload, c.MaxSend, err)
		}
	}},
	{"more than 80 kinds of files, each with an emoji", func(s *spec) {
		if n := len(files.Kinds()); n < 80 {
			s.t.Errorf("%d kinds", n)
		}
		for _, ext := range strings.Fields("csv tsv xlsx xls json jsonl xml yaml toml ini parquet feather arrow hdf5 png jpg jpeg gif bmp tiff webp svg ico txt md pdf doc docx rtf odt " +
			"py js ts java c cpp go rs html css sql mat npy npz nc fits h5 geojson shp kml gpx tif zip tar gz bz2 xz rar 7z") {
			k := files.KindByName("a." + ext)
			if k == "" || k == files.Binary || k.Info().Emoji == "" {
				s.t.Errorf(".%s is %q", ext, k)
			}
		}
	}},
	{"one command is enough for files", func(s *spec) {
		m := s.list(s.anna)
		for _, what := range []string{"Select a file...", "Your Files"} {
			if !strings.Contains(m.Text(), what) {
				s.t.Errorf("%q is not there", what)
			}
		}
	}},
	{"tokens of a request with Discord's picture links are counted, and what it costs", func(s *spec) {
		path := filepath.Join(s.t.TempDir(), "request.json")
		request := `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://cdn.discordapp.com/attachments/1/2/a.png?width=512&height=512"}}]}]}`
		if err := os.WriteFile(path, []byte(request), 0o600); err != nil {
			s.t.Fatal(err)
		}
		var out bytes.Buffer
		m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}
		if err := errors.Join(m.Run(s.ctx, []string{"tokens", "--request", path}), m.Close()); err != nil {
			s.t.Fatalf("%v\n%s", err, out.String())
		}
		for _, want := range []string{"tokens (gpt-4o", "images", "cost: $"} {
			if !strings.Contains(out.String(), want) {
				s.t.Errorf("%q is not in:\n%s", want, out.String())
			}
		}
	}},
}

func TestSpecification(t *testing.T) {
	s := &spec{bot: serve(t, nil), t: t, ctx: discordtest.Context(t)}
	s.runs()
	s.anna, s.bert = s.AddUser("anna"), s.AddUser("bert")
	guild := s.AddGuild("Acme")
	guild.AddMember(s.anna)
	guild.AddMember(s.bert)
	s.dm, s.general = s.anna.DM(), guild.Channel("general")
	for _, st := range specification {
		if !t.Run(st.name, func(t *testing.T) {
			s.t, s.bot.t = t, t
			st.check(s)
		}) && s.id == "" {
			break // the others are about the first file
		}
	}
	s.bot.t = t
}

// With -1 files are for ever, and said to be.
func TestSpecificationPermanent(t *testing.T) {
	s := &spec{bot: serve(t, map[string]string{"FILE_EXPIRATION_HOURS": "-1"}), t: t, ctx: discordtest.Context(t)}
	s.anna = s.AddUser("anna")
	s.AddGuild("Acme").AddMember(s.anna)
	s.dm = s.anna.DM()
	s.see(s.attach(s.anna, "important_data.csv", []byte(salesCSV)), "File saved! ID: ", "♾️ This file never expires (permanent storage)")
	list := s.list(s.anna)
	s.see(list, "You have 1 file(s) uploaded.", "💡 Files are stored permanently")
	s.match(list, `^📊 important_data\.csv\nType: csv • Size: 127 B\nUploaded: \d{4}-\d\d-\d\d \d\d:\d\d • ♾️ Never expires$`)
}
