package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// durable is a driver whose sessions count their cells, with a disk, as gVisor's
// host has one: what was stored outlives the process, and what came after is
// told to be lost. The cell is "step ID WAIT [store]".
type durable struct {
	dir string
	log *os.File // a line for each cell that began

	mu       sync.Mutex
	live     map[sandbox.Key]int
	turns    map[sandbox.Key]*sync.Mutex
	onStored func(sandbox.Key)
	closed   bool
}

type onDisk struct {
	Count int
	Dirty bool // the session went on from it
}

func openDurable(dir, log string) (*durable, error) {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &durable{dir: dir, log: f, live: map[sandbox.Key]int{}, turns: map[sandbox.Key]*sync.Mutex{}}, os.MkdirAll(dir, 0o700)
}

func (d *durable) turn(k sandbox.Key) (done func()) {
	d.mu.Lock()
	if d.turns[k] == nil {
		d.turns[k] = new(sync.Mutex)
	}
	m := d.turns[k]
	d.mu.Unlock()
	m.Lock()
	return m.Unlock
}

func (d *durable) path(k sandbox.Key) string { return filepath.Join(d.dir, fmt.Sprint(k.User)) }

func (d *durable) read(k sandbox.Key) (o onDisk, ok bool) {
	data, err := os.ReadFile(d.path(k))
	return o, err == nil && json.Unmarshal(data, &o) == nil
}

func (d *durable) write(k sandbox.Key, o onDisk) error {
	data, _ := json.Marshal(o)
	tmp := d.path(k) + ".new"
	return errors.Join(os.WriteFile(tmp, data, 0o600), os.Rename(tmp, d.path(k)))
}

func (d *durable) Run(ctx context.Context, k sandbox.Key, cell sandbox.Cell) (res sandbox.Result, err error) {
	defer d.turn(k)()
	d.mu.Lock()
	n, live := d.live[k]
	closed := d.closed
	d.mu.Unlock()
	if closed || ctx.Err() != nil {
		return res, fault.New(fault.Unavailable, "I am shutting down; please try again in a minute.")
	}
	if !live {
		if o, ok := d.read(k); ok {
			if n = o.Count; o.Dirty {
				res.Notes = append(res.Notes, locale.Plain("lost: what came after"))
			}
		}
		if err := d.write(k, onDisk{n, true}); err != nil {
			return res, err
		}
	}
	var id, wait string
	var store string
	fmt.Sscan(cell.Code, new(string), &id, &wait, &store)
	fmt.Fprintln(d.log, "began "+id) // one write: whole, among those of other processes
	n++
	d.mu.Lock()
	d.live[k] = n
	d.mu.Unlock()
	pause, _ := time.ParseDuration(wait)
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		res.Outcome = sandbox.Interrupted
		return res, nil
	}
	if store == "store" {
		d.store(k)
	}
	res.Outcome, res.Output = sandbox.OK, fmt.Sprint(n)
	return res, nil
}

// store is a hibernation. The caller has the turn.
func (d *durable) store(k sandbox.Key) {
	d.mu.Lock()
	n, live := d.live[k]
	f := d.onStored
	delete(d.live, k)
	d.mu.Unlock()
	if live && d.write(k, onDisk{n, false}) == nil && f != nil {
		f(k)
	}
}

func (d *durable) Close(context.Context) error {
	d.mu.Lock()
	d.closed = true
	var all []sandbox.Key
	for k := range d.live {
		all = append(all, k)
	}
	d.mu.Unlock()
	for _, k := range all {
		done := d.turn(k)
		d.store(k)
		done()
	}
	return nil
}

func (d *durable) Reset(_ context.Context, k sandbox.Key) error {
	defer d.turn(k)()
	d.mu.Lock()
	delete(d.live, k)
	d.mu.Unlock()
	if err := os.Remove(d.path(k)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func (d *durable) Stats() sandbox.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sandbox.Stats{Live: len(d.live)}
}

func (d *durable) OnStored(f func(sandbox.Key)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onStored = f
}

func (d *durable) Publish(ctx context.Context, k sandbox.Key, images sandbox.Images) error {
	d.mu.Lock()
	_, live := d.live[k]
	d.mu.Unlock()
	o, ok := d.read(k)
	if live || o.Dirty {
		return fault.New(fault.Exists, "This session is in use.")
	}
	if !ok {
		return fault.New(fault.NotFound, "Nothing is stored.")
	}
	return images.Put(ctx, "image", strings.NewReader(fmt.Sprint(o.Count)))
}

func (d *durable) Fetch(ctx context.Context, k sandbox.Key, images sandbox.Images, behind bool) error {
	r, err := images.Get(ctx, "image")
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	o := onDisk{Dirty: behind}
	if _, err := fmt.Sscan(string(data), &o.Count); err != nil {
		return fault.Wrap(err, fault.NotFound, "It is damaged.")
	}
	defer d.turn(k)()
	return d.write(k, o)
}
