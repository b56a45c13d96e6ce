package gvisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

// images packs the checkpoints of sessions into image files: differences to the
// snapshots that the sessions came from.
type images struct {
	snapshots string // folder
	fetched   string // folder of those that were made elsewhere

	mu   sync.Mutex
	open map[string]*image.Base
}

// base returns a snapshot by its name, which ends with that of its content.
func (m *images) base(name string) (*image.Base, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.open[name]; b != nil {
		return b, nil
	}
	b, err := image.OpenBase(m.folder(name), name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return nil, err
	}
	if m.open == nil {
		m.open = map[string]*image.Base{}
	}
	m.open[name] = b
	return b, nil
}

// folder is that of a snapshot.
func (m *images) folder(name string) string {
	name = filepath.Base(name)
	fetched := filepath.Join(m.fetched, name)
	if _, err := os.Stat(fetched); err == nil {
		return fetched
	}
	return filepath.Join(m.snapshots, name)
}

func (m *images) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.open {
		b.Close()
	}
	m.open = nil
}

// packedImage ends the name of an image file.
const packedImage = ".packed"

// pack makes an image file of the folder that st names, in the folder of its
// session, and returns what is stored with it. The folder stays.
func (m *images) pack(dir string, st stored.Session) (stored.Session, error) {
	b, err := m.base(st.Compatible)
	if err != nil {
		return st, err
	}
	files, err := os.ReadFile(filepath.Join(dir, st.Image, mapped.Name))
	if err != nil {
		return st, err
	}
	packed := st
	packed.Image += packedImage
	if packed.Sum, err = b.Encode(filepath.Join(dir, packed.Image), filepath.Join(dir, st.Image), files); err != nil {
		return st, err
	}
	return packed, nil
}

// fits returns why the image file of st can't be restored beside the snapshot of now.
func (m *images) fits(dir string, st stored.Session, snapshot string) error {
	if keyOf(st.Compatible) != keyOf(filepath.Base(snapshot)) {
		return errors.New("it belongs to another system")
	}
	i, err := m.openPacked(dir, st)
	if err != nil {
		return err
	}
	return i.Close()
}

// openPacked opens the image file of st, if it can be restored on the system as it
// is now.
func (m *images) openPacked(dir string, st stored.Session) (*image.Image, error) {
	b, err := m.base(st.Compatible)
	if err != nil {
		return nil, err
	}
	i, err := b.Open(filepath.Join(dir, st.Image), st.Sum)
	if err != nil {
		return nil, err
	}
	if !mapped.Fits(i.Extra) {
		i.Close()
		return nil, mapped.ErrReplaced
	}
	return i, nil
}

// unpack writes an image to folder dir while the sandbox that is restored from it
// boots and reads the kernel's state: it waits for the description of the pages, a
// FIFO here. Done gets the end of it; ctx ends it early.
func unpack(ctx context.Context, i *image.Image, dir string) (done <-chan error, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	pages, err := os.OpenFile(filepath.Join(dir, image.Pages), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	decoded, end := make(chan error, 1), make(chan error, 1)
	go func() { decoded <- errors.Join(i.Pages(ctx, pages), pages.Close()) }()
	meta := filepath.Join(dir, image.Meta)
	if err = i.StateFile(dir); err == nil {
		err = syscall.Mkfifo(meta, 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, <-decoded)
	}
	go feed(ctx, meta, i, decoded, end)
	return end, nil
}

// feed opens the FIFO as soon as gVisor does, and writes the description of the pages
// into it when they are there. It ends with ctx, whatever gVisor does.
func feed(ctx context.Context, fifo string, i *image.Image, decoded <-chan error, end chan<- error) {
	w, err := openFIFO(ctx, fifo)
	if err != nil {
		end <- errors.Join(err, <-decoded)
		return
	}
	defer w.Close() // after the end is told: gVisor gives up when nothing came
	stop := context.AfterFunc(ctx, func() { w.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if err = <-decoded; err == nil {
		err = i.Meta(w)
	}
	end <- err
}

// openFIFO opens a FIFO for writing when somebody has opened it for reading. An
// open that waits for that in the kernel could not be ended.
func openFIFO(ctx context.Context, path string) (*os.File, error) {
	for {
		w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return w, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}
