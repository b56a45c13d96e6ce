package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/tools"
	"github.com/attachebot/attache/internal/web"
)

// downloadLife is how long a link to a file that is too large for Discord
// works, if its user has the file for so long.
const downloadLife = 24 * time.Hour

// toolbox is what the model may call, and where it comes from.
type toolbox struct {
	*tools.Box
	python  *tools.Python
	starts  *starts        // tells whether sandboxes start
	folder  *tools.Folder  // nil: there is none
	servers *tools.Servers // nil: there are none
	links   *web.Links     // nil: nothing needs them
	keep    func(ctx context.Context, session files.UserID, conversation, turn string)
}

// openTools opens what the model may call. Where no sandbox starts, code is
// refused with the reason, and everything else works. Python tools and MCP
// servers come as they are ready.
func (m *Main) openTools(ctx context.Context, fs *files.Service, log *slog.Logger, progress io.Writer) (*toolbox, error) {
	servers, err := m.readServers()
	if err != nil {
		return nil, err
	}
	dir, err := m.toolsDir()
	if err != nil {
		return nil, err
	}
	in, err := m.openSandbox(ctx, log, progress)
	switch {
	case err == nil:
	case fault.Is(err, fault.Unavailable):
		fmt.Fprintf(m.Stderr, "%s\nEverything else works. `attache doctor` tells more.\n", explained(err))
		in = tools.NoInterpreter{Err: err}
	default:
		return nil, err
	}
	begun := &starts{Sandbox: m.tracer.Sandbox(m.metrics.Sandbox(in))}
	begun.failed.Store(err != nil)
	python := tools.NewPython(begun, fs)
	tb := &toolbox{Box: tools.New(log, python), python: python, starts: begun, keep: m.keepAnswers(in, log)}
	if dir != "" {
		tb.folder = tools.NewFolder(dir, python, log)
		m.onClose(tb.folder.Close)
		tb.AddSource(tb.folder)
	}
	if err := m.openLinks(ctx, tb, fs, servers, log); err != nil {
		return nil, err
	}
	if len(servers) > 0 {
		tb.servers = tools.NewServers(servers, fs, tb.links, log)
		m.onClose(tb.servers.Close)
		tb.AddSource(tb.servers)
	}
	return tb, nil
}

// keepAnswers returns what keeps a session after each answer, or nil if that is off.
func (m *Main) keepAnswers(in sandbox.Sandbox, log *slog.Logger) func(context.Context, files.UserID, string, string) {
	if m.Config.RewindMB == 0 {
		return nil
	}
	r, ok := in.(sandbox.Rewinder)
	if !ok {
		log.Warn("REWIND_MB has no effect: what sessions were after each answer is kept only where code runs in this process")
		return nil
	}
	return func(ctx context.Context, session files.UserID, conversation, turn string) {
		if err := r.Keep(ctx, tools.SessionKey(session, conversation), turn); err != nil {
			log.Warn("keep a session after an answer", "user", session, "turn", turn, "error", err)
		}
	}
}

// starts remembers whether a sandbox could not start.
type starts struct {
	sandbox.Sandbox
	failed atomic.Bool
}

func (s *starts) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	res, err := s.Sandbox.Run(ctx, key, cell)
	if err == nil {
		s.failed.Store(false)
	} else if fault.Is(err, fault.Unavailable) {
		s.failed.Store(true)
	}
	return res, err
}

// toolsDir returns the folder of Python tools, or "" if there is none.
func (m *Main) toolsDir() (string, error) {
	dir := m.Config.ToolsDir
	if dir == "" {
		dir = filepath.Join(m.Config.DataDir, "tools")
	}
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return dir, nil
	case m.Config.ToolsDir == "" && errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err == nil:
		return "", fault.New(fault.Invalid, "The Python tools in %s can't be used: it is not a folder.", dir)
	}
	return "", fault.Wrap(err, fault.Invalid, "The Python tools in %s can't be used: %v.", dir, errors.Unwrap(err))
}

// readServers reads the MCP servers of TOOLS_FILE.
func (m *Main) readServers() ([]tools.ServerConfig, error) {
	path := m.toolsFile()
	data, err := os.ReadFile(path)
	if m.Config.ToolsFile == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The MCP servers in %s can't be read: %v.", path, errors.Unwrap(err))
	}
	lookup, err := config.Lookup(m.EnvFile)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "%v.", err)
	}
	list, err := tools.ParseServers(data, func(name string) (string, error) {
		if config.IsSecret(name) {
			return "", errors.New("is a secret of this program; set another variable for the server")
		}
		if v, ok := lookup(name); ok {
			return v, nil
		}
		return "", errors.New("is not set")
	})
	return list, fault.Wrap(err, fault.Invalid, "The MCP servers in %s are not right:\n%s", path, fault.Message(err))
}

