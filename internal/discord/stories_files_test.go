package discord

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/table"
)

// run runs a command and returns its reply.
func (w *bench) run(u *discordtest.User, c *discordtest.Channel, name string, options ...discordtest.Option) discordtest.Message {
	w.t.Helper()
	it := must(u.Command(c, name, options...))(w)
	return must(it.AwaitMessage(w.ctx))(w)
}

// press presses a button and returns the message that comes of it, for which
// the conditions hold.
func (w *bench) press(u *discordtest.User, m discordtest.Message, button string, conditions ...discordtest.Match) discordtest.Message {
	w.t.Helper()
	it := must(u.Press(m, button))(w)
	return must(it.AwaitMessage(w.ctx, conditions...))(w)
}

func (w *bench) choose(u *discordtest.User, m discordtest.Message, menu, option string, conditions ...discordtest.Match) discordtest.Message {
	w.t.Helper()
	it := must(u.Choose(m, menu, option))(w)
	return must(it.AwaitMessage(w.ctx, conditions...))(w)
}

const fileMenu, kindsMenu = "Select a file...", "Show one kind only…"

func at(day, hour, minute int) time.Time {
	return time.Date(2024, 10, day, hour, minute, 0, 0, time.UTC)
}

func TestStoryFiles(t *testing.T) {
	now := at(1, 8, 30)
	clock := func() time.Time { return now }
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w := newBench(t, setup{discord: Options{Now: clock, Location: berlin}, files: files.Options{Now: clock}})
	m := w.run(w.anna, w.general, "files")
	w.contains(m, "📁 Your Files", "You have 0 file(s)", "💡 Files expire after 48h")
	w.save(w.anna, "sales.csv", bytes.Repeat(salesCSV, 20_000))
	w.save(w.anna, "notes_2024.txt", []byte("hello"))
	w.save(w.bert, "secret.csv", salesCSV)
	now = now.Add(12 * time.Hour)
	m = w.run(w.anna, w.general, "files")
	w.contains(m, "📁 Your Files", "You have 2 file(s)", "📊 sales.csv", "Type: csv • Size: 2.6 MB",
		"Uploaded: 2024-10-01 10:30 • ⏰ 36h left", "📝 notes_2024.txt", "💡 Files expire after 48h • Use the menu below to manage files", fileMenu)
	w.lacks(m, "secret")
	if m.EphemeralTo != w.anna.ID {
		t.Error("others can see it")
	}
	now = now.Add(37 * time.Hour)
	w.contains(w.run(w.anna, w.anna.DM(), "files"), "You have 0 file(s)")
}

func TestStoryFilesNeverExpire(t *testing.T) {
	w := newBench(t, setup{files: files.Options{Expiry: -1}})
	w.save(w.anna, "sales.csv", salesCSV)
	w.contains(w.run(w.anna, w.general, "files"), "• ♾️ Never expires", "💡 Files are stored permanently")
}

