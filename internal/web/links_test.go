package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/web"
)

const alice, bob files.UserID = 111111111111111111, 222222222222222222

type rig struct {
	t      *testing.T
	dir    string
	files  *files.Service
	bucket *bucket.Bucket
	links  *web.Links
	log    bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRig(t *testing.T, o web.Options) *rig {
	t.Helper()
	return newRigOn(t, o, t.TempDir())
}

// newRigOn has the bytes of files in a bucket with this URL.
func newRigOn(t *testing.T, o web.Options, url string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), now: time.Now()}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	b, err := bucket.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { b.Close() })
	r.bucket = b
	clock := func() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.now }
	r.files = files.New(sqlite.NewFiles(db, "me"), b.Bucket, files.Options{Dir: b.Dir, Abort: b.Abort, Expiry: 48 * time.Hour, Now: clock,
		Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	o.Now = clock
	r.links, err = web.Open(r.dir, r.files, o)
	must(t, err)
	t.Cleanup(func() { r.links.Close() })
	return r
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) save(user files.UserID, name, content string) files.File {
	r.t.Helper()
	s, err := r.files.Save(r.t.Context(), files.Upload{User: user, Name: name, Body: strings.NewReader(content)})
	must(r.t, err)
	return s.File
}

func (r *rig) do(method, link string, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, link, nil)
	must(r.t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(r.t, err)
	return resp, string(body)
}

// gone fails unless a link leads nowhere, in the one way in which all do.
func (r *rig) gone(what, link string) {
	r.t.Helper()
	for _, method := range []string{"GET", "HEAD"} {
		resp, body := r.do(method, link)
		if resp.StatusCode != 404 || method == "GET" && body != "File not found or expired\n" {
			r.t.Errorf("%s: %s %d %q", what, method, resp.StatusCode, body)
		}
	}
}

func TestLink(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "sales.csv", "a,b\n1,2\n")
	link := r.links.Link(alice, f.ID, 10*time.Minute)
	if !strings.HasPrefix(link, "http://127.0.0.1:") || !strings.HasSuffix(link, "/sales.csv") {
		t.Error(link)
	}
	resp, body := r.do("GET", link)
	if resp.StatusCode != 200 || body != "a,b\n1,2\n" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Disposition": `attachment; filename=sales.csv`, "X-Content-Type-Options": "nosniff", "Content-Type": "text/csv",
		"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, no-store", "Content-Length": "8",
		"Accept-Ranges": "bytes", "Referrer-Policy": "no-referrer",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	resp, body = r.do("HEAD", link)
	if resp.StatusCode != 200 || body != "" || resp.ContentLength != 8 {
		t.Errorf("HEAD: %d %q %d", resp.StatusCode, body, resp.ContentLength)
	}
	resp, body = r.do("GET", link, "Range", "bytes=2-4")
	if resp.StatusCode != 206 || body != "b\n1" || resp.Header.Get("Content-Range") != "bytes 2-4/8" {
		t.Errorf("range: %d %q %v", resp.StatusCode, body, resp.Header)
	}
	if resp, body = r.do("GET", link, "Range", "bytes=-2"); body != "2\n" {
		t.Errorf("the end: %d %q", resp.StatusCode, body)
	}
	if resp, _ = r.do("GET", link, "Range", "bytes=9-"); resp.StatusCode != 416 {
		t.Errorf("behind the end: %d", resp.StatusCode)
	}
	if resp, _ = r.do("GET", link, "If-None-Match", `"`+f.SHA256+`"`); resp.StatusCode != 304 {
		t.Errorf("unchanged: %d", resp.StatusCode)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"} {
		if resp, _ := r.do(method, link); resp.StatusCode != 405 {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	// The name in the path is for people; without it the link works as well.
	if resp, _ = r.do("GET", strings.TrimSuffix(link, "/sales.csv")); resp.StatusCode != 200 {
		t.Errorf("without a name: %d", resp.StatusCode)
	}
	if !strings.Contains(r.log.String(), "file downloaded") || strings.Contains(r.log.String(), "sales.csv") {
		t.Errorf("log: %s", &r.log)
	}
}

func TestLinkEnds(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.txt", "x")
	link := r.links.Link(alice, f.ID, 10*time.Minute)
	r.pass(10*time.Minute - 2*time.Second)
	if resp, _ := r.do("GET", link); resp.StatusCode != 200 {
		t.Errorf("before its end: %d", resp.StatusCode)
	}
	r.pass(2 * time.Second)
	r.gone("after its end", link)

	link = r.links.Link(alice, f.ID, 100*time.Hour)
	must(t, r.files.Delete(t.Context(), alice, f.ID))
	r.gone("of a deleted file", link)

	f = r.save(alice, "b.txt", "y")
	link = r.links.Link(alice, f.ID, 100*time.Hour)
	r.pass(49 * time.Hour)
	r.gone("of an expired file", link)
}

// A token is good for one user, file and time, and only as it was made.
func TestForgedLinks(t *testing.T) {
	r := newRig(t, web.Options{})
	mine, hers := r.save(bob, "mine.txt", "bob's"), r.save(alice, "hers.txt", "alice's")
	link := r.links.Link(bob, mine.ID, time.Hour)
	base, token, name := cut(link)
	id, rest, _ := strings.Cut(token, ".")
	until, mac, _ := strings.Cut(rest, ".")
	r.gone("her file with his signature", base+string(hers.ID)+"."+until+"."+mac+"/"+name)
	r.gone("her file asked for by him", r.links.Link(bob, hers.ID, time.Hour))
	r.gone("a later end", base+id+".9999999999."+mac)
	r.gone("no signature", base+id+"."+until+".")
	r.gone("no end", base+id)
	r.gone("a shorter signature", base+id+"."+until+"."+mac[:len(mac)-1])
	r.gone("padding", base+id+"."+until+"."+mac+"=")
	r.gone("a leading zero", base+id+".0"+until+"."+mac)
	for i := range mac {
		c := byte('A')
		if mac[i] == 'A' {
			c = 'B'
		}
		r.gone("another signature", base+id+"."+until+"."+mac[:i]+string(c)+mac[i+1:])
	}

	// With another key, nothing made before is good.
	other, err := web.Open(t.TempDir(), r.files, web.Options{Now: func() time.Time { return r.now }})
	must(t, err)
	defer other.Close()
	otherBase, _, _ := cut(other.Link(bob, mine.ID, time.Hour))
	r.gone("another key", otherBase+token)
}

// Those who agree on a key honour each other's links, and nobody else's.
func TestAgreedKey(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.txt", "x")
	var key []byte
	o := web.Options{Now: func() time.Time { return r.now }, Agree: func(own []byte) ([]byte, error) {
		if key == nil {
			key = own
		}
		return key, nil
	}}
	one, err := web.Open(t.TempDir(), r.files, o)
	must(t, err)
	defer one.Close()
	two, err := web.Open(t.TempDir(), r.files, o)
	must(t, err)
	defer two.Close()
	_, token, name := cut(one.Link(alice, f.ID, time.Hour))
	base, _, _ := cut(two.Link(alice, f.ID, time.Hour))
	res, err := http.Get(base + token + "/" + name)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the other's link: %s", res.Status)
	}
	alone, _, _ := cut(r.links.Link(alice, f.ID, time.Hour))
	r.gone("a key of others", alone+token)

	o.Agree = func([]byte) ([]byte, error) { return nil, fault.New(fault.Unavailable, "no database") }
	if _, err := web.Open(t.TempDir(), r.files, o); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without an agreement: %v", err)
	}
}

