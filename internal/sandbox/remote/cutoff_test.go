package remote_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// A worker whose connection is gone does not wait for it in the middle of what a
// cell prints: the cell ends with the worker's lease, and when the worker is told to
// stop.
func TestPrintsToNobody(t *testing.T) {
	const short, long = 3 * time.Second, 10 * time.Minute // with the long one, no end of a lease helps
	for name, c := range map[string]struct {
		lease   time.Duration
		stalled bool // the wire takes nothing any more, in place of being cut
		code    string
	}{
		"the lease ends":     {lease: short, code: "print 100000"},
		"it is told to stop": {lease: long, code: "print 100000"},
		"it is stalled":      {lease: short, stalled: true, code: "save 100000000"},
	} {
		t.Run(name, func(t *testing.T) {
			remote.SetLeaseTime(c.lease)
			t.Cleanup(func() { remote.SetLeaseTime(remote.LeaseTime) })
			f := openFarm(t, nil)
			w := newWire(t, f.server.Addr())
			opened := make(chan struct{}, 10)
			stop := startWorkerAt(t, w.Addr().String(), f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) {
				opened <- struct{}{}
				return newCounting("a"), nil
			})
			<-opened
			leases := func() string {
				all, err := f.store.Leases(t.Context(), "worker/a")
				if err != nil || len(all) != 1 {
					t.Errorf("%+v, %v", all, err)
					return ""
				}
				return all[0].Holder
			}
			cutOff := sync.OnceFunc(func() {
				life := leases()
				w.stalled.Store(c.stalled)
				w.cut.Store(!c.stalled)
				for { // nobody has its connection any more
					if _, err := f.nc.Request("att.w.a."+life+".ping", nil, time.Second); errors.Is(err, natsgo.ErrNoResponders) {
						return
					}
				}
			})
			res, err := f.Run(t.Context(), key(1), sandbox.Cell{Code: c.code, Output: func(string) { cutOff() },
				Save: func(_ context.Context, _ string, r io.Reader) error {
					r.Read(make([]byte, 1))
					cutOff()
					_, err := io.Copy(io.Discard, r)
					return err
				}})
			if err != nil || res.Outcome != sandbox.Crashed || !res.Lost {
				t.Errorf("%+v, %v", res, err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if c.lease == long {
					stop()
				} else {
					<-opened
				}
			}()
			select {
			case <-ended:
			case <-time.After(40 * time.Second):
				t.Fatal("the cell does not end")
			}
			w.stalled.Store(false)
			w.cut.Store(false)
			stop()
		})
	}
}
