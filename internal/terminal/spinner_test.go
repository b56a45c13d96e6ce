package terminal

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
)

// While an answer is waited for, something moves; it is gone before anything else is
// shown, and where nobody sees it there is nothing.
func TestSpinner(t *testing.T) {
	t.Setenv("TERM", "xterm")
	screen, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	shown := make(chan string, 1000)
	go func() {
		buf := make([]byte, 1024)
		for {
			n, err := screen.Read(buf)
			if err != nil {
				close(shown)
				return
			}
			shown <- string(buf[:n])
		}
	}()
	var out strings.Builder
	p := &printer{out: &out, text: &out, status: tty, width: 80, spin: newSpinner(tty)}
	p.spin.start()
	p.spin.start()
	all := ""
	frame := regexp.MustCompile(`\r\x1b\[K[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \d+ s`)
	for len(frame.FindAllString(all, -1)) < 3 {
		select {
		case s := <-shown:
			all += s
		case <-time.After(time.Minute):
			t.Fatalf("nothing moves: %q", all)
		}
	}
	p.show(chat.TextDelta{Text: "Hello"})
	p.show(chat.TextDelta{Text: "."})
	p.show(assistant.Asked{})
	p.end()
	p.end()
	if out.String() != "Hello.\n" {
		t.Errorf("%q", out.String())
	}
	tty.Close()
	for s := range shown {
		all += s
	}
	if !strings.HasSuffix(all, eraseLine) || strings.Count(all, eraseLine) != len(frame.FindAllString(all, -1))+1 {
		t.Errorf("the line is not left empty: %q", all)
	}
	nowhere := newSpinner(io.Discard)
	nowhere.start()
	nowhere.stop()
	if nowhere.out != nil {
		t.Error("it spins where nobody is")
	}
}
