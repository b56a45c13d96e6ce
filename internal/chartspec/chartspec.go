// Package chartspec finds the specification of an interactive chart in the page
// that a library wrote: JSON that says what is drawn. Whoever draws it with a
// library of their own runs nothing of what the page holds.
package chartspec

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// Library draws a specification.
type Library string

// The libraries whose pages are understood.
const (
	Plotly Library = "plotly"
	Vega   Library = "vega" // Vega and Vega-Lite
)

// Spec is what a page draws.
type Spec struct {
	Library Library `json:"library"`

	// Of Plotly: arrays and an object, as its newPlot and addFrames take them.
	Data   json.RawMessage `json:"data,omitempty"`
	Layout json.RawMessage `json:"layout,omitempty"`
	Frames json.RawMessage `json:"frames,omitempty"`

	Spec json.RawMessage `json:"spec,omitempty"` // of Vega
}

// ErrNone says that a page has no specification that can be drawn from itself
// alone: it is of another kind, too large, or needs maps of the network.
var ErrNone = errors.New("no specification of a chart")

const (
	maxPage = 64 << 20 // bytes that are read
	maxSpec = 24 << 20 // bytes of a specification
	tries   = 20       // at places that look as if one began
)

// marks are where the libraries' own pages have theirs. Plotly's write_html calls
// newPlot("id", data, layout, config); altair's save has var or const spec.
var marks = []struct {
	text string
	read func(io.Reader) (*Spec, io.Reader, error)
}{
	{"Plotly.newPlot(", readPlotly},
	{" spec = {", readVega},
}

// Read finds the specification in a page. ErrNone: it has none.
func Read(page io.Reader) (*Spec, error) {
	in := io.LimitReader(page, maxPage)
	for range tries {
		i, rest, err := seek(in, marks[0].text, marks[1].text)
		if err != nil {
			return nil, ErrNone
		}
		spec, after, err := marks[i].read(rest)
		if err == nil {
			return spec, nil
		}
		if errors.Is(err, ErrNone) {
			return nil, err
		}
		in = after
	}
	return nil, ErrNone
}

// seek reads up to and with the first of the texts, and returns which it is.
func seek(r io.Reader, texts ...string) (int, io.Reader, error) {
	longest := 0
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		_, err := in.Peek(longest)
		head, _ := in.Peek(in.Buffered())
		first, which := len(head), -1
		for i, t := range texts {
			if at := bytes.Index(head, []byte(t)); at >= 0 && at < first {
				first, which = at, i
			}
		}
		if which >= 0 {
			_, _ = in.Discard(first + len(texts[which]))
			return which, in, nil
		}
		if err != nil {
			return 0, nil, err
		}
		_, _ = in.Discard(max(len(head)-longest+1, 1))
	}
}

// values reads n values that stand one after the other, with commas between.
func values(r io.Reader, n int) (out []json.RawMessage, rest io.Reader, err error) {
	limited := &io.LimitedReader{R: r, N: maxSpec}
	d := json.NewDecoder(io.MultiReader(strings.NewReader("["), limited))
	after := func() io.Reader { return io.MultiReader(d.Buffered(), r) }
	if _, err := d.Token(); err != nil {
		return nil, after(), err
	}
	for range n {
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, after(), err
		}
		out = append(out, v)
	}
	return out, after(), nil
}

// maps are the traces whose lands and tiles come from the network.
var maps = []string{"choropleth", "choroplethmap", "choroplethmapbox", "densitymap", "densitymapbox", "scattergeo", "scattermap", "scattermapbox"}

func readPlotly(r io.Reader) (*Spec, io.Reader, error) {
	v, rest, err := values(r, 3)
	if err != nil {
		return nil, rest, err
	}
	var traces []struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(v[1], &traces); err != nil {
		return nil, rest, err
	}
	var layout map[string]json.RawMessage
	if err := json.Unmarshal(v[2], &layout); err != nil {
		return nil, rest, err
	}
	for _, t := range traces {
		if slices.Contains(maps, t.Type) {
			return nil, nil, ErrNone
		}
	}
	return &Spec{Library: Plotly, Data: v[1], Layout: v[2], Frames: readFrames(rest)}, nil, nil
}

// readFrames finds the frames of an animation, which follow their chart.
func readFrames(r io.Reader) json.RawMessage {
	which, rest, err := seek(r, "Plotly.addFrames(", "</script")
	if err != nil || which != 0 {
		return nil
	}
	if _, rest, err = seek(rest, ", "); err != nil { // behind the id, in single quotes
		return nil
	}
	v, _, err := values(rest, 1)
	var frames []map[string]json.RawMessage
	if err != nil || json.Unmarshal(v[0], &frames) != nil {
		return nil
	}
	return v[0]
}

func readVega(r io.Reader) (*Spec, io.Reader, error) {
	v, rest, err := values(io.MultiReader(strings.NewReader("{"), r), 1)
	if err != nil {
		return nil, rest, err
	}
	var spec map[string]json.RawMessage
	if err := json.Unmarshal(v[0], &spec); err != nil {
		return nil, rest, err
	}
	var schema string
	if json.Unmarshal(spec["$schema"], &schema) != nil || !strings.Contains(schema, "/schema/vega") {
		return nil, rest, errors.New("not of Vega")
	}
	delete(spec, "usermeta") // may tell the page to fetch and to patch
	clean, err := json.Marshal(spec)
	if err != nil {
		return nil, rest, err
	}
	return &Spec{Library: Vega, Spec: clean}, nil, nil
}
