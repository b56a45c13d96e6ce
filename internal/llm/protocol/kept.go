package protocol

import (
	"encoding/json"
	"strings"

	"github.com/attachebot/attache/internal/llm/lenient"
)

// gathered are the fields beside a text as a stream brings them, piece by
// piece: strings and lists grow, anything else is replaced.
type gathered map[string]*gatheredField

type gatheredField struct {
	text *strings.Builder
	list []*gatheredElement
	raw  json.RawMessage
}

// gatheredElement is an element of a list. A piece continues the last element
// if that is of the same type and place.
type gatheredElement struct {
	raw    json.RawMessage // what is no object
	fields map[string]json.RawMessage
	grown  map[string]*strings.Builder
}

// growing are the fields of an element that come in pieces.
var growing = []string{"text", "summary", "thinking", "data"}

func (g *gathered) add(fields map[string]json.RawMessage) {
	for name, raw := range fields {
		if *g == nil {
			*g = gathered{}
		}
		f := (*g)[name]
		if f == nil {
			f = &gatheredField{}
			(*g)[name] = f
		}
		f.add(raw)
	}
}

func (f *gatheredField) add(raw json.RawMessage) {
	var s string
	var list []json.RawMessage
	switch {
	case json.Unmarshal(raw, &s) == nil:
		if f.text == nil {
			f.text = &strings.Builder{}
		}
		f.text.WriteString(s)
	case json.Unmarshal(raw, &list) == nil:
		for _, e := range list {
			f.addElement(e)
		}
	default:
		f.raw = raw
	}
}

func (f *gatheredField) addElement(raw json.RawMessage) {
	e := &gatheredElement{raw: raw}
	if json.Unmarshal(raw, &e.fields) != nil || e.fields == nil {
		f.list = append(f.list, e)
		return
	}
	e.grown = map[string]*strings.Builder{}
	if n := len(f.list); n > 0 && f.list[n-1].continues(e.fields) {
		e = f.list[n-1]
		var more map[string]json.RawMessage
		_ = json.Unmarshal(raw, &more)
		for k, v := range more {
			if string(v) != "null" && e.grown[k] == nil {
				e.fields[k] = v
			}
		}
		e.grow(more)
		return
	}
	e.grow(e.fields)
	f.list = append(f.list, e)
}

// grow takes the texts of a piece.
func (e *gatheredElement) grow(piece map[string]json.RawMessage) {
	for _, k := range growing {
		var s string
		if raw, ok := piece[k]; ok && json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
			if e.grown[k] == nil {
				e.grown[k] = &strings.Builder{}
			}
			e.grown[k].WriteString(s)
		}
	}
}

// continues reports whether a piece belongs to the element.
func (e *gatheredElement) continues(piece map[string]json.RawMessage) bool {
	if e.fields == nil || string(e.fields["type"]) != string(piece["type"]) {
		return false
	}
	for _, k := range []string{"index", "id"} {
		if x, y := string(e.fields[k]), string(piece[k]); x != y && x != "" && y != "" && x != "null" && y != "null" {
			return false
		}
	}
	if piece["index"] == nil {
		sig := lenient.Text(e.fields["signature"])
		return sig == "" || sig == "null" // a signature ends a block
	}
	return true
}

// fields returns all that was gathered; nil for nothing.
func (g gathered) fields() map[string]json.RawMessage {
	if len(g) == 0 {
		return nil
	}
	out := map[string]json.RawMessage{}
	for name, f := range g {
		switch {
		case f.list != nil:
			var list []json.RawMessage
			for _, e := range f.list {
				list = append(list, e.json())
			}
			out[name] = lenient.JSON(list)
		case f.text != nil:
			out[name] = lenient.JSON(f.text.String())
		default:
			out[name] = f.raw
		}
	}
	return out
}

func (e *gatheredElement) json() json.RawMessage {
	if e.fields == nil {
		return e.raw
	}
	for k, b := range e.grown {
		e.fields[k] = lenient.JSON(b.String())
	}
	return lenient.JSON(e.fields)
}
