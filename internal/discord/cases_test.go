package discord

import (
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
)

func caseBench(t *testing.T) *bench {
	return newBench(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond}})
}

// A mention in a reply to a message whose content is an embed: posts of other
// Nothing but the mention, in a reply to a question: it is that question that
// One mention in a thread in which people talk to one another does not make
// The texts of the specification, word for word.
func TestCaseWordsOfTheSpecification(t *testing.T) {
	w := caseBench(t)
	w.save(w.anna, "old_data.csv", salesCSV)
	plain := func(m discordtest.Message) string { return strings.NewReplacer("**", "", "\\", "").Replace(m.Text()) }
	want := func(m discordtest.Message, texts ...string) {
		t.Helper()
		for _, s := range texts {
			if !strings.Contains(plain(m), s) {
				t.Errorf("%q is not shown", s)
			}
		}
	}
	list := must(must(w.anna.Command(w.general, "files"))(w).AwaitMessage(w.ctx))(w)
	want(list, "You have 1 file(s) uploaded.", "Select a file", "💡 Files expire after 48h • Use the menu below to manage files")
	menu := ""
	for _, row := range list.Components {
		for _, c := range row.Components {
			if strings.Contains(c.Placeholder, "file") {
				menu = c.Placeholder
			}
		}
	}
	m := must(must(w.anna.Choose(list, menu, "old_data.csv"))(w).AwaitMessage(w.ctx))(w)
	m = must(must(w.anna.Press(m, "🗑️ Delete"))(w).AwaitMessage(w.ctx))(w)
	want(m, "⚠️ Confirm Deletion", "Are you sure you want to delete:", "This action cannot be undone!")
	m = must(must(w.anna.Press(m, "⚠️ Yes, Delete"))(w).AwaitMessage(w.ctx))(w)
	want(m, "⚠️ Final Confirmation", "Click 'Click Again to Confirm' to permanently delete:", "This is your last chance to cancel!")
	m = must(must(w.anna.Press(m, "🔴 Click Again to Confirm"))(w).AwaitMessage(w.ctx))(w)
	want(m, "✅ File Deleted", "Successfully deleted: old_data.csv")
}
