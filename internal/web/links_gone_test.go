package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/web"
)

// A file that goes while somebody downloads it: what has begun is completed, or breaks
// off so that its reader sees it. Fewer bytes than the file has never look like all.
// Afterwards its storage is free.
func TestGoneWhileDownloaded(t *testing.T) {
	const size = 24 << 20 // more than the buffers on the way hold
	content := strings.Repeat("0123456789abcdef", size/16)
	for name, url := range map[string]func(*testing.T) string{
		"folder": func(t *testing.T) string { return t.TempDir() },
		"s3":     func(t *testing.T) string { return buckettest.S3(t) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigOn(t, web.Options{}, url(t))
			server := httptest.NewServer(r.links) // without the bounds of time, which a busy machine reaches
			defer server.Close()
			for _, how := range []string{"deleted", "expired", "removed from the storage", "cut off in the storage"} {
				if how == "cut off in the storage" && name != "folder" {
					continue // nobody can do that there
				}
				for ranges, want := range map[string][]string{"": {content}, "bytes=1000000-": {content[1000000:]}, "bytes=0-9999999,15000000-19999999": {content[:10000000], content[15000000:20000000]}} {
					what := fmt.Sprintf("%s, range %q", how, ranges)
					f := r.save(alice, "a.txt", content)
					link := r.links.Link(alice, f.ID, 100*time.Hour)
					rest := begin(t, server.URL+strings.TrimPrefix(link, firstPart(link)), ranges)
					switch how {
					case "deleted":
						must(t, r.files.Delete(t.Context(), alice, f.ID))
					case "expired":
						r.pass(49 * time.Hour)
						if n, err := r.files.Sweep(t.Context()); n != 1 || err != nil {
							t.Errorf("%s: %d, %v", what, n, err)
						}
					case "removed from the storage":
						must(t, r.bucket.Delete(t.Context(), f.Path))
					default:
						must(t, os.Truncate(filepath.Join(r.bucket.Dir, f.Path), size-1<<20))
					}
					parts, err := rest()
					t.Logf("%s: %v", what, err)
					if err == nil && !equal(parts, want) {
						t.Errorf("%s: less than all of it looks whole", what)
					}
					if err != nil && name == "folder" && ranges == "" && how != "cut off in the storage" {
						t.Errorf("%s: a file that is open is not read to its end: %v", what, err)
					}
					if how == "removed from the storage" || how == "cut off in the storage" { // nothing of it is given from now on
						if resp, body := r.do("GET", link); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "in the storage") && !strings.Contains(body, "from the storage") {
							t.Errorf("%s: then %d %.80q", what, resp.StatusCode, body)
						}
						must(t, r.files.Delete(t.Context(), alice, f.ID))
					}
					r.gone(what, link)
					r.free(what)
				}
			}
		})
	}
}

// begin begins a download, and returns what reads it to its end: the parts that were asked for.
func begin(t *testing.T, link, ranges string) func() ([]string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	must(t, err)
	want := http.StatusOK
	if ranges != "" {
		req.Header.Set("Range", ranges)
		want = http.StatusPartialContent
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	must(t, err)
	first := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, first)
	must(t, err)
	if resp.StatusCode != want || resp.ContentLength < int64(len(first)) {
		t.Fatalf("%d, %d bytes", resp.StatusCode, resp.ContentLength)
	}
	return func() (parts []string, err error) {
		defer resp.Body.Close()
		all, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		all = append(first, all...)
		kind, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if kind != "multipart/byteranges" {
			return []string{string(all)}, nil
		}
		for in := multipart.NewReader(bytes.NewReader(all), params["boundary"]); ; {
			p, err := in.NextPart()
			if err == io.EOF {
				return parts, nil
			}
			must(t, err)
			b, err := io.ReadAll(p)
			must(t, err)
			parts = append(parts, string(b))
		}
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] { // they are too long to be printed
			return false
		}
	}
	return true
}

// free fails unless the bucket is empty, and nobody holds bytes open that were in it.
func (r *rig) free(what string) {
	r.t.Helper()
	if o, err := r.bucket.List(&blob.ListOptions{}).Next(r.t.Context()); err != io.EOF {
		r.t.Errorf("%s: %v is left, %v", what, o, err)
	}
	if totals, err := r.files.Totals(r.t.Context()); err != nil || totals.Files+totals.Pending > 0 {
		r.t.Errorf("%s: %+v %v", what, totals, err)
	}
	for until := time.Now().Add(time.Minute); r.bucket.Dir != ""; time.Sleep(10 * time.Millisecond) { // its reader is closed a moment later
		held := ""
		links, _ := filepath.Glob("/proc/self/fd/*")
		for _, l := range links {
			if at, err := os.Readlink(l); err == nil && strings.HasPrefix(at, r.bucket.Dir+"/") {
				held = at
			}
		}
		if held == "" {
			return
		}
		if time.Now().After(until) {
			r.t.Errorf("%s: %s is held", what, held)
			return
		}
	}
}

// What is shorter in the storage than it was when it was saved is not given at all.
func TestDamagedFile(t *testing.T) {
	r := newRig(t, web.Options{})
	f := r.save(alice, "a.csv", "a,b\n1,2\n")
	link := r.links.Link(alice, f.ID, time.Hour)
	for _, content := range []string{"a,b\n1", "", "a,b\n1,2\n3,4\n"} {
		must(t, os.WriteFile(filepath.Join(r.bucket.Dir, f.Path), []byte(content), 0o600))
		if resp, body := r.do("GET", link); resp.StatusCode != http.StatusInternalServerError || body != "The content of this file is damaged in the storage.\n" {
			t.Errorf("%q: %d %q", content, resp.StatusCode, body)
		}
	}
	if _, _, err := r.files.Open(t.Context(), alice, f.ID); !fault.Is(err, fault.Internal) {
		t.Error(err)
	}
}
