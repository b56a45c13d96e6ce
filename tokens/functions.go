package tokens

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Functions are shown to a model as TypeScript: a namespace with a type for
// each of them. The form, and what the API counted for it, is in
// testdata/chat_vectors.json.

// sketch is that text while it is written.
type sketch struct {
	lines []string
	extra []string // JSON of what has no known form, counted besides
	flat  bool     // so far it has only what OpenAI's cookbook counts
	known bool     // so far it has only what testdata/chat_vectors.json has
}

// sketchTools writes the definitions of functions.
func sketchTools(tools []Tool) *sketch {
	s := &sketch{flat: true, known: true}
	s.add("namespace functions {", "")
	for _, t := range tools {
		s.comment("", t.Description)
		if t.Name == "" {
			s.guessed() // a tool of the provider's own
		}
		o := s.object(t.Parameters)
		if len(o.names) == 0 {
			s.flat = s.flat && t.Description != "" && len(bytes.TrimSpace(t.Parameters)) == 0
			s.add("type "+t.Name+" = () => any;", "")
			continue
		}
		s.flat = s.flat && t.Description != ""
		s.add("type " + t.Name + " = (_: {")
		s.properties(o, "")
		s.add("}) => any;", "")
	}
	s.add("} // namespace functions")
	return s
}

// String returns the text that is counted.
func (s *sketch) String() string { return strings.Join(append(s.lines, s.extra...), "\n") }

func (s *sketch) add(lines ...string) { s.lines = append(s.lines, lines...) }

func (s *sketch) guessed() { s.flat, s.known = false, false }

// guess counts JSON for which no form is known.
func (s *sketch) guess(raw json.RawMessage) {
	s.guessed()
	if len(raw) > 0 {
		s.extra = append(s.extra, compactJSON(raw))
	}
}

func (s *sketch) comment(indent, text string) {
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	if len(lines) > 1 {
		s.guessed()
	}
	for _, line := range lines {
		s.add(indent + "// " + line)
	}
}

// objectSchema is a JSON Schema of an object, in the order of its JSON.
type objectSchema struct {
	names      []string
	properties map[string]json.RawMessage
	required   []string
}

// object reads a schema whose type is object, or is not told.
func (s *sketch) object(raw json.RawMessage) (o objectSchema) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return o
	}
	fields, ok := orderedObject(raw)
	if !ok {
		s.guess(raw)
		return o
	}
	for _, name := range fields.names {
		v := fields.values[name]
		switch name {
		case "properties":
			p, ok := orderedObject(v)
			if !ok {
				s.guess(v)
			}
			o.names, o.properties = p.names, p.values
		case "required":
			if json.Unmarshal(v, &o.required) != nil {
				s.guess(v)
			}
		case "type":
			if string(v) != `"object"` {
				s.guess(v)
			}
		case "description": // of the property that has this schema
		case "$schema", "title", "additionalProperties":
			s.guessed()
		default:
			s.guess(v)
		}
	}
	return o
}

func (s *sketch) properties(o objectSchema, indent string) {
	for _, name := range o.names {
		s.property(name, o.properties[name], slices.Contains(o.required, name), indent)
	}
}

// property writes one line, or several for an object.
func (s *sketch) property(name string, raw json.RawMessage, required bool, indent string) {
	var p struct {
		Description json.RawMessage `json:"description"`
	}
	var description string
	if json.Unmarshal(raw, &p) == nil && len(p.Description) > 0 && json.Unmarshal(p.Description, &description) != nil {
		s.guess(p.Description)
	}
	s.flat = s.flat && description != ""
	if indent != "" && description != "" {
		s.guessed() // nobody told whether it is shown so deep
	}
	s.comment(indent, description)
	if !required {
		name += "?"
	}
	s.add(indent + name + ": ")
	s.kind(raw, indent)
	s.append(",")
}

// append continues the last line.
func (s *sketch) append(text string) { s.lines[len(s.lines)-1] += text }

// kind writes a property's type behind the last line.
func (s *sketch) kind(raw json.RawMessage, indent string) {
	fields, ok := orderedObject(raw)
	if !ok {
		s.guess(raw)
		s.append("any")
		return
	}
	var kind string
	if json.Unmarshal(fields.values["type"], &kind) != nil {
		s.guessed()
	}
	for _, name := range fields.names {
		switch name {
		case "type", "description":
		case "enum":
		case "properties", "required":
			if kind != "object" {
				s.guess(fields.values[name])
			}
		case "items":
			if kind != "array" {
				s.guess(fields.values[name])
			}
		case "$schema", "title", "additionalProperties":
			s.guessed()
		default:
			if kind != "object" { // object looks through these itself
				s.guess(fields.values[name])
			}
		}
	}
	if enum, ok := fields.values["enum"]; ok {
		s.enum(enum, kind)
		return
	}
	switch kind {
	case "string":
		s.append("string")
	case "number", "boolean":
		s.flat = false
		s.append(kind)
	case "integer":
		s.guessed()
		s.append("number")
	case "object":
		s.flat = false
		o := s.object(raw)
		if len(o.names) == 0 {
			s.guessed()
			s.append("object")
			return
		}
		s.append("{")
		s.properties(o, indent+"  ")
		s.add("}")
	case "array":
		s.flat = false
		if items, ok := fields.values["items"]; ok {
			s.kind(items, indent)
			s.append("[]")
			return
		}
		s.guessed()
		s.append("any[]")
	default:
		s.guessed()
		s.append("any")
	}
}

// enum writes the values of a property that has only those.
func (s *sketch) enum(raw json.RawMessage, kind string) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		s.guess(raw)
		s.append("any")
		return
	}
	values := make([]string, len(items))
	for i, item := range items {
		var text string
		if json.Unmarshal(item, &text) != nil || kind != "string" || strings.ContainsAny(text, "\"\\\n") {
			s.guessed()
			values[i] = compactJSON(item)
			continue
		}
		values[i] = `"` + text + `"`
	}
	s.append(strings.Join(values, " | "))
}

// ordered is a JSON object with its names in their order.
type ordered struct {
	names  []string
	values map[string]json.RawMessage
}

func orderedObject(raw json.RawMessage) (o ordered, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return o, false
	}
	o.values = map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		var v json.RawMessage
		if err != nil || !isName || d.Decode(&v) != nil {
			return ordered{}, false
		}
		if _, again := o.values[name]; !again {
			o.names = append(o.names, name)
		}
		o.values[name] = v
	}
	_, err := d.Token()
	return o, err == nil
}

func compactJSON(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}
