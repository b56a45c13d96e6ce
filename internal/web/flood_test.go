package web

import (
	"bytes"
	"fmt"
	"github.com/attachebot/attache/internal/web/guard"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// formOf is the beginning of a form with a file of a size.
func formOf(t *testing.T, size int64) (contentType string, body io.Reader) {
	t.Helper()
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	if _, err := w.CreateFormFile("x", "x.bin"); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), io.MultiReader(&head, io.LimitReader(zeros{}, size), strings.NewReader("\r\n--"+w.Boundary()+"--\r\n"))
}

// A form that no page of ours sends is not taken in, neither into memory nor into a
// file: by no route, from nobody, with whatever method.
func TestLargeFormsAreNotTaken(t *testing.T) {
	s, d := discordSite(t, nil)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	f := s.saveFor(1, "a.csv", []byte("a\n1\n"))
	token, err := s.api.Make(t.Context(), 1, "x")
	if err != nil {
		t.Fatal(err)
	}
	in, stranger := s.person(), s.as(d.AddUser("mallory"))
	in.signIn()
	var most atomic.Int64
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var sum int64
			_ = filepath.WalkDir(temp, func(_ string, e os.DirEntry, err error) error {
				if err == nil && !e.IsDir() {
					if st, err := e.Info(); err == nil {
						sum += st.Size()
					}
				}
				return nil
			})
			most.Store(max(most.Load(), sum))
		}
	}()
	const size = 80 << 20 // what a form may keep in memory is less
	patterns := []string{"POST /in", "GET /in/discord", "GET /in/discord/back", "GET /static/app.js", "GET /chartlib/plotly.js", "POST /nosuch"}
	for _, routes := range []map[string]func(*visit) error{s.pageRoutes(), s.scriptRoutes(), s.apiRoutes()} {
		for pattern := range routes {
			if !strings.Contains(pattern, "/out") && !strings.HasSuffix(pattern, "/events") {
				patterns = append(patterns, pattern)
			}
		}
	}
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		if pattern == "POST /upload" || pattern == "POST /api/v1/files" || strings.Contains(path, "/uploads") { // those take files, and are bounded by their size
			continue
		}
		path = strings.NewReplacer("{id}", string(f.ID), "{$}", "", "{conv}", "abc", "{turn}", "x", "{table}", "0", "{question}", "x").Replace(path)
		for _, p := range []*person{in, stranger, s.person()} {
			contentType, body := formOf(t, size)
			req, err := http.NewRequestWithContext(t.Context(), method, s.origin+path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", contentType)
			req.Header.Set("Authorization", "Bearer "+token)
			if res, err := p.http.Do(req); err == nil { // else it was cut off
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode >= 500 {
					t.Errorf("%s: %d", pattern, res.StatusCode)
				}
			}
			if n := most.Load(); n > 1<<20 {
				t.Fatalf("%s: %d bytes in files", pattern, n)
			}
		}
	}
	close(stop)
	<-watched
}

// Strangers who open as many connections as there may be, and then send no more of
// their requests or ask nothing, shut nobody out: whoever has not moved for the
// longest time goes.
func TestIdleStrangersShutNobodyOut(t *testing.T) {
	for name, send := range map[string]string{
		"nothing":             "",
		"a request and rest":  "GET /static/app.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"the head of a form":  "POST /in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nt=",
		"a body for nobody":   "POST /files/delete HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n",
		"a body without end":  "POST /in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
		"an upload of nobody": "POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, ServerOptions{})
			p := s.person()
			p.http.Timeout = 20 * time.Second
			for range guard.MaxOpen + 20 {
				c, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := io.WriteString(c, send); err != nil {
					t.Fatal(err)
				}
			}
			p.signIn()
			for i := range 3 {
				p.http.CloseIdleConnections()
				if status, _, _ := p.do("GET", "/files", nil); status != http.StatusOK {
					t.Errorf("request %d: %d", i, status)
				}
			}
		})
	}
}

