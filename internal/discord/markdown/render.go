package markdown

import (
	"regexp"
	"strings"
)

var (
	deepHeading = regexp.MustCompile(`^\s*#{4,6}\s+(.*?)\s*#*$`)
	ruleLine    = regexp.MustCompile(`^\s{0,3}(-(\s*-){2,}|\*(\s*\*){2,}|_(\s*_){2,})\s*$`)
	taskItem    = regexp.MustCompile(`^(\s*[-*+]\s+)\[([ xX])\]\s+`)
	imageLink   = regexp.MustCompile(`!\[([^\]]*)\]\(([^)\s]*)[^)]*\)`)
	footnote    = regexp.MustCompile(`\[\^([0-9A-Za-z]+)\](:)?`)
	displayMath = regexp.MustCompile(`(?s)\$\$(.+?)\$\$|\\\[(.+?)\\\]`)
	inlineMath  = regexp.MustCompile(`\\\((.+?)\\\)|\$([^\s$](?:[^$\n]*[^\s$])?)\$`)
	inlineCode  = regexp.MustCompile("`[^`\n]+`")
)

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
func Render(text string) string {
	var out, prose []string
	flush := func() {
		if len(prose) > 0 {
			out = append(out, renderProse(strings.Join(prose, "\n")))
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

// renderProse renders text without blocks of code. Code in a line is kept.
func renderProse(text string) string {
	var kept []string
	place := func(i int) string { return "\x00" + string(rune(0xF0000+i)) + "\x00" }
	text = inlineCode.ReplaceAllStringFunc(text, func(s string) string {
		kept = append(kept, s)
		return place(len(kept) - 1)
	})
	text = displayMath.ReplaceAllStringFunc(text, func(s string) string {
		return "**" + Math(strings.TrimSpace(s[2:len(s)-2])) + "**"
	})
	text = inlineMath.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, `\(`) {
			return Math(s[2 : len(s)-2])
		}
		if inner := s[1 : len(s)-1]; isMath(inner) {
			return Math(inner)
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
