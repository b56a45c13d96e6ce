package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// Two workers in processes of their own, which know nothing but the line of
// their invitations, run the code of a bot that has no sandbox.
// The worker in serve has its name again, and so its sessions, also where another
// process of the data folder came first.
func TestLocalWorkerName(t *testing.T) {
	if a, b := localWorker("0a-1b-1"), localWorker("0a-1b-27"); a != b || a != "local-0a-1b-1" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestWorkers(t *testing.T) {
	address := freeAddress(t)
	b := serve(t, map[string]string{"CLUSTER_LISTEN": address, "RUNSC": "/nowhere/runsc", "MAX_UPLOAD_MB": "64", "SESSIONS_URL": t.TempDir()})
	// What the next question has the model run; the model says what came of it.
	var code string
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "Answer: " + r.Last().Text}
		}
		id := regexp.MustCompile(`\d+_\d+_[0-9a-f]{8}`).FindString(r.System() + r.LastUser())
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", map[string]string{"code": strings.ReplaceAll(code, "ID", id)})}}
	}
	ctx := discordtest.Context(t)
	anna := b.AddUser("anna")
	guild := b.AddGuild("Acme")
	guild.AddMember(anna)
	dm := anna.DM()
	ask := func(question, run, want string, files ...discordtest.File) {
		t.Helper()
		code = run
		m, err := anna.Send(dm, question, files...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.AwaitMessage(ctx, dm, discordtest.FromBot, discordtest.After(m), discordtest.Contains(want))
		if err != nil {
			t.Fatalf("%s: %v\n%+v", question, err, b.Messages(dm))
		}
	}
	workers := map[string]*worker{"first": startWorker(t, "first", address), "second": startWorker(t, "second", address)}
	awaitWorkers(t, "first", "second")

	// Files go both ways: larger than all that may be on the way at once.
	big := bytes.Repeat([]byte("0123456789abcde\n"), 1<<19) // 8 MiB
	ask("How long is it?", "data = open(FILES['ID'], 'rb').read()\nprint(len(data), data[-16:])\nopen('half.txt', 'wb').write(data[:3 << 20])",
		fmt.Sprintf("%d b'0123456789abcde\\n'", len(big)), discordtest.File{Name: "big.txt", Data: big})
	made, err := b.AwaitMessage(ctx, dm, discordtest.FromBot, discordtest.HasFile)
	if err != nil {
		t.Fatal(err)
	}
	if got := made.Attachments[0].Bytes(); !bytes.Equal(got, big[:3<<20]) {
		t.Errorf("%s has %d bytes", made.Attachments[0].Filename, len(got))
	}
	ask("And again?", "print('still', len(data))", fmt.Sprint("still ", len(big)))

	// The worker that has the session is killed: the other one goes on from what is
	// in the bucket.
	var has string
	until(t, "an image of the session", func() bool {
		var m Main
		defer m.Close()
		m.Config.DataDir = os.Getenv("DATA_DIR")
		if _, err := m.openStores(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := m.shared.Sessions(ctx, time.Now().Add(time.Hour), 10)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		has = all[0].Worker
		return all[0].Image != "" && !all[0].Behind
	})
	other := map[string]string{"first": "second", "second": "first"}[has]
	workers[has].kill()
	ask("Is it there?", "print('after', len(data))", fmt.Sprint("after ", len(big)))
	for _, m := range b.Messages(dm) {
		if strings.Contains(m.Text(), "lost:") {
			t.Errorf("nothing is lost: %s", m.Text())
		}
	}
	// A revoked worker is cut off, and its line is worth nothing.
	if out, err := command(t, "worker", "revoke", other); err != nil || !strings.Contains(out, "can't connect any more") {
		t.Fatalf("revoke: %v, %s", err, out)
	}
	if out, err := command(t, "worker", "revoke", other); err == nil || !strings.Contains(out, "There is no invitation") {
		t.Errorf("revoke again: %v, %s", err, out)
	}
	workers[other].await("refuses this invitation")
	ask("Who answers?", "print('nobody')", "No machine that runs code is connected")

	// It may come back by another invitation, and others are not concerned.
	startWorker(t, other, address)
	awaitWorkers(t, other)
	ask("Who answers now?", "print('back again')", "back again")
}

// worker is `attache worker` in a process of its own.
type worker struct {
	t   *testing.T
	cmd *exec.Cmd
	log *lockedBuilder
}

// startWorker invites and starts a worker. Of the environment it has what it
// needs.
func startWorker(t *testing.T, name, address string) *worker {
	line, err := command(t, "worker", "invite", name, address)
	if err != nil {
		t.Fatal(line)
	}
	w := &worker{t: t, cmd: exec.Command("attache", "worker"), log: &lockedBuilder{}}
	w.cmd.Env = []string{"WORKER_INVITE=" + strings.TrimSpace(line), "DATA_DIR=" + dataDir(t), "RUNSC=" + gvisortest.Runsc(), "SANDBOX_POOL=1", "SANDBOX_IDLE=2s",
		"TIMEZONE=UTC", "PATH=" + os.Getenv("PATH"), "PYTHON=" + os.Getenv("PYTHON")}
	w.cmd.Dir = t.TempDir()
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.cmd.Process.Signal(syscall.SIGTERM)
		stuck := time.AfterFunc(time.Minute, func() { t.Errorf("the worker %s does not end", name); w.cmd.Process.Kill() })
		w.cmd.Wait()
		stuck.Stop()
		if t.Failed() {
			t.Logf("worker %s:\n%s", name, w.log)
		}
	})
	return w
}

func (w *worker) kill() {
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

// await waits until the worker has said something.
func (w *worker) await(text string) {
	w.t.Helper()
	until(w.t, text, func() bool { return strings.Contains(w.log.String(), text) })
}

// until waits for a state.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

// command runs a command beside the bot that runs, with its settings.
func command(t *testing.T, args ...string) (string, error) {
	var out lockedBuilder
	m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, EnvFile: "none"}
	err := m.Run(context.Background(), args)
	m.exit(err)
	if cerr := m.Close(); err == nil {
		err = cerr
	}
	return out.String(), err
}

// listWorkers returns the rows of `attache workers`, by name.
func listWorkers(t *testing.T) map[string]string {
	out, err := command(t, "workers")
	if err != nil {
		t.Fatal(out)
	}
	rows := map[string]string{}
	for line := range strings.Lines(out) {
		if name := strings.Fields(line)[0]; strings.Contains(line, "ready") {
			rows[name] = line
		}
	}
	return rows
}

// awaitWorkers waits until these workers are listed, and no other.
func awaitWorkers(t *testing.T, names ...string) {
	t.Helper()
	until(t, fmt.Sprint("the workers ", names), func() bool {
		rows := listWorkers(t)
		for _, name := range names {
			if rows[name] == "" {
				return false
			}
		}
		return len(rows) == len(names)
	})
}
