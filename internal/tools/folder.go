package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox"
)

// Bounds of a folder of Python tools, and of what describing one file may take.
const (
	maxToolFiles    = 100
	maxFunctions    = 64 // of one file
	maxFolderFiles  = 2000
	maxFileSpecs    = 4 << 20 // bytes
	describeTimeout = time.Minute
)

// How often the folder is looked at, and how soon a sandbox that did not start
// is tried again.
var (
	folderEvery = 2 * time.Second
	folderRetry = 30 * time.Second
)

// Folder is the tools of a folder of Python files. The files are read and run
// inside the sandbox alone, when they are described and when they are called.
// It is described in the background, again whenever something in it changes.
type Folder struct {
	dir string
	py  *Python
	log *slog.Logger

	state  atomic.Pointer[folderState]
	first  chan struct{} // closed when the folder was described once, or could not be
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// folderState is what the folder offers.
type folderState struct {
	tools    []Tool
	counts   []FileTools
	problems []string
}

// FileTools says how many tools a file has.
type FileTools struct {
	File  string
	Tools int
}

var _ Source = (*Folder)(nil)

// NewFolder returns the tools of the Python files in dir, which has to be the
// folder that the interpreter's sandboxes have as /opt/tools. Close it.
func NewFolder(dir string, py *Python, log *slog.Logger) *Folder {
	ctx, cancel := context.WithCancel(context.Background())
	f := &Folder{dir: dir, py: py, log: log, first: make(chan struct{}), cancel: cancel}
	f.state.Store(&folderState{})
	f.work.Go(func() { f.run(ctx) })
	return f
}

// Tools implements Source. It never waits.
func (f *Folder) Tools(context.Context, files.UserID) []Tool { return f.state.Load().tools }

// Wait waits until the folder was described once, or ctx ends.
func (f *Folder) Wait(ctx context.Context) {
	select {
	case <-f.first:
	case <-ctx.Done():
	}
}

// Status returns how many tools each file has, and what is wrong: a sentence
// for each file or function that is no tool.
func (f *Folder) Status() ([]FileTools, []string) {
	s := f.state.Load()
	return s.counts, s.problems
}

// Close ends the watching. Twice is once.
func (f *Folder) Close() error {
	f.cancel()
	f.work.Wait()
	return nil
}

func (f *Folder) run(ctx context.Context) {
	var described string
	var done bool
	wait := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = folderEvery
		version, names, err := f.look()
		if err == nil && version == described {
			continue
		}
		var s *folderState
		if err == nil {
			s, err = f.describeAll(ctx, version, names, func(s folderState) {
				if !done { // what is ready need not wait for a file that hangs
					f.publish(&s)
				}
			})
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = folderRetry
			old := *f.state.Load() // goes on with what there is
			old.problems = []string{"Python tools: " + fault.Message(err)}
			s = &old
		default:
			described = version
		}
		f.publish(s)
		if err == nil {
			f.log.Info("Python tools", "files", len(s.counts), "tools", len(s.tools))
		}
		if !done {
			done = true
			close(f.first)
		}
	}
}

// publish puts a state in place and logs what is newly wrong with it.
func (f *Folder) publish(s *folderState) {
	old := f.state.Swap(s)
	for _, p := range s.problems {
		if !slices.Contains(old.problems, p) {
			f.log.Warn(p)
		}
	}
}

// look returns the names of the files with tools, and a text that changes when
// anything in the folder does. It opens no file.
func (f *Folder) look() (version string, names []string, err error) {
	sum := sha256.New()
	seen := 0
	err = filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if path != f.dir && (strings.HasPrefix(name, ".") || name == "__pycache__") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if seen++; seen > maxFolderFiles {
			return fs.SkipAll
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			return nil // a link to nothing; a folder is what is in it
		}
		fmt.Fprintf(sum, "%q %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), info.Mode())
		if filepath.Dir(path) == filepath.Clean(f.dir) && strings.HasSuffix(name, ".py") && !strings.HasPrefix(name, "_") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable, "The folder of Python tools can't be read.")
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), names, nil
}

