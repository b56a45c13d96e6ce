package sandboxtest

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// Contract is what code may rely on: notebook manners, files in and out,
// limits that end in a clear outcome.
func Contract(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Pool: 1})
	run := func(name string, h Driver, f func(t *testing.T, s *Session)) {
		t.Run(name, func(t *testing.T) {
			s := NewSession(t, h)
			f(t, s)
			if err := h.Reset(context.Background(), s.Key); err != nil {
				t.Error(err)
			}
		})
	}
	run("values", h, testValues)
	run("output", h, testOutput)
	run("errors", h, testErrors)
	run("warnings", h, testWarnings)
	run("processes", h, testProcesses)
	run("notebook", h, testNotebook)
	run("tables", h, testTables)
	run("figures", h, testFigures)
	run("files in", h, testFilesIn)
	run("files out", h, testFilesOut)
	hasty := open(t, t.TempDir(), Options{Limits: sandbox.Limits{Time: 2 * time.Second}})
	run("time limit", hasty, testTimeLimit)
	run("stop", h, testStop)
	run("stop at the edges", h, testStopAtTheEdges)
	run("exits", h, testExits)
	run("programs", h, testPrograms)
	run("randomness", h, func(t *testing.T, s *Session) { testRandomness(t, h, s) })
}

func testValues(t *testing.T, s *Session) {
	s.Expect("1+1", "2")
	s.Expect("x = 20\nx", "20")
	s.Expect("x + 1", "21")
	s.Expect("x;", "")
	s.Expect("None", "")
	s.Expect("_ * 2", "42")
	s.Expect("def f(n):\n    return n * x\nf(2)", "40")
	s.Expect("class A:\n    def __repr__(self): raise ValueError('no')\nA()", "<A: its repr failed with ValueError: no>")
	s.Expect("import pickle\nclass B: pass\ntype(pickle.loads(pickle.dumps(B()))) is B", "True")
	s.Expect("await __import__('asyncio').sleep(0, 'awaited')", "'awaited'")
	s.Expect("__name__", "'__main__'")
	s.Expect("display('a', 'b')\n'c'", "'a'\n'b'\n'c'")
	s.Expect("import os; os.getcwd()", "'/work'")
}

func testOutput(t *testing.T, s *Session) {
	// In order, whoever writes: Python, C, a child.
	s.Expect("import os, sys\nprint('one')\nos.write(1, b'two\\n')\nprint('three', file=sys.stderr)\nos.system('echo four')\nprint('five');", "one\ntwo\nthree\nfour\nfive")
	s.Expect("print('ä€😀')", "ä€😀")
	s.Expect(`os.write(1, b"\xff\xfe ok\n");`, "�� ok")
	s.Expect("print('\\ud800')", `\ud800`)
	s.Expect("for i in range(3):\n    print(f'\\r{i} %', end='')\nprint()", "2 %")
	s.Expect("print('x', end='')", "x")

	var streamed []string
	s.Cell.Output = func(text string) { streamed = append(streamed, text) }
	s.Run("import time\nprint('early')\ntime.sleep(.3)\nprint('late')")
	s.Cell.Output = nil
	if len(streamed) < 2 || streamed[0] != "early\n" {
		t.Errorf("not streamed: %q", streamed)
	}

	res := s.Run("print('head')\nfor i in range(60000): print('0123456789')\nprint('tail')")
	n := len([]rune(res.Output))
	if n < 100_000 || n > 100_100 || !strings.HasPrefix(res.Output, "head\n") || !strings.HasSuffix(res.Output, "tail\n") ||
		!strings.Contains(res.Output, "characters left out") {
		t.Errorf("a long output: %d characters, %.60q … %.60q", n, res.Output, res.Output[len(res.Output)-60:])
	}
	// What a thread prints after its cell belongs to nobody.
	s.Run("import threading\ndef late():\n    time.sleep(.3); print('stray')\nthreading.Thread(target=late, daemon=True).start()")
	time.Sleep(500 * time.Millisecond)
	s.Expect("print('mine')", "mine")
}

