package terminal

import (
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/attachebot/attache/internal/table"
)

// styled returns a writer that shows Markdown on a terminal as it comes:
// headings and bold text bold, code coloured, tables laid out for the window.
// Elsewhere, and with NO_COLOR, text goes as it is. close ends what is open.
func styled(out io.Writer, width int) (w io.Writer, close func()) {
	f := fileOf(out)
	if f == nil || !IsTerminal(out) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return out, func() {}
	}
	s := &styler{w: f, width: width}
	return Clean(s), s.close
}

const (
	bold, dim, colour  = "\x1b[1m", "\x1b[2m", "\x1b[36m"
	notBold, noColour  = "\x1b[22m", "\x1b[39m"
	everythingOff      = "\x1b[0m"
	rule               = "────────────────────"
	longestLineOfTable = 100_000
)

// styler turns Markdown into what a terminal shows, a sign at a time: only a sign
// whose meaning the next one decides is held back, and the lines of a table. What
// it does not understand it leaves as it is.
type styler struct {
	w     io.Writer
	width int

	out     strings.Builder
	line    strings.Builder // the beginning of a line, until its kind is known
	known   bool            // it is known
	held    string          // asterisks
	before  rune            // that was written last
	bold    bool
	code    bool
	heading bool
	fenced  bool
	table   []string
}

func (s *styler) Write(p []byte) (int, error) {
	for _, r := range string(p) {
		s.put(r)
	}
	return len(p), s.flush()
}

// close shows what is held back, and ends all styles. What is written then begins a
// line.
func (s *styler) close() {
	s.endTable(s.line.String())
	if s.held != "" {
		s.asterisks('\n')
	}
	if s.bold || s.code || s.heading {
		s.out.WriteString(everythingOff)
	}
	s.bold, s.code, s.heading, s.fenced, s.known, s.before = false, false, false, false, false, 0
	s.flush()
}

func (s *styler) flush() error {
	_, err := io.WriteString(s.w, s.out.String())
	s.out.Reset()
	return err
}

func (s *styler) put(r rune) {
	if !s.known {
		s.begin(r)
		return
	}
	s.inline(r)
}

// begin takes the beginning of a line until its kind is known.
func (s *styler) begin(r rune) {
	if r != '\n' {
		s.line.WriteRune(r)
	}
	text := s.line.String()
	trimmed := strings.TrimLeft(text, " ")
	switch {
	case strings.HasPrefix(trimmed, "|") && !s.fenced:
		if r == '\n' {
			s.table = append(s.table, text)
			s.line.Reset()
		} else if s.line.Len() > longestLineOfTable {
			s.endTable(text)
		}
		return
	case r == '\n' && strings.HasPrefix(trimmed, "```"):
		s.endTable("")
		s.fenced, s.known = !s.fenced, false
		s.out.WriteString(dim + text + everythingOff + "\n")
		return
	case strings.HasPrefix("```", trimmed) && trimmed != "" && r != '\n', strings.HasPrefix(trimmed, "```") && r != '\n':
		return
	case trimmed == "" && r != '\n':
		return
	case s.fenced:
		s.out.WriteString(colour)
		s.code = true
	case r != '\n' && strings.Trim(trimmed, "#") == "" && len(trimmed) <= 6, r != '\n' && (trimmed == "-" || trimmed == "--" || trimmed == "---"):
		return
	case r == '\n' && trimmed == "---":
		s.endTable("")
		s.known = false
		s.out.WriteString(dim + rule + everythingOff + "\n")
		return
	case r == ' ' && strings.Trim(trimmed, "# ") == "" && strings.HasPrefix(trimmed, "#"):
		s.endTable("")
		s.out.WriteString(bold)
		s.heading = true
		return
	}
	s.endTable(text)
	if r == '\n' {
		s.inline(r)
	}
}

// endTable lays out the lines of a table, and goes on with text.
func (s *styler) endTable(text string) {
	s.line.Reset()
	if len(s.table) > 0 {
		s.out.WriteString(layOut(s.table, s.width))
		s.table = nil
	}
	s.known = true
	for _, r := range text {
		s.inline(r)
	}
}

// inline takes a sign within a line.
func (s *styler) inline(r rune) {
	literal := s.fenced || s.code && r != '`'
	if s.held != "" && r != '*' {
		s.asterisks(r)
	}
	switch {
	case r == '\n':
		if s.bold || s.code || s.heading {
			s.out.WriteString(everythingOff)
		}
		s.out.WriteByte('\n')
		s.bold, s.code, s.heading, s.known, s.before = false, false, false, false, 0
		return
	case !literal && r == '*':
		s.held += "*"
		return
	case !s.fenced && r == '`':
		if s.code = !s.code; s.code {
			s.out.WriteString(colour)
		} else {
			s.out.WriteString(noColour)
		}
	default:
		s.out.WriteRune(r)
	}
	s.before = r
}

// asterisks decides what those that are held mean before next: two of them turn
// bold on before a word, and off after one.
func (s *styler) asterisks(next rune) {
	held := s.held
	s.held = ""
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case held == "**" && !s.bold && !word(s.before) && !unicode.IsSpace(next):
		s.bold = true
		s.out.WriteString(bold)
	case held == "**" && s.bold && !unicode.IsSpace(s.before):
		s.bold = false
		s.out.WriteString(notBold)
	default:
		s.out.WriteString(held)
		s.before = '*'
	}
}

// layOut returns a Markdown table as text of a width, or its lines if they are
// none.
func layOut(lines []string, width int) string {
	if len(lines) < 3 || strings.Trim(lines[1], "|:- ") != "" {
		return strings.Join(lines, "\n") + "\n"
	}
	t := table.Table{Columns: cells(lines[0])}
	for _, line := range lines[2:] {
		row := cells(line)
		for len(row) < len(t.Columns) {
			row = append(row, "")
		}
		if len(row) > len(t.Columns) {
			return strings.Join(lines, "\n") + "\n" // nothing of it is left out
		}
		t.Rows = append(t.Rows, row)
	}
	t.TotalRows, t.TotalColumns = len(t.Rows), len(t.Columns)
	return t.Wrap(width, len(t.Rows)).Lines
}

// cells splits a line of a Markdown table.
func cells(line string) (all []string) {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	for _, c := range strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|") {
		c = strings.ReplaceAll(strings.TrimSpace(c), "\x00", "|")
		all = append(all, strings.NewReplacer("**", "", "`", "").Replace(c))
	}
	return all
}
