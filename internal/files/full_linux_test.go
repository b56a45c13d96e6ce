package files_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/testbin"
)

const fullChild = "ATTACHE_FULL_CHILD"

// On a full disk an upload is refused, nothing of it stays, and all else goes
// on. A child process does it in a mount namespace of its own, which an
// ordinary user may have too.
func TestDiskFull(t *testing.T) {
	mount := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	for how, attr := range map[string]*syscall.SysProcAttr{
		"disk":   mount,
		"chores": mount,
		"limit":  {}, // the largest file that a process may write
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
	case "disk", "chores":
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
			fmt.Println("mount:", err)
			os.Exit(noMount)
		}
	case "limit":
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4 << 20, Max: 4 << 20}); err != nil {
			panic(err)
		}
	}
	var err error
	if how == "chores" {
		err = choresWhenFull(context.Background(), dir)
	} else {
		err = fillUp(context.Background(), dir, how == "disk")
	}
	if err != nil {
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
	ballast, err := brim(dir)
	if err != nil {
		return err
	}
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

// brim leaves not one byte in dir, and returns the file that takes them all.
func brim(dir string) (string, error) {
	f, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		return "", err
	}
	for size := 1 << 16; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	return f.Name(), f.Close()
}

// choresWhenFull has the quota checked, and bytes reconciled and swept, on a
// disk without a byte of room: what makes room has to work. What users have stays.
func choresWhenFull(ctx context.Context, dir string) error {
	var shift time.Duration
	s, b, done, err := openAt(ctx, filepath.Join(dir, "a.db")+"|"+filepath.Join(dir, "files"), files.Options{
		MaxFiles: 8, Now: func() time.Time { return time.Now().Add(shift) },
	})
	if err != nil {
		return err
	}
	defer done()
	save := func(user files.UserID, content string) (files.Saved, error) {
		return s.Save(ctx, files.Upload{User: user, Name: "a.bin", Body: strings.NewReader(content)})
	}
	const expire, unknown = 400, 100
	var old, kept []files.Saved
	for i := range expire + 8 {
		user := alice + files.UserID(i/8)
		if i >= expire {
			shift, user = 24*time.Hour, bob
		}
		f, err := save(user, fmt.Sprint(i, strings.Repeat("x", 5_000)))
		if err != nil {
			return err
		}
		if i < expire {
			old = append(old, f)
		} else {
			kept = append(kept, f)
		}
	}
	// Bytes as a store that was brought back from a backup does not know them.
	var strays []string
	for i := range unknown {
		key := fmt.Sprintf("%d/%d_1700000000_%08x.bin", alice, alice, i)
		path := filepath.Join(dir, "files", filepath.FromSlash(key))
		if err := os.WriteFile(path, make([]byte, 10_000), 0o600); err != nil {
			return err
		}
		then := time.Now().AddDate(0, 0, -1)
		if err := os.Chtimes(path, then, then); err != nil {
			return err
		}
		strays = append(strays, key)
	}
	// holds fails unless everything that a file holds is there, as it was, and
	// nothing else is that nobody answers for: a stray, or a key in the journal.
	holds := func(when string) error {
		var want int
		for i, f := range slices.Concat(old, kept) {
			r, err := b.NewReader(ctx, f.Path, nil)
			if err != nil && i < len(old) {
				continue // swept, as far as it came
			}
			if err != nil {
				return fmt.Errorf("%s: %s is lost: %w", when, f.ID, err)
			}
			content, err := io.ReadAll(r)
			r.Close()
			if sum := sha256.Sum256(content); err != nil || hex.EncodeToString(sum[:]) != f.SHA256 {
				return fmt.Errorf("%s: %s is damaged: %d bytes, %v", when, f.ID, len(content), err)
			}
			want++
		}
		totals, err := s.Totals(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", when, err)
		}
		if totals.Files > want || totals.Files+totals.Pending < want {
			return fmt.Errorf("%s: the bytes of %d files are there: %+v", when, want, totals)
		}
		page, err := s.List(ctx, bob, files.Query{})
		if err != nil || len(page.Files) != len(kept) {
			return fmt.Errorf("%s: bob has %d files: %v", when, len(page.Files), err)
		}
		return nil
	}
	ballast, err := brim(dir)
	if err != nil {
		return err
	}
	chore := func(what string, do func() (int, error), want int) error {
		if n, err := do(); err != nil || n != want {
			return fmt.Errorf("%s: %d of %d, %v", what, n, want, err)
		}
		return holds(what)
	}
	// The quota is what it is, and is told before the disk's state.
	if _, err := save(bob, "one more"); !fault.Is(err, fault.Exhausted) || !strings.Contains(fault.Message(err), "8 of 8 files") {
		return fmt.Errorf("over the quota: %v", err)
	}
	if _, err := save(bob+1, strings.Repeat("d", 5000)); !fault.Is(err, fault.Unavailable) {
		return fmt.Errorf("within the quota: %v", err)
	}
	if err := holds("after the quota"); err != nil {
		return err
	}
	if u, err := s.Usage(ctx, bob+1); err != nil || u.Files != 0 {
		return fmt.Errorf("what was refused counts: %+v, %v", u, err)
	}
	if err := chore("reconcile", func() (int, error) { return s.Reconcile(ctx) }, len(strays)); err != nil {
		return err
	}
	if err := os.Remove(ballast); err != nil { // what was reconciled made room
		return err
	}
	if ballast, err = brim(dir); err != nil {
		return err
	}
	shift += 25 * time.Hour
	if err := chore("sweep", func() (int, error) { return s.Sweep(ctx) }, len(old)); err != nil {
		return err
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := s.Recover(ctx); err != nil {
		return err
	}
	if _, err := s.Reconcile(ctx); err != nil {
		return err
	}
	if _, err := s.Sweep(ctx); err != nil {
		return err
	}
	var want []string
	for _, f := range kept {
		want = append(want, f.Path)
	}
	slices.Sort(want)
	keys, err := list(ctx, b.Bucket)
	totals, terr := s.Totals(ctx)
	if err != nil || terr != nil || !slices.Equal(keys, want) || totals.Files != len(kept) || totals.Pending != 0 {
		return fmt.Errorf("at the end the bucket has %q, want %q; %+v, %v %v", keys, want, totals, err, terr)
	}
	return holds("at the end")
}