// Every one of a thousand files can be reached.
func TestStoryThousandFiles(t *testing.T) {
	w := newBench(t, setup{})
	for i := range 1000 {
		name := fmt.Sprintf("file%04d.txt", i)
		if i == 500 {
			name = "table.csv"
		}
		w.save(w.anna, name, []byte(fmt.Sprint("a,b\n", i)))
	}
	m := w.run(w.anna, w.general, "files")
	w.contains(m, "You have 1,000 file(s) uploaded.", "file0999.txt", "1 / 100", "All kinds (1,000)", "text (999)", "csv (1)")
	m = w.press(w.anna, m, "▶️ Next")
	w.contains(m, "2 / 100", "file0989.txt")
	m = w.press(w.anna, m, "⏭️ Last")
	w.contains(m, "100 / 100", "file0000.txt")
	if discordtest.HasButton("▶️ Next")(m) {
		t.Error("there is a page after the last")
	}
	m = w.choose(w.anna, m, fileMenu, "file0000.txt")
	w.contains(m, "📝 file0000.txt")
	m = w.press(w.anna, m, "◀️ Back")
	w.contains(m, "100 / 100")
	m = w.press(w.anna, m, "◀️ Previous")
	w.contains(m, "99 / 100")
	m = w.choose(w.anna, m, kindsMenu, "csv (1)")
	w.contains(m, "1 of them: 📊 csv", "table.csv")
	m = w.choose(w.anna, m, kindsMenu, "All kinds (1,000)")
	w.contains(m, "1 / 100")

	it := must(w.anna.Press(m, "1 / 100"))(w)
	if r := must(it.Await(w.ctx))(w); r.Modal == nil || r.Modal.Title != "Go to page" {
		t.Fatalf("got %+v", r)
	}
	it = must(w.anna.Submit(it, map[string]string{"page": "42"}))(w)
	m = must(it.AwaitMessage(w.ctx))(w)
	w.contains(m, "42 / 100", "file0589.txt")
	it = must(w.anna.Press(m, "42 / 100"))(w)
	must(it.Await(w.ctx))(w)
	it = must(w.anna.Submit(it, map[string]string{"page": "many"}))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "Enter a page from 1 to")
	// Pages go when files go.
	page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{Limit: 995}))(w)
	for _, f := range page.Files {
		if err := w.files.Delete(w.ctx, f.User, f.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.contains(w.press(w.anna, m, "▶️ Next"), "You have 5 file(s)", "file0000.txt")
}

// testdata is a file that other software wrote.
func testdata(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join("..", "..", "runner", "tests", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStoryDetails(t *testing.T) {
	w := newBench(t, setup{})
	wide := "id"
	for i := range 30 {
		wide += fmt.Sprintf(",column number %d", i)
	}
	cases := []struct {
		name    string
		content []byte
		want    []string
	}{
		{"sales.csv", salesCSV, []string{"date       region product units\n", "2024-01-05 North  Widget     12\n", "\nrevenue\n───────\n 240.00\n", "📊 sales.csv", "Type: csv", "Size: 134 B", "Kept\n⏰ 48h left"}},
		{"wide.csv", []byte(wide + "\n1,2,3\n"), []string{"id", "of 31 columns"}},
		{"semicolons.csv", []byte("a;b\n1,5;2\n"), []string{"  a  b\n", "1,5  2\n"}},
		{"tabs.tsv", []byte("a\tb\n1\t2\n"), []string{"a  b\n"}},
		{"latin.txt", []byte("caf\xe9"), []string{"```\ncafé\n```"}},
		{"utf16.txt", append([]byte{0xff, 0xfe}, []byte("h\x00i\x00")...), []string{"```\nhi\n```"}},
		{"fence.md", []byte("a\n```\n@everyone\n```\n"), []string{"@everyone"}},
		{"long.txt", []byte(strings.Repeat("line\n", 50)), []string{"line\n…\n```"}},
		{"data.json", []byte(`{"a":[1,2]}`), []string{"```json\n{\n \"a\": [\n"}},
		{"archive.zip", []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), []string{"Type: archive"}},
		{"empty.txt", nil, []string{"Size: 0 B"}},
		{"picture.png", chart(1200, 800), []string{"Pixels\n1200 × 800"}},
		{"IMG_0001.heic", testdata(t, "zPug_3.heic"), []string{"🖼️ IMG_0001.heic", "Type: image", "Size: 21."}},
		{"photo.avif", testdata(t, "hopper.avif"), []string{"Type: image"}},
		{"deck.pptx", testdata(t, "test_slides.pptx"), []string{"📙 deck.pptx", "Type: presentation"}},
		{"noise.bin", []byte("\x01\x02\x00\xfe\x00noise"), []string{"Type: binary"}},
		{"broken.png", chart(300, 300)[:500], []string{"Type: image"}},
	}
	for _, c := range cases {
		w.save(w.anna, c.name, c.content)
		list := w.run(w.anna, w.general, "files")
		m := w.choose(w.anna, list, fileMenu, c.name)
		w.contains(m, append(c.want, c.name)...)
		if strings.Count(m.Embeds[0].Description, "```")%2 != 0 {
			t.Errorf("%s: a fence is open in %q", c.name, m.Embeds[0].Description)
		}
		for _, line := range strings.Split(m.Embeds[0].Description, "\n") {
			if len([]rune(line)) > 62 {
				t.Errorf("%s: too wide: %q", c.name, line)
			}
		}
		if c.name == "noise.bin" && m.Embeds[0].Description != "Type: binary\nSize: 10 B" {
			t.Errorf("bytes are shown as text: %q", m.Embeds[0].Description)
		}
		picture := m.Embeds[0].Image
		if (c.name == "picture.png") != (picture != nil) {
			t.Errorf("%s: picture %+v", c.name, picture)
		}
		if picture != nil && (picture.Width != 800 || picture.Height != 533) {
			t.Errorf("the preview has %d × %d", picture.Width, picture.Height)
		}
		if m = w.press(w.anna, m, "◀️ Back"); len(m.Attachments) != 0 || m.Embeds[0].Image != nil {
			t.Error("the picture stays")
		}
		w.contains(m, "📁 Your Files")
	}
}

func TestStoryDownload(t *testing.T) {
	log := &logBuffer{}
	w := newBench(t, setup{discord: Options{Log: log.logger()}, files: files.Options{Log: log.logger()}})
	name := "Übersicht 2024.csv"
	w.save(w.anna, name, salesCSV)
	m := w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, name)
	done := w.press(w.anna, m, "⬇️ Download", discordtest.Contains("✅ Downloaded: **Übersicht 2024.csv**"))
	if done.EphemeralTo != w.anna.ID {
		t.Error("others can see it")
	}
	sent := w.await(w.anna.DM(), discordtest.FromBot, discordtest.HasFile)
	if string(sent.Attachments[0].Bytes()) != string(salesCSV) || sent.Attachments[0].Title != "Übersicht 2024" {
		t.Errorf("got %+v", sent.Attachments[0])
	}

	logged := func() int { return strings.Count(log.String(), "file downloaded") }
	if logged() != 1 {
		t.Errorf("the log is\n%s", log)
	}

	w.anna.CloseDMs()
	// What is not sent is not downloaded.
	w.Inject(discordtest.Fault{On: "POST /webhooks", Status: 403, Code: 50013})
	w.press(w.anna, m, "⬇️ Download", discordtest.Contains("⚠️"))
	if logged() != 1 {
		t.Errorf("it failed, and the log is\n%s", log)
	}
	done = w.press(w.anna, m, "⬇️ Download", discordtest.HasFile)
	w.contains(done, "✅ Downloaded:", "I can't send you direct messages")
	if done.EphemeralTo != w.anna.ID || string(done.Attachments[0].Bytes()) != string(salesCSV) {
		t.Errorf("got %+v", done)
	}
	for end := time.Now().Add(time.Minute); logged() != 2; time.Sleep(5 * time.Millisecond) { // right after the reply
		if time.Now().After(end) {
			t.Fatalf("the log is\n%s", log)
		}
	}
	w.guild.RemoveMember(w.anna)
	w.guild.AddMember(w.anna)

	// The file expires or is deleted in between.
	page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w)
	if err := w.files.Delete(w.ctx, page.Files[0].User, page.Files[0].ID); err != nil {
		t.Fatal(err)
	}
	w.contains(w.press(w.anna, m, "⬇️ Download", discordtest.Contains("not found")), "File not found or expired", "You have 0 file(s)")
}

