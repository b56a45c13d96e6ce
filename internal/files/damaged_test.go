package files_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// What is cut off in the storage while it is read ends with an error, and no end.
func TestCutOffWhileRead(t *testing.T) {
	r := onDisk(t, files.Options{})
	f := r.save(t, alice, "a.csv", strings.Repeat("1,2\n", 1000))
	_, body, err := r.Open(r.ctx, alice, f.ID)
	must(t, err)
	defer body.Close()
	must(t, os.Truncate(filepath.Join(r.bucket.Dir, f.Path), 100))
	for _, from := range []int64{0, 50} {
		_, err = body.Seek(from, io.SeekStart)
		must(t, err)
		if b, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) && !fault.Is(err, fault.Unavailable) {
			t.Errorf("from %d: %d bytes, %v", from, len(b), err)
		}
	}
}
