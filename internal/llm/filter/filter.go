// Package filter takes out of the text of an answer what is not for the person:
// thoughts that the server did not set apart, and calls of tools that it did not
// read.
package filter

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
)

// Filter takes out of an answer's text what is not for the person: thoughts
// that a server did not set apart, and calls of tools that it did not read. It
// works on a stream: what may become either is held back until it is known.
type Filter struct {
	opts    Options
	state   filterState
	held    string
	cut     string         // the beginning of a character
	close   *regexp.Regexp // what ends the block of thoughts
	fresh   bool           // of the block nothing was read yet
	nested  bool           // it began with another one
	wrap    string         // ends what the answer is wrapped in
	scanned int            // bytes of held that have no end tag

	at     place // in the visible text
	all    int   // bytes shown
	shown  int   // of them: thoughts, which was known too late
	closed bool  // an end tag came without an opening
	opened bool  // a block of thoughts was opened by its tag, or set apart
	over   bool  // past the first decision
}

// Options is what is known before the answer.
type Options struct {
	Model    string
	Local    bool // a server whose parsers may be missing
	Tools    bool // the request had tools: calls are looked for
	Unopened bool // the model's thoughts come as text that only an end tag ends
	Apart    bool // they don't: an answer was seen whole
}

type filterState int

const (
	atStart filterState = iota
	inThoughts
	undecided // held until an end tag comes, or the answer ends
	inHarmony
	visible
	inCall
)

var (
	harmony = []string{"<|channel|>", "<|start|>assistant", "<|message|>"}
	// A model that may think aloud, by its name; an answer that may be thoughts,
	// by how it begins.
	thinker = regexp.MustCompile(`(?i)think|reason|(^|[^a-z])r1([^a-z0-9]|$)|qwq|magistral|nemotron|exaone-deep|deepseek`)
)

// bareChannel is gpt-oss's first channel without its tokens.
var bareChannel = regexp.MustCompile(`^analysis[A-Z]`)

// musings are how thoughts begin that are not set apart.
var musings = []string{"okay", "ok", "alright", "hmm", "hm", "well", "so", "first", "let me", "let's", "we need", "we have", "the user", "user asks", "user wants", "user says",
	"i need to", "i should", "thinking", "analysis", "got it", "嗯", "好的", "好，", "用户", "首先", "我们"}

// musing reports whether a text begins as thoughts do, or may still do so.
func musing(t string) (is, maybe bool) {
	t = strings.ToLower(t)
	for _, m := range musings {
		rest, begins := strings.CutPrefix(t, m)
		next, _ := utf8.DecodeRuneInString(rest)
		switch {
		case begins && rest != "" && (!unicode.IsLetter(next) || unicode.Is(unicode.Han, next)):
			return true, false
		case begins && rest == "", strings.HasPrefix(m, t):
			maybe = true
		}
	}
	return false, maybe
}

// New returns a filter for one answer.
func New(o Options) *Filter { return &Filter{opts: o} }

// Apart notes that the server sets thoughts apart: the text has none.
func (f *Filter) Apart() { f.opened = true }

// Add takes a piece of the text and returns what of it can be shown.
func (f *Filter) Add(s string) string {
	// A character may be cut in two.
	s = f.cut + s
	n := len(s)
	for i := 1; i <= min(len(s), utf8.UTFMax-1); i++ {
		if tail := s[len(s)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRuneInString(tail) {
				n = len(s) - i
			}
			break
		}
	}
	if s, f.cut = s[:n], s[n:]; s == "" {
		return ""
	}
	f.held += s
	var out strings.Builder
	for {
		before, state := len(f.held), f.state
		text := f.step(false)
		f.at.pass(text)
		out.WriteString(text)
		if len(f.held) == before && f.state == state || f.held == "" {
			break
		}
	}
	f.all += out.Len()
	return out.String()
}

// place is where in a text in Markdown the next character stands.
type place struct {
	head   string // of the line: its beginning
	ticks  int    // backticks in the line
	fenced bool   // within a block of code
}

func (p place) blank() bool  { return strings.TrimSpace(p.head) == "" }
func (p place) inCode() bool { return p.fenced || p.ticks%2 == 1 }

func (p *place) pass(text string) {
	for _, c := range text {
		switch {
		case c == '\n':
			if t := strings.TrimSpace(p.head); strings.HasPrefix(t, "```") || strings.HasPrefix(t, "~~~") {
				p.fenced = !p.fenced
			}
			p.head, p.ticks = "", 0
			continue
		case c == '`':
			p.ticks++
		}
		if len(p.head) < 16 {
			p.head += string(c)
		}
	}
}