func testErrors(t *testing.T, s *Session) {
	res := s.Run("a = 1\ndef f():\n    return a / 0\n\nf()")
	if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "ZeroDivisionError: division by zero") ||
		!strings.Contains(res.Error, "line 3, in f") || !strings.Contains(res.Error, "return a / 0") || strings.Contains(res.Error, "/opt/attache") {
		t.Errorf("%s\n%s", res.Outcome, res.Error)
	}
	res = s.Run("if True print('x')")
	if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "SyntaxError") || !strings.Contains(res.Error, "if True print('x')") {
		t.Errorf("%s\n%s", res.Outcome, res.Error)
	}
	res = s.Run("import pandas as pd\npd.DataFrame({'a': [1]})['b']")
	if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "KeyError: 'b'") || !strings.Contains(res.Error, "line 2") || strings.Count(res.Error, "\n") > 20 {
		t.Errorf("%s\n%s", res.Outcome, res.Error)
	}
	res = s.Run("raise KeyboardInterrupt")
	if res.Outcome != sandbox.Failed {
		t.Errorf("its own KeyboardInterrupt: %s", res.Outcome)
	}
	res = s.Run("input('name? ')")
	if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "input() is not available") {
		t.Errorf("%s\n%s", res.Outcome, res.Error)
	}
	s.Expect("a", "1") // the session is as it was
}

func testWarnings(t *testing.T, s *Session) {
	res := s.Run("import warnings\nfor i in range(3): warnings.warn('careful')\nprint('x')")
	if strings.TrimSpace(res.Output) != "x" || len(res.Warnings) != 1 || res.Warnings[0] != "line 2: UserWarning: careful" {
		t.Errorf("%q %q", res.Output, res.Warnings)
	}
	if res = s.Run("1"); len(res.Warnings) != 0 {
		t.Errorf("old warnings: %q", res.Warnings)
	}
	// A process that the code forks has its own on its standard error, as in Python.
	if res = s.Run(forkedWarning); !strings.Contains(res.Output, "UserWarning: careful") || len(res.Warnings) != 0 {
		t.Errorf("of a child: %q %q", res.Output, res.Warnings)
	}
}

const forkedWarning = "import os, warnings\nif os.fork() == 0:\n    warnings.warn('careful')\n    os._exit(0)\nos.wait();"

// Processes that the code forks compute, and ask for files, all at once.
func testProcesses(t *testing.T, s *Session) {
	s.Cell.Files = Files{"1_1700000000_0123abcd": CSV(1000)}
	s.Expect(`
from multiprocessing import Pool
def rows(i): return i * len(load_file('1_1700000000_0123abcd'))
with Pool(3) as p: print(p.map(rows, range(6)));`, "[0, 1000, 2000, 3000, 4000, 5000]")
	s.Expect(`
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2) as p: print(list(p.map(rows, range(3))));`, "[0, 1000, 2000]")
	// Each gets its own answers, however many they ask for.
	s.Cell.Files = Files{"1_1700000000_0123abcd": CSV(1000), "1_1700000001_0123abcd": {Name: "b.txt", Kind: "text", Ext: ".txt"}}
	s.Expect(`
names = {'1_1700000000_0123abcd': 'numbers.csv', '1_1700000001_0123abcd': 'b.txt'}
def own(i):
    id = list(names)[i % 2]
    return all(get_file_metadata(id)['filename'] == names[id] for _ in range(100))
with Pool(4) as p: print(p.map(own, range(4), 1));`, "[True, True, True, True]")
	// One that comes to the end of the code ends there, as in Python.
	s.Expect("import os\nif os.fork():\n    print(os.waitstatus_to_exitcode(os.wait()[1]))", "0")
	s.Expect("import sys\nif not os.fork():\n    sys.exit(7)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))", "7")
	res := s.Run("if not os.fork():\n    raise ValueError('of the child')\nprint(os.waitstatus_to_exitcode(os.wait()[1]))")
	if res.Outcome != sandbox.OK || !strings.Contains(res.Output, "ValueError: of the child\n1\n") {
		t.Errorf("%+v", res)
	}
	s.Expect("rows(2)", "2000")
	// Its end is no matter of ours, whatever the code has for it.
	if res := s.Run("import signal\ndef ended(*_): raise RuntimeError\nsignal.signal(signal.SIGCHLD, ended)\nif not os.fork(): signal.pause()"); res.Outcome != sandbox.OK {
		t.Errorf("%+v", res)
	}
}

func testNotebook(t *testing.T, s *Session) {
	s.Expect("!echo hello", "hello")
	s.Expect("%matplotlib inline\nprint(1)", "1")
	s.Expect("if True:\n    !echo in a block", "in a block")
	s.Expect("s = '''\n!not a command\n'''\ns", `'\n!not a command\n'`)
	s.Expect("!exit 3", "(exit status 3)")
}

