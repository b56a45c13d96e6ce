package gvisor_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// An installation that is too large is refused, whether it is seen at the end
// or on the way, alone or together with what it needs. Nothing of it stays,
// and the session goes on.
func TestInstallBytes(t *testing.T) {
	t.Parallel()
	const limit = 2 << 20
	noise := make([]byte, 40*limit)
	rand.NewChaCha8([32]byte{}).Read(noise)
	wheel := func(name string, sizes ...int) []byte {
		all := []sandboxtest.Entry{{Name: name + ".py", Content: "x = 1\n"}}
		for i, n := range sizes {
			all = append(all, sandboxtest.Entry{Name: fmt.Sprint(name, i, ".bin"), Content: strings.Repeat("x", n)})
		}
		return sandboxtest.Wheel(name, all...)
	}
	var pieces []sandboxtest.Entry // each is small enough for one file
	for i := range 2 * len(noise) / limit {
		pieces = append(pieces, sandboxtest.Entry{Name: fmt.Sprint("piece", i, ".bin"), Content: string(noise[i*limit/2 : (i+1)*limit/2])})
	}
	ix := sandboxtest.NewIndex(t, map[string][]byte{
		"large-1.0-py3-none-any.whl": wheel("large", limit*3/2),
		"many-1.0-py3-none-any.whl":  wheel("many", limit*2/5, limit*2/5, limit*2/5),
		"fits-1.0-py3-none-any.whl":  wheel("fits", limit*2/3),
		"fits2-1.0-py3-none-any.whl": wheel("fits2", limit/5, limit/5),
		"slow-1.0-py3-none-any.whl":  sandboxtest.Wheel("slow", sandboxtest.Entry{Name: "slow.bin", Content: string(noise)}),
		"slow2-1.0-py3-none-any.whl": sandboxtest.StoredWheel("slow2", sandboxtest.Entry{Name: "slow2.bin", Content: string(noise)}),
		"slow3-1.0-py3-none-any.whl": sandboxtest.Wheel("slow3", pieces...),
	})
	var sent atomic.Int64
	ix.Handle = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/files/slow") || r.Method != http.MethodGet || r.Header.Get("Range") != "" {
			return false
		}
		http.ServeContent(slowly{w, &sent}, r, "", time.Time{}, bytes.NewReader(ix.File(strings.TrimPrefix(r.URL.Path, "/files/"))))
		return true
	}
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Bounded(gvisor.Options{Packages: wheels.Any, Index: ix.URL()}, limit, 0))
	s := sandboxtest.NewSession(t, h)
	s.Expect("kept = 1", "")
	for code, name := range map[string]string{"import large": "large", "import many": "many", "%pip install fits fits2": "fits2", "import slow": "slow", "import slow2": "slow2", "import slow3": "slow3"} {
		res := s.Run(code)
		if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, name+" is larger than the 2 MB that an installation may take.") {
			t.Errorf("%s: %+v", code, res)
		}
		gvisortest.OnlyFiles(t, dir)
		for _, f := range gvisortest.Installed(t, dir) {
			if strings.HasPrefix(f, name) {
				t.Errorf("%s is there", f)
			}
		}
		s.Expect("kept", "1")
		if n := sent.Swap(0); n > int64(len(noise))/2 || n == 0 && strings.HasPrefix(name, "slow") {
			t.Errorf("%s: %d of %d bytes were taken before it was refused", name, n, len(noise))
		}
	}
	s.Expect("import fits\nfits.x", "1")
}

// slowly sends 10 MB a second, and counts.
type slowly struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (s slowly) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(len(p)) * time.Second / (10 << 20))
	n, err := s.ResponseWriter.Write(p)
	s.sent.Add(int64(n))
	return n, err
}

// An index that does not go on is given up after the bound, wherever it stops.
func TestInstallTime(t *testing.T) {
	const limit = 2 * time.Second
	files := map[string][]byte{}
	for _, name := range []string{"page", "file", "good"} {
		files[name+"-1.0-py3-none-any.whl"] = sandboxtest.Wheel(name, sandboxtest.Entry{Name: name + ".py", Content: "x = 1\n"})
	}
	ix := sandboxtest.NewIndex(t, files)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) }) // before the index is closed, which waits for its answers
	ix.Handle = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.Contains(r.URL.Path, "/simple/page"):
		case strings.Contains(r.URL.Path, "/files/file") && r.Method == http.MethodGet && r.Header.Get("Range") == "":
			w.Header().Set("Content-Length", "1000000")
			io.WriteString(w, "PK")
			w.(http.Flusher).Flush()
		default:
			return false
		}
		select {
		case <-over:
		case <-r.Context().Done():
		}
		return true
	}
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Bounded(gvisor.Options{Packages: wheels.Any, Index: ix.URL()}, 0, limit))
	s := sandboxtest.NewSession(t, h)
	s.Expect("kept = 1", "")
	for _, name := range []string{"page", "file"} {
		began := time.Now()
		res := s.Run("import " + name)
		if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "Installing "+name+" took more than 2s and was given up.") {
			t.Errorf("%s: %+v", name, res)
		}
		if took := time.Since(began); took < limit || took > limit+10*time.Second {
			t.Errorf("%s: given up after %v", name, took)
		}
		gvisortest.OnlyFiles(t, dir)
		s.Expect("kept", "1")
	}
	s.Expect("import good\ngood.x", "1")
	if got := gvisortest.Installed(t, dir); len(got) != 1 || got[0] != "good-1.0" {
		t.Errorf("installed: %q", got)
	}
}

