// Package redact takes secrets out of texts that leave the program: errors, logs,
// results of tools. It finds them also as servers echo them, in other encodings.
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// Shortest is how many bytes a secret has at least; shorter ones are words.
const Shortest = 6

// placeholders are keys that servers without keys are given. They are no secrets,
// and some are words of our sentences.
var placeholders = []string{"ollama", "lm-studio", "lmstudio", "not-needed", "sk-no-key-required", "no-key-required", "dummy-key", "placeholder", "anything", "localai", "litellm"}

// levels is how often a text may be encoded in another, as JSON in JSON.
const levels = 4

// Redactor knows secrets. The zero value and nil know none.
type Redactor struct {
	needles []string
}

// New returns what takes the secrets out.
func New(secrets ...string) *Redactor {
	r := &Redactor{}
	for _, s := range secrets {
		if len(s) < Shortest || slices.Contains(placeholders, strings.ToLower(s)) {
			continue
		}
		asHex := hex.EncodeToString([]byte(s))
		r.needles = append(r.needles, s, strings.ReplaceAll(s, " ", "+"), asHex, strings.ToUpper(asHex))
		for offset := range 3 {
			text := inBase64(s, offset)
			r.needles = append(r.needles, text, strings.NewReplacer("+", "-", "/", "_").Replace(text))
		}
	}
	slices.Sort(r.needles)
	r.needles = slices.Compact(r.needles)
	return r
}

// String returns s without the secrets.
func (r *Redactor) String(s string) string {
	if r == nil || len(r.needles) == 0 || s == "" {
		return s
	}
	return cut(s, r.find(s))
}

// find returns where secrets stand in s, in any encoding.
func (r *Redactor) find(s string) (found []span) {
	v := view{text: s}
	for range levels {
		for _, needle := range r.needles {
			for at := 0; ; {
				i := strings.Index(v.text[at:], needle)
				if i < 0 {
					break
				}
				found = append(found, span{v.source(at + i), v.source(at + i + len(needle))})
				at += i + len(needle)
			}
		}
		if !strings.ContainsAny(v.text, `%\&`) {
			break
		}
		v = v.decode()
	}
	return found
}

// span is a part of a text.
type span struct{ from, to int }

// cut puts Mark where the spans are; those that overlap or touch are one.
func cut(s string, found []span) string {
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	end := 0
	for i, f := range found {
		if i == 0 || f.from > end {
			b.WriteString(s[end:f.from])
			b.WriteString(Mark)
		}
		end = max(end, f.to)
	}
	b.WriteString(s[end:])
	return b.String()
}

// inBase64 is what s is in base64 whatever stands around it, if so many bytes stand
// before it, modulo 3.
func inBase64(s string, offset int) string {
	text := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), s...))
	first := []int{0, 2, 3}[offset]
	last := len(text)
	if (offset+len(s))%3 != 0 {
		last-- // it has bits of what follows
	}
	return text[first:last]
}
