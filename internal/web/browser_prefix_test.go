package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// behindProxy returns a site that is reached by a proxy, at a path of it. What pass
// does not let pass, it has answered.
func behindProxy(t *testing.T, path string, o ServerOptions, pass func(http.ResponseWriter, *http.Request) bool) (*site, *httptest.Server) {
	t.Helper()
	var target atomic.Pointer[url.URL]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pass(w, r) {
			(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target.Load()); p.SetXForwarded() }}).ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close) // after the browser and the site, whose streams are open
	o.BaseURL = proxy.URL + path
	s := newSite(t, o)
	at, err := url.Parse("http://" + s.addr)
	if err != nil {
		t.Fatal(err)
	}
	target.Store(at)
	return s, proxy
}

// Behind a proxy with a path before all others, that lets bodies of 64 kB through:
// the main job, every address with the path, and a larger upload in pieces.
func TestBrowserBehindProxyWithPath(t *testing.T) {
	var outside atomic.Value
	outside.Store("")
	s, proxy := behindProxy(t, "/attache/", ServerOptions{Script: libraries(t)}, func(w http.ResponseWriter, r *http.Request) (pass bool) {
		if !strings.HasPrefix(r.URL.Path, "/attache/") {
			if r.URL.Path != "/favicon.ico" {
				outside.Store(outside.Load().(string) + " " + r.URL.Path)
			}
			http.NotFound(w, r)
			return false
		}
		if r.ContentLength > 64<<10 {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = io.WriteString(w, "<html><h1>413 Request Entity Too Large</h1></html>")
			return false
		}
		return true
	})
	s.tools.Handle = s.makes
	s.model.Push(
		llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"df.plot()"}`}}},
		llmtest.Reply{Text: "There are **3 rows**."})
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	if here := eval[string](t, ctx, `location.pathname`); !strings.HasPrefix(here, "/attache/c/") {
		t.Errorf("signed in at %s", here)
	}
	if cookie := eval[string](t, ctx, `document.cookie`); cookie != "" {
		t.Errorf("a script reads the cookie %q", cookie)
	}
	eval[bool](t, ctx, dropCSV)
	seen(t, ctx, "the dropped file", `document.getElementById('files').innerText.includes('sales')`)
	do(t, ctx, chromedp.SendKeys("#q", "How did revenue grow?\r"))
	seen(t, ctx, "the answer by the stream", `document.querySelector('.turn strong')?.innerText === '3 rows'`)
	seen(t, ctx, "the chart", `(i => i && i.complete && i.naturalWidth === 600)(document.querySelector('figure img'))`)
	do(t, ctx, chromedp.Navigate(proxy.URL+"/attache/files"))
	seen(t, ctx, "the files", `document.body.innerText.includes('sales')`)
	eval[bool](t, ctx, `(() => { const d = new DataTransfer(); d.items.add(new File([new Uint8Array(200000)], 'large.bin'));
		dispatchEvent(new DragEvent('drop', {dataTransfer: d, bubbles: true, cancelable: true})); return true })()`)
	seen(t, ctx, "a file that is larger than what the proxy lets pass", `document.querySelector('.list').innerText.includes('large.bin')`)
	eval[bool](t, ctx, `[...document.querySelectorAll('.list a')].find(a => a.innerText.includes('sales')).click() || true`)
	seen(t, ctx, "the sorted table", `document.querySelector('data-table th button')`)
	eval[bool](t, ctx, `document.querySelector('data-table th button').click() || true`)
	do(t, ctx, chromedp.Navigate(proxy.URL+"/attache"+s.page("chart.html", `<script>Plotly.newPlot("x", [{"type": "bar", "x": [1, 2], "y": [1, 2]}], {})</script>`)))
	seen(t, ctx, "the button", `document.querySelector('live-chart button')`)
	eval[bool](t, ctx, `document.querySelector('live-chart button').click() || true`)
	seen(t, ctx, "a drawn chart", `document.querySelector('live-chart').dataset.state === 'drawn'`)
	if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
		t.Errorf("the policy is broken: %q", v)
	}
	eval[bool](t, ctx, `[...document.querySelectorAll('nav button')].find(b => b.innerText === 'Sign out').click() || true`)
	seen(t, ctx, "that one is out", `document.body.innerText.includes('Open the address')`)
	if o := outside.Load(); o != "" {
		t.Errorf("asked for outside the path:%s", o)
	}
}