// A session whose package was swept and whose index stands still comes back
// all the same, without it.
func TestRestoreOfPackagesIsBounded(t *testing.T) {
	t.Parallel()
	ix := sandboxtest.NewIndex(t, map[string][]byte{
		"good-1.0-py3-none-any.whl": sandboxtest.Wheel("good", sandboxtest.Entry{Name: "good.py", Content: "x = 1\n"}),
	})
	dir := gvisortest.Dir(t)
	options := gvisor.Options{Packages: wheels.Any, Index: ix.URL()}
	t.Run("first", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, options))
		s.Key.Conversation = "c"
		s.Expect("import good\nkept = 1\ngood.x", "1")
	})
	found, err := filepath.Glob(filepath.Join(dir, "packages", "*", "good-1.0"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q %v", found, err)
	}
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	ix.Handle = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-over:
		case <-r.Context().Done():
		}
		return true
	}
	s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Bounded(options, 0, 2*time.Second)))
	s.Key.Conversation = "c"
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	res := s.RunContext(ctx, "kept")
	if res.Outcome != sandbox.OK || len(res.Shown) != 1 || res.Shown[0].Text != "1" || time.Since(began) > 30*time.Second {
		t.Errorf("after %v: %+v", time.Since(began), res)
	}
}

// The question tells downloads as the statistics have them. Where these know
// none, are broken or too slow, it does without, soon.
func TestQuestionTellsDownloads(t *testing.T) {
	t.Parallel()
	ix := sandboxtest.NewIndex(t, map[string][]byte{
		"asked-1.0-py3-none-any.whl": sandboxtest.Wheel("asked", sandboxtest.Entry{Name: "asked.py", Content: "x = 1\n"}),
	})
	over := make(chan struct{})
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"known": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"data":{"last_day":1,"last_month":1234567,"last_week":2},"package":"asked","type":"recent_downloads"}`)
		},
		"none":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"data":{},"package":"asked"}`) },
		"unknown": http.NotFound,
		"failing": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"data":{"last_month":1234567}}`, http.StatusServiceUnavailable)
		},
		"no JSON":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>1234567") },
		"another one": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"data":{"last_month":"1234567"}}`) },
		"negative":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"data":{"last_month":-1234567}}`) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for err := error(nil); err == nil; {
				_, err = io.WriteString(w, strings.Repeat(" ", 1<<16))
			}
		},
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-over:
			}
		},
	}
	var answer func(http.ResponseWriter, *http.Request)
	statistics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/packages/asked/recent" {
			t.Errorf("asked for %s", r.URL)
		}
		answer(w, r)
	}))
	defer statistics.Close()
	defer close(over)
	h := gvisortest.Open(t, gvisor.Counting(gvisor.Options{Index: ix.URL()}, statistics.URL+"/api/packages"))
	s := sandboxtest.NewSession(t, h)
	var question string
	s.Cell.Ask = func(_ context.Context, q locale.Message) (bool, error) {
		question = regexp.MustCompile(`published: \d{4}-\d\d\.`).ReplaceAllString(q.String(), "published: 2020-01.")
		return false, nil
	}
	s.Run("1")
	for name, f := range answers {
		answer, question = f, ""
		want := "May I install the Python package **asked** for this? It is not on the list of well-known packages. First published: 2020-01."
		if name == "known" {
			want += " Downloads last month: 1,234,567."
		}
		began := time.Now()
		res := s.Run("import asked")
		if question != want || res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "did not allow") {
			t.Errorf("%s: %q\n%+v", name, question, res)
		}
		if took := time.Since(began); took > 25*time.Second {
			t.Errorf("%s: asked after %v", name, took)
		}
	}
	// An index of one's own has no statistics: nobody is told its names.
	if got := gvisor.Statistics(gvisor.Options{Index: ix.URL()}); got != "" {
		t.Errorf("statistics of a private index at %q", got)
	}
	if got := gvisor.Statistics(gvisor.Options{}); got != "https://pypistats.org/api/packages" {
		t.Errorf("statistics of PyPI at %q", got)
	}
}
