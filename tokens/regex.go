package tokens

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// regex is a regular expression of a tokenizer.json that divides text. It knows
// what those have: characters and classes of them, alternatives, groups,
// quantifiers, and a look ahead; it prefers as they do, from left to right.
type regex struct{ start *node }

// node matches something and goes on to next.
type node struct {
	op       op
	set      *runeSet // of opRun
	min, max int      // characters of opRun
	greedy   bool     // opRun gives nothing back
	branches []*node  // of opAny, each on to next; what opAhead looks for
	not      bool     // of opAhead
	next     *node    // nil: the end
}

type op uint8

const (
	opRun   op = iota // characters of a set
	opAny             // the first of several branches that leads to the end
	opAhead           // what follows is such
)

// match returns the end of what the expression matches from b[i] on, or -1.
func (r *regex) match(b []byte, i int) int { return r.start.match(b, i) }

func (n *node) match(b []byte, i int) int {
	for ; n != nil; n = n.next {
		switch n.op {
		case opAhead:
			if (n.branches[0].match(b, i) < 0) != n.not {
				return -1
			}
		case opAny:
			for _, branch := range n.branches {
				if end := branch.match(b, i); end >= 0 {
					return end
				}
			}
			return -1
		case opRun:
			end, least, count := i, i, 0
			for count < n.max && end < len(b) {
				c, w := utf8.DecodeRune(b[end:])
				if !n.set.has(c) {
					break
				}
				end += w
				if count++; count == n.min {
					least = end
				}
			}
			if count < n.min {
				return -1
			}
			if n.greedy || n.next == nil {
				i = end
				continue
			}
			for {
				if e := n.next.match(b, end); e >= 0 {
					return e
				}
				if end <= least {
					return -1
				}
				_, w := utf8.DecodeLastRune(b[:end])
				end -= w
			}
		}
	}
	return i
}

// runeSet is a set of characters, which finds out about pages of them once.
type runeSet struct {
	not   bool
	parts []func(rune) bool
	pages [(utf8.MaxRune + 1) >> 10]atomic.Pointer[[16]uint64]
}

func (s *runeSet) has(c rune) bool {
	p := &s.pages[c>>10]
	page := p.Load()
	if page == nil {
		page = new([16]uint64)
		for i := range rune(1 << 10) {
			if s.in(c&^(1<<10-1) | i) {
				page[i>>6] |= 1 << (i & 63)
			}
		}
		p.Store(page)
	}
	return page[c>>6&15]>>(c&63)&1 != 0
}

func (s *runeSet) in(c rune) bool {
	for _, part := range s.parts {
		if part(c) {
			return !s.not
		}
	}
	return s.not
}

var errRegex = errors.New("a regular expression of an unknown kind")

// compileRegex reads an expression.
func compileRegex(s string) (*regex, error) {
	p := regexParser{rest: s}
	start, err := p.alternatives(nil)
	if err == nil && p.rest != "" {
		err = errRegex
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %q at %q", err, s, p.rest)
	}
	return &regex{start}, nil
}

type regexParser struct {
	rest string
	fold bool // without regard to case
}

