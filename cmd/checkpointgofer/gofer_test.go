package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/log"
	"gvisor.dev/gvisor/pkg/sentry/memmap"
	"gvisor.dev/gvisor/pkg/sentry/state/stateio"
	"gvisor.dev/gvisor/pkg/sentry/state/stateipc"
	"gvisor.dev/gvisor/pkg/unet"
	"gvisor.dev/gvisor/pkg/urpc"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

func TestMain(m *testing.M) {
	log.SetLevel(log.Warning)
	switch os.Getenv("ATTACHE_TEST_CONFINED") {
	case "":
		os.Exit(m.Run())
	case "memory":
		if err := confine(); err != nil {
			fmt.Println(err)
		}
		var held [][]byte
		for range 100 { // 25 GB, none of which is touched
			held = append(held, make([]byte, most/2))
		}
		fmt.Println(len(held))
	default:
		confined()
	}
}

// confined tells what a process that has confined itself still can.
func confined() {
	f, err := os.CreateTemp("", "")
	if err == nil {
		err = confine()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	var work sync.WaitGroup
	for range 50 { // goroutines, threads and the collection of garbage go on
		work.Go(func() {
			runtime.LockOSThread()
			_ = make([]byte, 1<<20)
			runtime.GC()
		})
	}
	work.Wait()
	if _, err := f.WriteString("a"); err != nil {
		fmt.Println("an open file can't be written:", err)
	}
	// Where they are allowed, these do nothing, or fail otherwise.
	for what, try := range map[string]func() error{
		"open":    func() error { _, err := os.Open("/etc/passwd"); return err },
		"create":  func() error { return os.WriteFile(f.Name()+".other", nil, 0o600) },
		"remove":  func() error { return os.Remove(f.Name() + ".other") },
		"connect": func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
		"exec":    func() error { return unix.Exec("/nowhere/program", nil, nil) },
		"kill":    func() error { return unix.Kill(os.Getppid(), 0) },
		"ptrace":  func() error { return unix.PtraceAttach(0) },
		"mount":   func() error { return unix.Mount("none", "/nowhere", "nothing", 0, "") },
		"chroot":  func() error { return unix.Chroot("/nowhere") },
	} {
		if err := try(); !errors.Is(err, unix.EPERM) {
			fmt.Println(what, err)
		}
	}
	fmt.Println("done")
}

// Whoever takes the process over can read and write what is open, and nothing else.
func TestConfined(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_CONFINED=1", "TMPDIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "done\n" {
		t.Errorf("%v\n%s", err, out)
	}
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_CONFINED=memory")
	if out, err := cmd.CombinedOutput(); err == nil { // Go's runtime says it in several ways
		t.Errorf("%s", out)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	r.Read(b)
	return b
}

// order is one to write an image beside a snapshot with these pages.
func order(t *testing.T, pages []byte) (*image.Base, image.Order) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{image.State: random(5000), image.Pages: pages} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := image.OpenBase(dir, "content")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	folder := t.TempDir()
	o := image.Order{Base: dir, Content: "content", Image: filepath.Join(folder, "image"), Extra: []byte("extra")}
	if err := o.Write(folder); err != nil {
		t.Fatal(err)
	}
	return b, o
}

// serve is the sandbox's end of a connection to the gofer.
func serve(t *testing.T, files stateipc.AsyncFileServerImpl) *stateipc.AsyncFileClient {
	t.Helper()
	server, err := stateipc.NewAsyncFileServer(files)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs, err := unet.SocketPair(false)
	if err != nil {
		t.Fatal(err)
	}
	s := urpc.NewServer()
	s.Register(server)
	s.StartHandling(ours)
	c, err := stateipc.NewAsyncFileClient(urpc.NewClient(theirs))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// memory is a memory file with data in it, as the sandbox's is.
func memory(t *testing.T, data []byte) (fd int32, mapped []byte) {
	t.Helper()
	fd, mapped, err := stateio.CreateMappedMemoryFD("memory", max(len(data), 1))
	if err != nil {
		t.Fatal(err)
	}
	copy(mapped, data)
	t.Cleanup(func() { unix.Munmap(mapped); unix.Close(int(fd)) })
	return fd, mapped
}

const page = 4096

// save writes all parts as gVisor does, and calls between with the name of each that is
// whole.
func save(t *testing.T, c *stateipc.AsyncFileClient, state, pages []byte, between func(part string)) error {
	t.Helper()
	for _, part := range []string{image.State, image.Meta} {
		aw, err := c.OpenWrite(part)
		if err != nil {
			return err
		}
		w, err := stateio.NewBufWriter(aw, 8<<20)
		if err != nil {
			return err
		}
		if _, err := w.Write(state); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		between(part)
	}
	w, err := c.OpenWrite(image.Pages)
	if err != nil {
		return err
	}
	defer w.Close()
	fd, mapped := memory(t, pages)
	f, err := w.RegisterSourceFD(fd, uint64(len(mapped)), nil)
	if err != nil {
		return err
	}
	for at := 0; at < len(pages); {
		// The second half of what is left at most, then a piece before it: any ranges.
		n := min(len(pages)-at, 100*page)
		if half := n / 2 / page * page; half > 0 {
			w.AddWritev(0, uint64(n), f, []memmap.FileRange{{Start: uint64(at), End: uint64(at + half)}, {Start: uint64(at + half), End: uint64(at + n)}}, nil)
		} else {
			w.AddWrite(0, f, memmap.FileRange{Start: uint64(at), End: uint64(at + n)}, nil)
		}
		done, err := w.Wait(nil, 1)
		if err != nil {
			return err
		}
		if done[0].Err != nil {
			return done[0].Err
		}
		at += n
	}
	if err := w.Finalize(); err != nil {
		return err
	}
	between(image.Pages)
	return nil
}

// What the sandbox writes is read again as it was; and the image counts when all of its
// parts are whole, not before.
func TestWriteAndRead(t *testing.T) {
	snapshot := random(300 * page)
	pages := append(append(bytes.Clone(snapshot[:100*page]), random(1200*page)...), snapshot[120*page:]...)
	b, o := order(t, snapshot)
	w, err := newWriting(b, o)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(o.Image)
	c := serve(t, w)
	state := random(3_000_000)
	err = save(t, c, state, pages, func(part string) {
		sum, err := image.Written(folder)
		if whole := err == nil && sum != ""; whole != (part == image.Pages) {
			t.Errorf("after %s: %q, %v", part, sum, err)
		}
		if _, err := c.OpenWrite(part); err == nil {
			t.Errorf("%s is written twice", part)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "../image", o.Image, "/etc/passwd", image.State} {
		if _, err := c.OpenRead(part); err == nil {
			t.Errorf("%q is read while an image is written", part)
		}
	}
	c.DecRef()

	sum, err := image.Written(folder)
	if err != nil {
		t.Fatal(err)
	}
	i, err := b.Open(o.Image, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if string(i.Extra) != "extra" {
		t.Errorf("%q", i.Extra)
	}
	c = serve(t, reading{i})
	defer c.DecRef()
	for _, part := range []string{image.State, image.Meta} {
		ar, err := c.OpenRead(part)
		if err != nil {
			t.Fatal(err)
		}
		r, err := stateio.NewBufReader(ar, 8<<20)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, state) {
			t.Errorf("%s: %d bytes, %v", part, len(got), err)
		}
		r.Close()
	}
	if got, err := load(t, c, len(pages)); err != nil || !bytes.Equal(got, pages) {
		t.Errorf("pages: %v", err)
	}
	for _, part := range []string{"", "sum", "../image", o.Image, "/etc/passwd"} {
		if _, err := c.OpenRead(part); err == nil {
			t.Errorf("%q is read", part)
		}
	}
	if _, err := c.OpenWrite(image.Pages); err == nil {
		t.Error("an image is written while it is read")
	}
}

// load reads pages into memory, the last ones first.
func load(t *testing.T, c *stateipc.AsyncFileClient, n int) ([]byte, error) {
	t.Helper()
	r, err := c.OpenRead(image.Pages)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	fd, mapped := memory(t, make([]byte, n))
	f, err := r.RegisterDestinationFD(fd, uint64(n), nil)
	if err != nil {
		return nil, err
	}
	for end := n; end > 0; {
		at := max(end-77*page, 0)
		r.AddRead(0, int64(at), f, memmap.FileRange{Start: uint64(at), End: uint64(end)}, nil)
		done, err := r.Wait(nil, 1)
		if err != nil {
			return nil, err
		}
		if done[0].Err != nil {
			return nil, done[0].Err
		}
		end = at
	}
	return mapped, nil
}

// A sandbox that goes away before its end leaves nothing that counts; neither does one
// that takes away the memory that is to be written.
func TestNotWhole(t *testing.T) {
	for what, sandbox := range map[string]func(c *stateipc.AsyncFileClient){
		"nothing": func(*stateipc.AsyncFileClient) {},
		"a part that was not written": func(c *stateipc.AsyncFileClient) {
			w, err := c.OpenWrite(image.State)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Finalize(); err != nil {
				t.Fatal(err)
			}
			w.Close()
		},
		"memory that is gone": func(c *stateipc.AsyncFileClient) {
			for _, part := range []string{image.State, image.Meta} {
				w, _ := c.OpenWrite(part)
				w.Finalize()
				w.Close()
			}
			w, err := c.OpenWrite(image.Pages)
			if err != nil {
				t.Fatal(err)
			}
			fd, mapped := memory(t, random(100*page))
			f, err := w.RegisterSourceFD(fd, uint64(len(mapped)), nil)
			if err != nil {
				t.Fatal(err)
			}
			unix.Ftruncate(int(fd), 0)
			w.AddWrite(0, f, memmap.FileRange{Start: 0, End: uint64(len(mapped))}, nil)
			if _, err := w.Wait(nil, 1); err != nil {
				t.Fatal(err)
			}
			if err := w.Finalize(); err == nil {
				t.Error("no error")
			}
			w.Close()
		},
	} {
		b, o := order(t, nil)
		w, err := newWriting(b, o)
		if err != nil {
			t.Fatal(err)
		}
		c := serve(t, w)
		sandbox(c)
		c.DecRef()
		if sum, err := image.Written(filepath.Dir(o.Image)); err == nil {
			t.Errorf("%s: %q", what, sum)
		}
		if _, err := newWriting(b, o); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: an image is written over: %v", what, err)
		}
	}
}

// Bytes that were changed are an error of the restore.
func TestReadBroken(t *testing.T) {
	b, o := order(t, nil)
	w, err := newWriting(b, o)
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, w)
	pages := random(600 * page)
	if err := save(t, c, nil, pages, func(string) {}); err != nil {
		t.Fatal(err)
	}
	c.DecRef()
	data, err := os.ReadFile(o.Image)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(o.Image, data, 0o600); err != nil {
		t.Fatal(err)
	}
	sum, _ := image.Written(filepath.Dir(o.Image))
	i, err := b.Open(o.Image, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	c = serve(t, reading{i})
	defer c.DecRef()
	if _, err := load(t, c, len(pages)); err == nil || !strings.Contains(err.Error(), "input/output") {
		t.Errorf("%v", err)
	}
}
