package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/terminal"
	"github.com/attachebot/attache/internal/tools"
)

// exec runs one Python file in the sandbox, as a user's.
func (m *Main) exec(ctx context.Context, args []string) error {
	fs := m.flags("exec")
	user := fs.Uint64("user", 1, "id of the user whose files the code sees")
	session := fs.String("session", "", "name of a session whose variables are kept for the next call")
	out := fs.String("out", "", "folder that the files made are written to")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	yes := fs.Bool("yes", false, "allow the installation of packages that are not well known")
	var attach list
	fs.Var(&attach, "attach", "a file to save and to give the code as FILES[...]; may be repeated")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		fs.Usage()
		return errUsage
	}
	code, err := m.readCode(rest[0])
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
	uid := files.UserID(*user)
	saved, err := terminal.Attach(ctx, service, uid, attach, m.Stderr)
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
	conversation := "exec:" + *session
	if *session == "" {
		conversation = "exec:once:" + fmt.Sprint(os.Getpid())
		defer python.Reset(context.WithoutCancel(ctx), uid, conversation)
	}
	hooks := llm.ToolHooks{Ask: terminal.Asker(m.Stdin, m.Stderr, *yes)}
	if !*asJSON {
		hooks.Output = func(s string) { io.WriteString(m.Stdout, s) }
	}
	res := python.Run(ctx, tools.Call{User: uid, Conversation: conversation, Hooks: hooks.Filled()}, code)
	made, err := terminal.Fetch(ctx, service, uid, res.Files, *out)
	if err != nil {
		return err
	}
	if *asJSON {
		err = m.printJSON(execResult{OK: !res.Failed, Text: res.ForModel(), Attached: ids(saved), Files: made, Notes: res.Notes, Tables: res.Tables, Run: res.Run})
	} else {
		m.printExec(res, made)
	}
	if err == nil && res.Failed {
		err = errCode(1)
	}
	return err
}

// execResult is what exec prints with --json.
type execResult struct {
	OK       bool            `json:"ok"`
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
	rest := res
	rest.Output, rest.Files = "", nil
	to := m.Stdout
	if res.Failed {
		to = m.Stderr
	}
	if text := rest.Text(); text != "" {
		fmt.Fprintln(to, text)
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