func TestStoryDownloadTooLarge(t *testing.T) {
	w := newBench(t, setup{discord: Options{Link: func(f files.File) string { return "https://files.example/x" }, MaxDownload: 12 << 20}})
	w.save(w.anna, "big.dat", make([]byte, 11<<20))
	w.save(w.anna, "huge.dat", make([]byte, 13<<20))
	// More than the guild takes.
	m := w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "big.dat")
	w.contains(w.press(w.anna, m, "⬇️ Download", discordtest.Contains("📦")), "**File too large to download**: big.dat has 11 MB, and 10 MB can be sent here",
		"You can still use it in code.", "[download](<https://files.example/x>)")
	// A boosted guild takes it, direct messages don't.
	w.guild.SetFileLimit(50 << 20)
	done := w.press(w.anna, m, "⬇️ Download", discordtest.HasFile)
	if done.Attachments[0].Size != 11<<20 || done.EphemeralTo != w.anna.ID {
		t.Errorf("got %+v", done.Attachments)
	}
	// The operator's own limit.
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "huge.dat")
	w.contains(w.press(w.anna, m, "⬇️ Download", discordtest.Contains("📦")), "huge.dat has 13 MB, and 12 MB can be sent here")
	// Discord takes less than it said.
	w.save(w.anna, "small.dat", make([]byte, 2<<20))
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "small.dat")
	w.Inject(discordtest.Fault{On: "POST /channels/{channel_id}/messages", Status: 413, Code: 40005})
	w.Inject(discordtest.Fault{On: "POST /webhooks", Status: 413, Code: 40005})
	w.contains(w.press(w.anna, m, "⬇️ Download", discordtest.Contains("📦")), "**File too large to download**: small.dat has 2 MB. You can still use it in code.")
}

