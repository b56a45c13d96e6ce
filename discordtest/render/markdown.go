package render

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// markdown turns Discord's Markdown into HTML. names says what mentions read as; times are shown in loc.
// https://support.discord.com/hc/en-us/articles/210298617
func markdown(text string, names map[string]string, loc *time.Location) string {
	m := marker{names: names, loc: loc}
	if jumbo(text) {
		return `<span class="jumbo">` + m.inline(text) + `</span>`
	}
	return m.blocks(text)
}

type marker struct {
	names map[string]string
	loc   *time.Location
}

var (
	fence    = regexp.MustCompile("(?s)```(?:([A-Za-z0-9_+.#-]+)\n)?\n?(.*?)\n?```")
	header   = regexp.MustCompile(`^(#{1,3})\s+(.+)$`)
	subtext  = regexp.MustCompile(`^-#\s+(.+)$`)
	listItem = regexp.MustCompile(`^(\s*)(?:([-*])|(\d+)\.)\s+(.+)$`)
)

// blocks handles what stands on lines of its own: fences first, since nothing counts inside them.
func (m marker) blocks(text string) string {
	var b strings.Builder
	for {
		at := fence.FindStringSubmatchIndex(text)
		if at == nil || strings.TrimSpace(text[at[4]:at[5]]) == "" {
			b.WriteString(m.lines(text))
			return b.String()
		}
		b.WriteString(m.lines(strings.TrimSuffix(text[:at[0]], "\n")))
		b.WriteString("<pre><code>" + html.EscapeString(text[at[4]:at[5]]) + "</code></pre>")
		text = strings.TrimPrefix(text[at[1]:], "\n")
	}
}

func (m marker) lines(text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	lines := strings.Split(text, "\n")
	plain := false // whether the line before was plain text, so that a line break is due
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if rest, ok := strings.CutPrefix(line, ">>> "); ok {
			rest = strings.Join(append([]string{rest}, lines[i+1:]...), "\n")
			return b.String() + "<blockquote><div>" + m.lines(rest) + "</div></blockquote>"
		}
		if strings.HasPrefix(line, "> ") {
			quoted := []string{}
			for ; i < len(lines) && strings.HasPrefix(lines[i], "> "); i++ {
				quoted = append(quoted, lines[i][2:])
			}
			i--
			b.WriteString("<blockquote><div>" + m.lines(strings.Join(quoted, "\n")) + "</div></blockquote>")
			plain = false
			continue
		}
		if h := header.FindStringSubmatch(line); h != nil {
			fmt.Fprintf(&b, "<h%d>%s</h%d>", len(h[1]), m.inline(h[2]), len(h[1]))
			plain = false
			continue
		}
		if s := subtext.FindStringSubmatch(line); s != nil {
			b.WriteString("<small>" + m.inline(s[1]) + "</small>")
			plain = false
			continue
		}
		if listItem.MatchString(line) {
			end := i
			for end < len(lines) && listItem.MatchString(lines[end]) {
				end++
			}
			b.WriteString(m.list(lines[i:end]))
			i = end - 1
			plain = false
			continue
		}
		if plain {
			b.WriteString("<br>")
		}
		b.WriteString(m.inline(line))
		plain = true
	}
	return b.String()
}

// list nests items by their indentation.
func (m marker) list(items []string) string {
	var b strings.Builder
	var open []struct {
		indent int
		tag    string
	}
	closeOne := func() {
		b.WriteString("</li></" + open[len(open)-1].tag + ">")
		open = open[:len(open)-1]
	}
	for _, item := range items {
		f := listItem.FindStringSubmatch(item)
		indent, tag := len(f[1]), "ul"
		if f[3] != "" {
			tag = "ol"
		}
		for len(open) > 1 && indent < open[len(open)-1].indent {
			closeOne()
		}
		if last := len(open) - 1; last >= 0 && indent <= open[last].indent && open[last].tag != tag {
			closeOne()
		}
		if len(open) == 0 || indent > open[len(open)-1].indent {
			start := ""
			if tag == "ol" {
				start = ` start="` + f[3] + `"`
			}
			b.WriteString("<" + tag + start + ">")
			open = append(open, struct {
				indent int
				tag    string
			}{indent, tag})
		} else {
			b.WriteString("</li>")
		}
		b.WriteString("<li>" + m.inline(f[4]))
	}
	for len(open) > 0 {
		closeOne()
	}
	return b.String()
}

var (
	codeSpan  = regexp.MustCompile("^(?:``((?s:.+?))``|`([^`\n]+)`)")
	mention   = regexp.MustCompile(`^<(?:@[!&]?|#)\d+>`)
	stamp     = regexp.MustCompile(`^<t:(-?\d+)(?::([tTdDfFR]))?>`)
	emojiCode = regexp.MustCompile(`^<a?:(\w+):\d+>`)
	angleLink = regexp.MustCompile(`^<(https?://[^>\s]+)>`)
	bareLink  = regexp.MustCompile(`^https?://[^\s<]*[^\s<.,:;"')\]]`)
	maskLink  = regexp.MustCompile(`^\[([^\]\n]+)\]\((?:<)?(https?://[^)\s>]+)(?:>)?\)`)
)

// spans are the marks that enclose text, longest first.
var spans = []struct{ mark, open, close string }{
	{"***", "<b><i>", "</i></b>"},
	{"**", "<b>", "</b>"},
	{"__", "<u>", "</u>"},
	{"~~", "<s>", "</s>"},
	{"||", `<span class="spoiler">`, "</span>"},
	{"*", "<i>", "</i>"},
	{"_", "<i>", "</i>"},
}

