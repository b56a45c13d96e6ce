package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/testbin"
)

// libraries gives the real ones, kept between runs.
func libraries(t *testing.T) func(context.Context, string) ([]byte, error) {
	dir := filepath.Join(testbin.Root(), ".cache")
	script := func(ctx context.Context, name string) ([]byte, error) {
		return wheels.Script(ctx, dir, os.Getenv("UV_DEFAULT_INDEX"), name)
	}
	for _, name := range []string{"plotly", "vega", "vega-lite", "vega-embed"} {
		if _, err := script(t.Context(), name); err != nil {
			testbin.Missing(t, "index", err.Error())
		}
	}
	return script
}

func (s *site) page(name, html string) string {
	s.t.Helper()
	f, err := s.files.Save(s.t.Context(), files.Upload{User: 1, Name: name, Body: strings.NewReader(html), Generated: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return "/files/" + string(f.ID)
}

// shows opens the chart of a file's page, and returns how it went and the picture.
func showsChart(t *testing.T, ctx context.Context, url string) (string, image.Image) {
	t.Helper()
	do(t, ctx, chromedp.Navigate(url))
	seen(t, ctx, "the button", `document.querySelector('live-chart button')`)
	eval[bool](t, ctx, `document.querySelector('live-chart button').click() || true`)
	seen(t, ctx, "how the chart went", `document.querySelector('live-chart').dataset.state`)
	data, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return eval[string](t, ctx, `document.querySelector('live-chart').dataset.state`), img
}

// count is how many points of a picture have a color.
func count(img image.Image, c color.RGBA) (n int) {
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			if uint8(r>>8) == c.R && uint8(g>>8) == c.G && uint8(b>>8) == c.B {
				n++
			}
		}
	}
	return n
}

// Charts as Plotly and Altair save them are drawn by our own libraries, also where
// the page would load its own from elsewhere.
func TestBrowserDrawsCharts(t *testing.T) {
	s := newSite(t, ServerOptions{Script: libraries(t)})
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	for name, c := range map[string]color.RGBA{
		"plotly": {0x1f, 0x77, 0xb4, 255}, "plotly-frames": {0x1f, 0x77, 0xb4, 255}, "altair": {0x63, 0x6e, 0xfa, 255}, "altair-inline": {0x63, 0x6e, 0xfa, 255},
	} {
		page, err := os.ReadFile("../chartspec/testdata/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		at := s.origin + s.page(name+".html", string(page))
		state, img := showsChart(t, ctx, at)
		for try := 0; try < 5 && state == "drawn" && count(img, c) < 20; try++ { // a busy machine paints later
			state, img = showsChart(t, ctx, at)
		}
		shot(t, ctx, "chart-"+name)
		if n := count(img, c); state != "drawn" || n < 20 {
			t.Errorf("%s: %s, %d points of its color", name, state, n)
		}
		if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
			t.Errorf("%s: %q", name, v)
		}
	}
}

// hostile are pages whose specifications, or whose scripts beside them, try to get
// out; {out} is a server that must hear nothing.
var hostile = map[string]string{
	"scripts beside the specification": `<script>fetch('{out}fetch'); parent.postMessage({ran: 1}, '*')</script><script src="https://cdn.plot.ly/plotly-4.1.1.min.js" onerror="parent.postMessage({ran: 2}, '*')"></script>
		<script>Plotly.newPlot("x", [{"x": [1, 2], "y": [1, 2]}], {}); parent.postMessage({ran: 3}, '*')</script>`,
	"texts of Plotly": `<script src="https://cdn.plot.ly/plotly-4.1.1.min.js"></script><script>Plotly.newPlot("x", [{"type": "scatter", "x": [1, 2], "y": [1, 2], "mode": "markers+text",
		"text": ["<img src=x onerror=\"parent.postMessage({ran: 4}, '*')\">", "<a href=\"javascript:parent.postMessage({ran: 5}, '*')\">x</a>"], "name": "</script><script>parent.postMessage({ran: 6}, '*')</script>",
		"hovertemplate": "<svg onload=\"parent.postMessage({ran: 7}, '*')\">%{x}"}],
		{"title": {"text": "<b onclick=\"x\">a</b><iframe srcdoc=\"<script>top.postMessage({ran: 8}, '*')</script>\">"}, "images": [{"source": "{out}image", "x": 0, "y": 1, "sizex": 1, "sizey": 1}],
		"annotations": [{"text": "<a href=\"{out}link\" target=\"_top\">go</a>", "x": 1, "y": 1}]})</script>`,
	"expressions of Vega": `<script src="https://cdn.jsdelivr.net/npm/vega@6"></script><script>var spec = {"$schema": "https://vega.github.io/schema/vega/v6.json", "width": 100, "height": 100,
		"usermeta": {"embedOptions": {"patch": "{out}patch", "ast": false}},
		"signals": [{"name": "a", "init": "{toString: event => 1}"}, {"name": "b", "init": "replace('a', /a/, 'constructor')"}],
		"data": [{"name": "d", "url": "{out}data"}, {"name": "e", "values": [{"v": 1}]}],
		"marks": [{"type": "image", "encode": {"enter": {"url": {"value": "{out}mark"}, "width": {"value": 10}, "height": {"value": 10}}}},
			{"type": "rect", "encode": {"enter": {"fill": {"value": "#636efa"}, "width": {"value": 50}, "height": {"value": 50}, "href": {"value": "javascript:parent.postMessage({ran: 9}, '*')"}, "tooltip": {"value": "<img src=x onerror=\"parent.postMessage({ran: 10}, '*')\">"}}}}]};</script>`,
}

