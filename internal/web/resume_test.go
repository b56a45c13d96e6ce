package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/web/sessions"
)

// tus sends one request of the protocol.
func (p *person) tus(method, at string, body io.Reader, headers ...string) (int, string, http.Header) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.site.origin+at, body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	if body != nil {
		req.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.http.Do(req)
	if errors.Is(err, errCut) {
		return 0, "", nil
	}
	return res0(p.t, res, err)
}

var errCut = errors.New("the connection is lost")

// begin begins an upload and returns its path.
func (p *person) begin(name string, size int64) string {
	p.t.Helper()
	status, text, h := p.tus("POST", "/uploads", nil, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(name)))
	if status != http.StatusCreated {
		p.t.Fatalf("beginning an upload: %d %s", status, text)
	}
	return strings.TrimPrefix(h.Get("Location"), p.site.origin)
}

func (p *person) offset(at string) string {
	_, _, h := p.tus("HEAD", at, nil)
	return h.Get("Upload-Offset")
}

// cutAfter gives some bytes, and then no more.
func cutAfter(data []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(data), readerFunc(func([]byte) (int, error) { return 0, errCut }))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// An upload that breaks off goes on where it was, also with another server on the
// same data; then it is a file, once.
func TestUploadGoesOn(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, ServerOptions{Dir: dir})
	p := s.person()
	p.signIn()
	data := bytes.Repeat([]byte("0123456789abcde\n"), 100_000)
	at := p.begin("../große Datei.txt", int64(len(data)))
	p.tus("PATCH", at, cutAfter(data[:1_000_000]), "Upload-Offset", "0")
	var got int64
	for end := time.Now().Add(time.Minute); got == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got, _ = strconv.ParseInt(p.offset(at), 10, 64)
	}
	if got == 0 || got > 1_000_000 {
		t.Fatalf("%d bytes came", got)
	}

	if status, _, _ := p.tus("PATCH", at, bytes.NewReader(data), "Upload-Offset", "5"); status != http.StatusConflict {
		t.Errorf("at a wrong place: %d", status)
	}
	again := s.again(ServerOptions{Dir: dir})
	p = again.person()
	p.signIn()
	if now := p.offset(at); now != strconv.FormatInt(got, 10) {
		t.Errorf("after a restart: %s of %d", now, got)
	}
	for got < int64(len(data)) { // in pieces, as a proxy lets them pass
		piece := data[got:min(got+400_000, int64(len(data)))]
		status, text, h := p.tus("PATCH", at, bytes.NewReader(piece), "Upload-Offset", strconv.FormatInt(got, 10))
		if status != http.StatusNoContent {
			t.Fatalf("going on: %d %s", status, text)
		}
		got, _ = strconv.ParseInt(h.Get("Upload-Offset"), 10, 64)
	}
	if now := p.offset(at); now != strconv.Itoa(len(data)) {
		t.Errorf("whose last answer was lost is told %s", now)
	}
	list, err := s.files.List(t.Context(), 1, files.Query{})
	if err != nil || len(list.Files) != 1 || list.Files[0].Name != ".._große Datei.txt" || list.Files[0].SHA256 != fmt.Sprintf("%x", sha256.Sum256(data)) {
		t.Errorf("%+v %v", list.Files, err)
	}
	if left, _ := os.ReadDir(again.resume.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// again is another server with the same things behind it.
func (s *site) again(o ServerOptions) *site {
	o.Tokens, o.Sessions = s.opts.Tokens, sessions.New(s.notes)
	other := *s
	other.Server = openSite(s.t, s.a, o)
	return &other
}

// What can't be saved is refused before it is sent; an upload is its user's alone;
// one that nobody goes on with ends, and makes room.
func TestUploadBounds(t *testing.T) {
	s, d := discordSite(t, nil)
	p := s.person()
	p.signIn()
	if status, text, _ := p.tus("POST", "/uploads", nil, "Upload-Length", strconv.FormatInt(s.files.MaxUpload()+1, 10), "Upload-Metadata", "filename YS5jc3Y="); status != http.StatusRequestEntityTooLarge || !strings.HasPrefix(text, "a.csv is too large: a file may have at most ") {
		t.Errorf("too large: %d %s", status, text)
	}
	for _, length := range []string{"", "-1", "x", "99999999999999999999"} {
		if status, _, _ := p.tus("POST", "/uploads", nil, "Upload-Length", length); status != http.StatusBadRequest {
			t.Errorf("length %q: %d", length, status)
		}
	}
	if status, _, _ := p.tus("POST", "/uploads", nil, "Upload-Defer-Length", "1"); status/100 == 2 {
		t.Errorf("no length: %d", status)
	}
	at := p.begin("a.txt", 10)
	if status, _, _ := p.tus("PATCH", at, strings.NewReader("0123456789and more"), "Upload-Offset", "0"); status/100 == 2 && p.offset(at) != "10" {
		t.Errorf("more than announced: %d", status)
	}

	at = p.begin("mine.txt", 10)
	bert := d.AddUser("bert")
	other := s.person()
	code, err := bert.Authorize(other.toDiscord("/"), true)
	if err != nil {
		t.Fatal(err)
	}
	other.back(code)
	stranger := s.person()
	for _, method := range []string{"HEAD", "PATCH", "DELETE"} {
		var body io.Reader
		if method == "PATCH" {
			body = strings.NewReader("0123456789")
		}
		if status, _, _ := other.tus(method, at, body, "Upload-Offset", "0"); status != http.StatusNotFound {
			t.Errorf("%s of another's: %d", method, status)
		}
		if body != nil {
			body = strings.NewReader("0123456789")
		}
		if status, _, _ := stranger.tus(method, at, body, "Upload-Offset", "0"); status != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d", method, status)
		}
	}
	for _, id := range []string{"1_..%2f..%2fsecret", "1_nosuch", "1_" + strings.Repeat("x", 5000)} {
		if status, _, _ := p.tus("HEAD", "/uploads/"+id, nil); status != http.StatusNotFound {
			t.Errorf("%.30s: %d", id, status)
		}
	}
	if status, _, _ := p.tus("PATCH", at, strings.NewReader("x"), "Upload-Offset", "0", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
	if p.offset(at) != "0" {
		t.Errorf("somebody wrote: %s", p.offset(at))
	}

	for len(s.unfinishedOf(1)) < maxUnfinished {
		p.begin("many.txt", 10)
	}
	if status, _, _ := p.tus("POST", "/uploads", nil, "Upload-Length", "10"); status != http.StatusTooManyRequests {
		t.Errorf("one more than there may be: %d", status)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(s.resume.dir+"/"+at[len("/uploads/"):], old, old); err != nil {
		t.Fatal(err)
	}
	p.begin("instead of the oldest.txt", 10)
	if status, _, _ := p.tus("HEAD", at, nil); status != http.StatusNotFound {
		t.Errorf("the oldest: %d", status)
	}
	s.resume.forget(time.Now().Add(time.Second))
	if left, _ := os.ReadDir(s.resume.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func (s *site) unfinishedOf(user files.UserID) (ids []string) {
	s.resume.each(func(id string, _ time.Time) {
		if strings.HasPrefix(id, user.String()+"_") {
			ids = append(ids, id)
		}
	})
	return ids
}

// 300 MB in one piece take no more memory than a small file.
func TestResumableUploadInConstantMemory(t *testing.T) {
	const size = 300 << 20
	s := newSiteWith(t, ServerOptions{}, assistant.Options{}, files.Options{Dir: t.TempDir(), MaxUpload: size})
	p := s.person()
	p.signIn()
	at := p.begin("large.bin", size)
	began := time.Now()
	grew := heapOf(func() {
		if status, text, _ := p.tus("PATCH", at, io.LimitReader(zeros{}, size), "Upload-Offset", "0"); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, text)
		}
	})
	t.Logf("%.1f s, the heap grew by %.1f MB", time.Since(began).Seconds(), float64(grew)/1e6)
	if grew > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grew)
	}
}

