package remote_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/remote"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

func openStore(t testing.TB, dir string) cluster.Store {
	t.Helper()
	return gvisortest.Store(t, filepath.Join(dir, "attache.db"))
}

// startWorker runs a worker that has joined by an invitation, until stop.
func startWorker(t testing.TB, server *nats.Server, store cluster.Store, name, dir string, max int, open func(context.Context) (remote.Local, error)) (stop func()) {
	t.Helper()
	return startWorkerAt(t, server.Addr(), store, name, dir, max, open)
}

// startWorkerAt is startWorker by an address that leads to the server.
func startWorkerAt(t testing.TB, address string, store cluster.Store, name, dir string, max int, open func(context.Context) (remote.Local, error)) (stop func()) {
	t.Helper()
	line, err := nats.Invite(context.Background(), store, name, address)
	if err != nil {
		t.Fatal(err)
	}
	nc, _, err := nats.Join(line, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := remote.NewWorker(nc, name, filepath.Join(dir, "epochs"), open, remote.WorkerOptions{Max: max})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return sync.OnceFunc(func() { cancel(); done.Wait(); nc.Close() })
}

// rig is a driver with a message server, a store and a worker of its own.
type rig struct {
	*remote.Driver
	close func(context.Context) error
}

func (r rig) Close(ctx context.Context) error { return r.close(ctx) }

// rigs are the open ones of each folder.
var (
	rigsMu sync.Mutex
	rigs   = map[string]map[int]bool{}
)

// enterRig takes the first number that no open rig of a folder has.
func enterRig(dir string) (n int, leave func()) {
	rigsMu.Lock()
	defer rigsMu.Unlock()
	if rigs[dir] == nil {
		rigs[dir] = map[int]bool{}
	}
	for rigs[dir][n] {
		n++
	}
	rigs[dir][n] = true
	return n, func() {
		rigsMu.Lock()
		defer rigsMu.Unlock()
		delete(rigs[dir], n)
	}
}

// gvisorRig opens real sandboxes behind a worker in the same process, for the
// suites of package sandboxtest. Rigs of one folder that are open at once share its
// sandboxes alone: each has a database of its own, where its worker has its name for
// itself.
func gvisorRig(t testing.TB, dir string, o sandboxtest.Options) sandboxtest.Driver {
	n, leave := enterRig(dir)
	own := filepath.Join(dir, fmt.Sprint("rig", n))
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, own)
	server, err := nats.Serve(t.Context(), "127.0.0.1:0", "test", store)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := server.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, err := remote.Open(nc, store, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "sandbox"), 0o700); err != nil {
		t.Fatal(err)
	}
	stop := startWorker(t, server, store, "w1", own, 64, func(context.Context) (remote.Local, error) {
		return gvisortest.Driver(t, filepath.Join(dir, "sandbox"), o), nil
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if all, err := remote.Workers(t.Context(), store); err == nil && len(all) > 0 {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the worker did not come: %v", err)
		}
	}
	closed := sync.OnceFunc(func() { stop(); nc.Close(); server.Close(); leave() })
	r := rig{d, func(ctx context.Context) error {
		err := d.Close(ctx)
		closed()
		return err
	}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		r.Close(ctx)
	})
	return r
}