// A form that does not come to its end within a while is given up, and so is what
// nobody reads of a body.
func TestSlowBodies(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.formTime = 300 * time.Millisecond
	p := s.person()
	p.signIn()
	at, err := http.NewRequest("GET", s.origin, nil)
	if err != nil {
		t.Fatal(err)
	}
	cookie := p.http.Jar.Cookies(at.URL)[0]
	for _, head := range []string{
		"POST /in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
		"POST /c/abc/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nCookie: " + cookie.Name + "=" + cookie.Value + "\r\n",
		"POST /nosuch HTTP/1.1\r\nHost: 127.0.0.1\r\n",
		"POST /api/v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\n",
	} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprintf(c, "%sContent-Length: 1000\r\n\r\nq", head); err != nil {
			t.Fatal(err)
		}
		go func() { // a byte at a time: it moves, and comes to no end
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.ReadAll(c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%.30s: it is kept", head)
		}
	}
}

// Uploads that stall, of one person or of several, shut nobody out: who sends gets the
// place of the one that has stalled for the longest time. One person never has all
// places.
func TestStalledUploadsShutNobodyOut(t *testing.T) {
	s, d := discordSite(t, nil)
	s.uploads.time = time.Hour
	taken := func() int {
		s.uploads.mu.Lock()
		defer s.uploads.mu.Unlock()
		return len(s.uploads.all)
	}
	stall := func(p *person) {
		t.Helper()
		req, err := http.NewRequest("GET", s.origin, nil)
		if err != nil {
			t.Fatal(err)
		}
		cookies := ""
		for _, c := range p.http.Jar.Cookies(req.URL) {
			cookies += c.Name + "=" + c.Value + "; "
		}
		at := p.begin("a.txt", 1000)
		for i := range maxUploadsOfOne {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			head := "POST /upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
			body := "--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\nabc"
			if i == 0 {
				head, body = "PATCH "+at+" HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n", "abc"
			}
			before := taken()
			if _, err := fmt.Fprintf(c, "%sHost: %s\r\nCookie: %s\r\nContent-Length: 1000\r\n\r\n%s", head, s.addr, cookies, body); err != nil {
				t.Fatal(err)
			}
			for taken() == before {
				time.Sleep(time.Millisecond)
			}
		}
	}
	var people []*person
	for _, name := range []string{"bert", "carl", "dora"} {
		p := s.person()
		code, err := d.AddUser(name).Authorize(p.toDiscord("/"), true)
		if err != nil {
			t.Fatal(err)
		}
		p.back(code)
		people = append(people, p)
	}
	upload := func(p *person) int {
		t.Helper()
		status, _, _ := p.tus("POST", "/upload", strings.NewReader("--x\r\nContent-Disposition: form-data; name=file; filename=b.txt\r\n\r\nall\r\n--x--\r\n"), "Content-Type", "multipart/form-data; boundary=x")
		return status
	}
	bert, carl, dora := people[0], people[1], people[2]
	stall(bert)
	if status := upload(bert); status == http.StatusSeeOther {
		t.Error("one person has more places than a part of them")
	}
	if status := upload(dora); status != http.StatusSeeOther {
		t.Errorf("beside another person's uploads: %d", status)
	}
	stall(carl)
	if status := upload(dora); status == http.StatusSeeOther {
		t.Error("there are more uploads than places")
	}
	s.uploads.mu.Lock()
	s.uploads.time = 0
	s.uploads.mu.Unlock()
	for _, p := range []*person{dora, bert, carl} {
		if status := upload(p); status != http.StatusSeeOther {
			t.Errorf("beside those that stall: %d", status)
		}
	}
	at := dora.begin("c.txt", 3)
	if status, _, _ := dora.tus("PATCH", at, strings.NewReader("abc"), "Upload-Offset", "0"); status != http.StatusNoContent {
		t.Errorf("in pieces, beside those that stall: %d", status)
	}
}