func cut(link string) (base, token, name string) {
	i := strings.Index(link, "/f/") + 3
	token, name, _ = strings.Cut(link[i:], "/")
	return link[:i], token, name
}

// There is nothing else.
func TestNoOtherRoute(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.txt", "x")
	base, token, _ := cut(r.links.Link(alice, f.ID, time.Hour))
	root := strings.TrimSuffix(base, "/f/")
	for _, path := range []string{"", "/", "/f", "/f/", "/f//", "/x", "/f/../", "/metrics", "/debug/pprof/", "/f/" + string(f.ID), "/f/" + token + "/a/b",
		"/F/" + token, "//f/" + token, "/x/f/" + token, "/f/%2e%2e/" + token, "/f/" + strings.Repeat("x", 8000)} {
		r.gone(path, root+path)
	}
	// As bytes that no client library would send.
	for _, raw := range []string{"GET /f/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://evil/f/" + token + "x HTTP/1.1\r\nHost: x\r\n\r\n", "\x00\x01\x02\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(root, "http://"))
		must(t, err)
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(conn, raw)
		answer := make([]byte, 32)
		n, _ := io.ReadAtLeast(conn, answer, 12)
		if s := string(answer[:n]); !strings.HasPrefix(s, "HTTP/1.1 40") {
			t.Errorf("%.30q: %q", raw, s)
		}
		conn.Close()
	}
}

