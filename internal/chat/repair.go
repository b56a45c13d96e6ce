package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// repairArguments makes a JSON object of what a model wrote as the arguments
// of a call. A valid object comes back as it is. Else it mends what models get
// wrong without a doubt of what they meant: a code fence around it, JSON in a
// JSON string, trailing commas, comments, raw line breaks, other quotes,
// Python's constants, unescaped backslashes and, where the end is plain,
// unescaped quotes; a missing end of an object; the whole call instead of its
// arguments; and bare text for a tool that takes one string. It returns false if
// none of that helps: an unfinished string, above all, is never made whole.
func repairArguments(args string, schema json.RawMessage) (string, bool) {
	var shape struct {
		Properties map[string]struct {
			Type string `json:"type"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	_ = json.Unmarshal(schema, &shape)

	s := strings.TrimSpace(strings.TrimPrefix(args, "\uFEFF"))
	obj, ok := toObject(s, 0)
	if !ok {
		if len(shape.Required) != 1 || shape.Properties[shape.Required[0]].Type != "string" || s == "" || strings.ContainsAny(s[:1], "{[\"") {
			return "", false
		}
		if m := fenced.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
		return string(encode(map[string]string{shape.Required[0]: s})), true
	}
	// {"name": "tool", "arguments": {…}}
	var call struct {
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal([]byte(obj), &call) == nil {
		for name, inner := range map[string]json.RawMessage{"arguments": call.Arguments, "parameters": call.Parameters} {
			if _, known := shape.Properties[name]; !known && len(inner) > 0 {
				if in, ok := toObject(string(inner), 1); ok {
					return in, true
				}
			}
		}
	}
	return obj, true
}

var fenced = regexp.MustCompile("(?s)^```[a-zA-Z0-9]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```$")

// maxRepair bounds what is repaired, in bytes: no model writes as much code.
const maxRepair = 1 << 20

func toObject(s string, depth int) (string, bool) {
	if s == "" || s == "null" {
		return "{}", true
	}
	if isObject(s) {
		return s, true
	}
	if depth > 3 || len(s) > maxRepair {
		return "", false
	}
	var inner string
	if json.Unmarshal([]byte(s), &inner) == nil && strings.ContainsAny(inner, "{") {
		return toObject(strings.TrimSpace(inner), depth+1)
	}
	if m := fenced.FindStringSubmatch(s); m != nil {
		return toObject(strings.TrimSpace(m[1]), depth+1)
	}
	l := lenient{in: s}
	err := l.document()
	out := l.out.String()
	if err != nil || !json.Valid([]byte(out)) {
		return "", false
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(out), &list) == nil && len(list) == 1 {
		out = string(list[0])
	}
	return out, isObject(out)
}

func isObject(s string) bool { return strings.HasPrefix(s, "{") && json.Valid([]byte(s)) }

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimSpace(b.Bytes())
}

// lenient reads what was meant as JSON and writes JSON.
type lenient struct {
	in  string
	pos int
	out strings.Builder
}

var errLenient = errors.New("not JSON")

func (l *lenient) document() error {
	l.space()
	if c := l.peek(); c != '{' && c != '[' {
		return errLenient
	}
	if err := l.value(0, 0); err != nil {
		return err
	}
	for l.space(); l.pos < len(l.in); l.pos++ {
		if !strings.ContainsRune("}];`", rune(l.in[l.pos])) {
			return errLenient
		}
	}
	return nil
}

// peek returns the next byte, or 0 at the end.
func (l *lenient) peek() byte {
	if l.pos < len(l.in) {
		return l.in[l.pos]
	}
	return 0
}

// space skips white space and comments.
func (l *lenient) space() {
	for l.pos < len(l.in) {
		rest := l.in[l.pos:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.pos++
		case strings.HasPrefix(rest, "//"), rest[0] == '#':
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				l.pos += i
			} else {
				l.pos = len(l.in)
			}
		case strings.HasPrefix(rest, "/*"):
			i := strings.Index(rest, "*/")
			if i < 0 {
				return
			}
			l.pos += i + 2
		default:
			return
		}
	}
}

var word = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*`)
var number = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`)

// value reads what stands in a container: '{', '[', or 0 for none.
func (l *lenient) value(depth int, container byte) error {
	if depth > 100 {
		return errLenient
	}
	l.space()
	switch c := l.peek(); c {
	case '{':
		return l.members(depth, '}')
	case '[':
		return l.members(depth, ']')
	case '"', '\'', '`':
		s, err := l.text(container)
		l.out.Write(encode(s))
		return err
	}
	rest := l.in[l.pos:]
	if w := word.FindString(rest); w != "" {
		known := map[string]string{"true": "true", "True": "true", "false": "false", "False": "false",
			"null": "null", "None": "null", "undefined": "null", "NaN": "null"}
		if known[w] == "" {
			return errLenient
		}
		l.pos += len(w)
		l.out.WriteString(known[w])
		return nil
	}
	n := number.FindString(rest)
	f, err := strconv.ParseFloat(n, 64)
	if n == "" || err != nil {
		return errLenient
	}
	l.pos += len(n)
	if json.Valid([]byte(n)) {
		l.out.WriteString(n)
	} else {
		l.out.Write(encode(f))
	}
	return nil
}

