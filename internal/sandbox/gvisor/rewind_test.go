package gvisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

const manyAnswers = 400 << 20

// answerFiles are what folder dir of a host has of earlier answers.
func answerFiles(t *testing.T, dir string) (names []string) {
	for _, file := range glob(t, filepath.Join(dir, "sessions", "1", "*", "answers", "*")) {
		names = append(names, filepath.Base(file))
	}
	return names
}

// A host that is killed at any step of keeping an answer, which its sandbox survives,
// loses nothing: the next host has the session as it was, and the answer whole or not
// at all.
func TestHostKilledWhileKeeping(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"leaving", "in it", "left", "answer packed", "answer kept"} {
		t.Run(step, func(t *testing.T) {
			dir := gvisortest.Dir(t)
			killKeeper(t, dir, step)
			h := gvisortest.OpenIn(t, dir, gvisor.Options{Rewind: manyAnswers})
			s := sandboxtest.NewSession(t, h)
			s.Key.Conversation = "c"
			res := s.Run("print(x, type(locked).__name__, open('made').read())")
			if res.Outcome != sandbox.OK || res.Output != "2 lock 2\n" || len(res.Notes) > 0 {
				t.Errorf("%+v", res)
			}
			answers, err := h.Answers(t.Context(), s.Key)
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]int{true: 2, false: 1}[step == "answer kept"]
			if step == "in it" {
				want = max(min(len(answers), 2), 1)
			}
			if len(answers) != want || len(answerFiles(t, dir)) != 2*want {
				t.Errorf("kept: %+v in %q", answers, answerFiles(t, dir))
			}
			for i, a := range answers {
				fork := sandboxtest.NewSession(t, h)
				fork.Key.Conversation = a.Name
				if err := h.Fork(t.Context(), s.Key, a.Name, fork.Key); err != nil {
					t.Fatal(err)
				}
				fork.Expect("print(x, type(locked).__name__, open('made').read())", fmt.Sprintf("%d lock %[1]d", i+1))
			}
		})
	}
}

// killKeeper runs a host in a process of its own, which keeps an answer and is killed
// at a step of keeping the next one.
func killKeeper(t *testing.T, dir, step string) {
	t.Helper()
	gvisortest.Python(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestKeeperToKill$", "-test.v")
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_KEEP="+step, "ATTACHE_TEST_KEEP_DIR="+dir)
	if out, err := cmd.CombinedOutput(); !strings.Contains(fmt.Sprint(err), "killed") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestKeeperToKill(t *testing.T) {
	dir, step := os.Getenv("ATTACHE_TEST_KEEP_DIR"), os.Getenv("ATTACHE_TEST_KEEP")
	if dir == "" {
		t.Skip("a helper of TestHostKilledWhileKeeping")
	}
	armed := false
	kill := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	h := gvisortest.OpenIn(t, dir, gvisor.Stepping(gvisor.Options{Rewind: manyAnswers}, func(now string) {
		switch {
		case !armed:
		case now == step:
			kill()
		case now == "leaving" && step == "in it":
			time.AfterFunc(30*time.Millisecond, kill)
		}
	}))
	key := sandbox.Key{User: 1, Conversation: "c"}
	for n := 1; n <= 2; n++ {
		res, err := h.Run(t.Context(), key, sandbox.Cell{Code: fmt.Sprintf("x = %d\nlocked = __import__('threading').Lock()\nopen('made', 'w').write(str(x))", n)})
		if err != nil || res.Outcome != sandbox.OK {
			t.Fatalf("%v %+v", err, res)
		}
		armed = n == 2
		if err := h.Keep(t.Context(), key, fmt.Sprint("answer ", n)); err != nil {
			t.Fatal(err)
		}
	}
}

// An answer that can't be written leaves the session as it was, and nothing of itself.
func TestKeepFails(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	spoil := func() {}
	h := gvisortest.OpenIn(t, dir, gvisor.Stepping(gvisor.Options{Rewind: manyAnswers}, func(now string) {
		if now == "leaving" {
			spoil()
		}
	}))
	s := sandboxtest.NewSession(t, h)
	s.Run("x = 0\nlocked = __import__('threading').Lock()")
	folder := func() string {
		return filepath.Dir(glob(t, filepath.Join(dir, "sessions", "1", "*", "session.json"))[0])
	}
	fails := func(what string, f func()) {
		t.Helper()
		spoil = f
		if err := h.Keep(t.Context(), s.Key, "a"); err == nil {
			t.Errorf("%s: no error", what)
		}
		spoil = func() {}
		res := s.Run("x += 1; print(x, type(locked).__name__)")
		if len(res.Notes) > 0 || !strings.HasSuffix(res.Output, " lock\n") {
			t.Errorf("%s: %+v", what, res)
		}
	}
	answers := filepath.Join(folder(), "answers")
	fails("a file in the way", func() {
		for _, name := range []string{"image", "sum"} {
			for _, image := range glob(t, filepath.Join(answers, "answer-*")) {
				os.Mkdir(filepath.Join(image, name), 0o700)
			}
		}
		os.RemoveAll(answers)
		os.WriteFile(answers, nil, 0o600)
	})
	os.Remove(answers)
	if os.Geteuid() == 0 {
		fails("a full disk", func() {
			if err := unix.Mount("tmpfs", answers, "tmpfs", 0, "size=1m"); err != nil {
				t.Fatal(err)
			}
		})
		if err := unix.Unmount(answers, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}
	if err := h.Keep(t.Context(), s.Key, "a"); err != nil {
		t.Error(err)
	}
	if names := answerFiles(t, dir); len(names) != 2 {
		t.Errorf("left: %q", names)
	}
}

// A changed byte of an answer is never restored.
func TestAnswerDamaged(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Rewind: manyAnswers})
	s := sandboxtest.NewSession(t, h)
	s.Run("x = 1")
	if err := h.Keep(t.Context(), s.Key, "a"); err != nil {
		t.Fatal(err)
	}
	image := glob(t, filepath.Join(dir, "sessions", "1", "*", "answers", "*.packed"))[0]
	whole, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	damage := func(at int) {
		data := append([]byte{}, whole...)
		data[at] ^= 1
		if err := os.WriteFile(image, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := sandbox.Key{User: 1, Conversation: "fork"}
	damage(len(whole) - 20) // of the index: seen before anything is made
	if err := h.Fork(t.Context(), s.Key, "a", to); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	damage(len(whole) / 2) // of a block: seen when it is decoded
	if err := h.Fork(t.Context(), s.Key, "a", to); err != nil {
		t.Fatal(err)
	}
	res, err := h.Run(t.Context(), to, sandbox.Cell{Code: "print('x' in globals())"})
	if err != nil || res.Output != "False\n" || fmt.Sprint(res.Notes) != "[lost: all variables]" {
		t.Errorf("%+v %v", res, err)
	}
	s.Expect("x", "1")
}
