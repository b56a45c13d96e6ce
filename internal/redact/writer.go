package redact

import (
	"io"
	"slices"
	"strings"
	"sync"
)

// Writer returns what writes to w without the secrets, those too that come in
// several writes. The end of a write that may begin a secret (three bytes or more
// of it) is held back until the next one, or Flush; ends of lines are not. It is
// safe for concurrent use.
func (r *Redactor) Writer(w io.Writer) io.Writer {
	if r == nil || len(r.needles) == 0 {
		return w
	}
	longest := len(slices.MaxFunc(r.needles, func(a, b string) int { return len(a) - len(b) }))
	return &writer{r: r, w: w, window: min(8*longest, 8<<10)}
}

// Flush writes what a Writer holds back.
func Flush(w io.Writer) {
	if w, ok := w.(*writer); ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		_ = w.write("", true)
	}
}

type writer struct {
	r      *Redactor
	w      io.Writer
	window int // bytes that are looked back at

	mu   sync.Mutex
	seen string // the end of what was written, as it came
	held string // what may begin a secret
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.write(string(p), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// write passes on what came, and what is held if this is all. w.mu is held.
func (w *writer) write(more string, all bool) error {
	text, start := w.seen+w.held+more, len(w.seen)
	found := w.r.find(text)
	end := len(text)
	if !all {
		end = max(w.r.begins(text), start)
		for _, f := range found {
			end = max(end, f.to)
		}
	}
	var inside []span
	for _, f := range found {
		if f.to > start { // the others are out already
			inside = append(inside, span{max(f.from, start) - start, f.to - start})
		}
	}
	out := cut(text[start:end], inside)
	w.seen, w.held = text[max(0, end-w.window):end], text[end:]
	if out == "" {
		return nil
	}
	_, err := io.WriteString(w.w, out)
	return err
}

// shortestBegin is how much of a secret must stand at the end of a text to be
// taken for its begin.
const shortestBegin = 3

// begins returns from where the end of s may be the begin of a secret; len(s): it
// is none.
func (r *Redactor) begins(s string) int {
	from := len(s)
	v := view{text: s}
	for range levels {
		for end := len(v.text); end >= 0; end = cutEncoding(v.text, end) {
			for _, needle := range r.needles {
				for n := min(len(needle)-1, end); n >= shortestBegin; n-- {
					if strings.HasSuffix(v.text[:end], needle[:n]) {
						from = min(from, v.source(end-n))
						break
					}
				}
			}
		}
		if !strings.ContainsAny(v.text, `%\&`) {
			break
		}
		v = v.decode()
	}
	return from
}

// cutEncoding returns where, before end, the last encoded character begins that
// may go on behind the text; -1: there is none.
func cutEncoding(text string, end int) int {
	near := max(0, len(text)-12)
	if end <= near {
		return -1
	}
	i := strings.LastIndexAny(text[near:end], `%\&`)
	if i < 0 {
		return -1
	}
	return near + i
}

// Unwrap returns the writer below.
func (w *writer) Unwrap() io.Writer { return w.w }
