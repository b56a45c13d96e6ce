package gvisor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// ordinary is a user id that owns nothing of the system.
const ordinary = 64123

// TestOrdinaryUser runs the suites again as a user without any privilege: those
// in which privileges matter, or with ATTACHE_ORDINARY=all every one. An
// ordinary user has run them already.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user: the other tests are this one")
	}
	base := ordinaryBase(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary and runsc may be where only root can go.
	bin := filepath.Join(base, "bin")
	for name, path := range map[string]string{"test": self, "runsc": gvisortest.Runsc(), "gvisor-bin/checkpointgofer": filepath.Join(filepath.Dir(gvisortest.Runsc()), "gvisor-bin", "checkpointgofer")} {
		run(t, "install", "-D", "-m", "0755", path, filepath.Join(bin, name))
	}
	suites := []string{"TestEscape", "TestAdoption"}
	if os.Getenv("ATTACHE_ORDINARY") == "all" {
		suites = append(suites, "TestContract", "TestPackages", "TestSessions", "TestControl", "TestBombs", "TestHostilePackages", "TestPowerCut", "TestWatchdog")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "test"), "-test.run", "^("+strings.Join(suites, "|")+")$", "-test.v")
	cmd.Dir = filepath.Join(base, "tmp")
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_DATA="+filepath.Join(base, "data"), "ATTACHE_TEST_RUNSC="+filepath.Join(bin, "runsc"),
		"TMPDIR="+filepath.Join(base, "tmp"), "HOME="+base)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinary, Gid: ordinary}}
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range suites {
		if !strings.Contains(text, "--- PASS: "+name+" ") {
			t.Errorf("%s did not pass as an ordinary user:\n%s", name, text)
		}
	}
}

// ordinaryBase makes a folder that belongs to the ordinary user, with the
// environment of the tests in it.
func ordinaryBase(t *testing.T) string {
	py := gvisortest.Python(t)
	base, err := os.MkdirTemp("/tmp", "attache-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	env := filepath.Join(base, "data", "python", filepath.Base(py.Env))
	for _, dir := range []string{filepath.Dir(env), filepath.Join(base, "tmp"), filepath.Join(base, "bin")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := exec.Command("cp", "-al", py.Env, env).Run(); err != nil { // another file system
		os.RemoveAll(env)
		run(t, "cp", "-a", py.Env, env)
	}
	for _, uv := range glob(t, filepath.Join(filepath.Dir(py.Env), "uv-*")) {
		run(t, "cp", "-a", uv, filepath.Dir(env))
	}
	run(t, "chown", "-R", "64123:64123", filepath.Join(base, "tmp"))
	for _, dir := range []string{base, filepath.Join(base, "data"), filepath.Join(base, "data", "python")} {
		if err := os.Chown(dir, ordinary, ordinary); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAdoption kills a process that has sessions, with one cell running, and
// finds them in the next process.
func TestAdoption(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	if os.Getenv("ATTACHE_TEST_VICTIM") != "" {
		t.Fatal("the victim must run TestVictim")
	}
	killVictim(t, dir, "^TestVictim$")
	adopted(t, dir)
}

// Who adopts the sessions of a process that was killed is killed too, before a
// checkpoint of theirs and in it: the third process has them.
func TestAdoptionAgain(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"0s", "30ms"} {
		t.Run(when, func(t *testing.T) {
			dir := gvisortest.Dir(t)
			killVictim(t, dir, "^TestVictim$")
			cmd := exec.Command(os.Args[0], "-test.run", "^TestAdopterToKill$")
			cmd.Env = append(os.Environ(), "ATTACHE_TEST_VICTIM="+dir, "ATTACHE_TEST_WHEN="+when)
			if out, err := cmd.CombinedOutput(); !strings.Contains(fmt.Sprint(err), "killed") {
				t.Fatalf("%v\n%s", err, out)
			}
			adopted(t, dir)
		})
	}
}

// A sandbox of a process that was killed is not adopted where another process has had
// the session since: what that one stored stays, and so does what it forgot.
func TestAdoptionOfTheOlder(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	between := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 1})
	killVictim(t, dir, "^TestVictim$")
	stored, forgotten := sandbox.Key{User: 1, Conversation: "idle"}, sandbox.Key{User: 1, Conversation: "running"}
	for _, key := range []sandbox.Key{stored, forgotten} {
		if res, err := between.Run(t.Context(), key, sandbox.Cell{Code: "x = 'newer'"}); err != nil || res.Outcome != sandbox.OK {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if err := errors.Join(between.Reset(t.Context(), forgotten), between.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 1})
	for key, want := range map[sandbox.Key]string{stored: "'newer'", forgotten: "'none'"} {
		res, err := h.Run(t.Context(), key, sandbox.Cell{Code: "globals().get('x', globals().get('y', 'none'))"})
		if err != nil || len(res.Shown) != 1 || res.Shown[0].Text != want {
			t.Errorf("%s: %+v %v, want %s", key.Conversation, res, err, want)
		}
	}
	if left := glob(t, filepath.Join(dir, "run", "*")); len(left) != 1 {
		t.Errorf("run folders: %q", left)
	}
}

// TestAdopterToKill is the second process of TestAdoptionAgain.
func TestAdopterToKill(t *testing.T) {
	dir, when := os.Getenv("ATTACHE_TEST_VICTIM"), os.Getenv("ATTACHE_TEST_WHEN")
	if when == "" {
		t.Skip("a helper of TestAdoptionAgain")
	}
	wait, err := time.ParseDuration(when)
	if err != nil {
		t.Fatal(err)
	}
	kill := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	gvisortest.OpenIn(t, dir, gvisor.Stepping(gvisor.Options{}, func(step string) {
		switch {
		case step != "adopting":
		case wait == 0:
			kill()
		default:
			time.AfterFunc(wait, kill)
		}
	}))
}

// adopted finds what TestVictim had in the next process.
func adopted(t *testing.T, dir string) {
	t.Helper()
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 1})
	for _, c := range []struct{ conversation, code, want string }{
		{"idle", "x", "'kept'"},
		{"running", "y", "'kept too'"},
		{"running", "z < 1000", "True"}, // interrupted
	} {
		key := sandbox.Key{User: 1, Conversation: c.conversation}
		res, err := h.Run(context.Background(), key, sandbox.Cell{Code: c.code})
		if err != nil || len(res.Shown) != 1 || res.Shown[0].Text != c.want {
			t.Errorf("%s: %+v %v", c.conversation, res, err)
		}
	}
	if left := glob(t, filepath.Join(dir, "run", "*")); len(left) != 1 {
		t.Errorf("run folders: %q", left)
	}
}

