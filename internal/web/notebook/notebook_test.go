package notebook

import (
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

const ordinary = `{"nbformat":4,"metadata":{"kernelspec":{"name":["a",{"b":[1]}]}},"cells":[
 {"source":["# T\n","text"],"cell_type":"markdown","metadata":{}},
 {"cell_type":"code","execution_count":1,"outputs":[
  {"text":["1\n","2\n"],"name":"stdout"},
  {"data":{"image/png":"iVBO\nRw0=","text/plain":"<Figure>"}},
  {"data":{"image/jpeg":["/9j/","4A=="],"image/png":"no base64!"}},
  {"traceback":["\u001b[31mBoom\u001b[0m","  at x"],"ename":"E"},
  {"data":{"application/json":[1,2,{"a":[]}],"text/plain":["p","lain"]}},
  {"data":{"text/plain":{"not":"lines"}}},7,null],"source":"print(1)"}]}`

func TestRead(t *testing.T) {
	got, err := Read(strings.NewReader(ordinary))
	want := []Cell{{Markdown: "# T\ntext"}, {Code: "print(1)", Output: "1\n2\nBoom\n  at x\nplain\n",
		Pictures: got[1].Pictures[:2:2]}}
	if err != nil || !reflect.DeepEqual(got, want) || got[1].Pictures[0] != "data:image/png;base64,iVBORw0=" || got[1].Pictures[1] != "data:image/jpeg;base64,/9j/4A==" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, other := range []string{"", "{", "[]", "7", `{"cells":[]}`, `{"cells":7}`, `{"cells":[{"source":"x"]}`, `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"cells":[{}]}`} {
		if cells, err := Read(strings.NewReader(other)); err == nil {
			t.Errorf("%.40s: %+v", other, cells)
		}
	}
}

// live reads, and looks at each megabyte how much memory is in use then.
type live struct {
	io.Reader
	n, most uint64
}

func (l *live) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if before := l.n >> 20; (l.n+uint64(n))>>20 > before {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		l.most = max(l.most, m.HeapAlloc)
	}
	l.n += uint64(n)
	return n, err
}

// However many parts a notebook has, it takes little memory and no time that grows
// faster than it does.
func TestManyParts(t *testing.T) {
	const size = 10 << 20
	many := func(part string) string { return strings.Repeat(part+",", size/(len(part)+1)) + part }
	for name, text := range map[string]string{
		"cells":      `{"cells":[` + many(`{}`) + `]}`,
		"outputs":    `{"cells":[{"outputs":[` + many(`{}`) + `]}]}`,
		"texts":      `{"cells":[{"outputs":[` + many(`{"text":"xxxxxxxxx"}`) + `]}]}`,
		"empty":      `{"cells":[{"source":[` + many(`""`) + `]}]}`,
		"numbers":    `{"cells":[{"source":[` + many(`1`) + `]}]}`,
		"tracebacks": `{"cells":[{"outputs":[{"traceback":[` + many(`""`) + `]}]}]}`,
		"data":       `{"cells":[{"outputs":[{"data":{` + many(`"a":1`) + `}}]}]}`,
		"nobody's":   `{"a":[` + many(`{"b":[]}`) + `],"cells":[{}]}`,
		"pictures":   `{"cells":[{"outputs":[` + many(`{"data":{"image/png":"AAAAAAAA"}}`) + `]}]}`,
	} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := &live{Reader: strings.NewReader(text)}
		cells, err := Read(r)
		runtime.ReadMemStats(&after)
		t.Logf("%s: %d cells, %d MB at once, %d MB altogether", name, len(cells), (max(r.most, before.HeapAlloc)-before.HeapAlloc)>>20, (after.TotalAlloc-before.TotalAlloc)>>20)
		if err != nil || len(cells) == 0 || len(cells) > maxCells {
			t.Errorf("%s: %d cells, %v", name, len(cells), err)
		}
		if r.most > before.HeapAlloc+3*size || after.TotalAlloc-before.TotalAlloc > 100*size {
			t.Errorf("%s: %d MB at once, %d MB altogether", name, (r.most-before.HeapAlloc)>>20, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
		shown, pictures := 0, 0
		for _, c := range cells {
			pictures += len(c.Pictures)
			shown += len(c.Markdown) + len(c.Code) + len(c.Output)
		}
		if shown > 2*maxText || pictures > 2000 {
			t.Errorf("%s: %d bytes and %d pictures are shown", name, shown, pictures)
		}
	}
}

// FuzzRead reads notebooks that anybody may have written.
func FuzzRead(f *testing.F) {
	for _, s := range []string{ordinary, `{"cells":[{"cell_type":7,"source":null,"outputs":{"a":[]}}]}`, `{"cells":[[{"source":"x"}]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cells, err := Read(strings.NewReader(string(data)))
		if err == nil && (len(cells) == 0 || len(cells) > maxCells) {
			t.Errorf("%d cells", len(cells))
		}
		for _, c := range cells {
			if c.Markdown != "" && c.Code+c.Output != "" {
				t.Errorf("%+v", c)
			}
		}
	})
}
