package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/tools"
)

const salesTool = `
import pandas as pd
from _regions import NAMES

def total(file_id: str, column: str = "b", factor: float = 1) -> dict:
    """Sum up a column.

    Args:
        file_id: The table.
        column: Which column.
        factor: What the sum is multiplied with.
    """
    table = load_file(file_id)
    if column not in table:
        raise KeyError(f"there is no column {column}")
    print("rows:", len(table))
    return {"sum": float(table[column].sum()) * factor, "region": NAMES[0], "factor": type(factor).__name__}

def head(file_id: str) -> pd.DataFrame:
    """The first rows."""
    return load_file(file_id).head(2)

def chart(n: int) -> str:
    """Draws."""
    import matplotlib.pyplot as plt
    plt.plot(range(n))
    with open("points.csv", "w") as f:
        f.write("n\n" + str(n) + "\n")
    return f"{n} points"

counter = 0
def count() -> int:
    """Counts calls."""
    global counter
    counter += 1
    return counter

async def later(text: str) -> str:
    """Waits."""
    import asyncio
    await asyncio.sleep(0)
    return text

def quiet(a: bool) -> None:
    """Nothing."""

def untyped(a):
    return a

def _private(a: int):
    return a
`

// folderRig is a folder of tools with a real sandbox.
type folderRig struct {
	t      *testing.T
	dir    string
	files  *files.Service
	folder *tools.Folder
	box    *tools.Box
	log    *testLog
}

func newFolderRig(t *testing.T, contents map[string]string) *folderRig {
	tools.Quick()
	r := &folderRig{t: t, dir: t.TempDir(), log: new(testLog)}
	must(t, os.Chmod(r.dir, 0o755))
	for name, text := range contents {
		write(t, r.dir, name, text)
	}
	host := gvisortest.Open(t, gvisor.Options{Tools: r.dir, Packages: wheels.Off, Limits: sandbox.Limits{Time: 20 * time.Second}})
	r.files = newFiles(t, files.Options{})
	py := tools.NewPython(host, r.files)
	r.folder = tools.NewFolder(r.dir, py, r.log.logger())
	t.Cleanup(func() { r.folder.Close() })
	r.box = tools.New(r.log.logger(), py)
	r.box.AddSource(r.folder)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r.folder.Wait(ctx)
	return r
}

