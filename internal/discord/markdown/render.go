package markdown

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	deepHeading = regexp.MustCompile(`^\s*#{4,6}\s+(.*?)\s*#*$`)
	ruleLine    = regexp.MustCompile(`^\s{0,3}(-(\s*-){2,}|\*(\s*\*){2,}|_(\s*_){2,})\s*$`)
	taskItem    = regexp.MustCompile(`^(\s*[-*+]\s+)\[([ xX])\]\s+`)
	imageLink   = regexp.MustCompile(`!\[([^\]]*)\]\(([^)\s]*)[^)]*\)`)
	footnote    = regexp.MustCompile(`\[\^([0-9A-Za-z]+)\](:)?`)
	displayMath = regexp.MustCompile(`(?s)\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\begin\{(` + environments + `)\*?\}.+?\\end\{(` + environments + `)\*?\}`)
	lineMath    = regexp.MustCompile(`(?m)^[ \t]*(\\\(.+?\\\)|\$[^\s$](?:[^$\n]*[^\s$])?\$)[ \t]*[.,;]?[ \t]*$`)
	inlineMath  = regexp.MustCompile(`\\\((.+?)\\\)|\$([^\s$](?:[^$\n]*[^\s$])?)\$`)
	inlineCode  = regexp.MustCompile("`[^`\n]+`")
)

// environments of LaTeX are formulas on lines of their own.
const environments = `equation|align|alignat|gather|multline|eqnarray|displaymath`

// tags are HTML's, and what Discord has for them.
var tags = []struct {
	is   *regexp.Regexp
	mark string
}{
	{regexp.MustCompile(`(?i)</?(b|strong)>`), "**"},
	{regexp.MustCompile(`(?i)</?(i|em)>`), "*"},
	{regexp.MustCompile(`(?i)</?(s|del|strike)>`), "~~"},
	{regexp.MustCompile(`(?i)</?u>`), "__"},
	{regexp.MustCompile(`(?i)</?(code|kbd|tt)>`), "`"},
	{regexp.MustCompile(`(?i)<br\s*/?>`), "\n"},
	{regexp.MustCompile(`(?i)</?(p|div|span|center|details|summary|sub|sup|small|big|font|hr|ul|ol|li)(\s[^>]*)?/?>`), ""},
}

// Render turns what models write and Discord does not show into what it does:
// deep headings, rules, task lists, images, footnotes, HTML, and mathematics in
// LaTeX, which becomes Unicode. Code is left alone.
func Render(text string) string { return new(renderer).render(text) }

// renderer is one rendering of a text.
type renderer struct {
	numbers map[string]int // of formulas in LaTeX, which stand behind them
	hard    []string       // formulas on lines of their own that were met, and that Unicode does not say well
}

func (r *renderer) render(text string) string {
	var out, prose []string
	flush := func() {
		if len(prose) > 0 {
			out = append(out, r.prose(strings.Join(prose, "\n")))
			prose = nil
		}
	}
	fenced := ""
	for _, line := range strings.Split(text, "\n") {
		mark := Fence(line)
		switch {
		case fenced == "" && mark != "":
			flush()
			fenced = mark
			out = append(out, line)
		case fenced != "":
			out = append(out, line)
			if strings.HasPrefix(strings.TrimSpace(line), fenced) {
				fenced = ""
			}
		default:
			prose = append(prose, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// prose renders text without blocks of code. Code in a line is kept.
func (r *renderer) prose(text string) string {
	var kept []string
	place := func(i int) string { return "\x00" + string(rune(0xF0000+i)) + "\x00" }
	text = inlineCode.ReplaceAllStringFunc(text, func(s string) string {
		kept = append(kept, s)
		return place(len(kept) - 1)
	})
	text = displayMath.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, `\begin`) {
			return r.formula(s)
		}
		return r.formula(s[2 : len(s)-2])
	})
	text = lineMath.ReplaceAllStringFunc(text, func(s string) string {
		tex, ok := inline(strings.TrimRight(strings.TrimSpace(s), ".,; \t"))
		if _, hard := said(tex); !ok || !hard {
			return s
		}
		return r.formula(tex)
	})
	text = inlineMath.ReplaceAllStringFunc(text, func(s string) string {
		if tex, ok := inline(s); ok {
			return Math(tex)
		}
		return s
	})
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = renderLine(line)
	}
	text = strings.Join(lines, "\n")
	text = imageLink.ReplaceAllStringFunc(text, func(s string) string {
		m := imageLink.FindStringSubmatch(s)
		switch {
		case strings.HasPrefix(m[2], "http") && m[1] != "":
			return "[" + m[1] + "](<" + m[2] + ">)"
		case strings.HasPrefix(m[2], "http"):
			return "<" + m[2] + ">"
		}
		return m[1] // a file of the sandbox: it is attached
	})
	text = footnote.ReplaceAllStringFunc(text, func(s string) string {
		name := footnote.FindStringSubmatch(s)[1]
		if up, ok := raised(name, superscripts); ok {
			return up
		}
		return "(" + name + ")"
	})
	for _, tag := range tags {
		text = tag.is.ReplaceAllString(text, tag.mark)
	}
	for i, s := range kept {
		text = strings.Replace(text, place(i), s, 1)
	}
	return text
}

// formula renders one that stands on lines of its own.
func (r *renderer) formula(tex string) string {
	tex = strings.TrimSpace(tex)
	out, hard := said(tex)
	if hard && !slices.Contains(r.hard, tex) {
		r.hard = append(r.hard, tex)
	}
	out = "**" + out + "**"
	if n := r.numbers[tex]; n > 0 {
		out += fmt.Sprintf(" (%d)", n)
	}
	return out
}

// inline is the LaTeX of mathematics within a line, if it is mathematics.
func inline(s string) (tex string, ok bool) {
	if strings.HasPrefix(s, `\(`) {
		return s[2 : len(s)-2], true
	}
	tex = s[1 : len(s)-1]
	return tex, isMath(tex)
}

func renderLine(line string) string {
	switch {
	case ruleLine.MatchString(line):
		return ""
	case deepHeading.MatchString(line):
		return "**" + strings.ReplaceAll(deepHeading.FindStringSubmatch(line)[1], "**", "") + "**"
	}
	m := taskItem.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	box := "☐ "
	if m[2] != " " {
		box = "☑ "
	}
	return m[1] + box + line[len(m[0]):]
}

// isMath tells mathematics between dollar signs from amounts of money.
func isMath(s string) bool {
	if strings.ContainsAny(s, `\^_{}`) {
		return true
	}
	lower := func(r rune) bool { return r >= 'a' && r <= 'z' }
	return strings.Contains(s, "=") && !strings.Contains(s, " ") && strings.IndexFunc(s, lower) >= 0
}
