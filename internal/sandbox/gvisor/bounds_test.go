package gvisor_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// What one cell may send is bounded by number, long before its time is over.
func TestBoundsOfACell(t *testing.T) {
	t.Parallel()
	h := gvisortest.Open(t, gvisor.Options{Limits: sandbox.Limits{Time: 5 * time.Minute}})
	for _, c := range []struct {
		name, code string
		ended      bool  // the session, because nothing sensible sends so much
		shown      int   // at most
		files      int   // at most
		largest    int64 // bytes of a file
	}{
		{name: "questions", ended: true, code: `
for i in range(2100):
    try: link.ask('nothing')
    except RuntimeError: pass`},
		{name: "stray bytes", ended: true, code: `write(b'\0\0\0\1B' * 51_000)`},
		{name: "messages", ended: true, shown: 25, code: `for i in range(80): link.send('show', text='x' * 1_000_000)`},
		{name: "values", shown: 25, code: `for i in range(40): link.send('show', text='x')`},
		{name: "files", files: 20, largest: 1, code: `
for i in range(40): link.send('file', name=f'{i}.txt', size=1); link.send_bytes(b'x'); link.send('file_end', size=1)`},
		{name: "bytes of a file", ended: true, files: 1, largest: 51 << 20, code: `
link.send('file', name='x', size=1)
for i in range(60): link.send_bytes(bytes(1_000_000))
link.send('file_end', size=1)`},
		{name: "empty pieces of a file", ended: true, files: 1, code: `
link.send('file', name='x', size=1)
write(b'\0\0\0\1B' * 60_000)
link.send('file_end', size=1)`},
		{name: "messages in a file", ended: true, files: 1, code: `
link.send('file', name='x', size=1)
for i in range(1100): link.send('show', text='x')
link.send('file_end', size=1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sandboxtest.NewSession(t, h)
			files, largest := 0, int64(0)
			s.Cell.Save = func(_ context.Context, _ string, r io.Reader) error {
				n, err := io.Copy(io.Discard, r)
				files, largest = files+1, max(largest, n)
				return err
			}
			res := s.Run(`
import os
link = get_file_path.__self__.link
def write(frames): # a pipe may take a part, and frames that are cut end the session by themselves
    rest = memoryview(frames)
    while rest: rest = rest[os.write(link.wfd, rest):]
` + c.code)
			want := sandbox.OK
			if c.ended {
				want = sandbox.Crashed
			}
			if res.Outcome != want || res.Lost != c.ended {
				t.Errorf("%s, lost %t: %s", res.Outcome, res.Lost, res.Error)
			}
			if len(res.Shown) > c.shown || files > c.files || largest > c.largest {
				t.Errorf("%d values, %d files of up to %d bytes", len(res.Shown), files, largest)
			}
			h.Reset(context.Background(), s.Key)
		})
	}
}