func TestStoryDelete(t *testing.T) {
	w := newBench(t, setup{})
	f := w.save(w.anna, "sales.csv", salesCSV)
	w.save(w.anna, "other.csv", salesCSV)
	m := w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "sales.csv")
	first := w.press(w.anna, m, "🗑️ Delete")
	w.contains(first, "⚠️ Confirm Deletion", "Are you sure you want to delete:\n**sales.csv**?", "This action cannot be undone!", "Within 30 s")
	m = w.press(w.anna, first, "❌ Cancel")
	w.contains(m, "📊 sales.csv", "Download")
	first = w.press(w.anna, m, "🗑️ Delete")
	second := w.press(w.anna, first, "⚠️ Yes, Delete")
	w.contains(second, "⚠️ Final Confirmation", "Click 'Click Again to Confirm' to permanently delete:", "This is your last chance to cancel!")
	if _, err := w.files.Get(w.ctx, f.User, f.ID); err != nil {
		t.Fatal("it is deleted after one confirmation")
	}
	must(w.anna.Press(second, "🔴 Click Again to Confirm"))(w)
	twice := must(w.anna.Press(second, "🔴 Click Again to Confirm"))(w)
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	must(twice.Await(w.ctx))(w)
	done, _ := w.Message(second.ID)
	w.contains(done, "Successfully deleted: **sales.csv**", "You have 1 file(s)", "other.csv")
	if _, err := w.files.Get(w.ctx, f.User, f.ID); err == nil {
		t.Error("it is still there")
	}
	// With the button of before.
	it := must(w.anna.Forge(second, discordtest.Button, second.Components[0].Components[0].CustomID))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "This button has expired.")

	// The file is deleted elsewhere, or expires, while the confirmation is open.
	other := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w).Files[0]
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "other.csv")
	m = w.press(w.anna, m, "🗑️ Delete")
	m = w.press(w.anna, m, "⚠️ Yes, Delete")
	if err := w.files.Delete(w.ctx, other.User, other.ID); err != nil {
		t.Fatal(err)
	}
	w.contains(w.press(w.anna, m, "🔴 Click Again to Confirm"), "File not found or expired", "You have 0 file(s)")
}

// A confirmation that nobody gives dies, visibly.
func TestStoryConfirmationsDie(t *testing.T) {
	w := newBench(t, setup{discord: Options{tune: tuning{confirm: 400 * time.Millisecond}}})
	f := w.save(w.anna, "sales.csv", salesCSV)
	m := w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "sales.csv")
	w.press(w.anna, m, "🗑️ Delete", discordtest.Contains("Confirm Deletion"))
	gone := w.await(w.general, discordtest.Contains("⌛ Timed out"))
	if gone.ID != m.ID || len(gone.Components) != 0 {
		t.Errorf("got %+v", gone)
	}
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "sales.csv")
	first := w.press(w.anna, m, "🗑️ Delete", discordtest.Contains("Confirm Deletion"))
	w.press(w.anna, first, "⚠️ Yes, Delete", discordtest.Contains("Final Confirmation"))
	w.await(w.general, discordtest.After(gone), discordtest.Contains("⌛ Timed out"))
	// After a restart no timer takes the buttons away, but they say since when they are there.
	w.set.discord.tune.confirm = time.Hour
	w.shutDown()
	w.start()
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "sales.csv")
	second := w.press(w.anna, w.press(w.anna, m, "🗑️ Delete"), "⚠️ Yes, Delete")
	w.set.discord.tune.confirm = 300 * time.Millisecond
	w.shutDown()
	time.Sleep(1500 * time.Millisecond)
	w.start()
	w.contains(w.press(w.anna, second, "🔴 Click Again to Confirm"), "⌛ Timed out", "Nothing was deleted")
	if _, err := w.files.Get(w.ctx, f.User, f.ID); err != nil {
		t.Error("it is deleted")
	}
}

// All buttons work after a restart of the bot.
func TestStoryFilesAfterRestart(t *testing.T) {
	w := newBench(t, setup{})
	f := w.save(w.anna, "sales.csv", salesCSV)
	list := w.run(w.anna, w.general, "files")
	again := func() { w.shutDown(); w.start() }
	again()
	m := w.choose(w.anna, list, fileMenu, "sales.csv")
	again()
	m = w.press(w.anna, m, "🗑️ Delete")
	again()
	m = w.press(w.anna, m, "⚠️ Yes, Delete")
	again()
	m = w.press(w.anna, m, "🔴 Click Again to Confirm")
	w.contains(m, "Successfully deleted: **sales.csv**")
	if _, err := w.files.Get(w.ctx, f.User, f.ID); err == nil {
		t.Error("it is still there")
	}
}

