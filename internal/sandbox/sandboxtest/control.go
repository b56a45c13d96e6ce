package sandboxtest

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// late is how long after its limit, or after Stop, a cell may end: on a machine
// that all these keep busy, an interrupt takes seconds to arrive.
const late = 20 * time.Second

// endless are cells that keep the host waiting by what they send or leave
// unread, for ever.
var endless = []struct{ name, code string }{
	{"a file of empty frames", `
link.send('file', name='x.txt', size=1)
while True:
    os.write(link.wfd, struct.pack('>I', 1) + b'B'); time.sleep(.01)`},
	{"a file that never comes", `
link.send('file', name='x.txt', size=1)
while True: time.sleep(1)`},
	{"a file byte by byte", `
link.send('file', name='x.txt', size=1)
while True: link.send_bytes(b'x'); time.sleep(.2)`},
	{"files without end", `
while True: link.send('file', name='x.txt', size=1); link.send_bytes(b'x'); link.send('file_end', size=1); time.sleep(.01)`},
	{"a file of other messages", `
link.send('file', name='x.txt', size=1)
while True: link.send('show', text='x'); time.sleep(.2)`},
	{"answers that nobody reads", `
for i in range(1900): link.send('ask', id=i, what='nothing')
while True: time.sleep(1)`},
	{"what is not there, again and again", `
while True:
    try: link.ask('stat', file='x')
    except Exception: pass`},
	{"half a frame", `
os.write(link.wfd, b'\0\0\1\0J{')
while True: time.sleep(1)`},
	{"bytes that belong to nothing", `
while True: os.write(link.wfd, struct.pack('>I', 1) + b'B')`},
	{"a closed link", `
os.close(link.wfd)
while True: time.sleep(1)`},
}

// slowFiles takes its time to say that a file is not there.
type slowFiles struct{ Files }

func (f slowFiles) Stat(ctx context.Context, id string) (sandbox.FileInfo, error) {
	select {
	case <-ctx.Done():
		return sandbox.FileInfo{}, context.Cause(ctx)
	case <-time.After(300 * time.Millisecond):
		return f.Files.Stat(ctx, id)
	}
}

const deaf = `
import os, signal, struct, time
link = get_file_path.__self__.link
signal.signal(signal.SIGINT, signal.SIG_IGN)
`

// Control is what code tries to keep the host from ending it: by its limit, by
// Stop and by Close.
func Control(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Limits: sandbox.Limits{Time: 2 * time.Second}, Max: 32})
	save := func(_ context.Context, _ string, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	each := func(t *testing.T, h Driver, stop time.Duration, limit time.Duration) {
		for _, c := range endless {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				s := NewSession(t, h)
				s.Cell.Save, s.Cell.Files = save, slowFiles{Files{}}
				s.Run("1") // the start of a sandbox does not count
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				time.AfterFunc(stop, cancel)
				began := time.Now()
				res := s.RunContext(ctx, deaf+c.code)
				took := time.Since(began)
				if took > limit+late {
					t.Errorf("%s after %s", res.Outcome, took)
				}
				if res.Outcome == sandbox.OK || !res.Lost {
					t.Errorf("%s, lost %t: %s", res.Outcome, res.Lost, res.Error)
				}
				t.Logf("%s after %s", res.Outcome, took)
				s.Expect("'fresh'", "'fresh'")
				h.Reset(context.Background(), s.Key)
			})
		}
	}
	t.Run("limit", func(t *testing.T) { each(t, h, time.Hour, 2*time.Second) })
	slow := open(t, t.TempDir(), Options{Limits: sandbox.Limits{Time: time.Hour}, Max: 32})
	t.Run("stop", func(t *testing.T) { each(t, slow, time.Second, time.Second) })
	t.Run("close", func(t *testing.T) {
		h := open(t, t.TempDir(), Options{Limits: sandbox.Limits{Time: time.Hour}, Max: 32})
		started := make(chan bool, len(endless))
		for i, c := range endless {
			go h.Run(context.Background(), sandbox.Key{User: uint64(i), Conversation: "close"}, sandbox.Cell{
				Code: deaf + "print('go', flush=True)" + c.code, Save: save, Files: slowFiles{Files{}}, Output: func(string) { started <- true },
			})
		}
		for range endless {
			<-started
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Close(ctx); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("close took %s", d)
		}
	})
}
