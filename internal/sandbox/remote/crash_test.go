package remote_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// dyingStore ends the goroutine of a call at a point, as the death of its process does:
// nothing more of it is sent or written.
type dyingStore struct {
	cluster.Store
	at    string
	saved bool
}

// call marks the context of the call that dies.
type call struct{}

func (d *dyingStore) Session(ctx context.Context, k sandbox.Key) (cluster.Session, error) {
	if d.at == "answered" && d.saved && ctx.Value(call{}) != nil {
		runtime.Goexit()
	}
	return d.Store.Session(ctx, k)
}

func (d *dyingStore) SaveSession(ctx context.Context, s cluster.Session) (cluster.Session, error) {
	if ctx.Value(call{}) == nil {
		return d.Store.SaveSession(ctx, s)
	}
	if d.at == "entered" {
		runtime.Goexit()
	}
	s, err := d.Store.SaveSession(ctx, s)
	if d.at == "saved" {
		runtime.Goexit()
	}
	d.saved = true
	return s, err
}

// A process that dies at any point of a call leaves no word of a loss that was none,
// and takes none away.
func TestCallerDies(t *testing.T) {
	const lost = "lost: all variables of this session, because the machine that had them is gone"
	for _, at := range []string{"entered", "saved", "running", "answered"} {
		for name, c := range map[string]struct {
			shelf, before bool   // there is a bucket; there was a session, whose machine is gone
			on            string // worker
			cells         int    // before
			lost          string
		}{
			"new":          {false, false, "a", 0, ""},
			"new, bucket":  {true, false, "a", 0, ""},
			"moves":        {true, true, "b", 1, ""},
			"begins again": {false, true, "b", 0, lost},
		} {
			t.Run(at+"/"+name, func(t *testing.T) {
				t.Parallel()
				var f *farm
				var shelf *remote.Shelf
				if c.shelf {
					var images *blob.Bucket
					f, images = openMovingFarm(t, t.TempDir())
					shelf = remote.NewShelf(images, time.Hour, nil)
				} else {
					f = openFarm(t, nil)
				}
				d, err := remote.Open(f.nc, &dyingStore{Store: f.store, at: at}, shelf, nil)
				if err != nil {
					t.Fatal(err)
				}
				_, stop := f.add("a", 4)
				if c.before {
					f.run(1, "store")
					if c.shelf {
						f.awaitImage(1, "")
					}
					stop()
				}
				if c.on == "b" {
					f.add("b", 4)
				}
				f.run(2, "") // the worker is there
				died := make(chan bool)
				go func() {
					defer close(died)
					d.Run(context.WithValue(context.Background(), call{}, true), key(1), sandbox.Cell{Status: func(s sandbox.Status) {
						if at == "running" && s.State == sandbox.Running {
							runtime.Goexit()
						}
					}})
					t.Error("it lives")
				}()
				<-died
				switch at {
				case "running":
					c.cells++
				case "answered": // it was told
					c.cells, c.lost = c.cells+1, ""
				}
				res := f.run(1, "")
				notes := ""
				for _, n := range res.Notes {
					notes += n.String()
				}
				if want := fmt.Sprint(c.on, " ", c.cells+1); res.Output != want || notes != c.lost {
					t.Errorf("%q, not %q; said: %q", res.Output, want, notes)
				}
				if res := f.run(1, ""); len(res.Notes) > 0 {
					t.Errorf("said again: %v", res.Notes)
				}
			})
		}
	}
}

// A process that dies after the record says that a cell may run, and before the worker
// knows of it, leaves no word of a loss where that worker leaves, or is lost after it has
// stored the session again or a sweep came by.
func TestCallerDiesThenItsWorkerGoes(t *testing.T) {
	for how, stored := range map[string]bool{"leaves": true, "leaves, not stored": false, "stores": false, "swept": true} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f, images := openMovingFarm(t, t.TempDir())
			d, err := remote.Open(f.nc, &dyingStore{Store: f.store, at: "saved"}, remote.NewShelf(images, time.Hour, nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			c, stop := f.add("a", 4)
			f.run(1, "store")
			image := f.awaitImage(1, "")
			cells := 1
			if !stored {
				f.run(1, "")
				cells++
			}
			died := make(chan bool)
			go func() {
				defer close(died)
				d.Run(context.WithValue(context.Background(), call{}, true), key(1), sandbox.Cell{})
				t.Error("it lives")
			}()
			<-died
			if s, err := f.store.Session(t.Context(), key(1)); err != nil || !s.Behind {
				t.Fatalf("%+v %v", s, err)
			}
			switch how {
			case "stores":
				c.store(key(1))
				f.awaitImage(1, image)
			case "swept":
				if err := f.SweepAt(t.Context(), time.Now().Add(11*time.Minute)); err != nil {
					t.Fatal(err)
				}
				if s, err := f.store.Session(t.Context(), key(1)); err != nil || s.Behind || s.Image == image {
					t.Errorf("after the sweep: %+v %v", s, err)
				}
			}
			stop()
			f.add("b", 4)
			if res, want := f.run(1, ""), fmt.Sprint("b ", cells+1); res.Output != want || len(res.Notes) > 0 {
				t.Errorf("%q, not %q; said: %v", res.Output, want, res.Notes)
			}
		})
	}
}