// members reads an object or a list, up to its end or the end of the input.
func (l *lenient) members(depth int, end byte) error {
	open := l.in[l.pos]
	l.out.WriteByte(open)
	l.pos++
	for first := true; ; first = false {
		l.space()
		if c := l.peek(); c == end {
			l.pos++
			break
		} else if c == 0 {
			if first {
				return errLenient
			}
			break
		}
		if !first {
			l.out.WriteByte(',')
		}
		if end == '}' {
			if err := l.key(); err != nil {
				return err
			}
		}
		if err := l.value(depth+1, open); err != nil {
			return err
		}
		l.space()
		switch l.peek() {
		case ',':
			l.pos++
		case end, 0:
		default:
			return errLenient
		}
	}
	l.out.WriteByte(end)
	return nil
}

func (l *lenient) key() error {
	var k string
	switch l.peek() {
	case '"', '\'':
		quote := l.in[l.pos]
		i := strings.IndexByte(l.in[l.pos+1:], quote)
		if i < 0 {
			return errLenient
		}
		k = l.in[l.pos+1 : l.pos+1+i]
		l.pos += i + 2
	default:
		if k = word.FindString(l.in[l.pos:]); k == "" {
			return errLenient
		}
		l.pos += len(k)
	}
	l.space()
	if l.peek() != ':' {
		return errLenient
	}
	l.pos++
	l.out.Write(encode(k))
	l.out.WriteByte(':')
	return nil
}

// text reads a string in any quotes, three of them too.
func (l *lenient) text(container byte) (string, error) {
	quote := l.in[l.pos : l.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(l.in[l.pos:], triple) && quote != "`" {
		l.pos += 3
		i := strings.Index(l.in[l.pos:], triple)
		if i < 0 {
			return "", errLenient
		}
		s := l.in[l.pos : l.pos+i]
		l.pos += i + 3
		return s, nil
	}
	l.pos++
	var b strings.Builder
	for l.pos < len(l.in) {
		c := l.in[l.pos]
		switch {
		case c == '\\':
			l.escape(&b)
		case c == quote[0] && l.ends(container):
			l.pos++
			return b.String(), nil
		default:
			r, size := utf8.DecodeRuneInString(l.in[l.pos:])
			b.WriteRune(r)
			l.pos += size
		}
	}
	return "", errLenient
}

// escape reads what begins with a backslash. An escape that JSON does not know
// is two characters: \d of a regular expression.
func (l *lenient) escape(b *strings.Builder) {
	rest := l.in[l.pos:]
	if known := escaped.FindString(rest[:min(len(rest), 12)]); known != "" {
		var s string
		_ = json.Unmarshal([]byte(`"`+known+`"`), &s)
		b.WriteString(s)
		l.pos += len(known)
		return
	}
	if len(rest) > 1 && rest[1] == '\'' {
		b.WriteByte('\'')
		l.pos += 2
		return
	}
	b.WriteByte('\\')
	l.pos++
}

// escaped is an escape of JSON; two surrogates are one.
var escaped = regexp.MustCompile(`^\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4})`)

// ends tells whether the quote at the position ends its string, a member of
// an object or of a list: the next member follows, or the end. Any other is a
// part of the text.
func (l *lenient) ends(container byte) bool {
	after := lenient{in: l.in, pos: l.pos + 1}
	after.space()
	next := after.peek()
	switch {
	case next == 0:
		return true
	case container == '[':
		return next == ',' || next == ']'
	case next == ',':
		after.pos++
		after.space()
		return after.peek() == '}' || after.peek() == 0 || after.atKey()
	case next != '}':
		return false
	}
	for strings.IndexByte("]} \t\r\n", after.peek()) >= 0 {
		after.pos++
	}
	return strings.IndexByte(",;`{\x00", after.peek()) >= 0
}

// atKey tells whether a key of an object stands at the position.
func (l *lenient) atKey() bool {
	rest := l.in[l.pos:]
	rest = rest[:min(len(rest), 100)] // no key is longer
	if rest[0] == '"' || rest[0] == '\'' {
		i := strings.IndexByte(rest[1:], rest[0])
		if i < 1 {
			return false
		}
		rest = rest[i+2:]
	} else {
		rest = rest[len(word.FindString(rest)):]
		if len(rest) == len(l.in[l.pos:]) {
			return false
		}
	}
	return strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), ":")
}
