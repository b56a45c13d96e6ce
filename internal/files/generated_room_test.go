package files_test

import (
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Files made by code have limits of their own, at which the oldest of them go;
// an upload never does, and none is refused because of them.
func TestGeneratedFilesMakeRoom(t *testing.T) {
	r := onDisk(t, files.Options{MaxFiles: 2, MaxGenerated: 3, MaxGeneratedBytes: 100})
	upload := r.save(t, alice, "a", strings.Repeat("a", 60))
	make := func(name string, size int) files.Saved {
		t.Helper()
		r.clock.add(time.Second)
		f, err := r.Save(r.ctx, files.Upload{User: alice, Name: name, Size: -1, Body: strings.NewReader(strings.Repeat(name[:1], size)), Generated: true})
		must(t, err)
		return f
	}
	has := func(want string) {
		t.Helper()
		page, err := r.List(r.ctx, alice, files.Query{})
		must(t, err)
		got := ""
		for _, f := range page.Files {
			got = f.Name + got
		}
		if got != want {
			t.Errorf("there are %s, want %s", got, want)
		}
	}
	for _, name := range []string{"b", "c", "d", "e"} {
		make(name, 10)
	}
	has("acde") // three at most
	make("f", 85)
	has("aef") // and 100 bytes
	make("g", 500)
	has("ag") // what is made is kept, whatever its size
	r.save(t, alice, "h", "h")
	_, err := r.Save(r.ctx, files.Upload{User: alice, Name: "i", Body: strings.NewReader("i")})
	wantKind(t, err, fault.Exhausted)
	if m := fault.Message(err); !strings.Contains(m, "2 of 2 files") {
		t.Errorf("message %q", m)
	}
	r.read(t, alice, upload.ID)
	u, err := r.Usage(r.ctx, alice)
	must(t, err)
	if u.Generated != 1 || u.GeneratedBytes != 500 || u.Files != 3 || u.Bytes != 561 {
		t.Errorf("usage %+v", u)
	}
}