func testTables(t *testing.T, s *Session) {
	res := s.Run("import pandas as pd\npd.DataFrame({'a': range(1000), 'b': 1.5, 'c': pd.Timestamp('2024-01-02')})")
	if len(res.Shown) != 1 || res.Shown[0].Table == nil {
		t.Fatalf("%+v", res)
	}
	table := res.Shown[0].Table
	if table.TotalRows != 1000 || table.TotalColumns != 3 || len(table.Rows) != 50 || fmt.Sprint(table.Columns) != "[a b c]" || fmt.Sprint(table.Rows[1]) != "[1 1.5 2024-01-02]" {
		t.Errorf("%+v", table)
	}
	if !strings.Contains(res.Shown[0].Text, "[1000 rows x 3 columns]") {
		t.Errorf("%s", res.Shown[0].Text)
	}
	res = s.Run("pd.DataFrame({'g': list('xxy'), 'v': [1, 2, None]}).groupby('g')['v'].sum()")
	if table := res.Shown[0].Table; table == nil || fmt.Sprint(table.Columns) != "[g v]" || fmt.Sprint(table.Rows) != "[[x 3] [y 0]]" {
		t.Errorf("%+v", table)
	}
	for _, code := range []string{"pd.DataFrame()", "pd.DataFrame({'a': [[1], {2: 3}, None]})", "pd.DataFrame([[1, 2]], columns=['x', 'x'])",
		"pd.DataFrame({('a', 'b'): [1]})", "pd.Series([1], name=3)", "pd.DataFrame({'a': [1]}).style", "pd.DataFrame(1, index=range(3), columns=range(500))"} {
		if res := s.Run(code); res.Outcome != sandbox.OK {
			t.Errorf("%s: %s", code, res.Error)
		}
	}
}

func testFigures(t *testing.T, s *Session) {
	check := func(code string, names ...string) {
		t.Helper()
		res := s.Run(code)
		if res.Outcome != sandbox.OK || fmt.Sprint(s.Order) != fmt.Sprint(names) {
			t.Errorf("%s\n%s %s: files %q, want %q", code, res.Outcome, res.Error, s.Order, names)
		}
		for _, n := range names {
			if strings.HasSuffix(n, ".png") {
				NotBlank(t, n, s.Saved[n])
			}
		}
	}
	check("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])", "chart_1.png")
	check("plt.plot([3, 1, 2])\nplt.show()\nplt.bar([1, 2], [3, 4])\nplt.show()", "chart_2.png", "chart_3.png")
	check("plt.plot([1, 2])\nplt.savefig('mine.png')", "mine.png")                                        // not twice
	check("plt.plot([1, 2])\nplt.savefig('mine2.png')\nplt.title('changed')", "mine2.png", "chart_4.png") // changed since
	check("plt.figure()", []string{}...)                                                                  // nothing on it
	check("import seaborn as sns, pandas as pd\nsns.barplot(data=pd.DataFrame({'a': list('xy'), 'b': [1, 2]}), x='a', y='b')", "chart_5.png")
	check("import io\nplt.plot([1, 2])\nplt.savefig(io.BytesIO())", "chart_6.png")
	check("from PIL import Image\nim = Image.new('RGB', (40, 20), 'red')\nim.putpixel((1, 1), (0, 0, 255))\nim", "image_1.png")
	check("fig, ax = plt.subplots()\nax.plot([2, 1])\nfig", "chart_7.png")
}

// NotBlank fails the test unless data is a PNG with more than one colour.
func NotBlank(t testing.TB, name string, data []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	b := img.Bounds()
	first := img.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, y) != first {
				return
			}
		}
	}
	t.Errorf("%s is blank", name)
}