// A slow database does not make Discord say that the bot does not respond.
func TestStorySlowAnswerToCommand(t *testing.T) {
	slow := &slowModels{}
	w := newBench(t, setup{discord: Options{tune: tuning{late: 200 * time.Millisecond}}, engine: func(e assistant.Engine) assistant.Engine { slow.Engine = e; return slow }})
	it := must(w.anna.Command(w.general, "model"))(w)
	if r := must(it.Await(w.ctx))(w); r.Type != discordtest.ReplyDeferred {
		t.Errorf("got type %d", r.Type)
	}
	m := must(it.AwaitMessage(w.ctx))(w)
	w.contains(m, "🧠 Model", "test-model")
	if m.EphemeralTo != w.anna.ID {
		t.Error("others can see it")
	}
}

type slowModels struct{ assistant.Engine }

func (s *slowModels) Models(ctx context.Context) []string {
	time.Sleep(700 * time.Millisecond)
	return s.Engine.Models(ctx)
}

// viewer takes the place of the Python that looks at files.
type viewer struct {
	asked   chan string
	release chan struct{} // nil: at once
}

func (v *viewer) wait(ctx context.Context, user files.UserID, conversation string, f files.File) error {
	v.asked <- fmt.Sprintf("%d %s %s", user, conversation, f.Name)
	if v.release != nil {
		select {
		case <-v.release:
		case <-ctx.Done():
		}
	}
	if ctx.Err() == nil && strings.HasPrefix(f.Name, "broken") {
		return fault.New(fault.Invalid, "It is damaged.")
	}
	return ctx.Err()
}

func (v *viewer) Table(ctx context.Context, user files.UserID, conversation string, f files.File, rows int) (table.Table, error) {
	t := table.Table{Columns: []string{"city", "people"}, TotalRows: 40, TotalColumns: 2}
	for i := range rows {
		t.Rows = append(t.Rows, []string{fmt.Sprint("Town ", i), fmt.Sprint(1000 * i)})
	}
	return t, v.wait(ctx, user, conversation, f)
}

func (v *viewer) Document(context.Context, files.UserID, string, files.File, int) (string, int, error) {
	return "", 0, fault.New(fault.Unavailable, "Nobody reads documents here.")
}

func (v *viewer) Picture(ctx context.Context, user files.UserID, conversation string, f files.File) ([]byte, error) {
	return chart(1600, 800), v.wait(ctx, user, conversation, f)
}

// Formulas draws all but those with a word that it does not know.
func (v *viewer) Formulas(_ context.Context, _ files.UserID, _ string, tex []string) (png []byte, drawn []int, err error) {
	for i, s := range tex {
		if !strings.Contains(s, "unknown") {
			drawn = append(drawn, i)
		}
	}
	return chart(300, 100), drawn, nil
}

func (v *viewer) CSV(context.Context, files.UserID, string, files.File, io.Writer) error {
	return fault.New(fault.Invalid, "Nobody asks for it here.")
}

func (v *viewer) Page(context.Context, files.UserID, string, files.File, int) ([]byte, int, error) {
	return nil, 0, fault.New(fault.Invalid, "Nobody asks for it here.")
}

// Files that only code reads get their preview when it is made.
func TestStoryLatePreviews(t *testing.T) {
	v := &viewer{asked: make(chan string, 10)}
	w := newBench(t, setup{assistant: assistant.Options{Viewer: v}})
	w.save(w.anna, "towns.parquet", testdata(t, "v0.7.1.parquet"))
	w.save(w.anna, "photo.heic", testdata(t, "zPug_3.heic"))
	w.save(w.anna, "broken.xlsx", testdata(t, "deaths.xlsx"))
	w.save(w.anna, "deck.pptx", testdata(t, "test_slides.pptx"))
	w.save(w.anna, "notes.txt", []byte("a"))
	open := func(name string, conditions ...discordtest.Match) discordtest.Message {
		return w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, name, conditions...)
	}
	v.release = make(chan struct{})
	m := open("towns.parquet")
	w.contains(m, "📦 towns.parquet", "Type: parquet") // at once
	w.lacks(m, "Town")
	if got, want := <-v.asked, fmt.Sprintf("%d preview towns.parquet", w.anna.ID); got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	close(v.release)
	m = w.await(w.general, discordtest.Contains("Town 4    4000"))
	w.contains(m, "city    people", "📦 towns.parquet")
	w.lacks(w.press(w.anna, m, "◀️ Back"), "Town")

	picture := func(m discordtest.Message) bool { return len(m.Embeds) > 0 && m.Embeds[0].Image != nil }
	if m = open("photo.heic", picture); m.Embeds[0].Image.Width != 800 || m.Embeds[0].Image.Height != 400 {
		t.Errorf("picture %+v", m.Embeds[0].Image)
	}
	<-v.asked
	// The second time it is there at once.
	v.release = make(chan struct{})
	if m = open("photo.heic"); !picture(m) {
		t.Error("the preview is made again")
	}
	close(v.release)
	// What can't be shown, isn't, and nobody asks for what has no preview.
	m = open("broken.xlsx")
	<-v.asked
	open("deck.pptx")
	open("notes.txt")
	if len(v.asked) != 0 {
		t.Errorf("asked for %s", <-v.asked)
	}
	if err := w.AwaitQuiet(w.ctx, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	after, _ := w.Message(m.ID)
	w.lacks(after, "⚠️", "damaged", "Town")
}

