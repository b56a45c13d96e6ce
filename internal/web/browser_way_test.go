package web

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// asks makes the model run code that asks before it goes on.
func (s *site) asks() {
	s.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, _ := h.Ask(ctx, locale.Later("May **geopandas** be installed?"))
		return llm.ToolResult{Output: fmt.Sprint(yes)}
	}
	s.model.Push(llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"1"}`}}}, llmtest.Reply{Text: "It is **drawn**."})
}

// The main job by the keyboard alone: past the menu to the question, asked, the
// question of the answer answered, and on to the next; the focus is never lost.
func TestBrowserKeyboardAlone(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.asks()
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	press := func(keys string, n int, what, reached string) {
		t.Helper()
		for range n {
			do(t, ctx, chromedp.KeyEvent(keys))
			if eval[bool](t, ctx, reached) {
				return
			}
		}
		t.Fatalf("%s is not reached: at %s", what, eval[string](t, ctx, `document.activeElement.outerHTML.slice(0, 200)`))
	}
	press(kb.Tab, 1, "the link past the menu", `document.activeElement.classList.contains('skip') && document.activeElement.getBoundingClientRect().left >= 0`)
	press(kb.Enter, 1, "the content", `document.activeElement.id === 'main'`)
	press(kb.Tab, 10, "the question", `document.activeElement.id === 'q'`)
	do(t, ctx, chromedp.KeyEvent("Draw a map"))
	press(kb.Tab, 2, "the files", `document.activeElement.id === 'f'`)
	press(kb.Tab, 2, "Ask", `document.activeElement.innerText === 'Ask'`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	seen(t, ctx, "the question of the answer", `document.querySelector('.q button')`)
	eval[bool](t, ctx, `document.getElementById('log').focus() || true`)
	press(kb.Tab, 10, "Yes", `document.activeElement.innerText === 'Yes'`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	seen(t, ctx, "the answer", `document.querySelector('.text strong') && document.querySelector('[data-do$="/retry"]')`)
	if eval[bool](t, ctx, `document.activeElement === document.body`) {
		t.Error("the focus is lost with the button that was pressed")
	}
	seen(t, ctx, "what a screen reader is told", `document.getElementById('say').textContent === 'Answer finished.'`)
}

// A picture that is pasted is attached; Retry answers again in its place; Edit asks
// another question in its place.
func TestBrowserPasteRetryEdit(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.model.Push(llmtest.Reply{Text: "First."}, llmtest.Reply{Text: "Second."}, llmtest.Reply{Text: "Third."})
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	eval[bool](t, ctx, `(async () => { const d = new DataTransfer(), c = document.createElement('canvas'); c.width = c.height = 20
		d.items.add(new File([await new Promise(r => c.toBlob(r))], 'image.png', {type: 'image/png'}))
		document.getElementById('q').dispatchEvent(new ClipboardEvent('paste', {clipboardData: d, bubbles: true, cancelable: true})); return true })()`)
	seen(t, ctx, "the picture", `document.getElementById('files').innerText.includes('image.png')`)
	only := func(answer, ask string) {
		t.Helper()
		seen(t, ctx, answer, fmt.Sprintf(`document.querySelectorAll('.turn').length === 1 && document.querySelector('.text')?.innerText === %q && document.querySelector('[data-do$="/retry"]') && document.querySelector('.ask').innerText.startsWith(%q)`, answer, ask))
	}
	do(t, ctx, chromedp.SendKeys("#q", "What is it?\r"))
	only("First.", "What is it?")
	eval[bool](t, ctx, `document.querySelector('[data-do$="/retry"]').click() || true`)
	only("Second.", "What is it?")
	eval[bool](t, ctx, `document.querySelector('[data-edit]').click() || true`)
	seen(t, ctx, "the question to change", `document.getElementById('q').value.startsWith('What is it?') && document.activeElement.id === 'q'`)
	eval[bool](t, ctx, `(document.getElementById('q').value = 'How large is it?') && true`)
	do(t, ctx, chromedp.SendKeys("#q", "\r"))
	only("Third.", "How large is it?")
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`location.reload()`))
	only("Third.", "How large is it?")
}

// Two tabs show the same: a question asked in the one, its answer as it comes, a
// question answered in the other, and the end of the conversation.
func TestBrowserTwoTabs(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.asks()
	one := browse(t, 1440)
	do(t, one, chromedp.Navigate(s.SignInURL()))
	seen(t, one, "the chat", `document.getElementById('q')`)
	at := eval[string](t, one, `location.href`)
	two, cancel := chromedp.NewContext(one)
	defer cancel()
	do(t, two, chromedp.Navigate(at))
	seen(t, two, "the chat", `document.getElementById('q')`)
	do(t, one, chromedp.SendKeys("#q", "Draw a map\r"))
	seen(t, two, "the question", `document.querySelector('.ask')?.innerText === 'Draw a map' && document.querySelector('.q button')`)
	eval[bool](t, two, `document.querySelector('.q button').click() || true`)
	for _, tab := range []context.Context{one, two} {
		seen(t, tab, "the answer", `document.querySelector('.text strong')?.innerText === 'drawn' && document.querySelector('[data-do$="/retry"]') && !document.querySelector('.q button')`)
	}
	const shown = `document.getElementById('log').innerText`
	if a, b := eval[string](t, one, shown), eval[string](t, two, shown); a != b {
		t.Errorf("one tab has %q\nthe other %q", a, b)
	}
	do(t, two, chromedp.Navigate(s.origin+"/conversations"))
	seen(t, two, "the list", `document.querySelector('form[action$="/delete"] button')`)
	eval[bool](t, two, `document.querySelector('form[action$="/delete"] button').click() || true`)
	seen(t, one, "that it is gone", `!document.querySelector('.turn') && document.getElementById('start')`)
}

// A stream that breaks off again and again loses no word and doubles none: who comes
// back with the number of the last event goes on there.
func TestStreamGoesOn(t *testing.T) {
	s := newSite(t, ServerOptions{})
	var words strings.Builder
	for i := range 200 {
		fmt.Fprintf(&words, "word%d ", i)
	}
	s.model.Push(llmtest.Reply{Text: words.String()})
	p := s.person()
	p.signIn()
	p.ask("abc", "tell me")
	got, last, ended := "", "", false
	for range 1000 {
		// The connection breaks off after the first whole event.
		id, data := p.event("/c/abc/events", last)
		if last = id; strings.HasPrefix(data, `{"op":"text"`) {
			_, text, _ := strings.Cut(data, `"html":"`)
			got += strings.TrimSuffix(text, `"}`)
		}
		if ended = strings.HasPrefix(data, `{"op":"end"`); ended {
			break
		}
	}
	if strings.TrimSpace(got) != strings.TrimSpace(words.String()) || !ended {
		t.Errorf("came %q, its end %v", got, ended)
	}
}

// stream opens what may have no end, for a minute at most.
func (p *person) stream(path string, headers ...string) *http.Response {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	p.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", p.site.origin+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// event is the first one of a stream after a number, and its number.
func (p *person) event(path, last string) (id, data string) {
	p.t.Helper()
	res := p.stream(path, "Last-Event-ID", last)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return id, text
		}
	}
	p.t.Fatalf("no event: %v", lines.Err())
	return "", ""
}
