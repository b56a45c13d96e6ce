package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/testbin"
)

// BenchmarkFirstPage tells after how many milliseconds a page can be used.
func BenchmarkFirstPage(b *testing.B) {
	s := newSite(b, ServerOptions{})
	ctx := browse(b, 1440)
	do(b, ctx, chromedp.Navigate(s.SignInURL()))
	seen(b, ctx, "the chat", `document.getElementById('q')`)
	sum := 0.0
	for b.Loop() {
		do(b, ctx, chromedp.Navigate(s.origin+"/c/abc"))
		seen(b, ctx, "the page", `document.readyState === 'complete'`)
		sum += eval[float64](b, ctx, `(e => e.domContentLoadedEventEnd)(performance.getEntriesByType('navigation')[0])`) // modules have run by then
	}
	b.ReportMetric(sum/float64(b.N), "interactive-ms")
}

// zeros is a file of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// heapOf returns by how much the heap grew at most while f ran.
func heapOf(f func()) (most int64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := int64(m.HeapAlloc)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			runtime.ReadMemStats(&m)
			most = max(most, int64(m.HeapAlloc)-before)
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	<-ended
	return most
}

// An upload of 500 MB takes no more memory than a small one, and comes back whole.
func TestUploadInConstantMemory(t *testing.T) {
	const size = 500 << 20
	s := newSiteWith(t, ServerOptions{}, assistant.Options{}, files.Options{Dir: t.TempDir(), MaxUpload: size})
	p := s.person()
	p.signIn()
	began := time.Now()
	grew := heapOf(func() {
		r, w := io.Pipe()
		form := multipart.NewWriter(w)
		go func() {
			part, err := form.CreateFormFile("file", "large.bin")
			if err == nil {
				_, err = io.CopyN(part, zeros{}, size)
			}
			if err == nil {
				err = form.Close()
			}
			w.CloseWithError(err)
		}()
		res, err := p.http.Post(s.origin+"/upload", form.FormDataContentType(), r)
		if status, text, _ := res0(t, res, err); status != http.StatusSeeOther {
			t.Fatalf("%d %s", status, text)
		}
	})
	t.Logf("%.1f s, the heap grew by %.1f MB", time.Since(began).Seconds(), float64(grew)/1e6)
	if grew > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grew)
	}
	list, err := s.files.List(t.Context(), 1, files.Query{})
	if err != nil || len(list.Files) != 1 || list.Files[0].Size != size {
		t.Errorf("%v, %v", list, err)
	}
}

// BenchmarkDownload gets 50 MB from this server and from nginx in turn: how much of
// nginx's speed that is. nginx has no sessions, and no rights to look at.
func BenchmarkDownload(b *testing.B) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		testbin.Missing(b, "nginx", err.Error())
	}
	const size = 50_000_000
	dir := b.TempDir()
	s := newSiteWith(b, ServerOptions{}, assistant.Options{}, files.Options{Dir: b.TempDir()})
	saved, err := s.files.Save(b.Context(), files.Upload{User: 1, Name: "large.bin", Body: io.LimitReader(zeros{}, size)})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large.bin"), make([]byte, size), 0o644); err != nil {
		b.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	other := free.Addr().String()
	free.Close()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, `daemon off; master_process off; %s pid %s/pid; error_log stderr;
events {} http { access_log off; sendfile on; server { listen %s; root %s; } }`, user, dir, other, dir), 0o644); err != nil {
		b.Fatal(err)
	}
	testbin.Start(b, path, "-e", "stderr", "-c", config)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", other); err == nil {
			c.Close()
			break
		}
	}
	p := s.person()
	p.signIn()
	get := func(url string) time.Duration {
		began := time.Now()
		res, err := p.http.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
			b.Fatalf("%d bytes, %v", n, err)
		}
		return time.Since(began)
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, get(s.origin+"/files/"+string(saved.ID)+"/download"))
		theirs = append(theirs, get("http://"+other+"/large.bin"))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	mine, nginx := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(size/1e6/mine.Seconds(), "MB/s")
	b.ReportMetric(size/1e6/nginx.Seconds(), "nginx-MB/s")
	b.ReportMetric(nginx.Seconds()/mine.Seconds(), "of-nginx")
}

// pages opens n conversations, each with its stream of events. Each call of the
// function that is returned changes them all, and tells how long each page waited.
func (s *site) pages(n int) (change func() []time.Duration) {
	s.t.Helper()
	p := s.person()
	p.signIn()
	at, _ := url.Parse(s.origin)
	cookie := p.http.Jar.Cookies(at)[0]
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	s.t.Cleanup(func() { cancel(); work.Wait() })
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	opened, got := make(chan error, n), make(chan time.Time, n)
	for i := range n {
		work.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/c/page%d/events", s.origin, i), nil)
			req.AddCookie(cookie)
			res, err := transport.RoundTrip(req)
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("page %d: %s", i, res.Status)
			}
			opened <- err
			if err != nil {
				return
			}
			defer res.Body.Close()
			for lines := bufio.NewScanner(res.Body); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "data: ") {
					got <- time.Now()
				}
			}
		})
	}
	for range n {
		if err := <-opened; err != nil {
			s.t.Fatal(err)
		}
	}
	return func() (waited []time.Duration) {
		s.t.Helper()
		began := time.Now()
		for i := range n {
			t := s.talkOf(1, fmt.Sprint("page", i))
			t.mu.Lock()
			t.add(patch{"text", "x", "a word"})
			t.mu.Unlock()
		}
		late := time.After(time.Minute)
		for range n {
			select {
			case at := <-got:
				waited = append(waited, at.Sub(began))
			case <-late:
				s.t.Fatalf("%d of %d pages have seen the event", len(waited), n)
			}
		}
		return waited
	}
}

// 500 pages are open at the same time: each sees what happens, and another is served.
func TestFiveHundredPages(t *testing.T) {
	s := newSite(t, ServerOptions{})
	change := s.pages(500)
	for range 3 {
		change()
	}
	p := s.person()
	p.signIn()
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusOK {
		t.Errorf("a page beside them: %d", status)
	}
}

// BenchmarkFiveHundredPages tells what 500 open pages take of memory, with their
// clients, and how long an event of all of them is on its way.
func BenchmarkFiveHundredPages(b *testing.B) {
	s := newSite(b, ServerOptions{})
	used := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapInuse + m.StackInuse)
	}
	before := used()
	change := s.pages(500)
	change()
	b.ReportMetric((used()-before)/500/1e3, "kB/page")
	var all []time.Duration
	for b.Loop() {
		all = append(all, change()...)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric((used()-before)/500/1e3, "kB/page")
}
