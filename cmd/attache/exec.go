package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/terminal"
	"github.com/attachebot/attache/internal/tools"
)

// execCommand is the command exec with its flags.
type execCommand struct {
	m       *Main
	user    files.UserID
	session string
	attach  []string
	out     string
	asJSON  bool
	yes     bool
}

func (m *Main) execCommand() *cobra.Command {
	e := &execCommand{m: m, user: 1}
	cmd := &cobra.Command{
		Use: "exec [OPTIONS] FILE.py [ARG...]", Short: "run Python in the sandbox",
		Long: "Runs a Python file in the sandbox, as the user's; - is standard input. What follows the file is the program's: its\n" +
			"sys.argv. Its input, output, standard error and exit status are passed on: that of sys.exit and os._exit,\n" +
			"1 for an exception and a limit of time or memory, 130 for Ctrl-C and KeyboardInterrupt, and for a crash 128\n" +
			"and the signal's number: 139 is a segmentation fault, 134 an abort, 137 a kill.\n" +
			"FILES has the paths of the user's files, by id and by name: FILES[\"sales.csv\"].",
		Example: `  attache exec --attach sales.csv --out charts script.py
  attache exec script.py --verbose sales.csv
  cat sales.csv | attache exec script.py
  echo 'print(6 * 7)' | attache exec -`,
		Args: least(1, "the Python file"), RunE: m.with(e.run),
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the file is the program's
	f.StringArrayVar(&e.attach, "attach", nil, "a `FILE` to save, which the code finds as FILES[\"its name\"]; may be repeated")
	f.StringVar(&e.out, "out", "", "the `FOLDER` that files made by the code are written to")
	f.StringVar(&e.session, "session", "", "the `NAME` of a session whose variables are kept for the next call")
	f.Var(userFlag{&e.user}, "user", "the `ID` of the user whose files the code sees")
	f.BoolVar(&e.asJSON, "json", false, "print the result as JSON")
	f.BoolVar(&e.yes, "yes", false, "allow the installation of packages that are not well known")
	return cmd
}

// run runs one Python file in the sandbox.
func (e *execCommand) run(ctx context.Context, args []string) error {
	m := e.m
	code, err := m.readCode(args[0])
	if err != nil {
		return err
	}
	log := m.log(m.quiet())
	st, err := m.openStores(ctx)
	if err != nil {
		return err
	}
	service, err := m.openFiles(ctx, st, log)
	if err != nil {
		return err
	}
	saved, err := terminal.Attach(ctx, service, e.user, e.attach, m.Stderr, m.language())
	if err != nil {
		return err
	}
	if m.Config.Pool > 0 {
		m.Config.Pool = 0 // one cell runs, and no other is waited for
	}
	host, err := m.openPython(ctx, log, m.Stderr)
	if err != nil {
		return err
	}
	python := tools.NewPython(host, service)
	conversation := "exec:" + e.session
	if e.session == "" {
		conversation = "exec:once:" + fmt.Sprint(os.Getpid())
		defer python.Reset(context.WithoutCancel(ctx), e.user, conversation)
	}
	hooks := llm.ToolHooks{Ask: terminal.Asker(m.Stdin, m.Stderr, e.yes, m.language())}
	if !e.asJSON {
		hooks.Output = func(s string) { io.WriteString(m.Stdout, s) }
	}
	res, status := python.RunProgram(ctx, tools.Call{User: e.user, Conversation: conversation, Hooks: hooks.Filled()}, tools.Program{
		Code: code, Args: append([]string{filepath.Base(args[0])}, args[1:]...), Errors: func(s string) { io.WriteString(m.Stderr, s) },
		Input: terminal.Input(m.Stdin),
	})
	made, err := terminal.Fetch(context.WithoutCancel(ctx), service, e.user, res.Files, e.out)
	if err != nil {
		return err
	}
	if e.asJSON {
		err = m.printJSON(execResult{OK: !res.Failed, Exit: status, Text: res.ForModel(), Attached: ids(saved), Files: made, Notes: res.EnglishNotes(), Tables: res.Tables, Run: res.Run})
	} else {
		m.printExec(res, made)
	}
	if err == nil && status != 0 {
		err = errCode(status)
	}
	return err
}

// execResult is what exec prints with --json.
type execResult struct {
	OK       bool            `json:"ok"`
	Exit     int             `json:"exit_status"`
	Text     string          `json:"text"` // what a model would read
	Attached []files.ID      `json:"attached,omitempty"`
	Files    []terminal.Made `json:"files,omitempty"`
	Notes    []string        `json:"notes,omitempty"`
	Tables   []table.Table   `json:"tables,omitempty"`
	Run      *llm.Run        `json:"run,omitempty"`
}

func ids(all []files.File) (out []files.ID) {
	for _, f := range all {
		out = append(out, f.ID)
	}
	return out
}

// printExec prints what the streamed output did not have.
func (m *Main) printExec(res llm.ToolResult, made []terminal.Made) {
	if res.Output != "" && !strings.HasSuffix(res.Output, "\n") {
		fmt.Fprintln(m.Stdout)
	}
	if values := (llm.ToolResult{Values: res.Values}).Text(); values != "" {
		fmt.Fprintln(m.Stdout, values)
	}
	beside := res
	beside.Output, beside.Values, beside.Files = "", nil, nil
	if text := beside.Text(); text != "" {
		fmt.Fprintln(m.Stderr, text)
	}
	for _, f := range made {
		fmt.Fprintln(m.Stdout, f)
	}
}

func (m *Main) readCode(path string) (string, error) {
	in, err := m.openInput(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	data, err := io.ReadAll(in)
	return string(data), fault.Wrap(err, fault.Invalid, "%s can't be read: %v.", path, cmp.Or(errors.Unwrap(err), err))
}

// openInput opens a file of this machine, or standard input for -.
func (m *Main) openInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(m.Stdin), nil
	}
	f, _, err := terminal.OpenFile(path)
	return f, err
}

func (m *Main) printJSON(v any) error {
	enc := json.NewEncoder(m.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
