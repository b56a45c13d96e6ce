package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/web"
)

// dial opens n connections that send something, and then neither send nor read.
func dial(t *testing.T, n int, link, send string) []net.Conn {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(link, "http://"), "/")
	var all []net.Conn
	for i := range n {
		c, err := net.Dial("tcp", host)
		must(t, err)
		t.Cleanup(func() { c.Close() })
		if strings.Contains(send, "%d") {
			_, err = fmt.Fprintf(c, send, i)
		} else {
			_, err = io.WriteString(c, send)
		}
		must(t, err)
		all = append(all, c)
	}
	time.Sleep(200 * time.Millisecond) // until they are all being served
	return all
}

func path(link string) string { return link[strings.Index(link[8:], "/")+8:] }

// served fails unless a client gets the whole file soon.
func served(t *testing.T, what, link string, size int) {
	t.Helper()
	began := time.Now()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(link)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(size) {
		t.Errorf("%s: %d bytes, %v", what, n, err)
	}
	if d := time.Since(began); d > 9*time.Second {
		t.Errorf("%s: it took %v", what, d)
	}
}

const large = 20 << 20

func TestStalledClientsShutNobodyOut(t *testing.T) {
	for name, send := range map[string]string{
		"stalled readers":              "GET PATH HTTP/1.1\r\nHost: x\r\n\r\n",
		"half requests":                "GET /f/ HT",
		"silence":                      "",
		"stalled readers behind proxy": "GET PATH HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.9.8.7, 203.0.113.%d\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := web.Options{}
			if strings.Contains(send, "Forwarded") {
				o.BaseURL = "http://files.example.com"
			}
			r := newRig(t, o)
			f := r.save(alice, "a.bin", strings.Repeat("x", large))
			link := r.links.Link(alice, f.ID, time.Hour)
			if o.BaseURL != "" {
				link = strings.Replace(link, o.BaseURL, "http://"+r.links.Addr(), 1)
			}
			dial(t, 300, link, strings.Replace(send, "PATH", path(link), 1))
			for range 3 {
				served(t, name, link, large)
			}
		})
	}
}

// Who reads is not the one that is closed.
func TestAReaderOutlivesTheStalled(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.bin", strings.Repeat("x", large))
	link := r.links.Link(alice, f.ID, time.Hour)
	resp, err := http.Get(link)
	must(t, err)
	defer resp.Body.Close()
	var got atomic.Int64
	ended := make(chan error, 1)
	go func() { // at most 10 MB/s
		for {
			n, err := io.CopyN(io.Discard, resp.Body, 1<<20)
			if got.Add(n); err != nil {
				ended <- err
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	for got.Load() < 3<<20 { // it has shown that it reads
		time.Sleep(10 * time.Millisecond)
	}
	for range 3 {
		dial(t, 60, link, "GET "+path(link)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	if err := <-ended; err != io.EOF || got.Load() != large {
		t.Errorf("%d of %d bytes, %v", got.Load(), large, err)
	}
}

// A reader that takes next to nothing, and a request that drips, end.
func TestSlowClientsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for time-outs")
	}
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.bin", strings.Repeat("x", large))
	link := r.links.Link(alice, f.ID, time.Hour)
	stalled := dial(t, 1, link, "GET "+path(link)+" HTTP/1.1\r\nHost: x\r\n\r\n")[0]
	dripping := dial(t, 1, link, "GET /f/ HTTP/1.1\r\nHost: ")[0]
	began := time.Now()
	go func() {
		for { // a byte each half second
			if _, err := dripping.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
	_, err := bufio.NewReader(dripping).ReadString('\n')
	if d := time.Since(began); err == nil && d > 8*time.Second || d > 8*time.Second {
		t.Errorf("a request that drips lives for %v", d)
	}
	time.Sleep(13*time.Second - time.Since(began))
	if n, err := io.Copy(io.Discard, stalled); n >= large {
		t.Errorf("a reader that stalled for 13 s got all %d bytes, %v", n, err)
	}
}
