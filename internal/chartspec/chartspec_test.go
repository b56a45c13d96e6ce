package chartspec

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// Pages as plotly 7.1.0 (write_html) and altair 6.3.0 (save) write them, with
// their hostile texts; testdata/README.md tells how they were made.
func TestRead(t *testing.T) {
	for name, want := range map[string]struct {
		library Library
		has     string // in it
		frames  bool
	}{
		"plotly.html": {Plotly, `"bdata"`, false}, "plotly-frames.html": {Plotly, `"name":"1"`, true},
		"altair.html": {Vega, `"x\u003c/script\u003e"`, false}, "altair-inline.html": {Vega, `"mark"`, false},
	} {
		page, err := os.Open("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := Read(page)
		page.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := json.Marshal(spec)
		if err != nil || spec.Library != want.library || !strings.Contains(string(data), want.has) {
			t.Errorf("%s: %s %v %.200s", name, spec.Library, err, data)
		}
		if (spec.Frames != nil) != want.frames {
			t.Errorf("%s: frames %.100s", name, spec.Frames)
		}
		for _, bad := range []string{"<", ">", "&"} {
			if strings.Contains(string(data), bad) {
				t.Errorf("%s: %s stands in it", name, bad)
			}
		}
	}
}

// Whatever else a page holds is no specification, or not drawn.
func TestReadNone(t *testing.T) {
	huge := `Plotly.newPlot("x", [{"x": [` + strings.Repeat("1,", maxSpec/2) + `1]}], {})`
	for name, page := range map[string]string{
		"empty":         "",
		"bokeh":         `<script>Bokeh.safely(function() { const docs_json = {"a": 1} })</script>`,
		"a function":    `Plotly.newPlot("x", [{"x": (function(){ alert(1) })()}], {})`,
		"no array":      `Plotly.newPlot("x", {"a": 1}, {})`,
		"no layout":     `Plotly.newPlot("x", [{"a": 1}])`,
		"cut off":       `Plotly.newPlot("x", [{"a": [1, 2`,
		"a map":         `Plotly.newPlot("x", [{"type": "choropleth"}], {})`,
		"no schema":     `var spec = {"a": 1};`,
		"other":         `var spec = {"$schema": "https://evil.example/x"};`,
		"huge":          huge,
		"many":          strings.Repeat(`Plotly.newPlot("x", (`, 100_000),
		"deeply nested": `Plotly.newPlot("x", [` + strings.Repeat("[", 1_000_000),
	} {
		if spec, err := Read(strings.NewReader(page)); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %.100v %v", name, spec, err)
		}
	}
}

// What a page holds takes a few times its own memory, whatever it is.
func TestHostilePagesCostLittle(t *testing.T) {
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%x":0,`, i)
		}
		return b.String()
	}
	const vega = `var spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", `
	many := strings.Repeat("{},", maxSpec/10)
	for name, c := range map[string]struct {
		page  string
		drawn bool
	}{
		"traces":           {`Plotly.newPlot("x", [` + many + `{}], {})`, false},
		"texts as traces":  {`Plotly.newPlot("x", ["` + strings.Repeat(`","`, 1000) + `"], {})`, false},
		"a layout":         {`Plotly.newPlot("x", [], {` + members(500_000) + `"z": 1})`, true},
		"frames":           {`Plotly.newPlot("x", [], {}).then(function(){Plotly.addFrames('x', [` + many + `{}])})`, true},
		"values":           {vega + members(500_000) + `"z": 1};`, false},
		"what is escaped":  {vega + `"a": "` + strings.Repeat("<", maxSpec/5) + `"};`, false},
		"a large one":      {vega + `"a": "` + strings.Repeat("x", maxSpec/3) + `"};`, true},
		"nested":           {vega + `"a": ` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `};`, true},
		"the schema twice": {vega + `"$schema": "x"};`, false},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		spec, err := Read(strings.NewReader(c.page))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(15*len(c.page)+4<<20) || (err == nil) != c.drawn {
			t.Errorf("%s: %d MB for %d kB, %v", name, n>>20, len(c.page)>>10, err)
		}
		if err == nil && spec.Frames != nil {
			t.Errorf("%s: %d frames are kept", name, len(spec.Frames))
		}
	}
}

// A mark in a text before it does not hide a specification, wherever a buffer ends.
func TestReadFindsIt(t *testing.T) {
	const chart = `Plotly.newPlot( "x", [{"x": [1]}], {"title": "a"}, {})`
	for _, before := range []string{"", "Plotly.newPlot(e,t)", " spec = {}; ", strings.Repeat("x", 64<<10-7), strings.Repeat("y", 64<<10-len("Plotly.newPlot(")), strings.Repeat("z", 300_000)} {
		spec, err := Read(strings.NewReader(before + chart))
		if err != nil || string(spec.Data) != `[{"x": [1]}]` {
			t.Errorf("%.20s (%d): %v %v", before, len(before), spec, err)
		}
	}
	spec, err := Read(strings.NewReader(`var spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "usermeta": {"embedOptions": {"patch": "https://evil.example"}}, "mark": "bar"}`))
	if err != nil || strings.Contains(string(spec.Spec), "evil") {
		t.Errorf("%v %v", spec, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`Plotly.newPlot("x", [{"x": [1]}], {"title": "a"}, {}).then(function(){Plotly.addFrames('x', [{"name": "a"}])})`)
	f.Add(`var spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "bar"};`)
	f.Fuzz(func(t *testing.T, page string) {
		spec, err := Read(strings.NewReader(page))
		if err != nil {
			return
		}
		if data, err := json.Marshal(spec); err != nil || !json.Valid(data) || strings.ContainsAny(string(data), "<>&") {
			t.Errorf("%q %v", data, err)
		}
	})
}
