package web

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/assistant/assistanttest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/testbin"
	"github.com/attachebot/attache/internal/web/sessions"
)

// site is a server with everything behind it.
type site struct {
	*Server
	t     testing.TB
	model *llmtest.Server
	tools *chattest.Tools
	files *files.Service
	chats chat.Store
	notes notes.Store
}

func newSite(t testing.TB, o ServerOptions) *site {
	return newSiteWith(t, o, assistant.Options{}, files.Options{})
}

func newSiteWith(t testing.TB, o ServerOptions, ao assistant.Options, fo files.Options) *site {
	ao.Burst, ao.Viewer = 100, seer{}
	w := assistanttest.New(t, ao, fo)
	if o.Tokens == nil {
		o.Tokens = apitoken.New(w.Notes)
	}
	if o.Sessions == nil {
		o.Sessions = sessions.New(w.Notes)
	}
	return &site{Server: openSite(t, w.Assistant, o), t: t, model: w.Model, tools: w.Tools, files: w.Files, chats: w.Chats, notes: w.Notes}
}

func openSite(t testing.TB, a *assistant.Assistant, o ServerOptions) *Server {
	o.Listen = "127.0.0.1:0"
	server, err := OpenServer(a, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		server.Close(ctx)
	})
	return server
}

// chartPNG is a picture of bars.
func chartPNG(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i := range 12 {
		bar := image.Rect(w*(2*i+1)/26, h-h/6-h*i*i/200, w*(2*i+2)/26+w/60, h-h/12)
		draw.Draw(img, bar, image.NewUniform(color.RGBA{45, 79, 201, 255}), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// makes saves a chart and shows a table, as a tool does.
func (s *site) makes(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
	h.Output("3 rows\n")
	saved, err := s.files.Save(ctx, files.Upload{User: user, Name: "revenue.png", Body: bytes.NewReader(chartPNG(600, 300)), Generated: true})
	if err != nil {
		return llm.ToolResult{Failed: true, Error: err.Error()}
	}
	return llm.ToolResult{Output: "3 rows\n", Files: []string{string(saved.ID)}, Run: &llm.Run{Code: "df.plot()", Output: "3 rows\n", Elapsed: time.Second},
		Tables: []table.Table{{Columns: []string{"month", "<b>sales</b>"}, Rows: [][]string{{"Mai", "<script>alert(1)</script>"}}}}}
}

// chromium is the browser of all tests, until the last has ended.
var chromium struct {
	mu    sync.Mutex
	ctx   context.Context
	close func()
}

// openChromium opens the browser, unless it is open.
func openChromium(t testing.TB) context.Context {
	path, err := exec.LookPath("chromium")
	if err != nil {
		testbin.Missing(t, "chromium", err.Error())
	}
	chromium.mu.Lock()
	defer chromium.mu.Unlock()
	if chromium.ctx != nil && chromium.ctx.Err() == nil {
		return chromium.ctx
	}
	opt := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	a, end := chromedp.NewExecAllocator(context.Background(), opt...)
	ctx, cancel := chromedp.NewContext(a)
	chromium.ctx, chromium.close = ctx, func() { cancel(); end() }
	do(t, ctx)
	return ctx
}

func TestMain(m *testing.M) {
	// A request of an upload leaves one that ends half a second later.
	goleak.VerifyTestMain(withChromium{m}, goleak.IgnoreAnyFunction("github.com/tus/tusd/v2/pkg/handler.newDelayedContext.func1"))
}

// withChromium closes the browser after the tests, before a look at what they left.
type withChromium struct{ *testing.M }

func (m withChromium) Run() int {
	code := m.M.Run()
	if chromium.close != nil {
		chromium.close()
	}
	return code
}

// browse opens a page of a width, in a profile of its own. Errors of scripts and
// violations of the page's policy fail the test.
func browse(t testing.TB, width int) context.Context {
	tab, cancel := chromedp.NewContext(openChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Listen(tab, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		}
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tab, 4*time.Minute)
	t.Cleanup(cancel)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.violations=[];document.addEventListener('securitypolicyviolation',e=>violations.push(e.effectiveDirective+' '+e.blockedURI))`}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.EmulateViewport(int64(width), 900))
	return ctx
}

func do(t testing.TB, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t testing.TB, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// seen waits until a script is true of a page whose own scripts have run. While one
// is being loaded there may be nothing yet to ask.
func seen(t testing.TB, ctx context.Context, what, js string) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var is bool
		if is, err = chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+js+")")); is && err == nil {
			return
		}
	}
	t.Fatalf("not seen: %s (%v)\n%s", what, err, eval[string](t, ctx, `document.body.innerText.slice(0, 3000)`))
}

func shot(t *testing.T, ctx context.Context, name string) {
	if dir := os.Getenv("ATTACHE_SHOTS"); dir != "" {
		data, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

const dropCSV = `(() => { const d = new DataTransfer(); d.items.add(new File(['a,b\n10,x\n2,y\n'], 'sales <i>.csv', {type: 'text/csv'}));
	dispatchEvent(new DragEvent('drop', {dataTransfer: d, bubbles: true, cancelable: true})); return true })()`

// The main job: open the address that was printed, drop a CSV, ask, see the chart
// and the table, find the file, download it, delete it; stop; reload in the middle
// of an answer; sign out.
func TestBrowserMainJob(t *testing.T) {
	for _, width := range []int{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { mainJob(t, width) })
	}
}

func mainJob(t *testing.T, width int) {
	s := newSite(t, ServerOptions{})
	s.tools.Handle = s.makes
	s.model.Push(
		llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"df.plot()"}`}}},
		llmtest.Reply{Text: "There are **3 rows**.\n\n<img src=x onerror=alert(1)>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"})
	ctx := browse(t, width)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `!!document.getElementById('q')`)
	if hash := eval[string](t, ctx, `location.href`); strings.Contains(hash, "t=") {
		t.Errorf("the token stays in the address: %s", hash)
	}
	shot(t, ctx, fmt.Sprint("empty-", width))
	eval[bool](t, ctx, dropCSV)
	seen(t, ctx, "the dropped file", `document.getElementById('files').innerText.includes('sales <i>.csv')`)
	do(t, ctx, chromedp.SendKeys("#q", "How did revenue grow?\r"))
	seen(t, ctx, "the answer", `document.querySelector('.turn strong')?.innerText === '3 rows'`)
	seen(t, ctx, "the chart", `(i => i && i.complete && i.naturalWidth === 600)(document.querySelector('figure img'))`)
	seen(t, ctx, "a table of the tool, as text", `document.querySelector('.scroll table')?.innerText.includes('<script>alert(1)</script>')`)
	seen(t, ctx, "a table of Markdown", `!!document.querySelector('.text table')`)
	seen(t, ctx, "the code", `document.querySelector('details pre')?.textContent === 'df.plot()'`)
	seen(t, ctx, "the end", `!document.querySelector('[data-do$="/stop"]')`)
	shot(t, ctx, fmt.Sprint("answer-", width))
	before := eval[string](t, ctx, `document.querySelector('figure img').src`)
	if large := eval[string](t, ctx, `(a => fetch(a.href).then(r => r.headers.get('Content-Type') + ' ' + a.target))(document.querySelector('figure a'))`); large != "image/png _blank" {
		t.Errorf("enlarged: %s", large)
	}
	if saved := eval[string](t, ctx, `fetch(document.querySelector('figcaption a').href).then(r => r.headers.get('Content-Disposition'))`); saved != "attachment; filename=revenue.png" {
		t.Errorf("its download: %s", saved)
	}
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`location.reload()`))
	seen(t, ctx, "the answer after a reload", `document.querySelector('.turn strong')?.innerText === '3 rows'`)
	seen(t, ctx, "the chart after a reload", `!!document.querySelector('figure img')`)
	if after := eval[string](t, ctx, `document.querySelector('figure img').src`); after != before {
		t.Errorf("the chart was %s, and is %s", before, after)
	}

	// A reload in the middle of an answer goes on with it; Stop ends it.
	gate := make(chan struct{})
	s.model.Answer = func(llmtest.Request) llmtest.Reply {
		<-gate
		var long strings.Builder // minutes: it ends by Stop
		for i := range 10_000 {
			fmt.Fprintf(&long, "word %d ", i)
		}
		return llmtest.Reply{Text: long.String(), Pause: 20 * time.Millisecond}
	}
	do(t, ctx, chromedp.SendKeys("#q", "Tell me more\r"))
	seen(t, ctx, "the second turn", `document.querySelectorAll('.turn').length === 2`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`location.reload()`))
	seen(t, ctx, "the running turn after a reload", `!!document.querySelector('[data-do$="/stop"]')`)
	close(gate)
	seen(t, ctx, "words", `document.querySelectorAll('.turn')[1].innerText.includes('word 1 word')`)
	eval[bool](t, ctx, `document.querySelector('[data-do$="/stop"]').click() || true`) // it moves as words come
	seen(t, ctx, "the stop", `document.body.innerText.includes('Stopped.')`)
	words := `(document.querySelectorAll('.turn')[1].innerText.match(/word/g) || []).length`
	if n := eval[int](t, ctx, words); n < 2 || n >= 10_000 {
		t.Errorf("%d words", n)
	}

	// The file: found, seen, downloaded, deleted with two confirmations.
	do(t, ctx, chromedp.Navigate(s.origin+"/files"))
	seen(t, ctx, "both files", `document.body.innerText.includes('You have 2 file(s) uploaded.') && document.body.innerText.includes('sales <i>.csv')`)
	shot(t, ctx, fmt.Sprint("files-", width))
	eval[bool](t, ctx, `[...document.querySelectorAll('.list a')].find(a => a.innerText.includes('sales')).click() || true`)
	seen(t, ctx, "the preview", `document.querySelector('.live td')`)
	for _, first := range []string{"2", "10"} {
		eval[bool](t, ctx, `document.querySelector('.live th button').click() || true`)
		seen(t, ctx, "the table sorted", fmt.Sprintf(`document.querySelector('.live th').ariaSort !== 'none' && document.querySelector('.live td')?.innerText === %q`, first))
	}
	if got := eval[string](t, ctx, `fetch(document.querySelector('a[href$="/download"]').href).then(r => r.text())`); got != "a,b\n10,x\n2,y\n" {
		t.Errorf("downloaded %q", got)
	}
	for _, confirm := range []string{"Delete", "Yes, Delete", "Click Again to Confirm"} {
		button := fmt.Sprintf(`[...document.querySelectorAll('main button')].find(b => b.innerText === %q)`, confirm)
		seen(t, ctx, confirm, button)
		eval[bool](t, ctx, button+`.click() || true`)
	}
	seen(t, ctx, "that it is gone", `document.body.innerText.includes('You have 1 file(s) uploaded.')`)

	for _, page := range []string{"/conversations", "/usage"} {
		do(t, ctx, chromedp.Navigate(s.origin+page))
		seen(t, ctx, page, `!!document.querySelector('main h2')`)
		shot(t, ctx, fmt.Sprint(page[1:], "-", width))
		if wide := eval[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s scrolls sideways", page)
		}
		if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
			t.Errorf("%s breaks its policy: %q", page, v)
		}
	}
	eval[bool](t, ctx, `!!(localStorage['upload ' + document.body.dataset.base + ' secret.csv 3 4'] = Date.now() + ' /x')`) // an upload that is not whole
	eval[bool](t, ctx, `[...document.querySelectorAll('nav button')].find(b => b.innerText === 'Sign out').click() || true`)
	seen(t, ctx, "that one is out", `document.body.innerText.includes('Open the address')`)
	seen(t, ctx, "that the browser keeps no name of a file", `localStorage.length === 0`)
}

func body(t testing.TB, r *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
