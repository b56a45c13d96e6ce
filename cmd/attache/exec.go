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

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
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
	saved, err := m.attach(ctx, service, uid, attach)
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
	hooks := llm.ToolHooks{Ask: m.asker(*yes)}
	if !*asJSON {
		hooks.Output = func(s string) { io.WriteString(m.Stdout, s) }
	}
	res := python.Run(ctx, tools.Call{User: uid, Conversation: conversation, Hooks: hooks.Filled()}, code)
	made, err := m.fetch(ctx, service, uid, res.Files, *out)
	if err != nil {
		return err
	}
	if *asJSON {
		err = m.printJSON(execResult{OK: !res.Failed, Text: res.ForModel(), Attached: saved, Files: made, Notes: res.Notes, Tables: res.Tables, Run: res.Run})
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
	OK       bool          `json:"ok"`
	Text     string        `json:"text"` // what a model would read
	Attached []files.ID    `json:"attached,omitempty"`
	Files    []madeFile    `json:"files,omitempty"`
	Notes    []string      `json:"notes,omitempty"`
	Tables   []table.Table `json:"tables,omitempty"`
	Run      *llm.Run      `json:"run,omitempty"`
}

type madeFile struct {
	ID   files.ID `json:"id"`
	Name string   `json:"name"`
	Size int64    `json:"size"`
	Path string   `json:"path,omitempty"` // where it was written
}

// printExec prints what the streamed output did not have.
func (m *Main) printExec(res llm.ToolResult, made []madeFile) {
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
		where := ""
		if f.Path != "" {
			where = " → " + f.Path
		}
		fmt.Fprintf(m.Stdout, "File saved! ID: %s (%s, %s)%s\n", f.ID, f.Name, files.Size(f.Size), where)
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
	f, _, err := openFile(path)
	return f, err
}

// openFile opens a file of this machine, which may be a pipe or a device.
func openFile(path string) (*os.File, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "%s can't be read: %v.", path, errors.Unwrap(err))
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, nil, errNoFile(path)
	}
	return f, info, nil
}

func errNoFile(path string) error {
	return fault.New(fault.Invalid, "%s is not a file.", path)
}

// attach saves files of this machine as the user's, and says so.
func (m *Main) attach(ctx context.Context, service *files.Service, user files.UserID, paths []string) ([]files.ID, error) {
	var ids []files.ID
	for _, p := range paths {
		s, err := m.attachOne(ctx, service, user, p)
		if err != nil {
			return ids, err
		}
		ids = append(ids, s.ID)
	}
	return ids, nil
}

func (m *Main) attachOne(ctx context.Context, service *files.Service, user files.UserID, path string) (files.Saved, error) {
	f, info, err := openFile(path)
	if err != nil {
		return files.Saved{}, err
	}
	defer f.Close()
	if !info.Mode().IsRegular() {
		return files.Saved{}, errNoFile(path)
	}
	s, err := service.Save(ctx, files.Upload{User: user, Name: filepath.Base(path), Size: info.Size(), Body: f})
	if err != nil {
		return files.Saved{}, err
	}
	fmt.Fprintf(m.Stderr, "%s %s\nFile saved! ID: %s\n%s • %s • %s\n", s.Emoji(), s.Name, s.ID, files.Size(s.Size), s.Kind, lifetime(s.File))
	if s.Note != "" {
		fmt.Fprintln(m.Stderr, s.Note)
	}
	return s, nil
}

// fetch describes the files with these ids and, if out is not empty, writes
// them there.
func (m *Main) fetch(ctx context.Context, service *files.Service, user files.UserID, ids []string, out string) ([]madeFile, error) {
	var made []madeFile
	for _, id := range ids {
		f, r, err := service.Open(ctx, user, files.ID(id))
		if err != nil {
			return made, err
		}
		mf := madeFile{ID: f.ID, Name: f.Name, Size: f.Size}
		if out != "" {
			mf.Path, err = writeNew(out, f.Name, r)
		}
		r.Close()
		if err != nil {
			return made, fault.Wrap(err, fault.Unavailable, "%s can't be written: %v.", out, err)
		}
		made = append(made, mf)
	}
	return made, nil
}

// writeNew writes a file into dir, under its name or, where that is taken,
// with a number.
func writeNew(dir, name string, r io.Reader) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	ext := filepath.Ext(name)
	for n := 1; ; n++ {
		path := filepath.Join(dir, name)
		if n > 1 {
			path = filepath.Join(dir, fmt.Sprintf("%s_%d%s", strings.TrimSuffix(name, ext), n, ext))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, r)
		return path, errors.Join(err, f.Close())
	}
}

func (m *Main) printJSON(v any) error {
	enc := json.NewEncoder(m.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
