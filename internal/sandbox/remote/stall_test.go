package remote_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// stuck is a file whose source has nothing until it is closed.
type stuck struct {
	oneFile
	closed chan struct{}
	once   *sync.Once
}

func (s stuck) Open(context.Context, string) (sandbox.FileInfo, io.ReadCloser, error) {
	return sandbox.FileInfo{Size: 1}, s, nil
}

func (s stuck) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s stuck) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// A file that does not get on, on its way to a cell or from it, ends the call after
// a while, and where its person leaves.
func TestStalledFile(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 4)
	f.run(1, "")
	stalled := make(chan struct{}, 10)
	save := sandbox.Cell{Code: "save 100000000", Save: func(ctx context.Context, _ string, r io.Reader) error {
		r.Read(make([]byte, 1))
		stalled <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	end := func(ctx context.Context, what string, cell sandbox.Cell) {
		t.Helper()
		ended := make(chan error)
		go func() {
			_, err := f.Run(ctx, key(1), cell)
			ended <- err
		}()
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s: no error", what)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: it does not end", what)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-stalled; leave() }()
	end(ctx, "its person leaves", save)
	defer remote.SetStallTime(300 * time.Millisecond)()
	end(t.Context(), "it is saved nowhere", save)
	end(t.Context(), "it is read from nowhere", sandbox.Cell{Code: "load x", Files: stuck{closed: make(chan struct{}), once: new(sync.Once)}})
}
