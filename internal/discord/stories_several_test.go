package discord

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/files"
)

// Several files are deleted at once, with the two confirmations of one.
func TestStoryDeleteSeveral(t *testing.T) {
	w := newBench(t, setup{})
	for _, name := range []string{"a.csv", "b.csv", "c.csv", "d.csv"} {
		w.save(w.anna, name, []byte("n\n"+name+"\n"))
	}
	choose := func() discordtest.Message {
		return w.press(w.anna, w.run(w.anna, w.general, "files"), "🗑️ Delete several")
	}
	const menu = "Select files to delete..."
	first := must(must(w.anna.Choose(choose(), menu, "a.csv", "c.csv", "d.csv"))(w).AwaitMessage(w.ctx))(w)
	w.contains(first, "⚠️ Confirm Deletion", "**a.csv**", "**c.csv**", "**d.csv**?", "This action cannot be undone!")
	w.lacks(first, "b.csv")
	w.contains(w.press(w.anna, first, "❌ Cancel"), "You have 4 file(s)")
	first = must(must(w.anna.Choose(choose(), menu, "a.csv", "c.csv", "d.csv"))(w).AwaitMessage(w.ctx))(w)
	second := w.press(w.anna, first, "⚠️ Yes, Delete")
	w.contains(second, "⚠️ Final Confirmation", "Click 'Click Again to Confirm' to permanently delete:", "**d.csv**", "This is your last chance to cancel!")
	if w.countFiles(w.anna) != 4 {
		t.Fatal("they are deleted after one confirmation")
	}
	gone := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w).Files[0]
	if err := w.files.Delete(w.ctx, gone.User, gone.ID); err != nil { // meanwhile, elsewhere
		t.Fatal(err)
	}
	w.contains(w.press(w.anna, second, "🔴 Click Again to Confirm"), "✅ 2 files deleted", "You have 1 file(s)", "b.csv")

	w.save(w.anna, "e.csv", []byte("n\ne\n"))
	m := choose()
	it := must(w.bert.Forge(m, discordtest.StringSelect, m.Components[0].Components[0].CustomID, string(gone.ID)))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "⚠️")
	first = must(must(w.anna.Choose(m, menu, "b.csv", "e.csv"))(w).AwaitMessage(w.ctx))(w)
	w.shutDown()
	w.start()
	w.contains(w.press(w.anna, first, "⚠️ Yes, Delete"), "File not found or expired", "You have 2 file(s)")
}

// A menu that two clients answer at the same moment: the question that is shown deletes
// the files that it names, whichever was asked last.
func TestStoryDeleteSeveralTwice(t *testing.T) {
	w := newBench(t, setup{})
	for _, name := range []string{"a.csv", "b.csv", "c.csv"} {
		w.save(w.anna, name, []byte("n\n"+name+"\n"))
	}
	shown := w.press(w.anna, w.run(w.anna, w.general, "files"), "🗑️ Delete several")
	const menu = "Select files to delete..."
	w.FreezeGateway(true) // so that both come before one is answered
	one := must(w.anna.Choose(shown, menu, "a.csv"))(w)
	two := must(w.anna.Choose(shown, menu, "b.csv", "c.csv"))(w)
	w.FreezeGateway(false)
	ids := map[string]string{} // of the buttons that confirm a question, by the first file that it names
	for _, it := range []*discordtest.Interaction{one, two} {
		q := must(w.AwaitRequest(w.ctx, func(q discordtest.Request) bool { return strings.Contains(q.Path, "/"+it.Token+"/callback") }))(w)
		for _, name := range []string{"a.csv", "b.csv"} {
			if strings.Contains(string(q.Body), "**"+name+"**") {
				ids[name] = regexp.MustCompile(`"custom_id":"(gy:[^"]*)"`).FindString(string(q.Body))
			}
		}
	}
	if len(ids) != 2 || ids["a.csv"] == ids["b.csv"] {
		t.Errorf("the questions' buttons are %q", ids)
	}
	question := must(w.AwaitMessage(w.ctx, w.general, discordtest.Contains("This action cannot be undone!")))(w)
	asked, left := "**b.csv**", []string{"a.csv"}
	if strings.Contains(question.Text(), "**a.csv**") {
		asked, left = "**a.csv**", []string{"b.csv", "c.csv"}
	}
	last := w.press(w.anna, question, "⚠️ Yes, Delete", discordtest.Contains("This is your last chance to cancel!"))
	w.contains(last, asked)
	w.press(w.anna, last, "🔴 Click Again to Confirm", discordtest.Contains("deleted"))
	var got []string
	for _, f := range must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w).Files {
		got = append(got, f.Name)
	}
	if slices.Sort(got); !slices.Equal(got, left) {
		t.Errorf("asked for %s; left are %q", asked, got)
	}
}

// Files made by code are kept for less long, unless their user wants them.
func TestStoryKeep(t *testing.T) {
	w := newBench(t, setup{files: files.Options{GeneratedExpiry: 12 * time.Hour, MaxFiles: 1}})
	w.tools.Handle = w.makes(discordtest.File{Name: "chart.png", Data: chart(60, 40)})
	w.does("Here.")
	_, a := w.ask(w.anna, w.general, "draw")
	w.contains(a, "📎 1 file, kept 12h")
	w.contains(must(must(w.bert.Press(a, "🔖 Keep"))(w).AwaitMessage(w.ctx))(w), "Only the person who asked can use that.")
	w.contains(w.press(w.anna, a, "🔖 Keep"), "🔖 1 file: ⏰ Expires <t:")
	w.contains(w.press(w.anna, a, "🔖 Keep"), "🔖 1 file: ⏰ Expires <t:")
	if f := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w).Files[0]; f.Generated || f.ExpiresAt.Sub(f.UploadedAt) < 47*time.Hour {
		t.Errorf("got %+v", f)
	}
	// A second one finds no room, and says so.
	w.tools.Handle = w.makes(discordtest.File{Name: "other.png", Data: chart(61, 40)})
	w.does("Here.")
	_, a = w.ask(w.anna, w.general, "draw another")
	w.contains(w.press(w.anna, a, "🔖 Keep"), "Your files are at their limit. Delete some, then keep this one.")
}
