package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// hostile would take over a terminal: its title, its clipboard, its colours; and
// shows a name in another order.
const hostile = "\x1b]0;OWNED\x07\x1b[31m\u009b2J\u202ex\x7f"

// Names of files, models and settings, what code prints and what a server says never
// reach a terminal as sequences that command it: every command is tried at one.
func TestNoEscapesReachATerminal(t *testing.T) {
	data := dataDir(t)
	place := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(place, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	text, table, code := write(hostile+".txt", hostile), write(hostile+".csv", "a,b\n"+hostile+",1\n"), write(hostile+".py", `
import sys
print("`+strings.ReplaceAll(hostile, "\x7f", "")+`")
print("\x1b]52;c;aGk=\x07 mark", file=sys.stderr)
open("\x1b]0;made\x07.txt", "w").write("x")
"\x1b[35mvalue"`)
	os.Mkdir(filepath.Join(place, hostile+"tools"), 0o700)
	write(".env", "DISCORD_TOKN"+"=x\nSYSTEM_PROMPT=\""+hostile+"\"\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":{"message":"no \u001b]0;OWNED\u0007 \u009b2J"}}`)
			return
		}
		io.WriteString(w, `{"data":[{"id":"\u001b]0;OWNED\u0007"}]}`)
	}))
	defer server.Close()
	model := []string{"OPENAI_BASE_URL=" + server.URL, "OPENAI_API_KEY=x", "OPENAI_MODEL=" + hostile, "RUNSC=/nowhere/" + hostile}
	quick := []string{"RUNSC=/nowhere/" + hostile, "LOG_LEVEL=DEBUG"}
	run := func(env []string, args ...string) string {
		t.Helper()
		out := atTerminal(t, place, append([]string{"DATA_DIR=" + data}, env...), args...)
		out = strings.ReplaceAll(out, "\r\x1b[K", "\r") // the program's own, where an answer takes long
		if i := strings.IndexFunc(out, func(r rune) bool {
			return r != '\n' && r != '\r' && r != '\t' && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e)
		}); i >= 0 {
			t.Errorf("%q: a control character reaches the terminal: %q", args, out[max(0, i-60):min(len(out), i+60)])
		}
		return out
	}
	tried := map[string][]string{} // the command: what it printed
	try := func(env []string, args ...string) string {
		out := run(env, args...)
		for n := 1; n <= 2 && n <= len(args); n++ {
			name := strings.Join(args[:n], " ")
			tried[name] = append(tried[name], out)
		}
		return out
	}
	saved := strings.Fields(try(quick, "files", "put", text))
	id := saved[len(saved)-1]
	try(quick, "files", "put", table, hostile)
	if out := try(quick, "files", "list"); !strings.Contains(out, "OWNED") {
		t.Errorf("the name is not listed: %q", out)
	}
	if out := try(quick, "files", "get", id); !strings.Contains(out, "␛]0;OWNED␇") {
		t.Errorf("the content is not shown: %q", out)
	}
	try(quick, "files", "get", id, "--out", hostile+"/x")
	try(quick, "files", "list", "--json", "--kind", hostile)
	try(quick, "files", "rm", hostile)
	try(quick, "files", "sweep")
	try(quick, "files", "export", "--out", hostile+"/e.tar")
	try(quick, "files", "export")
	try(quick, "files", "import", text)
	try(quick, "files", "rm", id, "--user", "1")
	try(quick, "tokens", "--model", hostile, text)
	try(quick, "tokens", "compare", hostile, text)
	try(quick, "tokens", "prices", hostile)
	try(quick, "backup", hostile+"/b.tar")
	try(quick, "backup", "b.tar")
	try(quick, "restore", text)
	try(quick, "worker", hostile)
	try(append(quick, "WORKER_INVITE="+hostile), "worker")
	try(quick, "worker", "revoke", hostile)
	try(quick, "workers")
	try(quick, "api-tokens", "list")
	try(quick, "api-tokens", "revoke", hostile)
	try(append(quick, "PYTHON="+hostile, "PYTHON_DIR="+hostile), "setup")
	try(append(model, "TOOLS_DIR="+hostile+"tools", "BUCKET_URL=file:///nowhere/"+hostile), "doctor")
	try(append(quick, "DATA_DIR=/proc/"+hostile), "serve")
	try(append(quick, "WEB_LISTEN="+hostile), "serve")
	try(model, "chat", hostile)
	try(model, "chat", "--attach", table, "--model", hostile, "hello")
	try(quick, "version")
	try(quick, "help", hostile)
	try(quick, "man")
	try(quick, "completion", "bash")
	try(quick, hostile)
	try(quick, "--"+hostile)
	if out := try(nil, "exec", "--attach", table, code, hostile); !strings.Contains(out, "␛]52;c;aGk=␇ mark") || !strings.Contains(out, `\x1b[35mvalue`) || !strings.Contains(out, "made") {
		t.Errorf("code: %q", out)
	}
	var untried func(c *cobra.Command, name string)
	untried = func(c *cobra.Command, name string) {
		for _, sub := range c.Commands() {
			full := strings.TrimSpace(name + " " + sub.Name())
			if tried[full] == nil && name != "completion" && (full != "worker invite") && !sub.HasSubCommands() {
				t.Errorf("%s was not tried", full)
			}
			untried(sub, full)
		}
	}
	untried((&Main{}).root(), "")
}

// atTerminal runs a command whose streams are a terminal, and returns what came there.
func atTerminal(t *testing.T, place string, env []string, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	attache := filepath.Join(t.TempDir(), "attache")
	if err := os.Symlink(self, attache); err != nil {
		t.Fatal(err)
	}
	screen, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	cmd := exec.CommandContext(t.Context(), attache, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = place, nil, tty, tty
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + place, "PYTHON=" + os.Getenv("PYTHON"), "RUNSC=" + gvisortest.Runsc(), "SANDBOX_POOL=0", "TERM=xterm"}, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var out bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(&out, screen) // until nobody has the terminal
	}()
	stop := time.AfterFunc(2*time.Minute, func() { cmd.Process.Signal(syscall.SIGKILL) })
	err = cmd.Wait()
	if !stop.Stop() {
		t.Errorf("%q did not end", args)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	select {
	case <-read:
	case <-time.After(10 * time.Second): // something that it started has the terminal
		screen.Close()
		<-read
	}
	return out.String()
}