func (p *regexParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

// alternatives reads up to a closing parenthesis. All of them go on to next.
func (p *regexParser) alternatives(next *node) (*node, error) {
	var branches []*node
	for {
		branch, err := p.sequence(next)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
		if !p.take("|") {
			break
		}
	}
	if len(branches) == 1 && branches[0] != nil {
		return branches[0], nil
	}
	for i := range branches {
		if branches[i] == nil {
			branches[i] = &node{op: opRun, set: &runeSet{}, greedy: true} // nothing
		}
	}
	return &node{op: opAny, branches: branches}, nil
}

// sequence reads items and links them up, the last one to next.
func (p *regexParser) sequence(next *node) (*node, error) {
	var items []func(next *node) (*node, error)
	for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	for i := len(items) - 1; i >= 0; i-- {
		n, err := items[i](next)
		if err != nil {
			return nil, err
		}
		next = n
	}
	return next, nil
}

// item reads one item with its quantifier. What it returns makes the nodes.
func (p *regexParser) item() (func(next *node) (*node, error), error) {
	for prefix, not := range map[string]bool{"(?=": false, "(?!": true} {
		if p.take(prefix) {
			sub, err := p.alternatives(nil)
			if err != nil || !p.take(")") {
				return nil, errors.Join(err, errRegex)
			}
			return func(next *node) (*node, error) {
				return &node{op: opAhead, branches: []*node{sub}, not: not, next: next}, nil
			}, nil
		}
	}
	if p.take("(") {
		fold := p.fold
		switch {
		case p.take("?i:"):
			p.fold = true
		case p.take("?:"):
		case strings.HasPrefix(p.rest, "?"):
			return nil, errRegex
		}
		body, folded := p.rest, p.fold
		if _, err := p.alternatives(nil); err != nil {
			return nil, err
		}
		body = body[:len(body)-len(p.rest)]
		p.fold = fold
		if !p.take(")") {
			return nil, errRegex
		}
		optional := p.take("?")
		if strings.HasPrefix(p.rest, "+") || strings.HasPrefix(p.rest, "*") || strings.HasPrefix(p.rest, "{") || strings.HasPrefix(p.rest, "?") {
			return nil, errRegex
		}
		return func(next *node) (*node, error) {
			inner := regexParser{rest: body, fold: folded}
			n, err := inner.alternatives(next)
			if err != nil || !optional {
				return n, err
			}
			without := next
			if without == nil {
				without = &node{op: opRun, set: &runeSet{}, greedy: true}
			}
			return &node{op: opAny, branches: []*node{n, without}}, nil
		}, nil
	}
	set, err := p.set()
	if err != nil {
		return nil, err
	}
	n := node{op: opRun, set: set, min: 1, max: 1}
	switch {
	case p.take("?"):
		n.min = 0
	case p.take("*"):
		n.min, n.max = 0, 1<<62
	case p.take("+"):
		n.max = 1 << 62
	case p.take("{"):
		counts, rest, ok := strings.Cut(p.rest, "}")
		from, to, both := strings.Cut(counts, ",")
		if !both {
			to = from
		}
		var err1, err2 error
		n.min, err1 = strconv.Atoi(from)
		if n.max, err2 = strconv.Atoi(to); to == "" {
			n.max, err2 = 1<<62, nil
		}
		if !ok || err1 != nil || err2 != nil || n.max < n.min {
			return nil, errRegex
		}
		p.rest = rest
		if strings.HasPrefix(p.rest, "+") { // means other things elsewhere
			p.take("+")
			n.greedy = true
		}
		return func(next *node) (*node, error) { n := n; n.next = next; return &n, nil }, nil
	}
	if p.take("+") {
		n.greedy = true
	}
	if strings.HasPrefix(p.rest, "?") || strings.HasPrefix(p.rest, "*") || strings.HasPrefix(p.rest, "+") {
		return nil, errRegex
	}
	return func(next *node) (*node, error) { n := n; n.next = next; return &n, nil }, nil
}

// set reads one character, or a class.
func (p *regexParser) set() (*runeSet, error) {
	s := &runeSet{}
	if !p.take("[") {
		if p.take(".") {
			s.parts, s.not = append(s.parts, func(c rune) bool { return c == '\n' }), true
			return s, nil
		}
		if strings.ContainsAny(p.rest[:1], "^$?*+{") {
			return nil, errRegex
		}
		part, _, err := p.member()
		s.parts = append(s.parts, part)
		return s, err
	}
	s.not = p.take("^")
	for first := true; first || !strings.HasPrefix(p.rest, "]"); first = false {
		if p.rest == "" || p.rest[0] == '[' || strings.HasPrefix(p.rest, "&&") {
			return nil, errRegex
		}
		part, from, err := p.member()
		if err != nil {
			return nil, err
		}
		if from >= 0 && strings.HasPrefix(p.rest, "-") && !strings.HasPrefix(p.rest, "-]") {
			p.take("-")
			_, to, err := p.member()
			if err != nil || to < from || p.fold {
				return nil, errors.Join(err, errRegex)
			}
			part = func(c rune) bool { return c >= from && c <= to }
		}
		s.parts = append(s.parts, part)
	}
	p.take("]")
	return s, nil
}

// member reads one character, which it returns too, or a class that a backslash
// names, with -1.
func (p *regexParser) member() (part func(rune) bool, char rune, err error) {
	c, w := utf8.DecodeRuneInString(p.rest)
	if w == 0 {
		return nil, -1, errRegex
	}
	p.rest = p.rest[w:]
	if c == '\\' {
		c, w = utf8.DecodeRuneInString(p.rest)
		if w == 0 {
			return nil, -1, errRegex
		}
		p.rest = p.rest[w:]
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 's':
			return isSpace, -1, nil
		case 'S':
			return func(c rune) bool { return !isSpace(c) }, -1, nil
		case 'd':
			return unicode.IsDigit, -1, nil
		case 'p', 'P':
			name, rest, ok := strings.Cut(p.rest, "}")
			name, ok1 := strings.CutPrefix(name, "{")
			in := category(name)
			if !ok || !ok1 || in == nil {
				return nil, -1, errRegex
			}
			p.rest = rest
			if c == 'P' {
				return func(c rune) bool { return !in(c) }, -1, nil
			}
			return in, -1, nil
		default:
			if c >= utf8.RuneSelf || unicode.IsLetter(c) || unicode.IsDigit(c) {
				return nil, -1, errRegex
			}
		}
	}
	if p.fold {
		return func(x rune) bool {
			for f := unicode.SimpleFold(x); ; f = unicode.SimpleFold(f) {
				if f == c {
					return true
				}
				if f == x {
					return false
				}
			}
		}, -1, nil
	}
	return func(x rune) bool { return x == c }, c, nil
}