func testFilesIn(t *testing.T, s *Session) {
	s.Cell.Files = Files{"1_1700000000_0123abcd": CSV(1000), "1_1700000001_0123abcd": {Name: "note.txt", Kind: "text", Ext: ".txt", Data: []byte("héllo")}}
	s.Expect("df = load_file('1_1700000000_0123abcd')\ndf.shape", "(1000, 2)")
	s.Expect("load_file('1_1700000001_0123abcd')", "'héllo'")
	s.Expect("get_file_path('1_1700000000_0123abcd')", "'/files/1_1700000000_0123abcd.csv'")
	s.Expect("open(FILES['1_1700000001_0123abcd']).read()", "'héllo'")
	s.Expect("[f['filename'] for f in list_user_files()]", "['numbers.csv', 'note.txt']")
	s.Expect("get_file_metadata('1_1700000001_0123abcd')['file_size']", "6")
	s.Expect("sorted(FILES) == [f['file_id'] for f in list_user_files()]", "True")
	for _, code := range []string{"load_file('2_1700000000_0123abcd')", "get_file_path('../../etc/shadow')", "FILES['x']", "get_file_metadata('')"} {
		if res := s.Run(code); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "File not found or expired") {
			t.Errorf("%s: %s %s", code, res.Outcome, res.Error)
		}
	}
	for _, code := range []string{"open('/mnt/data/note.txt')", "load_file('note.txt')", "import pandas\npandas.read_csv('note.txt')"} {
		if res := s.Run(code); !strings.HasSuffix(res.Error, "note.txt is a file of the user: load_file('1_1700000001_0123abcd') reads it.") {
			t.Errorf("%s: %s", code, res.Error)
		}
	}
	if res := s.Run("open('other.txt')"); !strings.HasSuffix(res.Error, "No such file or directory: 'other.txt'") {
		t.Error(res.Error)
	}
	if res := s.Run("open('/files/x', 'w')"); res.Outcome != sandbox.Failed {
		t.Error("the files' folder can be written")
	}
	s.Cell.Files = Files{} // deleted meanwhile
	if res := s.Run("load_file('1_1700000000_0123abcd')"); res.Outcome != sandbox.Failed {
		t.Errorf("a deleted file is still loaded")
	}
}

func testFilesOut(t *testing.T, s *Session) {
	check := func(code string, want ...string) sandbox.Result {
		t.Helper()
		res := s.Run(code)
		if res.Outcome != sandbox.OK || fmt.Sprint(s.Order) != fmt.Sprint(want) {
			t.Errorf("%s\n%s %s: files %q, want %q", code, res.Outcome, res.Error, s.Order, want)
		}
		return res
	}
	check("open('a.txt', 'w').write('one');", "a.txt")
	if string(s.Saved["a.txt"]) != "one" {
		t.Errorf("%q", s.Saved)
	}
	check("open('a.txt').read();")
	check("open('a.txt', 'w').write('two');", "a.txt")
	check("import os\nos.makedirs('sub/deep')\nopen('sub/deep/b.csv', 'w').write('x');", "b.csv")
	check("os.rename('a.txt', 'c.txt')", "c.txt")
	check("open('.hidden', 'w').write('x'); os.mkdir('__pycache__'); open('__pycache__/x.pyc', 'w').write('x');")
	check("open('/tmp/elsewhere', 'w').write('x');")
	check("os.symlink('/etc/passwd', 'link.txt'); os.symlink('/', 'root'); os.mkfifo('fifo'); os.symlink('c.txt', 'link2')")
	check("import socket; k = socket.socket(socket.AF_UNIX); k.bind('sock')")
	check("open('empty', 'w').close()", "empty")
	res := check("for i in range(25): open(f'n{i:02}.txt', 'w').write('x')",
		"n00.txt", "n01.txt", "n02.txt", "n03.txt", "n04.txt", "n05.txt", "n06.txt", "n07.txt", "n08.txt", "n09.txt",
		"n10.txt", "n11.txt", "n12.txt", "n13.txt", "n14.txt", "n15.txt", "n16.txt", "n17.txt", "n18.txt", "n19.txt")
	if notes := fmt.Sprint(res.Notes); !strings.Contains(notes, "n20.txt") || !strings.Contains(notes, "only 20 files") {
		t.Errorf("notes: %q", notes)
	}
	res = check("f = open('big.bin', 'wb'); f.truncate(51 << 20); f.close()")
	if notes := fmt.Sprint(res.Notes); !strings.Contains(notes, "big.bin") || !strings.Contains(notes, "over 50 MB") {
		t.Errorf("notes: %q", notes)
	}
	check("os.remove('big.bin')")
}

func testTimeLimit(t *testing.T, s *Session) {
	s.Run("x = 'kept'")
	for _, code := range []string{"import time\ntime.sleep(60)", "while True: pass", "import subprocess\nsubprocess.run(['sleep', '60'])"} {
		began := time.Now()
		res := s.Run("print('before')\n" + code)
		if res.Outcome != sandbox.TimedOut || res.Lost || !strings.Contains(res.Output, "before") || time.Since(began) > 8*time.Second {
			t.Errorf("%s: %s %s after %s", code, res.Outcome, res.Error, time.Since(began))
		}
		s.Expect("x", "'kept'")
	}
}