// inline handles what stands inside a line.
func (m marker) inline(text string) string {
	var b strings.Builder
	before := byte(' ')
	for len(text) > 0 {
		out, n := m.token(text, before)
		b.WriteString(out)
		before = text[n-1]
		text = text[n:]
	}
	return b.String()
}

// token is the HTML of what text begins with, and how many bytes that is.
func (m marker) token(text string, before byte) (string, int) {
	link := func(to, label string) string {
		return `<a href="` + html.EscapeString(to) + `">` + label + `</a>`
	}
	switch text[0] {
	case '\\':
		if len(text) > 1 && unicode.IsPunct(rune(text[1])) || len(text) > 1 && strings.ContainsRune("`~|*_<>", rune(text[1])) {
			return html.EscapeString(text[1:2]), 2
		}
	case '`':
		if f := codeSpan.FindStringSubmatch(text); f != nil {
			return "<code>" + html.EscapeString(strings.TrimSpace(f[1]+f[2])) + "</code>", len(f[0])
		}
	case '<':
		if f := mention.FindString(text); f != "" {
			name := m.names[f]
			if name == "" {
				name = map[byte]string{'#': "#channel", '&': "@role"}[f[1]]
			}
			if name == "" {
				name = "@user"
			}
			return `<span class="mention">` + html.EscapeString(name) + `</span>`, len(f)
		}
		if f := stamp.FindStringSubmatch(text); f != nil {
			seconds, _ := strconv.ParseInt(f[1], 10, 64)
			return `<span class="time">` + html.EscapeString(m.time(time.Unix(seconds, 0), f[2])) + `</span>`, len(f[0])
		}
		if f := emojiCode.FindStringSubmatch(text); f != nil {
			return ":" + html.EscapeString(f[1]) + ":", len(f[0])
		}
		if f := angleLink.FindStringSubmatch(text); f != nil {
			return link(f[1], html.EscapeString(f[1])), len(f[0])
		}
	case '[':
		if f := maskLink.FindStringSubmatch(text); f != nil {
			return link(f[2], m.inline(f[1])), len(f[0])
		}
	case 'h':
		if f := bareLink.FindString(text); f != "" {
			return link(f, html.EscapeString(f)), len(f)
		}
	}
	for _, s := range spans {
		if inner, n, ok := enclosed(text, s.mark, before); ok {
			return s.open + m.inline(inner) + s.close, n
		}
	}
	_, n := utf8.DecodeRuneInString(text)
	return html.EscapeString(text[:n]), n
}

// enclosed finds the text between a mark and its next occurrence.
func enclosed(text, mark string, before byte) (inner string, n int, ok bool) {
	if !strings.HasPrefix(text, mark) {
		return "", 0, false
	}
	word := func(c byte) bool { return c == '_' || unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) }
	rest := text[len(mark):]
	if rest == "" || mark == "_" && word(before) || mark == "*" && rest[0] == ' ' {
		return "", 0, false
	}
	for from := 0; ; {
		at := strings.Index(rest[from:], mark)
		if at < 0 {
			return "", 0, false
		}
		at += from
		after := rest[at+len(mark):]
		single := len(mark) == 1
		switch {
		case at == 0:
			return "", 0, false
		case single && (strings.HasPrefix(after, mark) || rest[at-1] == mark[0] && at > 1):
			from = at + len(mark)
			for from < len(rest) && rest[from] == mark[0] {
				from++
			}
			continue
		case mark == "_" && after != "" && word(after[0]):
			from = at + 1
			continue
		case mark == "*" && rest[at-1] == ' ':
			from = at + 1
			continue
		}
		for !single && strings.HasPrefix(after, mark[:1]) { // **a *b***: the outer mark closes last
			at, after = at+1, after[1:]
		}
		return rest[:at], len(mark)*2 + at, true
	}
}

func (m marker) time(t time.Time, style string) string {
	t = t.In(m.loc)
	switch style {
	case "t":
		return t.Format("3:04 PM")
	case "T":
		return t.Format("3:04:05 PM")
	case "d":
		return t.Format("1/2/2006")
	case "D":
		return t.Format("January 2, 2006")
	case "F":
		return t.Format("Monday, January 2, 2006 at 3:04 PM")
	case "R":
		return relative(time.Until(t))
	}
	return t.Format("January 2, 2006 at 3:04 PM")
}

// relative is a distance in time in words, such as "in 2 hours" or "3 days ago".
func relative(d time.Duration) string {
	past := d < 0
	if past {
		d = -d
	}
	units := []struct {
		per  time.Duration
		name string
	}{{365 * 24 * time.Hour, "year"}, {30 * 24 * time.Hour, "month"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	text := "a few seconds"
	for _, u := range units {
		if n := int((d + u.per/2) / u.per); n > 0 && d >= u.per*9/10 {
			text = fmt.Sprintf("%d %s", n, u.name)
			if n > 1 {
				text += "s"
			}
			break
		}
	}
	if past {
		return text + " ago"
	}
	return "in " + text
}

// jumbo tells whether a message is only a few emojis, which Discord draws large.
func jumbo(text string) bool {
	n := 0
	for _, r := range text {
		switch {
		case r >= 0x1F000 && r < 0x1FB00, r >= 0x2600 && r < 0x27C0, r >= 0x2B00 && r < 0x2C00:
			n++
		case r == 0xFE0F, r == 0x200D, r >= 0x1F3FB && r <= 0x1F3FF, unicode.IsSpace(r):
		default:
			return false
		}
	}
	return n > 0 && n <= 27
}