// Whatever a specification has in it, nothing of it runs or gets out.
func TestBrowserHostileSpecifications(t *testing.T) {
	var heard atomic.Value
	heard.Store("")
	outside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard.Store(heard.Load().(string) + " " + r.URL.Path) }))
	defer outside.Close()
	s := newSite(t, ServerOptions{Script: libraries(t)})
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	for name, page := range hostile {
		at := s.page("chart.html", strings.ReplaceAll(page, "{out}", outside.URL+"/"))
		do(t, ctx, chromedp.Navigate(s.origin+at))
		seen(t, ctx, "the button", `document.querySelector('live-chart button')`)
		eval[bool](t, ctx, `window.ran = [], addEventListener('message', e => { if (e.data?.ran) ran.push(e.data.ran) }), document.querySelector('live-chart button').click() || true`)
		seen(t, ctx, "how it went: "+name, `document.querySelector('live-chart').dataset.state`)
		// Its tooltips and links, as far as a pointer reaches them.
		for _, p := range [][2]float64{{0.1, 0.1}, {0.3, 0.3}, {0.5, 0.5}, {0.8, 0.3}, {0.9, 0.9}} {
			box := eval[[]float64](t, ctx, `(r => [r.x, r.y, r.width, r.height])(document.querySelector('iframe').getBoundingClientRect())`)
			do(t, ctx, chromedp.MouseClickXY(box[0]+p[0]*box[2], box[1]+p[1]*min(box[3], 400)))
		}
		if ran := eval[[]int](t, ctx, `new Promise(r => setTimeout(() => r(ran), 700))`); len(ran) > 0 {
			t.Errorf("%s: ran %v", name, ran)
		}
		if here := eval[string](t, ctx, `location.pathname`); here != at {
			t.Errorf("%s: the page is at %s", name, here)
		}
	}
	if h := heard.Load(); h != "" {
		t.Errorf("the outside heard of%s", h)
	}
}

// What is written here is what is promised: the policies of the program are held
// against it.
const (
	caged       = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; script-src 'unsafe-inline' 'unsafe-eval'"
	onlyDrawing = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; script-src 'self'"
)

// A chart with a specification is served without a way for scripts of its own; one
// without falls back to the cage, and one whose library can't be had says so.
func TestChartPolicies(t *testing.T) {
	s := newSite(t, ServerOptions{Script: func(_ context.Context, name string) ([]byte, error) {
		if name != "plotly" {
			return nil, fault.New(fault.Unavailable, "not now")
		}
		return []byte("window.Plotly = 1"), nil
	}})
	p := s.person()
	p.signIn()
	for name, c := range map[string]struct {
		page   string
		status int
		policy string
		has    string
	}{
		"a specification": {`<script>Plotly.newPlot("x", [{"name": "</script><script>x"}], {})</script>`, 200, onlyDrawing, `\u003c/script\u003e\u003cscript\u003ex`},
		"none":            {`<script>alert(1)</script>`, 200, caged, "alert(1)"},
		"no library":      {`<script src="https://cdn.jsdelivr.net/npm/vega@6"></script> var spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json"};`, 503, contentPolicy, "not now"},
		"foreign scripts": {`<script src="https://cdn.plot.ly/plotly-4.1.1.min.js"></script> no chart`, 400, contentPolicy, "Download it"},
	} {
		status, text, h := p.do("GET", s.page("c.html", c.page)+"/chart", nil, "Sec-Fetch-Dest", "iframe")
		if status != c.status || !strings.Contains(text, c.has) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		if got := h.Get("Content-Security-Policy"); status == 200 && got != c.policy {
			t.Errorf("%s: %s", name, got)
		}
	}
	stranger := s.person()
	status, text, h := stranger.do("GET", "/chartlib/plotly.js", nil)
	if status != 200 || text != "window.Plotly = 1" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.HasPrefix(h.Get("Content-Type"), "text/javascript") {
		t.Errorf("%d %q %v", status, text, h)
	}
	for _, name := range []string{"vega.js", "..%2f..%2fetc%2fpasswd", "x"} {
		if status, _, _ := stranger.do("GET", "/chartlib/"+name, nil); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
}