func testStop(t *testing.T, s *Session) {
	s.Run("x = 'kept'")
	const stop, within = 300 * time.Millisecond, time.Second
	best := time.Hour
	for try := 0; try < 5 && best > stop+within; try++ { // others may be at work
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(stop, cancel)
		began := time.Now()
		res := s.RunContext(ctx, "import time\nfor i in range(1000): time.sleep(.05)")
		best = min(best, time.Since(began))
		if res.Outcome != sandbox.Interrupted || res.Lost {
			t.Errorf("%s %s", res.Outcome, res.Error)
		}
		s.Expect("x", "'kept'")
	}
	if best > stop+within {
		t.Errorf("the interrupt took %s", best-stop)
	}

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(stop, cancel)
	began := time.Now()
	res := s.RunContext(ctx, "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
	if d := time.Since(began); res.Outcome != sandbox.Interrupted || !res.Lost || d > 8*time.Second {
		t.Errorf("code that ignores the interrupt: %s %s after %s", res.Outcome, res.Error, d)
	}
	if res := s.Run("x"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "NameError") {
		t.Errorf("after the kill: %+v", res)
	}
}

// A stop costs the session nothing, whenever it comes: before the code begins, when
// it is done, between its files.
func testStopAtTheEdges(t *testing.T, s *Session) {
	s.Run("x = 'kept'\nblock = bytes(1 << 20)")
	for name, code := range map[string]string{
		"nothing":   "pass",
		"files":     "import os\nfor i in range(12):\n    open('.new', 'wb').write(block)\n    os.rename('.new', f'{i}.bin')",
		"a chart":   "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
		"a table":   "import pandas as pd\npd.DataFrame({'a': range(30_000)})",
		"deaf code": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",
	} {
		for delay := time.Duration(0); delay < 100*time.Millisecond; delay += 15 * time.Millisecond {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(delay, cancel)
			res := s.RunContext(ctx, code)
			cancel()
			if res.Lost || res.Outcome != sandbox.OK && res.Outcome != sandbox.Interrupted || strings.Contains(res.Error, "contextlib") && !strings.Contains(res.Error, "<cell") {
				t.Fatalf("%s, stopped after %s: %s %s", name, delay, res.Outcome, res.Error)
			}
			for file, data := range s.Saved {
				if strings.HasSuffix(file, ".bin") && len(data) != 1<<20 {
					t.Errorf("%s has %d bytes", file, len(data))
				}
			}
			s.Expect("x", "'kept'") // the next code is not stopped
		}
	}
	// The more there is in the folder, the longer it takes until code begins.
	s.Run("import os\nos.mkdir('many')\nfor i in range(9000): open(f'many/{i}', 'w').close()")
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		res := s.RunContext(ctx, "import time\ntime.sleep(60)")
		cancel()
		if res.Lost || res.Outcome != sandbox.Interrupted {
			t.Fatalf("%s %s", res.Outcome, res.Error)
		}
		s.Expect("x", "'kept'")
	}
}

func testExits(t *testing.T, s *Session) {
	s.Expect("x = 1\nraise SystemExit", "")
	if res := s.Run("import sys\nsys.exit(3)"); res.Outcome != sandbox.Failed || res.Error != "SystemExit: 3" || res.Exit != 3 {
		t.Errorf("%+v", res)
	}
	s.Expect("x", "1")
	if res := s.Run("raise KeyboardInterrupt"); res.Outcome != sandbox.Failed || res.Exit != 130 || !strings.Contains(res.Error, "KeyboardInterrupt") {
		t.Errorf("%+v", res)
	}
	for _, end := range []struct {
		code, said string
		status     int
	}{
		{"import os\nos._exit(0)", "ended itself, with status 0", 0},
		{"import os\nos._exit(9)", "ended itself, with status 9", 9},
		{"import ctypes\nctypes.string_at(0)", "crashed: segmentation fault", 139},
		{"import ctypes\nctypes.CDLL(None).abort()", "crashed: aborted", 134},
	} {
		res := s.Run("print('before')\n" + end.code)
		if res.Outcome != sandbox.Crashed || !res.Lost || !strings.Contains(res.Output, "before") || !strings.Contains(res.Error, end.said) || res.Exit != end.status {
			t.Errorf("%s: %+v", end.code, res)
		}
	}
	s.Expect("'x' in globals()", "False") // a new session
}