// step does what can be done with what is held, in the state that the filter is
// in, and returns what can be shown.
func (f *Filter) step(last bool) string {
	switch f.state {
	case atStart:
		return f.begin(last)
	case inThoughts:
		if f.fresh {
			t := strings.TrimLeft(f.held, " \r\n\t")
			tag, _, maybe := opening(t)
			if tag == "" && (maybe || t == "") && !last {
				return ""
			}
			f.fresh, f.nested = false, tag != ""
		}
		if at := f.close.FindStringIndex(f.held); at != nil {
			f.held = strings.TrimLeft(f.held[at[1]:], " \r\n\t")
			if f.state = atStart; f.nested {
				f.state, f.scanned = undecided, 0 // an end of the outer one may come
			}
			return ""
		}
		f.held = keepTail(f.held, 40)
	case undecided:
		from := max(0, f.scanned-20)
		f.scanned = len(f.held)
		end := closing.FindStringIndex(f.held[from:])
		if open := openWithin(f.held[from:]); open >= 0 && (end == nil || open < end[0]) {
			f.state, f.opened = visible, true
			return ""
		}
		if end != nil {
			f.closed, f.nested = true, false
			f.held = f.held[from+end[1]:]
			f.state = atStart
		}
	case visible:
		return f.read(last)
	}
	return "" // harmony and calls are read at the end
}

// begin decides what the answer begins with.
func (f *Filter) begin(last bool) string {
	t := strings.TrimLeft(f.held, " \r\n\t")
	if t == "" {
		return ""
	}
	tag, end, maybe := opening(t)
	if f.opts.Local && !f.over && tag == "" {
		if tag = musingIBM.FindString(t); tag != "" {
			end = musedIBM
		}
		maybe = maybe || mayBe(t, "Here is my thought process:") || mayBe(t, "Here's my thought process:")
	}
	if tag != "" {
		f.think(t[len(tag):], end)
		return ""
	}
	thought := f.opened || f.closed
	if at := closes.FindStringIndex(t); thought && at != nil { // said twice
		f.held = t[at[1]:]
		return ""
	}
	maybe = maybe || thought && mayBecome(t)
	if open, end, half := wrap(t, thought); open != "" {
		f.held, f.wrap, t = t[len(open):], end, t[len(open):]
	} else {
		maybe = maybe || half
	}
	for _, h := range harmony {
		if strings.HasPrefix(t, h) {
			f.state, f.held = inHarmony, t
			return ""
		}
		maybe = maybe || strings.HasPrefix(h, t)
	}
	if f.opts.Tools && (strippedHead.MatchString(t) || !f.over && (bareCall.MatchString(t) || pythonCall.MatchString(t))) {
		f.state = inCall
		return ""
	}
	if f.opts.Tools && (mayBeHead(t) || !f.over && (strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") || mayBe(t, "```json") || mayBe(t, "```tool_c") || mayBe(t, "functools[") || mayBe(t, "Action:") || mayBe(t, "function call<|role_sep|>"))) {
		maybe = maybe || len(t) < 60
	}
	hold := f.holds()
	if hold && !f.opts.Unopened && !thinker.MatchString(f.opts.Model) {
		var unsure bool
		hold, unsure = musing(t)
		hold = hold || bareChannel.MatchString(t)
		maybe = maybe || unsure
	}
	switch {
	case maybe && !last:
		return ""
	case hold:
		f.state = undecided
	default:
		f.state = visible
		if f.over || f.opened {
			f.held = t
		}
	}
	f.over = true
	return ""
}

// mayBe reports whether one of two texts is the beginning of the other.
func mayBe(s, tag string) bool { return strings.HasPrefix(s, tag) || strings.HasPrefix(tag, s) }

// mayBeHead reports whether a text may become the head of a call of gpt-oss.
func mayBeHead(t string) bool {
	return mayBe(t, "to=functions.") || mayBe(t, "to=python") || mayBe(t, "commentary to=") || mayBe(t, "assistantcommentary to=")
}

// holds reports whether an end tag may come without an opening.
func (f *Filter) holds() bool {
	return !f.over && !f.opened && (f.opts.Unopened || f.opts.Local && !f.opts.Apart)
}

// read shows text up to where a block of thoughts or a call may begin.
func (f *Filter) read(last bool) string {
	at, here := 0, f.at
	for at < len(f.held) {
		i := strings.IndexAny(f.held[at:], "<[◁")
		if i < 0 {
			break
		}
		i += at
		rest := f.held[i:]
		here.pass(f.held[at:i])
		if f.wrap != "" && strings.HasPrefix(rest, f.wrap) {
			text := f.take(i, visible)
			f.held, f.wrap = f.held[len(f.wrap):], ""
			return text
		}
		if !here.inCode() {
			if endTokens.MatchString(rest) || !last && halfToken.MatchString(rest) {
				text := f.take(i, visible)
				if last {
					f.held = ""
				}
				return text
			}
			if strings.HasPrefix(rest, harmony[0]) || strings.HasPrefix(rest, harmony[1]) {
				return f.take(i, inHarmony)
			}
			is, maybe := calling(rest, here.blank())
			if f.opts.Tools && is {
				return f.take(i, inCall)
			}
			tag, end, half := opening(rest)
			if tag != "" && here.blank() {
				text := f.take(i, inThoughts)
				f.think(f.held[len(tag):], end)
				return text
			}
			at := closes.FindStringIndex(rest)
			ends := at != nil && !f.opened && !f.closed
			token := ends && strings.Contains(rest[:at[1]], "|")
			if blank := ends && strings.TrimSpace(lineAfter(rest[at[1]:])) == ""; blank && !token && !last && !strings.Contains(rest[at[1]:], "\n") {
				return f.take(i, visible) // whether its line goes on is not known yet
			} else if blank || token {
				// What was shown were thoughts. It is known now, too late for this answer.
				f.closed = true
				text := f.held[:i]
				f.shown = f.all + len(text)
				f.held = rest[at[1]:]
				return text
			}
			maybe = maybe && f.opts.Tools || half || tag == "" && mayBecome(rest)
			if !last && maybe {
				return f.take(i, visible)
			}
		}
		if tag, _, _ := opening(rest); tag != "" {
			f.opened = true
		}
		end := i + 1
		for end < len(f.held) && f.held[end]&0xC0 == 0x80 {
			end++
		}
		here.pass(f.held[i:end])
		at = end
	}
	return f.take(len(f.held), visible)
}

// take shows the first n bytes that are held.
func (f *Filter) take(n int, state filterState) string {
	text := f.held[:n]
	f.held, f.state = f.held[n:], state
	return text
}

// think begins a block of thoughts.
func (f *Filter) think(rest string, end *regexp.Regexp) {
	f.state, f.held, f.close, f.opened, f.fresh, f.nested = inThoughts, rest, end, true, true, false
}

// mayBecome reports whether s is the beginning of an end of thoughts, of the
// format of gpt-oss, or of an end of the answer.
func mayBecome(s string) bool {
	for _, t := range append([]string{"</seed:think>", "</mm:think>", "[/THINK]", "◁/think▷", "<|END_THINKING|>", "<channel|>", "<|inner_suffix|>", "<|end_of_thought|>"}, harmony[:2]...) {
		if strings.HasPrefix(t, s) {
			return true
		}
	}
	at := closes.FindStringIndex(s)
	return halfEnd.MatchString(s) || at != nil && at[1] == len(s)
}

var halfEnd = regexp.MustCompile(`(?i)^</?[a-z]{0,10}$`)

// openWithin returns where thoughts begin in s, or -1.
func openWithin(s string) int {
	for i := range s {
		if strings.IndexByte("<[\xe2", s[i]) >= 0 {
			if tag, _, _ := opening(s[i:]); tag != "" {
				return i
			}
		}
	}
	return -1
}

func lineAfter(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i]
	}
	return s
}

