package client

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// An upload is streamed: what it takes of memory does not depend on its size.
func TestUploadTakesNoMemory(t *testing.T) {
	w := alone(t, func(s *discordtest.Server) { s.KeepBytes = -1 })
	w.guild.SetFileLimit(100 << 20)
	const size = 24 << 20
	u := Upload{Name: "big.dat", Size: size, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeroReader{}, size)), nil
	}}
	send := func() {
		if _, err := w.client.Send(w.ctx, w.general, Post{Files: []Upload{u}}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send()
	runtime.ReadMemStats(&after)
	// The emulator, which is in the same process, takes a little too.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 2<<20 {
		t.Errorf("%d MB were allocated for an upload of %d MB", grown>>20, size>>20)
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A file that can't be read fails the request, once, with its own error.
func TestUploadOfABrokenFile(t *testing.T) {
	w := newBench(t, nil)
	for name, u := range map[string]Upload{
		"can't be opened": {Name: "a", Size: 10, Open: func(context.Context) (io.ReadCloser, error) {
			return nil, fault.New(fault.NotFound, "File not found or expired")
		}},
		"too short": {Name: "a", Size: 10, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("short")), nil
		}},
	} {
		_, err := w.client.Send(w.ctx, w.general, Post{Files: []Upload{u}})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if name == "can't be opened" && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A form that breaks off is malformed; Discord may notice when the client has gone on.
	if err := w.AwaitQuiet(w.ctx, 200*time.Millisecond); err != nil {
		t.Error(err)
	}
	w.ForgetViolations()
}

// Hostile names can't break out of the form, and stay readable.
func TestUploadNames(t *testing.T) {
	w := newBench(t, nil)
	for _, name := range []string{
		"a\r\nX-Injected: yes\r\n\r\n.csv", `quote".csv`, "../../etc/passwd", "", "...", strings.Repeat("long", 100) + ".csv",
		"\u202egnp.exe", "nul\x00.csv", "Größe 📊.csv", "a;b=\"c\"; filename=\"d\".csv", "back\\slash.csv", "%0d%0aX: y.csv",
	} {
		m, err := w.client.Send(w.ctx, w.general, Post{Files: []Upload{NewUpload(name, []byte("x"))}})
		if err != nil || len(m.Attachments) != 1 {
			t.Errorf("%q: %v, %+v", name, err, m.Attachments)
		}
	}
}

// Whatever a file is called, the form has exactly the parts that it should.
func FuzzFormName(f *testing.F) {
	f.Add("a\r\nX: y\r\n\r\n.csv", []byte("content"))
	f.Add(`a"; filename="b`, []byte("\r\n--boundary--\r\n"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		form := newForm([]byte(`{}`), []Upload{NewUpload(name, content)})
		body := form.open(context.Background())
		var b bytes.Buffer
		if n, err := b.ReadFrom(body); err != nil || n != form.size() {
			t.Fatalf("%d of %d bytes, %v", n, form.size(), err)
		}
		body.Close()
		_, params, err := mime.ParseMediaType(form.contentType())
		if err != nil {
			t.Fatal(err)
		}
		r := multipart.NewReader(&b, params["boundary"])
		for i, want := range []string{"payload_json", "files[0]"} {
			part, err := r.NextRawPart()
			if err != nil {
				t.Fatalf("part %d: %v", i, err)
			}
			if part.FormName() != want || len(part.Header) != 2 {
				t.Fatalf("part %d is %q with %v", i, part.FormName(), part.Header)
			}
			if _, p, err := mime.ParseMediaType(part.Header.Get("Content-Disposition")); i == 1 && (err != nil || p["filename"] != files.SafeName(name)) {
				t.Fatalf("%q became %q, %v", name, p["filename"], err)
			}
		}
	})
}