func TestFolder(t *testing.T) {
	r := newFolderRig(t, map[string]string{
		"sales.py": salesTool, "_regions.py": "NAMES = ['north']\n", "notes.txt": "x",
		"broken.py": "def f(:\n", "again.py": "def count() -> int:\n    return 1\n", "empty.py": "",
		"leaves.py": "import os\nos._exit(3)\n", "hidden/x.py": "def hidden(a: int): ...\n",
	})
	box := r.box

	// What there is, what is not and why, each said once.
	if got := names(box, alice); got != "execute_python_code count total head chart later quiet" {
		t.Errorf("tools: %s", got)
	}
	_, problems := r.folder.Status()
	for _, want := range []string{
		"broken.py: line 1: SyntaxError: ", "empty.py: it has no function with types.", "leaves.py: importing it failed: ",
		"sales.py: line 47: untyped has the parameter a without a type: ", "sales.py: count is not used: again.py has a tool of that name.",
	} {
		if !strings.Contains(strings.Join(problems, "\n"), want) || strings.Count(r.log.String(), want) != 1 {
			t.Errorf("%q is not said once:\n%s\n%s", want, strings.Join(problems, "\n"), r.log)
		}
	}
	if len(problems) != 5 {
		t.Errorf("problems: %q", problems)
	}
	spec := specOf(t, box, "total")
	var got, want any
	must(t, json.Unmarshal(spec.Parameters, &got))
	must(t, json.Unmarshal([]byte(`{"type":"object","additionalProperties":false,"required":["file_id"],"properties":{
		"file_id":{"type":"string","description":"The table."},
		"column":{"type":"string","description":"Which column.","default":"b"},
		"factor":{"type":"number","description":"What the sum is multiplied with.","default":1}}}`), &want))
	if a, b := mustJSON(t, got), mustJSON(t, want); a != b || spec.Description != "Sum up a column." || !spec.InOrder {
		t.Errorf("%+v\ngot  %s\nwant %s", spec, a, b)
	}

	// A call, in the asking user's session, with the user's files alone.
	hers := save(t, r.files, alice, "n.csv", "a,b\n1,2\n3,4\n")
	var status []string
	res := box.Call(t.Context(), alice, "c", llm.ToolCall{Name: "total", Arguments: `{"file_id":"` + string(hers.ID) + `","factor":3}`},
		llm.ToolHooks{Status: func(s llm.ToolStatus) { status = append(status, s.String()) }})
	succeed(t, res, "rows: 2", `{"sum": 18.0, "region": "north", "factor": "float"}`)
	if res.Run == nil || res.Run.Code != `total(factor=3, file_id="`+string(hers.ID)+`")  # sales.py` {
		t.Errorf("run: %+v", res.Run)
	}
	if len(status) == 0 || status[len(status)-1] != "Running total" {
		t.Errorf("status: %q", status)
	}
	fail(t, call(box, bob, "total", `{"file_id":"`+string(hers.ID)+`"}`), "File not found or expired")

	// A table, a chart and a file, nothing, a coroutine.
	res = succeed(t, call(box, alice, "head", `{"file_id":"`+string(hers.ID)+`"}`))
	if len(res.Tables) != 1 || res.Tables[0].TotalRows != 2 || strings.Join(res.Tables[0].Columns, "") != "ab" {
		t.Errorf("tables: %+v", res.Tables)
	}
	res = succeed(t, call(box, alice, "chart", `{"n":3.0}`), "3 points", "Saved for the user and sent: ")
	var made []string
	for _, id := range res.Files {
		f, data := content(t, r.files, alice, id)
		made = append(made, f.Name)
		if f.Name == "points.csv" && string(data) != "n\n3\n" || !f.Generated {
			t.Errorf("%+v: %q", f, data)
		}
	}
	if strings.Join(made, " ") != "points.csv chart_1.png" {
		t.Errorf("files: %q", made)
	}
	if res = succeed(t, call(box, alice, "quiet", `{"a":true}`)); res.ForModel() != "(The code ran and printed nothing.)" {
		t.Errorf("nothing: %q", res.ForModel())
	}
	succeed(t, call(box, alice, "later", `{"text":"ünï 😀 \"'\\"}`), `ünï 😀 "'\`)

	// Failures: an exception with the tool's own lines, arguments that don't fit.
	res = call(box, alice, "total", `{"file_id":"`+string(hers.ID)+`","column":"z"}`)
	fail(t, res, "KeyError: 'there is no column z'")
	if !strings.Contains(res.ForModel(), `File "/opt/tools/sales.py", line 15, in total`) || strings.Contains(res.ForModel(), "<cell") || strings.Contains(res.ForModel(), "/opt/attache") {
		t.Errorf("traceback:\n%s", res.ForModel())
	}
	fail(t, call(box, alice, "total", `{"column":"b"}`), "Error (invalid): The arguments of total are wrong: file_id is missing.")

	// The file's own variables live in the session, apart from the user's.
	succeed(t, call(box, alice, "execute_python_code", `{"code":"counter = 100\ndef count(): return 'mine'"}`))
	succeed(t, call(box, alice, "count", `{}`), "1")
	fail(t, call(box, alice, "_private", `{"a":1}`), "There is no tool named")
	succeed(t, call(box, alice, "execute_python_code", `{"code":"print(counter, count(), [n for n in globals() if 'tools' in n])"}`), "100 mine []")

	// A change of the folder is noticed; what is right again is no problem any more.
	write(t, r.dir, "broken.py", "from _regions import NAMES\ndef f() -> str:\n    return NAMES[0]\n")
	await(t, "the new tool", func() bool { return strings.Contains(names(box, alice), " f ") })
	succeed(t, call(box, alice, "f", ""), "north")
	write(t, r.dir, "_regions.py", "NAMES = ['somewhere else']\n")
	await(t, "the new value", func() bool { return strings.Contains(call(box, alice, "f", "").ForModel(), "somewhere else") })
	if _, problems := r.folder.Status(); strings.Contains(strings.Join(problems, ""), "broken.py") {
		t.Errorf("problems: %q", problems)
	}
	if strings.Count(r.log.String(), "empty.py: it has no function") != 1 {
		t.Errorf("said again:\n%s", r.log)
	}

	// A folder that goes takes its tools along, and nothing else.
	must(t, os.Rename(r.dir, r.dir+".old"))
	await(t, "it is said", func() bool { _, p := r.folder.Status(); return len(p) == 1 && strings.Contains(p[0], "can't be read") })
	must(t, r.box.Reset(t.Context(), alice, "c"))
	succeed(t, call(box, alice, "execute_python_code", `{"code":"import os\nprint(os.listdir('/opt/tools'))"}`), "[]")
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	return string(data)
}

// Code can read the folder and change nothing in it.
func TestFolderIsReadOnly(t *testing.T) {
	r := newFolderRig(t, map[string]string{"a.py": "def f() -> str:\n    return 'x'\n"})
	code := `import os
for attempt in ("open('/opt/tools/a.py', 'a')", "open('/opt/tools/b.py', 'w')", "os.remove('/opt/tools/a.py')",
                "os.chmod('/opt/tools/a.py', 0o777)", "os.mkdir('/opt/tools/d')", "os.symlink('/', '/opt/tools/l')", "os.rename('/opt/tools/a.py', '/opt/tools/c.py')"):
    try:
        eval(attempt)
        print("done:", attempt)
    except OSError as e:
        print(e.errno)
`
	args, err := json.Marshal(map[string]string{"code": code})
	must(t, err)
	res := succeed(t, call(r.box, alice, "execute_python_code", string(args)))
	if strings.Contains(res.ForModel(), "done:") || len(strings.Fields(res.ForModel())) != 7 {
		t.Errorf("%s", res.ForModel())
	}
	data, err := os.ReadFile(filepath.Join(r.dir, "a.py"))
	must(t, err)
	if entries, _ := os.ReadDir(r.dir); len(entries) != 1 || !strings.HasPrefix(string(data), "def f()") {
		t.Errorf("changed: %v %q", entries, data)
	}
}

// fakeInterpreter answers describe from a map.
type fakeInterpreter struct {
	mu    sync.Mutex
	err   error
	specs string
	runs  atomic.Int64
	hold  chan struct{}
}

func (f *fakeInterpreter) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	f.runs.Add(1)
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return sandbox.Result{Outcome: sandbox.Interrupted}, nil
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return sandbox.Result{}, f.err
	}
	cell.Save(ctx, "other.json", strings.NewReader("{}"))
	return sandbox.Result{Outcome: sandbox.OK}, cell.Save(ctx, "tools.json", strings.NewReader(f.specs))
}

func (f *fakeInterpreter) Reset(context.Context, sandbox.Key) error { return nil }
func (f *fakeInterpreter) Stats() sandbox.Stats                     { return sandbox.Stats{} }

func (f *fakeInterpreter) set(err error, specs string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.specs = err, specs
}

const oneTool = `{"tools":[{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}]}`

// Without a sandbox there are no tools; when there is one again, they come.
// Nobody waits for any of it.
func TestFolderWithoutSandbox(t *testing.T) {
	tools.Quick()
	dir, log := t.TempDir(), new(testLog)
	write(t, dir, "a.py", "x")
	in := &fakeInterpreter{hold: make(chan struct{})}
	in.set(fault.New(fault.Unavailable, "Code can't run here."), "")
	f := tools.NewFolder(dir, tools.NewPython(in, nil), log.logger())
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	f.Wait(ctx)
	if ctx.Err() == nil || len(f.Tools(t.Context(), alice)) != 0 {
		t.Error("described already")
	}
	close(in.hold)
	f.Wait(t.Context())
	await(t, "several tries", func() bool { return in.runs.Load() > 2 })
	if n := strings.Count(log.String(), "Code can't run here."); n != 1 {
		t.Errorf("said %d times", n)
	}
	in.set(nil, oneTool)
	await(t, "the tool", func() bool { return len(f.Tools(t.Context(), alice)) == 1 })
	runs := in.runs.Load()
	time.Sleep(100 * time.Millisecond) // five looks
	if in.runs.Load() != runs {
		t.Error("described again without a change")
	}
	must(t, f.Close())
	must(t, f.Close())
}

// What comes out of the sandbox is not believed.
func TestFolderDescribedByNonsense(t *testing.T) {
	tools.Quick()
	for _, specs := range []string{
		``, `[]`, `{"tools":{}}`, `{"tools":[null]}`, `{"tools":[{"name":"a b","parameters":{"type":"object"}}]}`,
		`{"tools":[{"name":"f","parameters":"x"}]}`, `{"tools":[{"name":"f"}]}`, `{"tools":[{"name":"execute_python_code","parameters":{"type":"object"}}]}`,
		`{"tools":[{"name":"` + strings.Repeat("f", 65) + `","parameters":{"type":"object"}}]}`,
		`{"tools":[{"name":"f","parameters":{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}}]}`,
		`{"problems":["` + strings.Repeat(`x\n`, 5000) + `"]}`, strings.Repeat("x", 5<<20),
	} {
		dir := t.TempDir()
		write(t, dir, "a.py", "x")
		in := &fakeInterpreter{specs: specs}
		f := tools.NewFolder(dir, tools.NewPython(in, nil), new(testLog).logger())
		f.Wait(t.Context())
		if n := len(f.Tools(t.Context(), alice)); n != 0 {
			t.Errorf("%.60s: %d tools", specs, n)
		}
		_, problems := f.Status()
		if len(problems) != 1 || len(problems[0]) > 600 || strings.Contains(problems[0], "\n") {
			t.Errorf("%.60s: %q", specs, problems)
		}
		f.Close()
	}
}

func TestNoInterpreter(t *testing.T) {
	tools.Quick()
	dir := t.TempDir()
	write(t, dir, "a.py", "x")
	why := fault.Wrap(errors.New("inner"), fault.Unavailable, "Code can't run here.")
	f := tools.NewFolder(dir, tools.NewPython(tools.NoInterpreter{Err: why}, nil), new(testLog).logger())
	defer f.Close()
	f.Wait(t.Context())
	if _, problems := f.Status(); len(problems) != 1 || problems[0] != "Python tools: Code can't run here." {
		t.Errorf("%q", problems)
	}
}

// One file hides no other, whatever it does when it is imported, and one
// function no other.
func TestFolderOfHostileFiles(t *testing.T) {
	contents := map[string]string{
		"a_ends.py":    "import os\nos._exit(1)\n",
		"b_eats.py":    "x = bytearray(10 << 30)\n",
		"c_patches.py": "import json, sys, inspect\njson.dump = json.dumps = None\ninspect.isfunction = None\nsys.path.clear()\nsys.stdout = sys.stderr = None\nsys.setrecursionlimit(60)\n",
		"d_raises.py":  "class Odd(BaseException): pass\n\nraise Odd('no\\nway')\n",
		"e_exits.py":   "import sys\nsys.exit(0)\n",
		"f_all.py":     "__all__ = 7\ndef f(a: int): ...\n",
		"g_folder.py":  "import os\nos.mkdir('/work/tools.json')\n",
		"h_asks.py":    "load_file('1_1_00000000')\n",
		"i_bytes.py":   "\x00",
		"j_link.py":    "import json\ndef one(a: int) -> int:\n    return a\n\nclass Meta(type):\n    def __eq__(self, other): raise ValueError('odd')\n    __hash__ = type.__hash__\nclass Type(metaclass=Meta): ...\n\ndef two(a: Type): ...\ndef three(a: int = 5) -> int:\n    return a\nthree.__wrapped__ = three\nloop = []\nloop.append(loop)\ndef four(a: list = loop): ...\ndef five(é: int): ...\n",
		"z_good.py":    "import json\ndef good(a: int) -> str:\n    \"\"\"It is good.\"\"\"\n    return json.dumps({'a': a})\n\ndef bad_text() -> str:\n    return '\\ud800'\n\ndef leaves() -> None:\n    raise SystemExit(3)\n\ndef deep(a: list) -> list:\n    return a\n",
	}
	r := newFolderRig(t, contents)
	if got := names(r.box, alice); got != "execute_python_code one good bad_text leaves deep" {
		t.Errorf("tools: %s", got)
	}
	_, problems := r.folder.Status()
	for _, want := range []string{
		"a_ends.py: importing it failed: ", "b_eats.py: ", "c_patches.py: ", "d_raises.py: importing it failed: ", "e_exits.py: it ends the program",
		"f_all.py: ", "g_folder.py: ", "h_asks.py: line 1: ", "i_bytes.py: ", "j_link.py: line 10: two ", "j_link.py: line 16: four ", `j_link.py: five can't be described: models refuse the name of its parameter "é"`,
	} {
		found := 0
		for _, p := range problems {
			if strings.HasPrefix(p, want) && strings.Count(p, "\n") == 0 && len(p) < 600 {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%q is there %d times:\n%s", want, found, strings.Join(problems, "\n"))
		}
	}
	if strings.Contains(strings.Join(problems, "\n"), "z_good.py") {
		t.Errorf("%q", problems)
	}
	succeed(t, call(r.box, alice, "good", `{"a":1}`), `{"a": 1}`)

	// What the model may send, and what a function may do, ends in an answer.
	for _, args := range []string{`{"a":1e400}`, `{"a":` + strings.Repeat("1", 5000) + `}`, `{"a":"1"}`, `{"a":1,"b":2}`, `{"self":1}`, `[`, `"x"`} {
		if res := call(r.box, alice, "good", args); !res.Failed || !strings.HasPrefix(res.ForModel(), "Error (invalid): The arguments of good ") {
			t.Errorf("%.40s: %+v", args, res)
		}
	}
	call(r.box, alice, "bad_text", ``)
	call(r.box, alice, "leaves", ``)
	call(r.box, alice, "deep", `{"a":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`)
	injection := `{"a":["'); import os; print(os.listdir('/')) #", "\u0000\u2028\\", "` + `\"]))` + `"]}`
	if res := succeed(t, call(r.box, alice, "deep", injection)); strings.Contains(res.ForModel(), "opt") {
		t.Errorf("%s", res.ForModel())
	}
	succeed(t, call(r.box, alice, "good", `{"a":2}`), `{"a": 2}`)
}
