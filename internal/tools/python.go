package tools

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// NoInterpreter is a sandbox that refuses all code with the reason that Err gives.
type NoInterpreter struct{ Err error }

var _ sandbox.Sandbox = NoInterpreter{}

// Run returns the reason.
func (n NoInterpreter) Run(context.Context, sandbox.Key, sandbox.Cell) (sandbox.Result, error) {
	return sandbox.Result{}, n.Err
}

// Reset does nothing: there are no sessions.
func (n NoInterpreter) Reset(context.Context, sandbox.Key) error { return nil }

// Stats counts nothing.
func (n NoInterpreter) Stats() sandbox.Stats { return sandbox.Stats{} }

// Python is the tool execute_python_code.
type Python struct {
	in    sandbox.Sandbox
	files *files.Service
}

var _ Tool = (*Python)(nil)

// NewPython returns the tool.
func NewPython(in sandbox.Sandbox, fs *files.Service) *Python { return &Python{in, fs} }

const pythonDescription = `Run Python code in the user's own sandbox and return what it prints, the value of its last expression, and the files it makes.

Sessions: variables, imports and files in the work folder stay from one call to the next in this conversation.

The user's files: load_file('file_id') returns the content as what fits its kind: a DataFrame for CSV, Excel, Parquet, JSON records and the like, a dict of DataFrames for a workbook of several sheets, text, a PIL image, and so on. get_file_path('file_id') gives a path to read from; list_user_files() and get_file_metadata('file_id') describe files; delete_file('file_id') deletes one after the user has confirmed it twice. analyze_data_file('file_id', 'comprehensive') prints a whole analysis of a table and draws charts (also 'quick', 'statistical', 'correlation', 'visualization').

Packages: numpy, pandas, matplotlib, seaborn, scipy, scikit-learn, pyarrow, openpyxl and pillow are imported ready. Any other package is installed automatically when it is imported; just import it. (%pip install name works too.)

Results: print what you need to see. A DataFrame as the last expression is shown to the user as a table. Every figure that is open at the end is saved and sent to the user as an image: no need to call savefig or show. A chart of Plotly or Altair that is shown, or the last expression, is sent as a picture and as an HTML page; one of Folium or Bokeh, and a Plotly map, as a page alone, which people must open. Every file that the code writes into the current folder is saved for the user, with an id, and sent (at most 20 files of 50 MB).

There is no network and no input(). A run is interrupted after the time limit; variables survive that.`

// Spec implements Tool.
func (p *Python) Spec() llm.Tool {
	return llm.Tool{
		Name:        llm.PythonTool,
		Description: pythonDescription,
		Parameters: json.RawMessage(`{"type":"object","properties":{"code":{"type":"string","description":"Python source. Print what you need to see."}},` +
			`"required":["code"],"additionalProperties":false}`),
		InOrder: true, // calls share the session
	}
}

// Call implements Tool.
func (p *Python) Call(ctx context.Context, c Call) llm.ToolResult {
	var args struct {
		Code *string `json:"code"`
	}
	if err := json.Unmarshal(c.Arguments, &args); err != nil || args.Code == nil {
		return Failure(fault.New(fault.Invalid, `The arguments must be a JSON object {"code": "…"} with the Python source as a string.`))
	}
	return p.Run(ctx, c, *args.Code)
}

// Run runs code as a call's.
func (p *Python) Run(ctx context.Context, c Call, code string) llm.ToolResult {
	if strings.TrimSpace(code) == "" {
		return Failure(fault.New(fault.Invalid, "The code is empty."))
	}
	return p.run(ctx, c, code, code, "")
}

// Program is a Python file that a person runs, as from a shell.
type Program struct {
	Code   string
	Args   []string                                  // sys.argv: the name of the file first
	Errors func(text string)                         // gets what it writes to standard error, as it comes
	Input  func(ctx context.Context) ([]byte, error) // what comes next of its standard input; nothing at the end
}

// RunProgram runs a program as a call's, and returns the status that it ended
// with as from a shell: that of sys.exit and os._exit, 1 for an exception, 130 when
// it was stopped, 128 and its number for a signal. A program that chose its status
// by sys.exit has no error.
func (p *Python) RunProgram(ctx context.Context, c Call, program Program) (res llm.ToolResult, status int) {
	if strings.TrimSpace(program.Code) == "" {
		return Failure(fault.New(fault.Invalid, "The code is empty.")), 1
	}
	did, saved, err := p.cell(ctx, c, sandbox.Cell{Code: program.Code, Args: program.Args, Errors: program.Errors, Input: program.Input}, "")
	if err != nil {
		res, status = Failure(err), 1
	} else if res = pythonResult(program.Code, did, saved); res.Failed {
		status = max(did.Exit, 1)
	}
	switch {
	case did.Outcome == sandbox.Crashed:
		status = did.Exit
	case did.Outcome == sandbox.Failed && did.Exit != 0 && did.Exit != interrupted:
		res.Error = ""
	}
	if did.Outcome == sandbox.Interrupted || fault.Is(err, fault.Canceled) {
		status = interrupted
	}
	return res, status
}

const interrupted = 130 // the status of a program that Ctrl-C ended