func isSpace(c rune) bool { return inSpace>>classOf(c)&1 != 0 }

// category returns a class of Unicode's: of this package's tables, where those
// have it.
func category(name string) func(rune) bool {
	set := uint(0)
	switch name {
	case "L":
		set = inLetter
	case "M":
		set = 1 << mark
	case "N":
		set = 1 << number
	case "Ll":
		set = 1 << lower
	}
	if set != 0 {
		return func(c rune) bool { return set>>classOf(c)&1 != 0 }
	}
	if t := unicode.Categories[name]; t != nil {
		return func(c rune) bool { return unicode.Is(t, c) }
	}
	if t := unicode.Scripts[name]; t != nil {
		return func(c rune) bool { return unicode.Is(t, c) }
	}
	return nil
}

// customSplit divides text by one expression after the other, each within the
// pieces of the one before. What an expression does not match is a piece too.
type customSplit struct{ levels []*regex }

// customState is where a text is at. A zero state is at its beginning.
type customState struct{ ends [8]int }

// pieceEnd returns the end of the piece that starts at b[i].
func (c *customSplit) pieceEnd(s *customState, b []byte, i int) int {
	limit := len(b)
	for k, r := range c.levels {
		if last := k == len(c.levels)-1; last || s.ends[k] <= i {
			s.ends[k] = r.piece(b[:limit], i)
		}
		limit = s.ends[k]
	}
	return limit
}

// piece returns the end of a match at b[i], or of what no match is in.
func (r *regex) piece(b []byte, i int) int {
	if end := r.match(b, i); end > i {
		return end
	}
	for i < len(b) {
		_, w := utf8.DecodeRune(b[i:])
		i += w
		if i < len(b) && r.match(b, i) > i {
			break
		}
	}
	return i
}
