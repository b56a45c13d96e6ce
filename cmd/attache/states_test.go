package main

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
)

// broken is a state of the machine or of the settings, and what is said in it.
type broken struct {
	env      []string
	before   string            // a line of shell before the program; the data folder is $DATA_DIR
	mounts   bool              // it needs mounts of its own
	prepare  func(dir string)  // changes the data folder
	sentence string            // by every command that it keeps from working
	fail     map[string]string // what another command says; "" is any
	works    []string          // commands that work all the same
}

// TestBrokenStates tries the commands in states that machines get into: each
// says in its own sentence what is wrong, and what can work does.
func TestBrokenStates(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	work := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(work, "hello.py"), "print('hello')\n")
	write(filepath.Join(work, "a.csv"), "a,b\n1,2\n")
	write(filepath.Join(work, "b.csv"), "a,b\n3,4\n")
	const filesWork = "files list, files rm"
	const sandboxless = filesWork + ", files put, backup"
	states := map[string]broken{
		"full disk": {mounts: true,
			before:   `mkdir small && mount -t tmpfs -o size=16m none small && cp -a "$DATA_DIR/." small/ && DATA_DIR=$PWD/small "$0" files list >/dev/null; DATA_DIR=$PWD/small; dd if=/dev/zero of=small/fill bs=4k 2>/dev/null; export DATA_DIR; `,
			sentence: "disk is full", works: strings.Split(filesWork, ", "),
			fail: map[string]string{"files put": "full", "backup": "full", "chat": "disk is full", "serve": "disk is full"}},
		"no inodes": {mounts: true,
			before:   `mkdir small && mount -t tmpfs -o nr_inodes=5k none small && cp -a "$DATA_DIR/." small/ && DATA_DIR=$PWD/small "$0" files list >/dev/null; DATA_DIR=$PWD/small; while mkdir small/$((i+=1)) 2>/dev/null; do :; done; export DATA_DIR; `,
			sentence: "disk can't hold more files", works: strings.Split(filesWork, ", "),
			fail: map[string]string{"files put": "full", "backup": "no space left", "serve": "no space left"}},
		"noexec folder": {mounts: true, before: `mount --bind "$DATA_DIR" "$DATA_DIR" && mount -o remount,bind,noexec "$DATA_DIR"; `,
			sentence: "the data folder is in a file system that is mounted noexec", works: strings.Split(sandboxless, ", ")},
		"no home, no room for temporary files": {before: "unset HOME; export TMPDIR=/nowhere; ", works: strings.Split(sandboxless+", exec, setup, chat, serve", ", "),
			fail: map[string]string{"doctor": "could not be tested: stat /nowhere"}},
		"runsc is no program": {env: []string{"RUNSC=" + filepath.Join(work, "a.csv")}, sentence: "runsc (gVisor) may not be executed", works: strings.Split(sandboxless, ", ")},
		"locked database":     {prepare: func(dir string) { lockDatabase(t, dir) }, sentence: "The database is locked", works: []string{"setup"}},
		"damaged database": {prepare: func(dir string) { write(filepath.Join(dir, "attache.db"), strings.Repeat("no data ", 999)) },
			sentence: "The database is damaged. Restore a backup.", works: []string{"setup"}},
		"empty database": {prepare: func(dir string) { write(filepath.Join(dir, "attache.db"), "") },
			sentence: "is an empty file: its content is lost", works: []string{"setup"}},
		"database is a folder": {prepare: func(dir string) {
			for _, name := range []string{"attache.db", "attache.db-wal", "attache.db-shm"} {
				os.Remove(filepath.Join(dir, name))
			}
			if err := os.Mkdir(filepath.Join(dir, "attache.db"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, sentence: "is no file: move away what is there", works: []string{"setup"}},
		"settings in UTF-16": {prepare: func(dir string) {
			write(filepath.Join(dir, "..", ".env"), "\xff\xfeA\x00=\x00S\x00E\x00C\x00R\x00E\x00T\x00")
		}, sentence: "is not in UTF-8"},
		"read-only folder": {mounts: true, before: `mount --bind "$DATA_DIR" "$DATA_DIR" && mount -o remount,bind,ro "$DATA_DIR"; `, sentence: "read-only file system"},
		"no runsc":         {env: []string{"RUNSC=/nowhere/runsc"}, sentence: "runsc (gVisor) is missing", works: strings.Split(sandboxless, ", ")},
		"no Python":        {env: []string{"PYTHON=/nowhere/python3"}, sentence: "Python 3.11 or newer is needed", works: strings.Split(sandboxless, ", ")},
		"port taken": {env: []string{"WEB_LISTEN=" + taken.Addr().String()}, sentence: "address already in use",
			works: strings.Split(sandboxless+", exec, setup, chat", ", ")},
		"no bucket": {env: []string{"BUCKET_URL=s3://b?endpoint=http://127.0.0.1:9&region=x&use_path_style=true", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=SECRET"},
			sentence: "bucket", fail: map[string]string{"files put": "The file storage is not available"},
			works: []string{"files list", "files rm", "exec", "setup", "serve", "chat"}},
		"no model": {env: []string{"OPENAI_BASE_URL=http://127.0.0.1:9/v1", "OPENAI_API_KEY=SECRET"}, sentence: "The language model's server cannot be reached",
			works: strings.Split(sandboxless+", exec, setup, serve", ", ")},
		"few files": {before: "ulimit -n 64; ", sentence: "may open 64 files only", works: strings.Split(sandboxless, ", ")},
		"wrong clock": {prepare: func(dir string) {
			later := time.Now().AddDate(1, 0, 0)
			if err := os.Chtimes(filepath.Join(dir, "instance"), later, later); err != nil {
				t.Fatal(err)
			}
		}, sentence: "The clock of this machine is wrong", works: strings.Split(sandboxless+", exec, setup, chat", ", ")},
		"unknown setting": {prepare: func(dir string) { write(filepath.Join(dir, "..", ".env"), "DISCORD_TOKN=SECRET\n") },
			sentence: "DISCORD_TOKN is no setting", works: strings.Split(sandboxless+", exec, setup, chat", ", ")},
		"malformed line": {prepare: func(dir string) { write(filepath.Join(dir, "..", ".env"), "\ufeffLOG_LEVEL=INFO\r\nthe SECRET is\n") },
			sentence: "line 2 of .env is not of the form NAME=value"},
		"umask 077": {before: "umask 077; ", works: strings.Split(sandboxless+", exec, setup, chat, doctor, serve", ", ")},
	}
	base := dataDir(t)
	p := &program{t: t, work: work}
	if out, err := p.run(base, broken{}, "files", "put", "a.csv"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list, _ := p.run(base, broken{}, "files", "list")
	id, _, _ := strings.Cut(list, " ")
	commands := map[string][]string{"serve": {"serve"}, "chat": {"chat", "```python\nprint(1+1)\n```"}, "exec": {"exec", "hello.py"}, "files list": {"files", "list"},
		"files put": {"files", "put", "b.csv"}, "files rm": {"files", "rm", id}, "doctor": {"doctor"}, "setup": {"setup"}, "backup": {"backup", "out.tar"}}
	for name, s := range states {
		for command, args := range commands {
			if s.before == "umask 077; " && command == "backup" {
				continue // tested with what it writes
			}
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Parallel()
				place := t.TempDir()
				data := filepath.Join(place, "data")
				if out, err := exec.Command("cp", "-a", base, data).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				for _, f := range []string{"hello.py", "b.csv"} {
					if err := os.Link(filepath.Join(work, f), filepath.Join(place, f)); err != nil {
						t.Fatal(err)
					}
				}
				if s.prepare != nil {
					s.prepare(data)
				}
				works := slices.Contains(s.works, command)
				want, special := s.fail[command]
				if !special {
					want = s.sentence
				}
				p := &program{t: t, work: place, enough: want}
				if works {
					p.enough = "/#t=" // the address of the page
				}
				out, err := p.run(data, s, args...)
				if strings.Contains(out, "SECRET") {
					t.Errorf("a secret is told: %s", out)
				}
				if works {
					if err != nil && command != "serve" {
						t.Errorf("%v: %s", err, out)
					}
					return
				}
				if !strings.Contains(out, want) || err == nil && command != "serve" {
					t.Errorf("%v, and no %q in\n%s", err, want, out)
				}
				for other, o := range states {
					if other != name && o.sentence != "" && o.sentence != want && o.sentence != "bucket" && strings.Contains(out, o.sentence) {
						t.Errorf("it says what %s does: %s", other, out)
					}
				}
			})
		}
	}
}

// program runs attache as a person does.
type program struct {
	t      *testing.T
	work   string
	enough string // what serve says at last; then it is stopped
}

// run runs a command with its data folder in a state.
func (p *program) run(data string, s broken, args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	attache := filepath.Join(p.t.TempDir(), "attache")
	if err := os.Symlink(self, attache); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", s.before + `exec "$0" "$@"`, attache}, args...)...)
	cmd.Dir = p.work
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.work, "PYTHON=" + os.Getenv("PYTHON"), "DATA_DIR=" + data, "RUNSC=" + gvisortest.Runsc(),
		"SANDBOX_POOL=0", "WEB_LISTEN=127.0.0.1:0"}, s.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	if s.mounts {
		if os.Geteuid() != 0 {
			testbin.Missing(p.t, "userns", "mounts of the test's own need root")
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		cmd.Args[2] = "mount --make-rprivate / || exit 77; " + cmd.Args[2]
	}
	out := &heard{enough: p.enough, stop: cancel}
	if args[0] != "serve" {
		out.enough = ""
	}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	if s.mounts && err != nil && (cmd.ProcessState == nil || cmd.ProcessState.ExitCode() == 77) {
		testbin.Missing(p.t, "userns", err.Error()+out.text.String())
	}
	return out.text.String(), err
}

// heard is what a program said. A second after it said enough, it is stopped.
type heard struct {
	text   bytes.Buffer
	enough string
	stop   func()
}

func (h *heard) Write(b []byte) (int, error) {
	n, err := h.text.Write(b)
	if h.enough != "" && strings.Contains(h.text.String(), h.enough) {
		time.AfterFunc(time.Second, h.stop)
	}
	return n, err
}

// lockDatabase holds a database of a data folder until the test ends.
func lockDatabase(t *testing.T, dir string) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
}