// A preview that takes too long, or whose message shows something else by then,
// does not come.
func TestStoryPreviewTooLate(t *testing.T) {
	v := &viewer{asked: make(chan string, 10), release: make(chan struct{})}
	w := newBench(t, setup{assistant: assistant.Options{Viewer: v}, discord: Options{tune: tuning{view: 300 * time.Millisecond}}})
	w.save(w.anna, "towns.parquet", testdata(t, "v0.7.1.parquet"))
	m := w.choose(w.anna, w.run(w.anna, w.general, "files"), fileMenu, "towns.parquet")
	<-v.asked
	list := w.press(w.anna, m, "◀️ Back")
	w.contains(list, "📁 Your Files")
	m = w.choose(w.anna, list, fileMenu, "towns.parquet")
	<-v.asked
	time.Sleep(500 * time.Millisecond)
	close(v.release)
	if err := w.AwaitQuiet(w.ctx, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if m, _ = w.Message(m.ID); strings.Contains(m.Text(), "Town") || !strings.Contains(m.Text(), "📦 towns.parquet") {
		t.Errorf("got %s", m.Text())
	}
}

// Every kind can be chosen, however many there are.
func TestStoryManyKinds(t *testing.T) {
	w := newBench(t, setup{})
	n := 0
	for _, k := range files.Kinds() {
		if f := w.save(w.anna, "a"+k.Extensions[0], []byte(fmt.Sprint("text ", n))); f.Kind == k.Kind {
			n++
		} else if err := w.files.Delete(w.ctx, f.User, f.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.save(w.anna, "b.csv", salesCSV) // the most frequent one is the first
	m := w.run(w.anna, w.general, "files")
	all := fmt.Sprintf("All kinds (%d)", n+1)
	seen := map[string]bool{}
	other := regexp.MustCompile(`^Other kinds \((\d+)\)$`)
	for menus := 1; ; menus++ {
		options := m.Components[1].Components[0].Options
		first, last := options[0].Label, options[len(options)-1].Label
		if first != all || len(options) > 25 || menus == 1 && options[1].Label != "csv (2)" {
			t.Fatalf("offered %+v", options)
		}
		on := 0
		for _, o := range options[1 : len(options)-1] {
			seen[o.Label] = true
			on++
			if o.Label == "csv (2)" {
				on++
			}
		}
		if left := other.FindStringSubmatch(last); left == nil || left[1] != fmt.Sprint(n+1-on) {
			t.Errorf("%q after %d files", last, on)
		}
		if len(seen) == n {
			if menus < 2 {
				t.Errorf("%d kinds are too few for this test", n)
			}
			// A choice shows its own menu.
			kind := options[len(options)-2].Label
			m = w.choose(w.anna, m, kindsMenu, kind)
			w.contains(m, "1 of them", "Type: "+strings.Fields(kind)[0])
			if now := m.Components[1].Components[0].Options; len(now) != len(options) || !now[len(now)-2].Default {
				t.Errorf("then offered %+v", now)
			}
			w.contains(w.choose(w.anna, m, kindsMenu, last), fmt.Sprintf("You have %d file(s)", n+1), "csv (2)")
			return
		}
		if menus > n {
			t.Fatalf("only %d of %d kinds are offered", len(seen), n)
		}
		m = w.choose(w.anna, m, kindsMenu, last)
	}
}
