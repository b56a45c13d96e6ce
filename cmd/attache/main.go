// Command attache is the assistant: the Discord bot, a conversation in the
// terminal, and the tools of the person who runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/metrics"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/redact"
	"github.com/attachebot/attache/internal/terminal"
	"github.com/attachebot/attache/internal/trace"
)

func main() {
	asInit()
	os.Exit(run())
}

// run is the program on its own streams; it returns its exit status. SIGTERM
// and Ctrl-C end it gracefully.
func run() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := &Main{Stdin: os.Stdin, Stdout: shown(os.Stdout), Stderr: shown(os.Stderr), EnvFile: ".env"}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			if s != os.Interrupt || !m.interrupt() {
				cancel()
			}
		}
	}()
	err := m.Run(ctx, os.Args[1:])
	if cerr := m.Close(); err == nil {
		err = cerr
	}
	return m.exit(err)
}

// shown returns what writes to a stream: to a terminal only text, whatever files
// are named, models answer and code prints.
func shown(f *os.File) io.Writer {
	if terminal.IsTerminal(f) {
		return terminal.Clean(f)
	}
	return f
}

// Main is the program: Run does what the arguments say, Close undoes what Run
// opened. Tests run it whole, with their own streams and folder.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	EnvFile        string // read if it exists; the environment wins

	Config   config.Config            // of the start
	settings atomic.Pointer[settings] // of now, see reload.go; nil: those of the start
	read     string                   // the state of EnvFile when it was read last
	level    slog.LevelVar            // of the log of serve

	secrets   *redact.Redactor // of the settings; what leaves goes through it
	metrics   *metrics.Metrics // of serve; nil: nothing is counted
	tracer    *trace.Tracer    // of serve; nil: there are no spans
	process   *cluster.Process // this one among those that share DATA_DIR
	owner     string           // our name in DATA_DIR
	serving   bool             // this is the bot, not a command beside it
	discord   discord.Options  // a base that tests bend
	connected func()           // called when the bot is; for tests

	answering atomic.Pointer[func() bool] // stops what Ctrl-C stops, where that is not the program

	shared   cluster.Store     // what processes share, once the stores are open
	division *cluster.Division // of the shards among those who serve the bot; nil: all are ours
	gone     chan discord.Gone // who left the division
	instance string            // of the engine
	notes    notes.Store       // what a restart must not forget, likewise

	opened []func() error // what Close undoes, in the order of opening
	stops  time.Time      // when Close began
}

// errCode ends the program with a status and without a message: what there was
// to say has been said.
type errCode int

func (e errCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errUsage is a wrong command line, which has been explained.
const errUsage = errCode(2)

// interruptible makes Ctrl-C stop something else than the program, while stop
// returns true.
func (m *Main) interruptible(stop func() bool) { m.answering.Store(&stop) }

// interrupt stops the answer that a person at the terminal waits for, and
// reports whether there was one.
func (m *Main) interrupt() bool {
	stop := m.answering.Load()
	return stop != nil && (*stop)()
}

// Close undoes what Run opened, the last first. Close twice is once.
func (m *Main) Close() error {
	if m.stops.IsZero() {
		m.stops = time.Now()
	}
	var errs []error
	for i := len(m.opened) - 1; i >= 0; i-- {
		errs = append(errs, m.opened[i]())
	}
	m.opened = nil
	return errors.Join(errs...)
}

func (m *Main) onClose(f func() error) { m.opened = append(m.opened, f) }

// onStop is onClose for what ends by itself while it has time: until so long after
// the begin of Close, whatever was closed before.
func (m *Main) onStop(within time.Duration, f func(context.Context) error) {
	m.onClose(func() error {
		ctx, cancel := context.WithDeadline(context.Background(), m.stops.Add(within))
		defer cancel()
		return f(ctx)
	})
}

// exit tells what went wrong and returns the status of the program.
func (m *Main) exit(err error) int {
	var code errCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case fault.Is(err, fault.Canceled):
		return 130
	}
	fmt.Fprintln(m.Stderr, "attache: "+fault.Message(err))
	if fault.KindOf(err) == fault.Internal || m.Config.LogLevel == "DEBUG" {
		fmt.Fprintln(m.Stderr, err)
	}
	return 1
}