// A cell with arguments is a program: standard error is apart, whoever writes it,
// and the next cell has it in order again.
func testPrograms(t *testing.T, s *Session) {
	var said strings.Builder
	s.Cell.Args, s.Cell.Errors = []string{"p.py", "--x", "ä"}, func(text string) { said.WriteString(text) }
	res := s.Run("import os, sys\nprint(sys.argv)\nprint('one', file=sys.stderr)\nos.write(2, b'two\\n')\nos.system('echo three >&2; echo out')\nsys.exit('words')")
	if res.Output != "['p.py', '--x', 'ä']\nout\n" || said.String() != "one\ntwo\nthree\nwords\n" || res.Exit != 1 {
		t.Errorf("%+v, and on standard error %q", res, said.String())
	}
	said.Reset()
	if res := s.Run("print('x' * 300_000, file=sys.stderr)"); res.Outcome != sandbox.OK || said.Len() != 300_001 {
		t.Errorf("%v, %d bytes", res.Outcome, said.Len())
	}
	said.Reset()
	if res := s.Run(forkedWarning); res.Output != "" || !strings.Contains(said.String(), "UserWarning: careful") {
		t.Errorf("a warning of a child: %+v, and on standard error %q", res, said.String())
	}
	said.Reset()
	if res := s.Run("import warnings\nwarnings.warn('careful')"); len(res.Warnings) != 1 || said.Len() > 0 {
		t.Errorf("a warning: %+v, and on standard error %q", res, said.String())
	}
	if res := s.Run("1/0"); res.Exit != 0 || res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "ZeroDivisionError") {
		t.Errorf("%+v", res)
	}
	testInput(t, s)
	s.Cell.Args, s.Cell.Errors = nil, nil
	if res := s.Run("input()"); !strings.Contains(res.Error, "EOFError: input() is not available here") {
		t.Errorf("%+v", res)
	}
	s.Expect("print('one'); print('two', file=sys.stderr); print('three');", "one\ntwo\nthree")
}

// Standard input of a program comes as the program reads it, in any pieces and
// of any length, and nothing of it is taken that it does not ask for.
func testInput(t *testing.T, s *Session) {
	t.Helper()
	give := func(pieces iter.Seq[string]) *int {
		next, stop := iter.Pull(pieces)
		t.Cleanup(stop)
		asked := new(int)
		s.Cell.Input = func(context.Context) ([]byte, error) {
			*asked++
			piece, _ := next()
			return []byte(piece), nil
		}
		return asked
	}
	asked := give(slices.Values([]string{"Z", "o\xc3", "\xab\na,b\n1,", "2\n", "", "never"}))
	s.Expect("import sys, pandas\nprint(input('name? '), pandas.read_csv(sys.stdin).b[0], repr(sys.stdin.read()));", "name? Zoë 2 ''")
	if *asked != 5 {
		t.Errorf("asked %d times", *asked)
	}
	const lines = 3000 // more than what code may ask for otherwise
	give(func(yield func(string) bool) {
		for range lines {
			if !yield("line\n") {
				return
			}
		}
		yield("")
	})
	s.Expect("print(sum(1 for line in sys.stdin));", fmt.Sprint(lines))
	asked = give(slices.Values([]string{"x"}))
	s.Expect("print(1);", "1")
	if *asked != 0 {
		t.Errorf("asked %d times", *asked)
	}
	s.Cell.Input = nil
	if res := s.Run("input()"); !strings.Contains(res.Error, "EOFError: EOF when reading a line") {
		t.Errorf("%+v", res)
	}
}

func testRandomness(t *testing.T, h Driver, s *Session) {
	code := "import random, numpy, os, tempfile, uuid\nprint(random.random(), numpy.random.rand(), numpy.random.default_rng().random(), os.urandom(8).hex(), uuid.uuid4(), next(tempfile._get_candidate_names()))"
	other := NewSession(t, h)
	other.Key.Conversation += " other"
	a, b := strings.Fields(s.Output(code)), strings.Fields(other.Output(code))
	for i := range a {
		if a[i] == b[i] {
			t.Errorf("two sessions drew the same: %s", a[i])
		}
	}
	s.Expect("import time, datetime\nabs(time.time() - "+fmt.Sprint(time.Now().Unix())+") < 5", "True")
	h.Reset(context.Background(), other.Key)
}