// After its process was killed, a sandbox has its bounds of memory and time
// still: it holds no more, and what computes on is ended.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	killVictim(t, dir, "^TestWatchdogVictim$")
	began := time.Now()
	alive := map[string]bool{}
	for _, file := range glob(t, filepath.Join(dir, "run", "*", "*", "pid")) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		alive[strings.TrimSpace(string(data))] = true
	}
	if len(alive) != 2 {
		t.Fatalf("%d sandboxes", len(alive))
	}
	most := int64(0) // the code takes 2.5 GB if it may
	for limit := 5 * time.Second; len(alive) > 0 && time.Since(began) < limit+15*time.Second; time.Sleep(20 * time.Millisecond) {
		for pid := range alive {
			n, _ := strconv.Atoi(pid)
			most = max(most, memoryOf(n)+memoryFileOf(n))
			if _, err := os.Stat("/proc/" + pid); err != nil {
				t.Logf("ended after %s", time.Since(began))
				delete(alive, pid)
			}
		}
	}
	if t.Logf("at most %d MB", most>>20); most > 3<<29 {
		t.Errorf("a sandbox held %d MB", most>>20)
	}
	for pid := range alive {
		t.Errorf("a sandbox lives on after %s", time.Since(began))
		n, _ := strconv.Atoi(pid)
		syscall.Kill(n, syscall.SIGKILL)
	}
	gvisortest.OpenIn(t, dir, gvisor.Options{}) // removes what is left
}

