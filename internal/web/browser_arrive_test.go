package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// The menu is one row on a phone, in each language; all of it can be touched.
func TestBrowserMenuIsOneRow(t *testing.T) {
	ctx := browse(t, 390)
	for _, l := range locale.Languages() {
		s := newSite(t, ServerOptions{Language: l})
		do(t, ctx, chromedp.EmulateViewport(390, 900), chromedp.Navigate(s.SignInURL()))
		seen(t, ctx, "the chat", `document.getElementById('q')`)
		for _, width := range []int64{390, 360, 320} {
			do(t, ctx, chromedp.EmulateViewport(width, 900))
			const rows = `new Set([...document.querySelectorAll('nav a, nav button')].map(e => Math.round(e.getBoundingClientRect().top / 10))).size`
			if n := eval[int](t, ctx, rows); n != 1 {
				t.Errorf("%s at %d: %d rows", l.Code, width, n)
			}
			if small := eval[[]string](t, ctx, `[...document.querySelectorAll('nav a, nav button')].filter(e => e.offsetWidth < 44 || e.offsetHeight < 44 || !e.innerText.trim()).map(e => e.outerHTML)`); len(small) > 0 {
				t.Errorf("%s at %d: too small, or without words: %q", l.Code, width, small)
			}
			if eval[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("%s at %d scrolls sideways", l.Code, width)
			}
		}
		shot(t, ctx, "menu-"+l.Code)
	}
}

// A link on another site leads who has signed in to the page, although the browser
// leaves out the cookie; a stranger is asked to sign in, and the page rests.
func TestBrowserLinkOfAnotherSite(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.save("sales.csv", []byte("a,b\n1,2\n"))
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<a id="l" href="%s/files">files</a>`, s.origin)
	}))
	defer other.Close()
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) // another site for the browser
	ctx := browse(t, 1440)
	for range 2 {
		do(t, ctx, chromedp.Navigate(elsewhere), chromedp.Click("#l"))
		seen(t, ctx, "a way to sign in", `document.getElementById('t') && location.pathname === '/files'`)
	}
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.Navigate(elsewhere), chromedp.Click("#l"))
	seen(t, ctx, "the files", `document.body.innerText.includes('sales.csv')`)
}

// A question that is asked while its file is still on the way waits for the file;
// Enter twice is one question; what was attached can be taken off.
func TestBrowserAskWhileUploading(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.model.Answer = func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "An answer."} }
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	eval[bool](t, ctx, strings.Replace(dropCSV, "dispatchEvent", "d.items.add(new File(['x'], 'wrong.txt')); dispatchEvent", 1))
	seen(t, ctx, "both files", `document.querySelectorAll('#files li').length === 2`)
	shot(t, ctx, "attached-390")
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('#files button')[1].click()`))
	seen(t, ctx, "the one that is left", `document.querySelectorAll('#files li').length === 1 && document.getElementById('files').innerText.includes('sales')`)

	// The upload is held up until the question was sent.
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const send = XMLHttpRequest.prototype.send
		XMLHttpRequest.prototype.send = function (b) { window.go = () => send.call(this, b) } })()`))
	eval[bool](t, ctx, strings.ReplaceAll(dropCSV, "sales <i>.csv", "late.csv"))
	seen(t, ctx, "an upload", `window.go`)
	do(t, ctx, chromedp.SendKeys("#q", "How?\r\r\r"))
	if n := len(s.model.Requests()); n != 0 || eval[int](t, ctx, `document.querySelectorAll('.turn').length`) != 0 {
		t.Errorf("the question did not wait: %d", n)
	}
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`go()`))
	seen(t, ctx, "the answer", `document.querySelector('.text')?.innerText.includes('An answer.') && document.querySelector('[data-do$="/retry"]')`)
	if ask := eval[string](t, ctx, `document.querySelector('.ask').innerText`); !strings.Contains(ask, "sales <i>.csv") || !strings.Contains(ask, "late.csv") || strings.Contains(ask, "wrong.txt") {
		t.Errorf("asked about %q", ask)
	}
	if n := eval[int](t, ctx, `document.querySelectorAll('.turn').length`); n != 1 || eval[string](t, ctx, `document.getElementById('q').value.trim()`) != "" {
		t.Errorf("%d questions, %q", n, eval[string](t, ctx, `document.getElementById('q').value`))
	}
	if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
		t.Errorf("the policy is broken: %q", v)
	}
}

// Who has no file at hand takes the example, asks one of the example questions, and
// finds the conversation again: searched, renamed, deleted.
func TestBrowserNoFileAtHand(t *testing.T) {
	s := newSite(t, ServerOptions{Example: func() (string, []byte) { return "seattle-weather.csv", []byte("date,rain\n2024-01-01,3\n") }})
	s.model.Answer = func(r llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "It **rains**."} }
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "three questions", `document.querySelectorAll('[data-ask]').length === 3`)
	eval[bool](t, ctx, `document.querySelector('[data-do*="/example"]').click() || true`)
	seen(t, ctx, "the example", `document.querySelectorAll('#files li').length === 1 && document.getElementById('files').innerText.includes('seattle-weather.csv')`)
	asked := eval[string](t, ctx, `(b => { b.click(); return b.innerText })(document.querySelectorAll('[data-ask]')[1])`)
	seen(t, ctx, "the answer", `document.querySelector('.text strong')?.innerText === 'rains' && document.querySelector('[data-do$="/retry"]') && !document.getElementById('start')`)
	if ask := eval[string](t, ctx, `document.querySelector('.ask').innerText`); ask != asked+"\n📎 seattle-weather.csv" {
		t.Errorf("asked %q", ask)
	}
	if last := s.model.Requests()[0].LastUser(); !strings.Contains(last, asked) || !strings.Contains(last, "seattle-weather.csv") {
		t.Errorf("the model was asked %q", last)
	}
	find := func(words string) string { return s.origin + "/conversations?q=" + words }
	do(t, ctx, chromedp.Navigate(find("nothing+of+this")))
	seen(t, ctx, "that nothing was found", `document.body.innerText.includes('Nothing was found.')`)
	do(t, ctx, chromedp.Navigate(find("RAINS")))
	seen(t, ctx, "the conversation", `document.querySelector('.list a')`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(f => { f.title.value = 'Rain & <i>snow</i>'; f.requestSubmit() })(document.querySelector('form[action$="/rename"]'))`))
	seen(t, ctx, "its new name", `document.querySelector('.list a')?.innerText === 'Rain & <i>snow</i>'`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector('.list a').click()`))
	seen(t, ctx, "the answer again", `document.querySelector('.text strong')?.innerText === 'rains'`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`history.back()`))
	seen(t, ctx, "the list again", `document.querySelector('form[action$="/delete"]')`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/delete"]').requestSubmit()`))
	seen(t, ctx, "no conversation", `document.body.innerText.includes('There are no conversations yet.')`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files"))
	seen(t, ctx, "the file, which stays", `document.querySelector('.list')?.innerText.includes('seattle-weather.csv')`)
}