// The page goes on with an upload by itself after the connection was lost, and after
// a reload when the file is chosen again, without sending all of it again.
func TestBrowserUploadGoesOn(t *testing.T) {
	var target atomic.Pointer[url.URL]
	var room, sent atomic.Int64 // bytes of uploads that still get through, and that did
	room.Store(1 << 40)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/uploads") {
			if room.Load() <= 0 {
				panic(http.ErrAbortHandler)
			}
			n := max(r.ContentLength, 0)
			room.Add(-n)
			sent.Add(n)
		}
		(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target.Load()); p.SetXForwarded() }}).ServeHTTP(w, r)
	}))
	proxy.Config.ErrorLog = nil
	defer proxy.Close()
	s := newSite(t, ServerOptions{BaseURL: proxy.URL})
	at, err := url.Parse("http://" + s.addr)
	if err != nil {
		t.Fatal(err)
	}
	target.Store(at)
	const size = 4 << 20
	drop := func(name string) string {
		return fmt.Sprintf(`(() => { sessionStorage.piece = 1 << 18; const d = new DataTransfer(), b = new Uint8Array(%d); b.forEach((_, i) => b[i] = i * i)
			d.items.add(new File([b], %q, {lastModified: 1700000000000}))
			dispatchEvent(new DragEvent('drop', {dataTransfer: d, bubbles: true, cancelable: true})); return true })()`, size, name)
	}
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.Navigate(proxy.URL+"/files"))
	seen(t, ctx, "the files", `document.getElementById('upload')`)

	room.Store(1 << 20)
	eval[bool](t, ctx, drop("lost.bin"))
	seen(t, ctx, "that the connection is lost", `document.getElementById('say').innerText.includes('The connection is lost')`)
	room.Store(1 << 40)
	eval[bool](t, ctx, `dispatchEvent(new Event('online'))`)
	seen(t, ctx, "the file", `document.querySelector('.list')?.innerText.includes('lost.bin')`)
	if n := sent.Load(); n != size {
		t.Errorf("%d bytes were sent for a file of %d", n, size)
	}

	sent.Store(0)
	room.Store(1 << 20)
	eval[bool](t, ctx, drop("reloaded.bin"))
	seen(t, ctx, "that the connection is lost", `document.getElementById('say').innerText.includes('The connection is lost')`)
	do(t, ctx, chromedp.Navigate(proxy.URL+"/files"))
	seen(t, ctx, "what is unfinished", `document.getElementById('say')?.innerText.includes('Not uploaded whole yet: reloaded.bin')`)
	room.Store(1 << 40)
	eval[bool](t, ctx, drop("reloaded.bin"))
	seen(t, ctx, "the file", `document.querySelector('.list')?.innerText.includes('reloaded.bin')`)
	if n := sent.Load(); n != size {
		t.Errorf("%d bytes were sent for a file of %d", n, size)
	}
	if text := eval[string](t, ctx, `document.getElementById('say').innerText + Object.keys(localStorage)`); text != "" {
		t.Errorf("afterwards: %q", text)
	}
	list, err := s.files.List(t.Context(), 1, files.Query{})
	want := make([]byte, size)
	for i := range want {
		want[i] = byte(i * i)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(want))
	if err != nil || len(list.Files) != 2 || list.Files[0].SHA256 != sum || list.Files[1].SHA256 != sum {
		t.Errorf("%+v %v", list.Files, err)
	}
}
