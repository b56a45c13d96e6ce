package filter

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/attachebot/attache/internal/llm/lenient"
)

// pythonic reads calls as LFM2 writes them between its tags: a Python list of
// calls whose arguments have names and plain values, [run(code="print(1)", n=2)].
// (github.com/ggml-org/llama.cpp/pull/16763, theroyallab/tabbyAPI/pull/464)
type pythonic struct {
	rest string
	bad  bool
}

var (
	pyName   = regexp.MustCompile(`^[A-Za-z_][\w.-]*`)
	pyNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`)
	pyWords  = map[string]any{"True": true, "true": true, "False": false, "false": false, "None": nil, "null": nil}
)

// addPythonic adds the calls of a list; false if it is none, or only the beginning
// of one.
func addPythonic(s string, add func(name, args string)) bool {
	p := &pythonic{rest: s}
	type call struct{ name, args string }
	var calls []call
	p.want("[")
	p.list("]", func() {
		name := p.match(pyName)
		args := map[string]any{}
		p.want("(")
		p.list(")", func() {
			key := p.match(pyName)
			p.want("=")
			args[key] = p.value()
		})
		calls = append(calls, call{name, string(lenient.JSON(args))})
	})
	if p.bad || strings.TrimSpace(p.rest) != "" || len(calls) == 0 {
		return false
	}
	for _, c := range calls {
		add(c.name, c.args)
	}
	return true
}

// pythonValue reads a plain value as Python writes it, or nil.
func pythonValue(s string) any {
	p := &pythonic{rest: s}
	v := p.value()
	if p.bad || strings.TrimSpace(p.rest) != "" {
		return nil
	}
	return v
}

// take removes a text from the beginning, behind white space, if it is there.
func (p *pythonic) take(s string) bool {
	p.rest = strings.TrimSpace(p.rest)
	rest, ok := strings.CutPrefix(p.rest, s)
	p.rest = rest
	return ok
}

func (p *pythonic) want(s string) {
	if !p.take(s) {
		p.bad = true
	}
}

func (p *pythonic) match(re *regexp.Regexp) string {
	p.rest = strings.TrimSpace(p.rest)
	m := re.FindString(p.rest)
	p.bad = p.bad || m == ""
	p.rest = p.rest[len(m):]
	return m
}

// list reads what stands between commas up to an end; a last comma is allowed.
func (p *pythonic) list(end string, one func()) {
	for !p.bad && !p.take(end) {
		if one(); !p.take(",") {
			p.want(end)
			return
		}
	}
}

func (p *pythonic) value() any {
	p.rest = strings.TrimSpace(p.rest)
	for _, quote := range []string{`"""`, "'''", `"`, "'", gemmaQuote, escapeTag} {
		if p.take(quote) {
			return p.text(quote)
		}
	}
	switch {
	case p.take("["):
		list := []any{}
		p.list("]", func() { list = append(list, p.value()) })
		return list
	case p.take("{"):
		m := map[string]any{}
		p.list("}", func() {
			key := p.key()
			p.want(":")
			m[key] = p.value()
		})
		return m
	}
	if n := pyNumber.FindString(p.rest); n != "" {
		p.rest = p.rest[len(n):]
		return json.Number(n)
	}
	v, ok := pyWords[p.match(pyName)]
	p.bad = p.bad || !ok
	return v
}

// key reads the name of a field: a string, or a word without quotes.
func (p *pythonic) key() string {
	if p.rest = strings.TrimSpace(p.rest); pyName.MatchString(p.rest) {
		return p.match(pyName)
	}
	key, ok := p.value().(string)
	p.bad = p.bad || !ok
	return key
}

// Quotes within which nothing is escaped.
const (
	gemmaQuote = `<|"|>`    // Gemma 4
	escapeTag  = "<escape>" // FunctionGemma
)

// addGemma adds a call whose arguments are written {key:<escape>text<escape>,n:1}.
func addGemma(name, args string, add func(name, args string)) bool {
	p := &pythonic{rest: args}
	v, ok := p.value().(map[string]any)
	if p.bad || !ok || strings.TrimSpace(p.rest) != "" {
		return false
	}
	add(name, string(lenient.JSON(v)))
	return true
}

// text reads a string up to its quote. A line break is allowed in each, since
// models write it so.
func (p *pythonic) text(quote string) string {
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		if strings.HasPrefix(p.rest[i:], quote) {
			p.rest = p.rest[i+len(quote):]
			return b.String()
		}
		c := p.rest[i]
		if quote[0] == '<' {
			b.WriteByte(c)
			continue
		}
		if c != '\\' || i+1 == len(p.rest) {
			b.WriteByte(c)
			continue
		}
		i++
		switch e := p.rest[i]; e {
		case '\n':
		case '\\', '\'', '"':
			b.WriteByte(e)
		default:
			r, _, tail, err := strconv.UnquoteChar(p.rest[i-1:], 0)
			if err != nil { // Python keeps what is no escape
				b.WriteByte('\\')
				b.WriteByte(e)
				continue
			}
			b.WriteRune(r)
			i = len(p.rest) - len(tail) - 1
		}
	}
	p.bad = true
	return ""
}
