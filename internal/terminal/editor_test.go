package terminal

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// What is pasted is one message, Tab completes, the history comes back in the next
// conversation, and between two reads Ctrl-C is a signal again.
func TestEditor(t *testing.T) {
	t.Setenv("TERM", "xterm")
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer tty.Close()
	go io.Copy(io.Discard, keys) // the screen
	file := filepath.Join(t.TempDir(), "history")
	complete := func(line string) (ways []string) {
		for _, name := range []string{"/files", "/reset", "/résumé"} {
			if strings.HasPrefix(name, line) {
				ways = append(ways, name)
			}
		}
		return ways
	}
	e := newEditor(tty, Clean(tty), file, complete)
	if e == nil {
		t.Fatal("no editor at a terminal")
	}
	raw := func() bool {
		state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ISIG == 0
	}
	type entered struct {
		line string
		err  error
	}
	read := func(e *editor, typed string) entered {
		t.Helper()
		c := make(chan entered, 1)
		go func() {
			line, err := e.read(context.Background(), "> ")
			c <- entered{line, err}
		}()
		for !raw() {
			time.Sleep(time.Millisecond)
		}
		io.WriteString(keys, typed)
		select {
		case r := <-c:
			if raw() {
				t.Error("the terminal is still raw")
			}
			return r
		case <-time.After(20 * time.Second):
			t.Fatalf("%q gives no line", typed)
		}
		panic("unreachable")
	}
	for _, c := range []struct{ typed, want string }{
		{"How many rows?\r", "How many rows?"},
		{"\x1b[200~first\rsecond\x1b[201~ and more\r", "first\nsecond and more"},
		{"/f\t\r", "/files"},
		{"/r\t\t\r", "/r"}, // two ways, whose first letters differ
		{"\x1b[A\x1b[A!\r", "/files!"},
		{"Zürich\x7f\x7fch\r", "Zürich"},
	} {
		if got := read(e, c.typed); got.err != nil || got.line != c.want {
			t.Errorf("%q: %q %v, want %q", c.typed, got.line, got.err, c.want)
		}
	}
	if got := read(e, "\x03"); got.err != io.EOF {
		t.Errorf("Ctrl-C: %q %v", got.line, got.err)
	}
	if got := read(newEditor(tty, tty, file, complete), "\x1b[A\r"); got.line != "Zürich" {
		t.Errorf("the history begins with %q", got.line)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("history: %v %v", info, err)
	}
}

func TestNoEditor(t *testing.T) {
	if newEditor(strings.NewReader("x"), io.Discard, "", nil) != nil {
		t.Error("an editor where nobody is")
	}
}

func TestPathsLike(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a[1].csv", "a2.csv", ".hidden"} {
		os.WriteFile(filepath.Join(dir, name), nil, 0o600)
	}
	os.Mkdir(filepath.Join(dir, "also"), 0o700)
	got := pathsLike(filepath.Join(dir, "a"))
	if want := []string{dir + "/a2.csv", dir + "/a[1].csv", dir + "/also/"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := pathsLike(filepath.Join(dir, "a[")); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
