package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// opened opens a stream of a conversation and returns what comes of it, a piece at
// a time, until it ends.
func (p *person) opened(path string) <-chan string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), "GET", p.site.origin+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.http.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatal(res, err)
	}
	pieces := make(chan string, 1000)
	go func() {
		defer close(pieces)
		defer res.Body.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := res.Body.Read(b)
			if n > 0 {
				pieces <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return pieces
}

// await fails unless a stream brings something soon.
func await(t *testing.T, pieces <-chan string, want string) {
	t.Helper()
	var all strings.Builder
	late := time.After(time.Minute)
	for !strings.Contains(all.String(), want) {
		select {
		case piece, ok := <-pieces:
			if all.WriteString(piece); !ok {
				t.Fatalf("the stream ended with %q, no %q", all.String(), want)
			}
		case <-late:
			t.Fatalf("%q, no %q", all.String(), want)
		}
	}
}

// A page that shows a conversation which another page deletes is loaded anew; what
// runs in it is stopped.
func TestDeletedConversationElsewhere(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	s.model.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: strings.Repeat("word ", 10_000), Pause: 20 * time.Millisecond}
	}
	if status, _, _ := p.do("POST", "/c/abc/ask", url.Values{"q": {"x"}}); status != http.StatusNoContent {
		t.Fatal(status)
	}
	pieces := p.opened("/c/abc/events")
	await(t, pieces, "word")
	turns := s.a.Running(1, conversationID(1, "abc"))
	if len(turns) != 1 {
		t.Fatalf("%d turns run", len(turns))
	}
	if status, _, _ := p.do("POST", "/c/abc/delete", url.Values{}); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	await(t, pieces, `{"op":"reload"`)
	for end := time.Now().Add(time.Minute); !turns[0].Over(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the answer goes on")
		}
	}
	if _, page, _ := p.do("GET", "/c/abc", nil); strings.Contains(page, "word") {
		t.Error("the conversation is still there")
	}
}

// A number of before is of another list of patches, after a restart or when the
// conversation was put away: the page loads anew, and never takes the one for the
// other.
func TestNumbersOfBefore(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	s.model.Answer = func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "An answer."} }
	p.ask("abc", "one")
	t1 := s.talkOf(1, "abc")
	_, last, _ := t1.after(t1.first())
	time.Sleep(2 * time.Millisecond)
	again := s.again(ServerOptions{})
	q := again.person()
	q.signIn()
	for range 3 { // as many patches as there were before, and more
		q.ask("abc", "again")
	}
	for _, n := range []int{last, last - 1, 0, 7} {
		if _, text := q.first(fmt.Sprint("/c/abc/events?after=", n)); !strings.Contains(text, `{"op":"reload"`) {
			await(t, q.opened(fmt.Sprint("/c/abc/events?after=", n)), `{"op":"reload"`)
		}
	}
}

// Conversations that are only looked at take no room for long; those that somebody
// looks at, that run, or that have something attached, stay.
func TestTalksAreForgotten(t *testing.T) {
	s := newSite(t, ServerOptions{})
	watched, leave := s.watch(1, "watched")
	with := s.talkOf(1, "with")
	with.pending = []files.File{{ID: "1_1_00000000"}}
	for i := range 2 * maxTalks {
		s.talkOf(1, fmt.Sprint("empty", i))
	}
	long := func(by time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, t := range s.talks {
			t.used = t.used.Add(-by)
		}
		s.forgot = time.Time{}
	}
	long(5 * time.Minute)
	s.talkOf(1, "one more")
	if n := len(s.talks); n != 3 {
		t.Errorf("%d conversations are kept", n)
	}
	if s.talkOf(1, "watched") != watched || s.talkOf(1, "with") != with {
		t.Error("somebody's page was cut off")
	}
	leave()
	for i := range maxTalks {
		s.talkOf(1, fmt.Sprint("empty", i))
	}
	long(20 * time.Minute)
	s.talkOf(1, "one more again")
	if n := len(s.talks); n != 1 {
		t.Errorf("%d conversations are kept", n)
	}
}

// What is attached to the next question is taken off by who attached it, once; the
// example twice is one file.
func TestDetach(t *testing.T) {
	s := newSite(t, ServerOptions{Example: func() (string, []byte) { return "weather.csv", []byte("a,b\n1,2\n") }})
	p := s.person()
	p.signIn()
	for range 3 {
		if status, _, _ := p.do("POST", "/example?conv=abc", url.Values{}); status != http.StatusNoContent {
			t.Fatal(status)
		}
	}
	pending := s.talkOf(1, "abc").pending
	if len(pending) != 1 {
		t.Fatalf("%d files are attached", len(pending))
	}
	id := string(pending[0].ID)
	if _, page, _ := p.do("GET", "/c/abc", nil); !strings.Contains(page, `id="f`+id+`"`) {
		t.Error("the page does not show it")
	}
	pieces := p.opened("/c/abc/events")
	for range 2 {
		if status, _, _ := p.do("POST", "/c/abc/detach", url.Values{"id": {id}}); status != http.StatusNoContent {
			t.Error(status)
		}
	}
	await(t, pieces, `{"op":"remove","to":"f`+id)
	if len(s.talkOf(1, "abc").pending) != 0 {
		t.Error("it is still attached")
	}
	if _, err := s.files.Get(t.Context(), 1, files.ID(id)); err != nil {
		t.Error("the file is gone")
	}
	if status, _, _ := p.do("POST", "/c/abc/ask", url.Values{"q": {""}}); status != http.StatusBadRequest {
		t.Errorf("nothing to ask: %d", status)
	}
}

// A conversation has a title that can be clicked, whatever it was called.
func TestListTitles(t *testing.T) {
	for title, want := range map[string]string{"": "…", " \n": "…", "\u200b": "…", "\u202e\u200f": "…", "\u3164": "…", "a\u200b": "a\u200b", " How? ": "How?", "🙈": "🙈", "كيف": "كيف"} {
		if got := listTitle(title, 60); got != want {
			t.Errorf("%q is listed as %q", title, got)
		}
	}
}

// A question is shown with the names of its files as they are, also out of the history.
func TestAsked(t *testing.T) {
	for text, want := range map[string]string{
		"How?": "How?",
		"How?\n[Attached: id 1_1_a \"a b.csv\", csv, 8 B]":                "How?\n📎 a b.csv",
		"[Attached: id 1_1_a \"say \\\"x\\\" 北.csv\"]":                    "📎 say \"x\" 北.csv",
		"[Attached: id 1_1_a \"a\"]\n[Attached: id 1_1_b \"b\", text]\nx": "📎 a\n📎 b\nx",
	} {
		if got := asked(text); got != want {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}