// run runs code as a call's. The person may see shown as the code that ran,
// and sees the name of the tool while it runs, which is empty for Python code.
func (p *Python) run(ctx context.Context, c Call, code, shown, tool string) llm.ToolResult {
	res, saved, err := p.cell(ctx, c, sandbox.Cell{Code: code}, tool)
	if err != nil {
		return Failure(err)
	}
	return pythonResult(shown, res, saved)
}

// cell runs a cell in a call's session, with its user's files and hooks, and
// returns the ids of the files that it made.
func (p *Python) cell(ctx context.Context, c Call, cell sandbox.Cell, tool string) (res sandbox.Result, saved []string, err error) {
	cell.Files = userFiles{p.files, c.User, c.Hooks.Ask, c.Hooks.Sharing}
	cell.Output, cell.Ask = c.Hooks.Output, c.Hooks.Ask
	cell.Status = func(s sandbox.Status) { c.Hooks.Status(toolStatus(s, tool)) }
	whole := map[int]string{}
	cell.Save = func(ctx context.Context, name string, r io.Reader) error {
		if n, ok := wholeTable(name); ok {
			s, err := p.files.Save(ctx, files.Upload{User: c.User, Name: "table.csv", Size: -1, Body: r, Generated: true})
			whole[n] = string(s.ID)
			return err
		}
		body, keep := worthKeeping(name, r)
		if !keep {
			return nil
		}
		s, err := p.files.Save(ctx, files.Upload{User: c.User, Name: name, Size: -1, Body: body, Generated: true})
		if err == nil {
			saved = append(saved, string(s.ID))
		}
		return err
	}
	session := c.User
	if shared := c.Hooks.Sharing.Session; shared != 0 {
		session = files.UserID(shared)
	}
	res, err = p.in.Run(ctx, SessionKey(session, c.Conversation), cell)
	if session != c.User {
		res.Notes = append(res.Notes, locale.Later("This ran in the Python session that the people of this conversation share."))
	}
	for n, s := range res.Shown {
		if s.Table != nil {
			s.Table.File = whole[n] // whatever the code says of it
		}
	}
	return res, saved, err
}

// wholeTable tells which of the values that were shown a file has all rows of.
func wholeTable(name string) (shown int, ok bool) {
	n, isTable := strings.CutPrefix(name, ".table-")
	n, isCSV := strings.CutSuffix(n, ".csv")
	shown, err := strconv.Atoi(n)
	return shown, isTable && isCSV && err == nil && shown >= 0
}

// worthKeeping tells files that somebody may want from by-products: empty ones,
// caches, the journals of databases. Body is the file's whole content.
func worthKeeping(name string, r io.Reader) (body io.Reader, keep bool) {
	for _, ending := range []string{"-journal", "-wal", "-shm", ".pyc", ".lock", ".tmp"} {
		if strings.HasSuffix(strings.ToLower(name), ending) {
			return r, false
		}
	}
	b := bufio.NewReader(r)
	_, err := b.Peek(1)
	return b, err != io.EOF
}

// Reset implements Tool: it ends the session.
func (p *Python) Reset(ctx context.Context, user files.UserID, conversation string) error {
	return p.in.Reset(ctx, SessionKey(user, conversation))
}

// SessionKey is the session in which the code of a user and conversation runs.
func SessionKey(user files.UserID, conversation string) sandbox.Key {
	return sandbox.Key{User: uint64(user), Conversation: conversation}
}

// toolStatus is a sandbox's status as a tool's: running is what runs, empty
// for Python code.
func toolStatus(s sandbox.Status, running string) llm.ToolStatus {
	st := llm.ToolStatus{Detail: s.Detail, Place: s.Place}
	switch s.State {
	case sandbox.Queued:
		st.State = llm.ToolQueued
	case sandbox.Starting:
		st.State = llm.ToolStarting
	case sandbox.Restoring:
		st.State = llm.ToolRestoring
	case sandbox.Installing:
		st.State = llm.ToolInstalling
	default:
		st.State, st.Detail = llm.ToolRunning, running
	}
	return st
}

// pythonResult makes of what a cell did what the model and the user get.
func pythonResult(code string, res sandbox.Result, saved []string) llm.ToolResult {
	out := llm.ToolResult{
		Output:   res.Output,
		Warnings: res.Warnings,
		Error:    outcomeTitle(res.Outcome) + res.Error,
		Failed:   res.Outcome != sandbox.OK,
		Notes:    res.Notes,
		Packages: res.Packages,
		Files:    saved,
		Run:      &llm.Run{Code: code, Output: res.Output, Elapsed: res.Elapsed, Packages: res.Packages},
	}
	for _, s := range res.Shown {
		out.Values = append(out.Values, s.Text)
		if s.Table != nil {
			out.Tables = append(out.Tables, *s.Table)
		}
	}
	return out
}

// outcomeTitle is the line before the error of a cell that did not end by itself.
func outcomeTitle(o sandbox.Outcome) string {
	switch o {
	case sandbox.TimedOut:
		return "Time limit reached:\n"
	case sandbox.OutOfMemory:
		return "Out of memory:\n"
	case sandbox.Interrupted:
		return "Stopped by the user:\n"
	case sandbox.Crashed:
		return "The session ended:\n"
	}
	return ""
}
