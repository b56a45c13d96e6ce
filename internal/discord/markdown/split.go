// Package markdown cuts Markdown to what fits into Discord's messages.
package markdown

import (
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/brief"
)

// Length counts the characters of s as the strictest of Discord's clients
// does: in UTF-16.
func Length(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// Split cuts Markdown into messages of at most limit characters. A code block, a
// list, a table and a quote stays whole if it fits into one message, and a heading
// stays with what follows it. A code block that has to be cut is closed and
// opened again. A block that is not closed, as in a text that is still being
// written, is closed at the end.
func Split(text string, limit int) []string {
	var out []string
	var now strings.Builder
	flush := func() {
		if s := strings.Trim(now.String(), "\n"); strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
		now.Reset()
	}
	for _, b := range blocks(text) {
		for {
			joint, whole := 0, b.lead+b.text
			if now.Len() > 0 {
				joint = b.gap
			}
			if Length(now.String())+joint+Length(whole) <= limit {
				now.WriteString(strings.Repeat("\n", joint) + whole)
				break
			}
			if Length(whole) <= limit && now.Len() > 0 {
				flush()
				continue
			}
			// Too long for any message: cut it, and fill this one if enough room is left.
			room := limit
			if used := Length(now.String()) + joint; now.Len() > 0 {
				if room = limit - used; room < limit/4 {
					flush()
					continue
				}
			}
			head, tail := b.cut(room - Length(b.lead))
			now.WriteString(strings.Repeat("\n", joint) + b.lead + head)
			flush()
			b = block{kind: b.kind, text: tail, gap: 1}
			if tail == "" {
				break
			}
		}
	}
	flush()
	return out
}

type blockKind int

const (
	paragraph blockKind = iota
	fence
	bullets // a list
	lines   // a table or a quote
)

type block struct {
	kind blockKind
	lead string // a heading, with its line break
	text string // without line breaks at its ends
	gap  int    // line breaks before it
}

var (
	fenceLine   = regexp.MustCompile("^\\s{0,3}(`{3,20}|~{3,20})\\s*([^`]*)$") // a longer mark would have no room in a message
	listLine    = regexp.MustCompile(`^\s*([-*+]|\d{1,9}[.)])\s+\S`)
	headingLine = regexp.MustCompile(`^(#{1,3}|-#)\s+\S`)
)

// Fence returns the mark of a line that opens a code block, such as "```"; "" if
// the line opens none.
func Fence(line string) string {
	if m := fenceLine.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// blocks divides text into what is kept together. A heading is part of the
// block after it.
func blocks(text string) []block {
	var out []block
	rest := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	gap := 0
	add := func(kind blockKind, ls []string) {
		b := block{kind: kind, text: strings.Join(ls, "\n"), gap: gap}
		if n := len(out); n > 0 && headingOnly(out[n-1].text) && out[n-1].lead == "" {
			h := out[n-1]
			b.lead, b.gap = h.lead+h.text+strings.Repeat("\n", max(gap, 1)), h.gap
			out = out[:n-1]
		}
		out = append(out, b)
		gap = 1
	}
	for i := 0; i < len(rest); {
		line := rest[i]
		switch {
		case strings.TrimSpace(line) == "":
			gap = min(gap+1, 2)
			i++
		case fenceLine.MatchString(line):
			mark := fenceLine.FindStringSubmatch(line)[1]
			end := i + 1
			for end < len(rest) && !strings.HasPrefix(strings.TrimSpace(rest[end]), mark) {
				end++
			}
			ls := rest[i:min(end+1, len(rest))]
			if end >= len(rest) {
				ls = append(append([]string{}, ls...), mark)
			}
			add(fence, ls)
			i = end + 1
		case listLine.MatchString(line):
			end := i + 1
			for end < len(rest) && (listLine.MatchString(rest[end]) || indented(rest[end]) ||
				strings.TrimSpace(rest[end]) == "" && end+1 < len(rest) && (listLine.MatchString(rest[end+1]) || indented(rest[end+1]))) {
				end++
			}
			add(bullets, rest[i:end])
			i = end
		case tableLine(line) || strings.HasPrefix(line, ">"):
			end := i + 1
			for end < len(rest) && (tableLine(rest[end]) && tableLine(line) || strings.HasPrefix(rest[end], ">") && line[0] == '>') {
				end++
			}
			add(lines, rest[i:end])
			i = end
		default:
			end := i + 1
			for end < len(rest) && strings.TrimSpace(rest[end]) != "" && !fenceLine.MatchString(rest[end]) &&
				!listLine.MatchString(rest[end]) && !tableLine(rest[end]) && !strings.HasPrefix(rest[end], ">") &&
				!headingLine.MatchString(line) && !headingLine.MatchString(rest[end]) {
				end++
			}
			add(paragraph, rest[i:end])
			i = end
		}
	}
	return out
}

func indented(line string) bool {
	return (strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")) && strings.TrimSpace(line) != ""
}

func tableLine(line string) bool {
	t := strings.TrimSpace(line)
	return len(t) > 1 && t[0] == '|' && t[len(t)-1] == '|'
}

func headingOnly(text string) bool {
	return len(text) < 200 && headingLine.MatchString(text) && !strings.HasPrefix(text, "-#") && !strings.Contains(text, "\n")
}

// cut takes at most room characters off the front of b, at the best place
// there is. The rest is a block of the same kind.
func (b block) cut(room int) (head, tail string) {
	if b.kind == fence {
		return cutFence(b.text, room)
	}
	at := offset(b.text, room)
	var seps []string
	switch b.kind {
	case bullets:
		seps = []string{"\n- ", "\n* ", "\n+ ", "\n", ". ", " "}
	case lines:
		seps = []string{"\n", " "}
	default:
		seps = []string{"\n", ". ", "! ", "? ", "。", " "}
	}
	for _, sep := range seps {
		i := strings.LastIndex(b.text[:at], sep)
		if i < at/3 {
			continue
		}
		if sep[0] != '\n' {
			i += len(sep)
		}
		return strings.TrimRight(b.text[:i], " \n"), strings.TrimLeft(b.text[i:], "\n")
	}
	return b.text[:at], b.text[at:]
}

// cutFence cuts a code block between two lines, or in a line that is too long.
func cutFence(text string, room int) (head, tail string) {
	first, body, _ := strings.Cut(text, "\n")
	mark := fenceLine.FindStringSubmatch(first)
	closing := "\n" + strings.TrimSpace(mark[1])
	body = strings.TrimSuffix(body, closing)
	if len(first) > 40 { // no language
		first, body = strings.TrimSpace(mark[1]), mark[2]+"\n"+body
	}
	at := offset(body, max(room-Length(first)-1-Length(closing), 2))
	next := at
	if i := strings.LastIndexByte(body[:at], '\n'); at < len(body) && i > 0 {
		at, next = i, i+1
	}
	head = first + "\n" + body[:at] + closing
	if next >= len(body) {
		return head, ""
	}
	return head, first + "\n" + body[next:] + closing
}

// offset is the greatest index of s, between letters as people see them, before which
// there are at most n characters.
func offset(s string, n int) int {
	for i, r := range s {
		if n -= utf16.RuneLen(r); n < 0 {
			if at := brief.Letter(s, i); at > 0 {
				return at
			}
			return i
		}
	}
	return len(s)
}
