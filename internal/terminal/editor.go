package terminal

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"
)

// editor reads lines from a person at a terminal: with a history that lasts, Tab,
// and what is pasted as one message. Between two reads the terminal is as it was,
// so that Ctrl-C interrupts what runs.
//
// It is x/term's editor, which leaves the screen to the conversation; the large
// libraries for terminals take it over.
type editor struct {
	in, out  *os.File
	line     *term.Terminal
	complete func(line string) []string // what the line may become
}

// newEditor returns an editor, or nil where nobody is at a terminal that has one.
func newEditor(in io.Reader, out io.Writer, history string, complete func(line string) []string) *editor {
	i, o := fileOf(in), fileOf(out)
	if !IsTerminal(in) || !IsTerminal(out) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	e := &editor{in: i, out: o, complete: complete}
	e.line = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{i, o}, "> ")
	e.line.History = openHistory(history)
	e.line.AutoCompleteCallback = e.tab
	return e
}

// read returns a line, without its end; io.EOF after Ctrl-C and Ctrl-D, and when
// ctx ends. Pasted lines are one.
func (e *editor) read(ctx context.Context, prompt string) (string, error) {
	fd := int(e.in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(fd, before)
	if w, h, err := term.GetSize(int(e.out.Fd())); err == nil {
		e.line.SetSize(w, h)
	}
	e.line.SetPrompt(prompt)
	e.line.SetBracketedPasteMode(true)
	defer e.line.SetBracketedPasteMode(false)
	type read struct {
		text string
		err  error
	}
	c := make(chan read, 1)
	go func() {
		var lines []string
		for {
			line, err := e.line.ReadLine()
			lines = append(lines, line)
			if !errors.Is(err, term.ErrPasteIndicator) {
				c <- read{strings.Join(lines, "\n"), err}
				return
			}
		}
	}()
	select {
	case r := <-c:
		return r.text, r.err
	case <-ctx.Done():
		return "", io.EOF
	}
}

// tab completes the line as far as there is one way, or shows the ways.
func (e *editor) tab(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' || pos != len(line) {
		return "", 0, false
	}
	ways := e.complete(line)
	if len(ways) == 0 {
		return line, pos, true
	}
	common := ways[0]
	for _, w := range ways[1:] {
		n := 0
		for n < len(common) && n < len(w) && common[n] == w[n] {
			n++
		}
		common = strings.ToValidUTF8(common[:n], "")
	}
	if len(common) <= len(line) && len(ways) > 1 {
		var names []string
		for _, w := range ways {
			names = append(names, strings.TrimSpace(w[strings.LastIndexByte(strings.TrimRight(w, " /"), ' ')+1:]))
		}
		io.WriteString(Clean(e.line), strings.Join(names, "  ")+"\n")
		return line, pos, true
	}
	return common, len(common), true
}

// pathsLike returns the files and folders of this machine that begin so.
func pathsLike(begin string) (paths []string) {
	found, _ := filepath.Glob(escapeGlob(begin) + "*")
	for _, p := range found {
		if strings.HasPrefix(filepath.Base(p), ".") && !strings.HasPrefix(filepath.Base(begin), ".") {
			continue
		}
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			p += "/"
		}
		paths = append(paths, p)
	}
	return paths
}

var escapeGlob = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace

// history is the lines that were entered, the newest last, and the file of them.
type history struct {
	path  string
	lines []string
}

const historyLines = 500

func openHistory(path string) *history {
	h := &history{path: path}
	if text, err := os.ReadFile(path); err == nil {
		h.lines = slices.DeleteFunc(strings.Split(string(text), "\n"), func(s string) bool { return s == "" })
		h.lines = h.lines[max(0, len(h.lines)-historyLines):]
	}
	return h
}

func (h *history) Len() int          { return len(h.lines) }
func (h *history) At(idx int) string { return h.lines[len(h.lines)-1-idx] }

func (h *history) Add(line string) {
	if line == "" || strings.Contains(line, "\n") || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	h.lines = h.lines[max(0, len(h.lines)-historyLines):]
	if h.path != "" { // a history that can't be kept is no reason to stop
		os.WriteFile(h.path, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600)
	}
}
