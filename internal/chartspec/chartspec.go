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
	maxSpec = 24 << 20 // bytes of a specification, as it is given to a page
	maxMany = 10_000   // traces, frames, and values of an object that are looked at
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
		if err == nil && spec.size() > maxSpec {
			return nil, ErrNone
		}
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

// size is how many bytes the specification has when <, > and & are escaped.
func (s *Spec) size() (n int) {
	for _, v := range []json.RawMessage{s.Data, s.Layout, s.Frames, s.Spec} {
		n += len(v)
		for _, c := range []string{"<", ">", "&"} {
			n += bytes.Count(v, []byte(c)) * len(`u003c`)
		}
	}
	return n
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
	drawable := true
	err = elements(v[1], func(d *json.Decoder) error {
		var trace struct {
			Type string `json:"type"`
		}
		err := d.Decode(&trace)
		drawable = drawable && !slices.Contains(maps, trace.Type)
		return err
	})
	switch {
	case err == nil && !isObject(v[2]):
		err = errors.New("a layout that is no object")
	case err == nil && !drawable:
		return nil, nil, ErrNone
	}
	if err != nil {
		return nil, rest, err
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
	if err != nil {
		return nil
	}
	err = elements(v[0], func(d *json.Decoder) error {
		var frame json.RawMessage
		if err := d.Decode(&frame); err != nil {
			return err
		}
		if !isObject(frame) {
			return errors.New("a frame that is no object")
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return v[0]
}

// elements has each element of an array decoded, one after the other: all at once
// could take many times the memory of their text.
func elements(array json.RawMessage, decode func(*json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(array))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.New("no array")
	}
	for n := 0; d.More(); n++ {
		if n == maxMany {
			return errors.New("too many elements")
		}
		if err := decode(d); err != nil {
			return err
		}
	}
	return nil
}

func isObject(v json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(v), []byte("{")) }

func readVega(r io.Reader) (*Spec, io.Reader, error) {
	v, rest, err := values(io.MultiReader(strings.NewReader("{"), r), 1)
	if err != nil {
		return nil, rest, err
	}
	schema, clean, err := vegaObject(v[0])
	if err != nil {
		return nil, rest, err
	}
	if !strings.Contains(schema, "/schema/vega") {
		return nil, rest, errors.New("not of Vega")
	}
	return &Spec{Library: Vega, Spec: clean}, nil, nil
}

// vegaObject returns the schema that an object names, and the object without its
// usermeta, which may tell the page to fetch and to patch.
func vegaObject(object json.RawMessage) (schema string, clean json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return "", nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, len(object)+1))
	for n := 0; d.More(); n++ {
		var value json.RawMessage
		name, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		switch {
		case err != nil:
			return "", nil, err
		case n == maxMany:
			return "", nil, errors.New("too many values")
		case name == "usermeta":
			continue
		case name == "$schema" && json.Unmarshal(value, &schema) != nil:
			return "", nil, errors.New("no schema")
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return "", nil, err
		}
		out.WriteByte(',')
		out.Write(quoted)
		out.WriteByte(':')
		out.Write(value)
	}
	if out.Len() == 0 {
		return "", nil, errors.New("an empty object")
	}
	out.WriteByte('}')
	out.Bytes()[0] = '{'
	return schema, out.Bytes(), nil
}