// TestWatchdogVictim is the process that TestWatchdog kills. Its code notices
// that the host is gone, and then takes what it can.
func TestWatchdogVictim(t *testing.T) {
	dir := os.Getenv("ATTACHE_TEST_VICTIM")
	if dir == "" {
		t.Skip("a helper of TestWatchdog")
	}
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Limits: sandbox.Limits{Time: 5 * time.Second}})
	const wait = `
import os, select, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
link = get_file_path.__self__.link
p = select.poll(); p.register(link.wfd, 0)
print('go', flush=True)
while not p.poll(100): pass
`
	started := make(chan bool, 2)
	for i, code := range []string{`
for i in range(5):
    if os.fork() == 0:
        b = bytearray(500 << 20)
        for k in range(0, len(b), 4096): b[k] = 1
        while True: pass
while True: pass`, "while True: pass"} {
		go h.Run(context.Background(), sandbox.Key{User: uint64(i), Conversation: "x"}, sandbox.Cell{
			Code: wait + code, Output: func(string) { started <- true },
		})
	}
	<-started
	<-started
	os.Stdout.WriteString("ready")
	time.Sleep(time.Hour)
}

// killVictim runs a test that has sessions in dir as a process, and kills that.
func killVictim(t *testing.T, dir, test string) {
	t.Helper()
	gvisortest.Python(t) // skips where there is none
	cmd := exec.Command(os.Args[0], "-test.run", test)
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_VICTIM="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := out.Read(buf); err != nil || string(buf) != "ready" {
		t.Fatalf("victim: %q %v", buf, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
}

// TestPowerCut kills a process and its sandboxes: sessions come back as they
// were last stored, and it is said what is lost.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	killVictim(t, dir, "^TestPowerCutVictim$")
	for _, file := range glob(t, filepath.Join(dir, "run", "*", "*", "pid")) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		syscall.Kill(pid, syscall.SIGKILL)
		for end := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	h := gvisortest.OpenIn(t, dir, gvisor.Options{})
	for _, c := range []struct{ conversation, code, output, note string }{
		{"fresh", "print('x' in globals())", "False\n", "lost: all variables of this session, because its process ended without warning"},
		{"stored", "print(y)", "1\n", "the session is as it was on " + time.Now().UTC().Format("2006-01-02") + " "},
		{"unchanged", "print(z)", "3\n", ""},
	} {
		key := sandbox.Key{User: 1, Conversation: c.conversation}
		for i := range 2 {
			res, err := h.Run(context.Background(), key, sandbox.Cell{Code: c.code})
			if i == 1 {
				c.note = "" // it is said once
			}
			if err != nil || res.Output != c.output || (c.note == "") != (len(res.Notes) == 0) || c.note != "" && !strings.HasPrefix(res.Notes[0].String(), c.note) {
				t.Errorf("%s: %+v %v", c.conversation, res, err)
			}
		}
	}
}

// TestPowerCutVictim is the process that TestPowerCut kills.
func TestPowerCutVictim(t *testing.T) {
	dir := os.Getenv("ATTACHE_TEST_VICTIM")
	if dir == "" {
		t.Skip("a helper of TestPowerCut")
	}
	run := func(h *gvisor.Host, conversation, code string) {
		t.Helper()
		if res, err := h.Run(context.Background(), sandbox.Key{User: 1, Conversation: conversation}, sandbox.Cell{Code: code}); err != nil || res.Outcome != sandbox.OK {
			t.Fatalf("%+v %v", res, err)
		}
	}
	t.Run("stores", func(t *testing.T) {
		h := gvisortest.OpenIn(t, dir, gvisor.Options{})
		run(h, "stored", "y = 1")
		run(h, "unchanged", "z = 3")
	})
	h := gvisortest.OpenIn(t, dir, gvisor.Options{})
	run(h, "stored", "y = 2")
	run(h, "fresh", "x = 1")
	os.Stdout.WriteString("ready")
	time.Sleep(time.Hour)
}

// TestVictim is the process that TestAdoption kills.
func TestVictim(t *testing.T) {
	dir := os.Getenv("ATTACHE_TEST_VICTIM")
	if dir == "" {
		t.Skip("a helper of TestAdoption")
	}
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 1})
	ctx := context.Background()
	if _, err := h.Run(ctx, sandbox.Key{User: 1, Conversation: "idle"}, sandbox.Cell{Code: "x = 'kept'"}); err != nil {
		t.Fatal(err)
	}
	started := make(chan bool, 1)
	go h.Run(ctx, sandbox.Key{User: 1, Conversation: "running"}, sandbox.Cell{
		Code:   "import time\ny = 'kept too'\nprint('go')\nfor z in range(1000): time.sleep(.1)",
		Output: func(string) { started <- true },
	})
	<-started
	time.Sleep(500 * time.Millisecond) // the pool is filled
	os.Stdout.WriteString("ready")
	time.Sleep(time.Hour)
}
