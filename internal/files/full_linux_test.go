package files_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/testbin"
)

const fullChild = "ATTACHE_FULL_CHILD"

// On a full disk an upload is refused, nothing of it stays, and all else goes
// on. A child process does it in a mount namespace of its own, which an
// ordinary user may have too.
func TestDiskFull(t *testing.T) {
	for how, attr := range map[string]*syscall.SysProcAttr{
		"disk": {
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		},
		"limit": {}, // the largest file that a process may write
	} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), fullChild+"="+how+"|"+t.TempDir())
			cmd.SysProcAttr = attr
			out, err := cmd.CombinedOutput()
			if exit, ok := err.(*exec.ExitError); !ok && err != nil || ok && exit.ExitCode() == noMount {
				testbin.Missing(t, "userns", fmt.Sprint(err, string(out)))
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

const noMount = 77

func fullMain(how string) {
	how, dir, _ := strings.Cut(how, "|")
	switch how {
	case "disk":
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
			fmt.Println("mount:", err)
			os.Exit(noMount)
		}
	case "limit":
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4 << 20, Max: 4 << 20}); err != nil {
			panic(err)
		}
	}
	if err := fillUp(context.Background(), dir, how == "disk"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func fillUp(ctx context.Context, dir string, toTheBrim bool) error {
	s, b, done, err := openAt(ctx, filepath.Join(dir, "a.db")+"|"+filepath.Join(dir, "files"), files.Options{})
	if err != nil {
		return err
	}
	defer done()
	save := func(content string) (files.Saved, error) {
		return s.Save(ctx, files.Upload{User: alice, Name: "a.bin", Body: strings.NewReader(content)})
	}
	clean := func(when string, want ...string) error {
		keys, err := list(ctx, b.Bucket)
		if err != nil {
			return err
		}
		totals, err := s.Totals(ctx)
		slices.Sort(want)
		if err != nil || !slices.Equal(keys, want) || totals.Files != len(want) || totals.Pending != 0 {
			return fmt.Errorf("%s: the bucket has %q, want %q; %+v, %v", when, keys, want, totals, err)
		}
		return nil
	}
	a, err := save(strings.Repeat("a", 1<<20))
	if err != nil {
		return err
	}
	for range 3 {
		_, err = save(strings.Repeat("b", 20<<20))
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "full") {
			return fmt.Errorf("too large for the disk: %v", err)
		}
		if err := clean("after a refusal", a.Path); err != nil {
			return err
		}
	}
	c, err := save("c")
	if err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	if !toTheBrim {
		return clean("at the end", a.Path, c.Path)
	}

	// Not one byte more.
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		return err
	}
	for size := 1 << 16; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	f.Close()
	for i := range 20 {
		if _, err := save(strings.Repeat("d", 5000+i)); !fault.Is(err, fault.Unavailable) {
			return fmt.Errorf("on a full disk: %v", err)
		}
	}
	keys, err := list(ctx, b.Bucket)
	if want := []string{a.Path, c.Path}; err != nil || len(keys) != 2 || !slices.Contains(want, keys[0]) || !slices.Contains(want, keys[1]) {
		return fmt.Errorf("half-saved: %q, %v", keys, err)
	}
	if _, err := s.List(ctx, alice, files.Query{}); err != nil {
		return fmt.Errorf("List: %w", err)
	}
	_, r, err := s.Open(ctx, alice, c.ID)
	if err != nil {
		return fmt.Errorf("Open: %w", err)
	}
	r.Close()
	if err := s.Delete(ctx, alice, a.ID); err != nil { // what makes room has to work
		return fmt.Errorf("Delete: %w", err)
	}
	if _, err := save("e"); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := s.Recover(ctx); err != nil {
		return err
	}
	page, err := s.List(ctx, alice, files.Query{})
	if err != nil {
		return err
	}
	var want []string
	for _, f := range page.Files {
		want = append(want, f.Path)
	}
	return clean("at the end", want...)
}
