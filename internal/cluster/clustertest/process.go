package clustertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

const memberEnv = "ATTACHE_CLUSTER_MEMBER"

var processKey = sandbox.Key{User: 1, Conversation: "claimed"}

// Member is, in a process of its own, one of those that share a folder; the test
// that calls it is skipped otherwise. It takes what it can have, says so and waits.
func Member(t *testing.T, open func(t *testing.T, dir string) cluster.Store) {
	dir := os.Getenv(memberEnv)
	if dir == "" {
		t.Skip("only as a process of a folder")
	}
	p := enter(t, open, dir)
	_, err := p.Alone(t.Context(), "serve")
	_, err2 := p.Claim(t.Context(), processKey)
	fmt.Println("member", p.Number(), p.Life(), err == nil, err2 == nil)
	time.Sleep(time.Minute)
}

func enter(t *testing.T, open func(t *testing.T, dir string) cluster.Store, dir string) *cluster.Process {
	t.Helper()
	p, err := cluster.NewProcess(t.Context(), open(t, dir), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type member struct {
	cmd         *exec.Cmd
	number      int
	life        string
	serves, has bool
}

func (m member) kill() {
	m.cmd.Process.Kill()
	m.cmd.Wait()
}

// startMember starts a process; await waits until it has what it can have.
func startMember(t *testing.T, test, dir string) (await func() member) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), memberEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	m := member{cmd: cmd}
	t.Cleanup(func() { stop(); m.kill() })
	return func() member {
		said := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said += "\n" + lines.Text()
			if n, _ := fmt.Sscanf(lines.Text(), "member %d %s %t %t", &m.number, &m.life, &m.serves, &m.has); n == 4 {
				return m
			}
		}
		t.Fatalf("a process of the folder ended:%s", said)
		return m
	}
}

// Processes has processes share a folder. Test is the name of the test that calls
// Member; open opens the store of a folder.
func Processes(t *testing.T, test string, open func(t *testing.T, dir string) cluster.Store) {
	t.Run("one has it", func(t *testing.T) {
		dir := t.TempDir()
		a, b := enter(t, open, dir), enter(t, open, dir)
		if a.Number() != 1 || b.Number() != 2 || !a.Alive(t.Context(), b.Life()) || !a.Alive(t.Context(), a.Life()) {
			t.Errorf("%d %d", a.Number(), b.Number())
		}
		free, err := a.Alone(t.Context(), "serve")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Alone(t.Context(), "serve"); !fault.Is(err, fault.Exists) {
			t.Errorf("both serve: %v", err)
		}
		free()
		if _, err := b.Alone(t.Context(), "serve"); err != nil {
			t.Error(err)
		}
		claim, err := a.Claim(t.Context(), processKey)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*cluster.Process{a, b} {
			if _, err := p.Claim(t.Context(), processKey); !fault.Is(err, fault.Exists) {
				t.Errorf("claimed twice: %v", err)
			}
		}
		read, err := b.Sessions(t.Context())
		if err != nil || len(read) != 1 || read[0].Worker != a.Life() {
			t.Fatalf("%+v %v", read, err)
		}
		if err := claim.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ClaimAs(t.Context(), read[0]); !fault.Is(err, fault.Exists) {
			t.Errorf("claimed as it was before: %v", err)
		}
		if claim, err = b.Claim(t.Context(), processKey); err != nil {
			t.Fatal(err)
		}
		// A claim that is given up in the middle leaves nothing behind.
		other := cluster.Session{Key: sandbox.Key{User: 2}}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.ClaimAs(gone, other); err == nil {
			t.Error("claimed although nobody waits")
		}
		if c, err := b.Claim(t.Context(), other.Key); err != nil || c.Forget(t.Context()) != nil {
			t.Errorf("after a claim that was given up: %v", err)
		}
		if err := claim.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if read, err = a.Sessions(t.Context()); err != nil || len(read) > 0 {
			t.Errorf("%+v %v", read, err)
		}
		if _, err = a.Claim(t.Context(), processKey); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil || b.Alive(t.Context(), a.Life()) {
			t.Error("it left", err)
		}
		if _, err = b.Claim(t.Context(), processKey); err != nil {
			t.Error(err)
		}
		if again := enter(t, open, dir); again.Number() != 1 || b.Alive(t.Context(), a.Life()) || !b.Alive(t.Context(), again.Life()) {
			t.Errorf("the next one is %d", again.Number())
		}
	})
	// Who takes over from a dead one dies as well, and so does the one after it.
	t.Run("killed, and killed again", func(t *testing.T) {
		dir := t.TempDir()
		p := enter(t, open, dir)
		first := startMember(t, test, dir)()
		for range 3 {
			if !first.serves || !first.has || first.number != 2 {
				t.Fatalf("%+v", first)
			}
			second := startMember(t, test, dir)()
			if second.serves || second.has || second.number != 3 {
				t.Errorf("beside another: %+v", second)
			}
			second.kill()
			first.cmd.Process.Signal(syscall.SIGSTOP) // it keeps what it has
			time.Sleep(50 * time.Millisecond)
			if _, err := p.Claim(t.Context(), processKey); !fault.Is(err, fault.Exists) || !p.Alive(t.Context(), first.life) {
				t.Errorf("while it is stopped: %v", err)
			}
			first.kill()
			if p.Alive(t.Context(), first.life) || p.Alive(t.Context(), second.life) {
				t.Error("the dead live")
			}
			first = startMember(t, test, dir)()
		}
		first.kill()
		if _, err := p.Claim(t.Context(), processKey); err != nil {
			t.Error(err)
		}
	})
	// Many enter at once: each has a number, and one of them serves.
	t.Run("at once", func(t *testing.T) {
		dir := t.TempDir()
		started := make([]func() member, 6)
		for i := range started {
			started[i] = startMember(t, test, dir)
		}
		numbers, serve, have := map[int]bool{}, 0, 0
		for _, await := range started {
			m := await()
			numbers[m.number] = true
			if m.serves {
				serve++
			}
			if m.has {
				have++
			}
		}
		if len(numbers) != len(started) || serve != 1 || have != 1 {
			t.Errorf("numbers %v, %d serve, %d have the session", numbers, serve, have)
		}
	})
	t.Run("a name that is none", func(t *testing.T) {
		p := enter(t, open, t.TempDir())
		for _, life := range []string{"", "x", "0-x", "-1-x", "1-other", "99999-x", strings.Repeat("9", 30)} {
			if p.Alive(t.Context(), life) {
				t.Errorf("%q lives", life)
			}
		}
	})
}
