package gvisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

// images are files: differences to the snapshots that the sessions came from.
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
	b, err := image.OpenBase(m.folder(name), content(name))
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

// written is the image in the folder of a checkpoint, while it is being written and
// until it is named.
const written = "image"

// order has the checkpoint gofer write what comes of a sandbox that went out from the
// snapshot into an image in the folder given. Extra is stored with it.
func (m *images) order(folder, snapshot string, extra []byte) image.Order {
	return image.Order{Base: m.folder(snapshot), Content: content(snapshot), Image: filepath.Join(folder, written), Extra: extra}
}

// content is what a snapshot's name ends with.
func content(snapshot string) string { return snapshot[strings.LastIndexByte(snapshot, '-')+1:] }

// take links the image in the folder that st names to a file beside it, and returns
// what is stored with it.
func (m *images) take(dir string, st stored.Session) (stored.Session, error) {
	folder := filepath.Join(dir, st.Image)
	sum, err := image.Written(folder)
	if err != nil || sum == "" { // or it is as gVisor writes it
		return st, err
	}
	packed := st
	packed.Image, packed.Sum = st.Image+packedImage, sum
	// The folder stays until a record names the file: who dies before that is followed by
	// one that links it once more.
	err = os.Link(filepath.Join(folder, written), filepath.Join(dir, packed.Image))
	if err != nil && !errors.Is(err, os.ErrExist) {
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