// keepTail returns the last n bytes of s.
func keepTail(s string, n int) string { return s[max(0, len(s)-n):] }

// End returns what is still to be shown when the answer has ended, and the calls
// that stood in it as text. Of an answer that broke off, what may be thoughts is
// not shown.
func (f *Filter) End(whole bool, tools []llm.Tool, hasCalls bool) (text string, calls []llm.ToolCall, trouble []llm.Unsupported) {
	f.held, f.cut = f.held+f.cut, ""
	for range 3 {
		if f.state == atStart || f.state == visible {
			t := f.step(true)
			f.at.pass(t)
			text += t
		}
	}
	held := f.held
	f.held = ""
	switch f.state {
	case inThoughts:
		return text, nil, nil
	case undecided:
		if !whole && !hasCalls {
			return text, nil, nil
		}
		f.state, f.over, f.held = visible, true, held
		more, calls, trouble := f.End(whole, tools, hasCalls)
		return text + more, calls, trouble
	case inHarmony:
		more, calls := readHarmony(held, tools)
		return text + more, calls, nil
	case inCall:
		if hasCalls {
			return text, nil, nil // the same call, which the server did read
		}
		calls, rest, ok := readCalls(held, tools)
		switch {
		case ok:
			return text + rest, calls, nil
		case !whole:
			return text, nil, nil
		}
		if t := strings.TrimSpace(held); bareCall.MatchString(t) || pythonCall.MatchString(t) || strippedHead.MatchString(t) {
			return text + held, nil, nil
		}
		return text + held, nil, []llm.Unsupported{{What: llm.CallsAsText, Reason: brief.Bytes(held, 300)}}
	}
	return text + held, nil, nil
}

// Late returns how many bytes of what was shown are thoughts, which was known
// too late.
func (f *Filter) Late() int { return f.shown }

// Habit returns what a whole answer tells about how the model thinks, if it
// was not known.
func (f *Filter) Habit() (unopened, apart bool) {
	return f.closed && !f.opts.Unopened, !f.closed && f.opts.Local && !f.opts.Apart && !f.opts.Unopened
}
