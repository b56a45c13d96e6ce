package markdown

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// On one line a bar, a root and an exponent do not show how far they reach:
// brackets do, wherever the line would say something else otherwise.

// fraction writes a fraction on one line.
func (p *mathReader) fraction() string {
	before := p.behind
	above, words := p.word()
	below, words2 := p.word()
	if r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(before, " ")); unicode.IsDigit(r) && number.MatchString(above) && number.MatchString(below) {
		if up, ok := raised(above, superscripts); ok { // 2⅓ is neither 21/3 nor 2(1/3)
			if low, ok := raised(below, subscripts); ok {
				return up + "⁄" + low
			}
		}
	}
	p.hard = p.hard || grouped(above) != above || grouped(below) != below
	if above = grouped(above); !words2 {
		below = one(below, true)
	} else {
		below = grouped(below)
	}
	out := above + "/" + below
	r, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(out)
	stuck := unicode.IsDigit(first) && (unicode.IsLetter(r) || unicode.IsDigit(r)) || words && unicode.IsLetter(r)
	if stuck || p.multiplied() {
		return "(" + out + ")"
	}
	return p.base(out)
}

// word is the next argument, and tells whether it is words rather than a product of letters.
func (p *mathReader) word() (string, bool) {
	words := wordArgument.MatchString(p.rest)
	return strings.ReplaceAll(p.argument(), "∂ ", "∂"), words
}

// base puts what has more than one part into brackets where an exponent or an index follows.
func (p *mathReader) base(s string) string {
	if r := strings.TrimLeft(p.rest, " "); r == "" || r[0] != '^' && r[0] != '_' || bracketed(s) {
		return s
	}
	return one(s, false)
}

// one is a text as one thing: in brackets, unless it is a number or a letter with its
// index. Below a bar it may have an exponent, and be a differential.
func one(s string, below bool) string {
	if s == "" || number.MatchString(s) || letter.MatchString(s) || below && (power.MatchString(s) || bracketed(s) || call.MatchString(s)) {
		return s
	}
	return "(" + s + ")"
}

// bracketed tells whether a text is one pair of brackets with something in it.
func bracketed(s string) bool {
	if !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") {
		return false
	}
	depth := 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(s)-1 {
			return false
		}
	}
	return true
}

// multiplied tells whether a factor follows, so that a line without brackets would
// put it below the bar, or under the root.
func (p *mathReader) multiplied() bool {
	rest := p.rest
	for {
		rest = strings.TrimLeft(rest, " {")
		m := command.FindStringSubmatch(rest)
		if m == nil || !strings.Contains(",;:! ", m[1]) {
			break
		}
		rest = rest[len(m[0]):]
	}
	m := command.FindStringSubmatch(rest)
	if m == nil {
		r, _ := utf8.DecodeRuneInString(rest)
		return r == '(' || r == '[' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	if sign, ok := signs[m[1]]; ok {
		r, _ := utf8.DecodeRuneInString(sign)
		return unicode.IsLetter(r) || strings.ContainsRune("∂∇∞∑∏∫", r)
	}
	return functions[m[1]] || factors[m[1]] || accents[m[1]] != ""
}

var (
	number       = regexp.MustCompile(`^(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$`)
	letter       = regexp.MustCompile(`^\pL\pM*[₀-₎ₐ-ₜᵢᵣᵤᵥ]*$`)
	power        = regexp.MustCompile(`^[d∂Δδ√]?(\pL\pM*|\d+)[₀-₎ₐ-ₜᵢᵣᵤᵥ]*[²³¹⁰-ⁿᵃ-ᵛˣʸᶻ′]*$`)
	call         = regexp.MustCompile(`^(\pL|√)\([^()]*\)$`)
	wordArgument = regexp.MustCompile(`^ *\{? *\\(text|mathrm|operatorname|mbox|textrm|textbf|mathbf|mathit)\{[^{}]*\} *(\}|$)`)
	factors      = names("frac dfrac tfrac cfrac sqrt binom mathbb mathbf mathrm mathcal mathit boldsymbol bm operatorname")
)

// grouped puts what has more than one part into brackets.
func grouped(s string) string {
	if len([]rune(s)) <= 1 || !strings.ContainsAny(s, " +-−±·/=,") || bracketed(s) || number.MatchString(s) {
		return s
	}
	return "(" + s + ")"
}