func (m *Main) toolsFile() string {
	if m.Config.ToolsFile != "" {
		return m.Config.ToolsFile
	}
	return filepath.Join(m.Config.DataDir, "tools.yaml")
}

// openLinks serves links to files, if anything needs them. Commands beside the
// bot leave its address alone.
func (m *Main) openLinks(ctx context.Context, tb *toolbox, fs *files.Service, servers []tools.ServerConfig, log *slog.Logger) (err error) {
	needed := slices.ContainsFunc(servers, func(s tools.ServerConfig) bool { return s.Files })
	o := web.Options{Log: log}
	if m.serving {
		needed = needed || m.Config.Listen != ""
		o.Listen, o.BaseURL = m.Config.Listen, m.Config.PublicURL.Reveal()
	}
	if !needed {
		return nil
	}
	if m.Config.MongoURI != "" { // others may share the database
		o.Agree = func(own []byte) ([]byte, error) { return m.shared.Secret(ctx, "link key", own) }
	}
	if tb.links, err = web.Open(m.Config.DataDir, fs, o); err != nil {
		return err
	}
	m.onClose(tb.links.Close)
	return nil
}

// wait waits a little until all tools were tried once: for commands that ask
// only once.
func (tb *toolbox) wait(ctx context.Context, status io.Writer) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	slow := time.AfterFunc(time.Second, func() { fmt.Fprintln(status, "⏳ Waiting for tools to be ready") })
	defer slow.Stop()
	if tb.folder != nil {
		tb.folder.Wait(ctx)
	}
	if tb.servers != nil {
		tb.servers.Wait(ctx)
	}
}

// download returns a link for a person.
func (tb *toolbox) download(f files.File) string { return tb.links.Link(f.User, f.ID, downloadLife) }

// tools is doctor's rows on Python tools and MCP servers. It runs none of the
// tools. host is nil if no sandbox starts.
func (d *diagnosis) tools(ctx context.Context, host *gvisor.Host) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler) // what is wrong becomes rows
	count := d.folder(ctx, host, quiet) + d.servers(ctx, quiet)
	if count >= tools.MaxTools { // execute_python_code is one
		d.warn("tools", fmt.Sprintf("%d in all, and models take %d: the last ones are left out; name the useful ones with tools: in %s", count+1, tools.MaxTools, d.m.toolsFile()))
	}
}

func (d *diagnosis) folder(ctx context.Context, host *gvisor.Host, log *slog.Logger) (count int) {
	const what = "Python tools"
	dir, err := d.m.toolsDir()
	switch {
	case err != nil:
		d.add(what, false, fault.Message(err))
		return 0
	case dir == "":
		d.add(what, true, "none; there is no "+filepath.Join(d.m.Config.DataDir, "tools"))
		return 0
	case host == nil:
		d.add(what, false, dir+" needs the sandbox")
		return 0
	}
	f := tools.NewFolder(dir, tools.NewPython(host, nil), log)
	defer f.Close()
	f.Wait(ctx)
	of, problems := f.Status()
	for _, file := range of {
		count += file.Tools
	}
	d.add(what, true, fmt.Sprintf("%s: %s of %s", dir, plural(count, "function"), plural(len(of), "file")))
	if ctx.Err() != nil {
		problems = append(problems, "they could not be described in time")
	}
	for _, p := range problems {
		d.add(what, false, p)
	}
	return count
}

func (d *diagnosis) servers(ctx context.Context, log *slog.Logger) (count int) {
	list, err := d.m.readServers()
	switch {
	case err != nil:
		d.add("MCP servers", false, strings.ReplaceAll(fault.Message(err), "\n", " "))
		return 0
	case len(list) == 0:
		d.add("MCP servers", true, "none in "+d.m.toolsFile())
		return 0
	}
	servers := tools.NewServers(list, nil, nil, log)
	defer servers.Close()
	servers.Wait(ctx)
	for _, s := range servers.Status() {
		what := "MCP server " + s.Name
		if s.Err != nil {
			d.add(what, false, s.Err.Error())
			continue
		}
		count += s.Tools
		d.add(what, true, "connected, "+plural(s.Tools, "tool"))
		for _, p := range s.Problems {
			d.warn(what, p)
		}
	}
	return count
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