// describeAll asks the sandbox what the files offer, and tells progress after
// each. An error says that no sandbox could be had.
func (f *Folder) describeAll(ctx context.Context, version string, names []string, progress func(folderState)) (*folderState, error) {
	s := &folderState{}
	if len(names) > maxToolFiles {
		s.problems = append(s.problems, fmt.Sprintf("Of the Python tools only the first %d files are used; there are %d.", maxToolFiles, len(names)))
		names = names[:maxToolFiles]
	}
	if len(names) == 0 {
		return s, nil
	}
	key := sandbox.Key{Conversation: fmt.Sprintf("tools %d", os.Getpid())}
	reset := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		f.py.in.Reset(ctx, key)
	}
	defer reset()
	from := map[string]string{f.py.Spec().Name: "the program itself"}
	for i, name := range names {
		found, problems, err := f.describe(ctx, key, name, version)
		if err == nil && len(problems) > 0 && i > 0 {
			// Maybe it suffers from what a file before it did to the session.
			reset()
			found, problems, err = f.describe(ctx, key, name, version)
		}
		if err != nil {
			return nil, err
		}
		count := FileTools{File: name}
		for _, t := range found {
			if other := from[t.spec.Name]; other != "" {
				problems = append(problems, fmt.Sprintf("%s is not used: %s has a tool of that name", t.spec.Name, other))
				continue
			}
			from[t.spec.Name] = name
			s.tools = append(s.tools, t)
			count.Tools++
		}
		if count.Tools == 0 && len(problems) == 0 {
			problems = []string{"it has no function with types"}
		}
		s.counts = append(s.counts, count)
		for _, p := range problems {
			s.problems = append(s.problems, name+": "+strings.TrimSuffix(p, ".")+".")
		}
		progress(*s)
	}
	return s, nil
}

var functionName = regexp.MustCompile(`^[a-zA-Z0-9_]{1,64}$`)

// describe asks for the functions of one file. What comes back was made in
// the sandbox and is checked.
func (f *Folder) describe(ctx context.Context, key sandbox.Key, name, version string) (tools []*function, problems []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	var data []byte
	res, err := f.py.in.Run(ctx, key, sandbox.Cell{
		Code: runnerCall("describe", name, version),
		Save: func(_ context.Context, file string, r io.Reader) error {
			if file != "tools.json" {
				return nil
			}
			var err error
			data, err = io.ReadAll(io.LimitReader(r, maxFileSpecs+1))
			return err
		},
	})
	switch {
	case err != nil:
		return nil, nil, err
	case res.Outcome == sandbox.Interrupted || res.Outcome == sandbox.TimedOut:
		return nil, []string{"importing it takes too long"}, nil
	case res.Outcome != sandbox.OK:
		return nil, []string{"importing it failed: " + brief.Bytes(strings.TrimSuffix(brief.LastLine(res.Error), "."), 500)}, nil
	}
	var found struct {
		Tools []struct {
			Name, Description string
			Parameters        json.RawMessage
		}
		Problems []string
	}
	if len(data) > maxFileSpecs || json.Unmarshal(data, &found) != nil {
		return nil, []string{"it could not be described"}, nil
	}
	for _, p := range found.Problems[:min(len(found.Problems), 20)] {
		problems = append(problems, brief.Bytes(brief.Line(p), 500))
	}
	if len(found.Tools) > maxFunctions {
		problems = append(problems, fmt.Sprintf("only its first %d functions are used", maxFunctions))
		found.Tools = found.Tools[:maxFunctions]
	}
	for _, t := range found.Tools {
		s, err := compileSchema(t.Parameters)
		if err != nil || !functionName.MatchString(t.Name) {
			problems = append(problems, brief.Bytes(brief.Line(fmt.Sprintf("%s can't be described: %v", t.Name, err)), 500))
			continue
		}
		tools = append(tools, &function{py: f.py, schema: s, file: name, version: version,
			spec: llm.Tool{Name: t.Name, Description: brief.Bytes(t.Description, maxDescription), Parameters: t.Parameters, InOrder: true}})
	}
	return tools, problems, nil
}
