package web

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// The network goes away in the middle of an answer and comes back when it has ended:
// the page has each word once. A question that was asked meanwhile is not lost.
func TestBrowserNetworkAway(t *testing.T) {
	var away atomic.Bool
	s, proxy := behindProxy(t, "", ServerOptions{}, func(http.ResponseWriter, *http.Request) bool {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		return true
	})
	var words strings.Builder
	for i := range 300 {
		fmt.Fprintf(&words, "word%d ", i)
	}
	s.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if strings.Contains(r.LastUser(), "second") {
			return llmtest.Reply{Text: "The **second** answer."}
		}
		return llmtest.Reply{Text: words.String(), Pause: 10 * time.Millisecond}
	}
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.SendKeys("#q", "the first\r"))
	seen(t, ctx, "the first words", `document.querySelector('.text')?.innerText.includes('word1 ')`)
	away.Store(true)
	proxy.CloseClientConnections()
	do(t, ctx, chromedp.SendKeys("#q", "the second\r"))
	seen(t, ctx, "that it did not work", `document.getElementById('say').innerText === 'That did not work. Try again.'`)
	shot(t, ctx, "away-390")
	away.Store(false)
	seen(t, ctx, "the end", `document.querySelector('[data-do$="/retry"]')`)
	if got := eval[string](t, ctx, `document.querySelector('.text').innerText.trim()`); got != strings.TrimSpace(words.String()) {
		t.Errorf("shown: %q", got)
	}
	if kept := eval[string](t, ctx, `document.getElementById('q').value`); strings.TrimSpace(kept) != "the second" {
		t.Errorf("the question is %q", kept)
	}
	do(t, ctx, chromedp.SendKeys("#q", "\r"))
	seen(t, ctx, "the second answer", `document.querySelectorAll('.turn').length === 2 && document.querySelector('.text strong')?.innerText === 'second'`)
	seen(t, ctx, "that nothing is wrong any more", `document.getElementById('say').innerText !== 'That did not work. Try again.'`)
}

// On paper is the conversation: all rows of its tables, no buttons and no form.
func TestBrowserPrint(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.fill()
	s.model.Push(llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"df.plot()"}`}}}, llmtest.Reply{Text: "It **grew**."})
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.SendKeys("#q", "How?\r"))
	seen(t, ctx, "the answer", `document.querySelector('.text strong') && document.querySelector('.live td') && document.querySelector('[data-do$="/retry"]')`)
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	if left := eval[[]string](t, ctx, `[...document.querySelectorAll('nav, #ask, button:not(th>*), input, .skip')].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80))`); len(left) > 0 {
		t.Errorf("printed: %q", left)
	}
	if cut := eval[[]string](t, ctx, `[...document.querySelectorAll('.scroll, pre')].filter(e => e.checkVisibility() && e.scrollHeight > e.clientHeight + 1).map(e => e.innerText.slice(0, 80))`); len(cut) > 0 {
		t.Errorf("cut off: %q", cut)
	}
	if n := eval[int](t, ctx, `[...document.querySelectorAll('.live tbody tr')].filter(e => e.checkVisibility()).length`); n != 12 {
		t.Errorf("%d rows", n)
	}
	if heads := eval[string](t, ctx, `document.querySelector('.live thead').innerText.trim()`); heads != "month\trevenue" {
		t.Errorf("heads: %q", heads)
	}
	shot(t, ctx, "print")
}
