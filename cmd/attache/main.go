// Command attache is the assistant: the Discord bot, a conversation in the
// terminal, and the tools of the person who runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/fault"
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
	m := &Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, EnvFile: ".env"}
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

// Main is the program: Run does what the arguments say, Close undoes what Run
// opened. Tests run it whole, with their own streams and folder.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	EnvFile        string // read if it exists; the environment wins

	Config config.Config

	owner     string          // our name in DATA_DIR
	serving   bool            // this is the bot, not a command beside it
	discord   discord.Options // a base that tests bend
	connected func()          // called when the bot is; for tests

	answering atomic.Pointer[func() bool] // stops what Ctrl-C stops, where that is not the program

	opened []func() error // what Close undoes, in the order of opening
}

// errCode ends the program with a status and without a message: what there was
// to say has been said.
type errCode int

func (e errCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errUsage is a wrong command line, which has been explained.
const errUsage = errCode(2)

type command struct {
	name, args, what string
	run              func(m *Main, ctx context.Context, args []string) error
}

var commands []command

func init() { // not a literal: help lists the commands
	commands = []command{
		{"serve", "", "connect to Discord, or without DISCORD_TOKEN open a page in the browser", (*Main).serve},
		{"chat", "[--attach FILE]... [--out DIR] [PROMPT]", "ask in the terminal, once or in a conversation", (*Main).chat},
		{"exec", "[--session NAME] [--attach FILE]... [--out DIR] [--json] FILE.py|-", "run Python in the sandbox", (*Main).exec},
		{"files", "put FILE...|list|get ID|rm ID...|sweep|export|import FILE [--user N] [--json]", "manage users' files", (*Main).files},
		{"tokens", "[--model M | --encoding E] [--json] FILE|- | --request FILE | prices | compare FILE", "count tokens of a text or a request, and what they cost", (*Main).tokens},
		{"setup", "", "prepare the Python environment and the sandbox", (*Main).setup},
		{"doctor", "", "check this machine and the settings, and test the isolation", (*Main).doctor},
		{"version", "", "print the version", (*Main).version},
	}
}

// Run runs one command. It reads the settings first: a wrong one is refused
// before anything is opened.
func (m *Main) Run(ctx context.Context, args []string) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		if len(args) == 0 {
			m.usage(m.Stderr)
			return errUsage
		}
		m.usage(m.Stdout)
		return nil
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		fmt.Fprintf(m.Stderr, "attache: there is no command %q\n\n", args[0])
		m.usage(m.Stderr)
		return errUsage
	}
	var err error
	if m.Config, err = config.Load(m.EnvFile); err != nil {
		return fault.Wrap(err, fault.Invalid, "Some settings are wrong:\n%v", err)
	}
	return commands[i].run(m, ctx, args[1:])
}

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
	var errs []error
	for i := len(m.opened) - 1; i >= 0; i-- {
		errs = append(errs, m.opened[i]())
	}
	m.opened = nil
	return errors.Join(errs...)
}

func (m *Main) onClose(f func() error) { m.opened = append(m.opened, f) }

func (m *Main) usage(w io.Writer) {
	fmt.Fprintf(w, "Attaché answers questions about files, in Discord and in the terminal.\n\nUsage: attache COMMAND\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.what)
		if c.args != "" {
			fmt.Fprintf(w, "           %s\n", c.args)
		}
	}
	fmt.Fprintf(w, "\nSettings come from the environment and from .env; see .env.example.\n")
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

// flags returns the flag set of a command, which prints its usage as ours.
func (m *Main) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(m.Stderr)
	fs.Usage = func() {
		i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
		fmt.Fprintf(m.Stderr, "Usage: attache %s %s\n", name, commands[i].args)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads the flags, which may stand before, between and after the other
// arguments. It returns those.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, errCode(0)
			}
			return nil, errUsage
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		if i := len(args) - fs.NArg(); i > 0 && args[i-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return fmt.Sprint(*l) }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }
