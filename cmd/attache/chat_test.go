package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// In a conversation, Ctrl-C stops the answer and keeps its variables; without
// an answer it is for the program.
func TestInterruptOfAnAnswer(t *testing.T) {
	data := dataDir(t)
	for name, value := range map[string]string{"DATA_DIR": data, "RUNSC": gvisortest.Runsc(), "SANDBOX_POOL": "0", "REWIND_MB": "200", "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""} {
		t.Setenv(name, value)
	}
	in, keyboard := io.Pipe()
	screen := &lockedBuilder{}
	m := &Main{Stdin: in, Stdout: screen, Stderr: screen, EnvFile: filepath.Join(data, "none")}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(m.Run(context.Background(), []string{"chat"}), m.Close()) }()
	seen := func(text string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !strings.Contains(screen.String(), text); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("there is no %q in\n%s", text, screen)
			}
		}
	}
	if m.interrupt() {
		t.Error("there is nothing to stop yet")
	}
	io.WriteString(keyboard, "```python\nx = 41\nprint('x is', x)\n```\n")
	seen("x is 41\n")
	seen("✅ Done in")
	for end := time.Now().Add(time.Minute); strings.Count(screen.String(), "\n> ") < 2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	io.WriteString(keyboard, "```python\nimport time; time.sleep(60)\n```\n")
	for end := time.Now().Add(time.Minute); strings.Count(screen.String(), "Running Python") < 2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	began := time.Now()
	if !m.interrupt() || m.interrupt() {
		t.Error("the first interrupt stops the answer, and only the first one")
	}
	seen("⏹️  Stopped. Ctrl-C again leaves.")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	io.WriteString(keyboard, "```python\nx + 1\n```\n")
	seen("\n42\n")
	keyboard.Close()
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, screen)
	}
	if kept, _ := filepath.Glob(filepath.Join(data, "sandbox", "sessions", "*", "*", "answers", "*.packed")); len(kept) != 3 {
		t.Errorf("what the session was after each of 3 answers: %q", kept)
	}
}
