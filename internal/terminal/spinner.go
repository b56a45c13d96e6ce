package terminal

import (
	"fmt"
	"io"
	"os"
	"time"
)

const (
	spinAfter = 300 * time.Millisecond // what is faster has none
	spinEvery = 120 * time.Millisecond
	frames    = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
	eraseLine = "\r\x1b[K"
)

// spinner shows in the last line of a terminal that something goes on, and for how
// long, from start to stop. The zero value shows nothing.
type spinner struct {
	out  *os.File
	quit chan struct{} // nil: it does not spin
	done chan struct{}
}

// newSpinner returns a spinner on status, where a person sees it.
func newSpinner(status io.Writer) *spinner {
	if !IsTerminal(status) || os.Getenv("TERM") == "dumb" {
		return &spinner{}
	}
	return &spinner{out: fileOf(status)}
}

// start begins at a line that is empty. Twice is once.
func (s *spinner) start() {
	if s.out == nil || s.quit != nil {
		return
	}
	s.quit, s.done = make(chan struct{}), make(chan struct{})
	go s.spin(s.quit, s.done)
}

func (s *spinner) spin(quit, done chan struct{}) {
	defer close(done)
	began := time.Now()
	select {
	case <-quit:
		return
	case <-time.After(spinAfter):
	}
	tick := time.NewTicker(spinEvery)
	defer tick.Stop()
	defer io.WriteString(s.out, eraseLine)
	all := []rune(frames)
	for n := 0; ; n++ {
		fmt.Fprintf(s.out, "%s%c %d s", eraseLine, all[n%len(all)], int(time.Since(began).Seconds()))
		select {
		case <-quit:
			return
		case <-tick.C:
		}
	}
}

// stop leaves the line empty. Twice is once.
func (s *spinner) stop() {
	if s.quit == nil {
		return
	}
	close(s.quit)
	<-s.done
	s.quit = nil
}