// Whatever a file is called, it is one attachment with one name, in one line.
func TestHostileNames(t *testing.T) {
	r := newRig(t, web.Options{})
	for _, name := range []string{
		"../../etc/passwd", "/abs", "a\r\nSet-Cookie: x=1", "a\"; filename=\"b.exe", "a;b=c", "\u202egnp.exe", "..", "\x00", "",
		strings.Repeat("ü", 200) + ".csv", "tab\there", "back\\slash", "per%2fcent", "ünï 😀.csv", "a?b#c", "con.txt", "x\xff.bin",
	} {
		f := r.save(alice, name, "<script>alert(1)</script>")
		link := r.links.Link(alice, f.ID, time.Hour)
		resp, body := r.do("GET", link)
		kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
		if resp.StatusCode != 200 || err != nil || kind != "attachment" || params["filename"] != f.Name || params["filename"] != files.SafeName(f.Name) || body == "" {
			t.Errorf("%q: %s: %d %v %q", name, link, resp.StatusCode, err, resp.Header)
		}
		if resp.Header.Get("Set-Cookie") != "" || len(resp.Header.Values("Content-Disposition")) != 1 {
			t.Errorf("%q: %v", name, resp.Header)
		}
		if u, err := url.Parse(link); err != nil || strings.Count(u.EscapedPath(), "/") != 3 {
			t.Errorf("%q: %s", name, link)
		}
		must(t, r.files.Delete(t.Context(), alice, f.ID))
	}
	for name, c := range map[string]struct{ content, mime string }{
		"page.html": {"<!DOCTYPE html><script>alert(1)</script>", "text/html"},
		"logo.svg":  {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>`, "image/svg+xml"},
	} {
		resp, _ := r.do("GET", r.links.Link(alice, r.save(alice, name, c.content).ID, time.Hour))
		h := resp.Header
		if h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(h.Get("Content-Type"), c.mime) {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestBaseURL(t *testing.T) {
	r := newRig(t, web.Options{BaseURL: "https://files.example/attache/"})
	f := r.save(alice, "a b.txt", "x")
	if link := r.links.Link(alice, f.ID, time.Hour); !strings.HasPrefix(link, "https://files.example/attache/f/"+string(f.ID)+".") || !strings.HasSuffix(link, "/a%20b.txt") {
		t.Error(link)
	}
}

func TestAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	if _, err := web.Open(t.TempDir(), nil, web.Options{Listen: taken.Addr().String()}); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "LISTEN is "+taken.Addr().String()) {
		t.Errorf("%v", err)
	}
	r := newRig(t, web.Options{Listen: "0.0.0.0:0"})
	f := r.save(alice, "a.txt", "x")
	if link := r.links.Link(alice, f.ID, time.Hour); !strings.HasPrefix(link, "http://127.0.0.1:") {
		t.Error(link)
	}
	must(t, r.links.Close())
	must(t, r.links.Close())
}

// The key is made once, is nobody else's to read, and outlives a restart.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	bases := make([]string, 8)
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.txt", "x")
	for i := range bases {
		all.Go(func() {
			l, err := web.Open(dir, r.files, web.Options{Now: func() time.Time { return time.Unix(1e9, 0) }})
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			_, bases[i], _ = cut(l.Link(alice, f.ID, time.Hour))
		})
	}
	all.Wait()
	for _, b := range bases {
		if b != bases[0] || b == "" {
			t.Fatalf("different keys: %q", bases)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "link.key"))
	must(t, err)
	if info.Mode() != 0o600 || info.Size() != 32 {
		t.Errorf("%v %d", info.Mode(), info.Size())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	must(t, os.WriteFile(filepath.Join(dir, "link.key"), []byte("short"), 0o600))
	if _, err := web.Open(dir, r.files, web.Options{}); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "damaged") {
		t.Errorf("a damaged key: %v", err)
	}
	if _, err := web.Open(filepath.Join(dir, "none"), r.files, web.Options{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no folder: %v", err)
	}
}

// A client that sends nothing, or byte by byte, is dropped.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 10 seconds")
	}
	r := newRig(t, web.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(firstPart(r.links.Link(alice, "x", time.Hour)), "/"), "http://"))
	must(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET / HT")
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	began := time.Now()
	if _, err := io.Copy(io.Discard, conn); err != nil || time.Since(began) > 15*time.Second {
		t.Errorf("still open after %v: %v", time.Since(began), err)
	}
}

func firstPart(link string) string { return link[:strings.Index(link, "/f/")] }

// No token but one that was made is taken, whatever it looks like.
func FuzzToken(f *testing.F) {
	dir := f.TempDir()
	db, err := sqlite.Open(context.Background(), filepath.Join(dir, "a.db"))
	must(f, err)
	defer db.Close()
	b, err := bucket.Open(context.Background(), f.TempDir())
	must(f, err)
	defer b.Close()
	fs := files.New(sqlite.NewFiles(db, "me"), b.Bucket, files.Options{Dir: b.Dir, Abort: b.Abort})
	links, err := web.Open(dir, fs, web.Options{})
	must(f, err)
	defer links.Close()
	s, err := fs.Save(context.Background(), files.Upload{User: alice, Name: "a.txt", Body: strings.NewReader("secret")})
	must(f, err)
	_, token, _ := cut(links.Link(alice, s.ID, time.Hour))
	f.Add(token)
	f.Add(token + "/../x")
	f.Add(string(s.ID) + ".99999999999." + strings.Repeat("A", 43))
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		req, err := http.NewRequest("GET", "http://x/", nil)
		must(t, err)
		req.URL = &url.URL{Path: "/f/" + text}
		w := &recorder{header: http.Header{}}
		links.ServeHTTP(w, req)
		sent := strings.SplitN(req.URL.EscapedPath(), "/", 5)
		legitimate := len(sent) <= 4 && sent[2] == token
		if (w.status == 200) != legitimate || !legitimate && strings.Contains(w.body.String(), "secret") {
			t.Errorf("%q: %d %q", text, w.status, w.body.String())
		}
		if w.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %v", text, w.header)
		}
	})
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(n int)   { r.status = n }
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = 200
	}
	return r.body.Write(b)
}
