package markdown

import (
	"regexp"
	"strings"
)

var (
	command = regexp.MustCompile(`^\\([a-zA-Z]+|.)`)
	spaces  = regexp.MustCompile(`[ \t\n]+`)
)

// Math writes LaTeX's mathematics in Unicode, on one line. What has no such
// form keeps its words.
func Math(s string) string {
	out, _ := said(s)
	return out
}

// said is Math, and tells whether the formula is one to be drawn: on one line
// it is hard to read, or not what LaTeX says.
func said(s string) (out string, hard bool) {
	hard = strings.Contains(s, `\\`)
	s = strings.NewReplacer(`\left.`, "", `\right.`, "", `\left`, "", `\right`, "", `\displaystyle`, "", `\limits`, "", "&", " ", `\\`, "; ").Replace(s)
	p := &mathReader{rest: s}
	out = strings.TrimSpace(spaces.ReplaceAllString(p.until(0), " "))
	return strings.NewReplacer("*", "∗", "~", " ", " ;", ";").Replace(out), hard || p.hard
}

// mathReader reads LaTeX from the left to the right.
type mathReader struct {
	rest   string
	behind string // what was read of the group before the next thing
	depth  int
	hard   bool // see said
}

// maxMathDepth bounds groups within groups.
const maxMathDepth = 50

// until reads up to a closing brace, or the end.
func (p *mathReader) until(end byte) string {
	var b strings.Builder
	p.depth++
	defer func() { p.depth-- }()
	for p.rest != "" {
		if end != 0 && p.rest[0] == end {
			p.rest = p.rest[1:]
			break
		}
		p.behind = b.String()
		b.WriteString(p.next())
	}
	return b.String()
}

// next reads one thing: a letter, a group, a command with its arguments.
func (p *mathReader) next() string {
	if p.depth > maxMathDepth { // nobody writes that
		s := p.rest
		p.rest, p.hard = "", true
		return s
	}
	switch c := p.rest[0]; c {
	case '{':
		p.rest = p.rest[1:]
		return p.base(p.until('}'))
	case '}':
		p.rest = p.rest[1:]
		return ""
	case '^', '_':
		p.rest = p.rest[1:]
		alphabet, mark := superscripts, "^"
		if c == '_' {
			alphabet, mark = subscripts, "_"
		}
		arg := p.argument()
		if up, ok := raised(arg, alphabet); ok {
			return up
		}
		p.hard = true
		return mark + one(arg, false)
	case '\\':
		return p.command()
	}
	for i := range p.rest {
		if i > 0 {
			s := p.rest[:i]
			p.rest = p.rest[i:]
			return s
		}
	}
	s := p.rest
	p.rest = ""
	return s
}

// argument is the next thing after blanks.
func (p *mathReader) argument() string { return strings.TrimSpace(p.spaced()) }

// spaced is argument with the blanks at its ends.
func (p *mathReader) spaced() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest == "" {
		return ""
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.rest[0] == '{' && p.depth <= maxMathDepth {
		p.rest = p.rest[1:]
		return p.until('}')
	}
	return p.next()
}

func (p *mathReader) command() string {
	m := command.FindStringSubmatch(p.rest)
	if m == nil {
		p.rest = p.rest[1:]
		return ""
	}
	p.rest = p.rest[len(m[0]):]
	switch name := m[1]; name {
	case "frac", "dfrac", "tfrac", "cfrac":
		return p.fraction()
	case "sqrt":
		return p.root()
	case "binom":
		return "(" + p.argument() + " choose " + p.argument() + ")"
	case "mathbb":
		arg := p.argument()
		if blackboard[arg] != "" {
			return blackboard[arg]
		}
		return arg
	case "operatorname", "operatornamewithlimits":
		p.rest = strings.TrimPrefix(p.rest, "*")
		return p.argument()
	case "text", "texttt", "textbf", "textit", "emph", "textrm", "textsf", "mbox":
		return p.spaced()
	case "mathrm", "mathbf", "mathit", "mathsf", "boxed", "mathcal", "mathscr", "mathfrak", "boldsymbol", "bm", "pmb", "mathop", "mathbin", "mathrel", "underline":
		return p.argument()
	case "ce":
		return formulaOf(p.argument())
	case "SI", "qty", "unit", "si", "substack", "cancel", "bcancel", "xcancel":
		p.hard = true
		arg := p.argument()
		if name == "SI" || name == "qty" {
			arg += " " + p.argument()
		}
		return arg
	case "textcolor", "color", "label", "tag", "phantom", "vphantom", "hphantom", "hspace", "vspace":
		p.argument()
		return ""
	case "underbrace", "overbrace":
		p.hard = true
		inside := p.argument()
		if label := p.script(); label != "" {
			return grouped(inside) + " [" + label + "]"
		}
		return inside
	case "overset", "underset", "stackrel":
		p.hard = true
		mark, base := p.argument(), p.argument()
		return base + " [" + mark + "]"
	case "xrightarrow", "xleftarrow":
		p.hard = true
		arrow := map[string]string{"xrightarrow": "→", "xleftarrow": "←"}[name]
		if p.rest = strings.TrimLeft(p.rest, " "); strings.HasPrefix(p.rest, "[") {
			_, p.rest, _ = strings.Cut(p.rest, "]")
		}
		if label := p.argument(); label != "" {
			arrow += "[" + label + "]"
		}
		return " " + arrow + " "
	case "pmod":
		return " (mod " + p.argument() + ")"
	case "not":
		return over(p.argument(), "\u0338")
	case "begin", "end":
		p.hard = true
		env := p.argument()
		if name == "begin" && (env == "array" || env == "tabular" || strings.HasPrefix(env, "alignat")) {
			p.argument() // its columns
		}
		around := braces[env]
		if name == "begin" {
			return " " + around[0]
		}
		return around[1] + " "
	case ",", ";", ":", "!", " ", "quad", "qquad":
		return " "
	default:
		if mark, ok := accents[name]; ok {
			return over(p.argument(), mark)
		}
		if sign, ok := signs[name]; ok {
			return sign
		}
		if len(name) > 1 && !functions[name] {
			p.hard = true
			if strings.HasPrefix(p.rest, "{") {
				name += " "
			}
		}
		return name // \sin, \{, \%
	}
}

// script is the index or the exponent that comes next, if one does.
func (p *mathReader) script() string {
	if p.rest = strings.TrimLeft(p.rest, " "); p.rest == "" || p.rest[0] != '_' && p.rest[0] != '^' {
		return ""
	}
	p.rest = p.rest[1:]
	return p.argument()
}

// braces are what environments stand in.
var braces = map[string][2]string{"pmatrix": {"(", ")"}, "bmatrix": {"[", "]"}, "Bmatrix": {"{", "}"}, "vmatrix": {"|", "|"}, "Vmatrix": {"‖", "‖"}, "cases": {"{", ""}}

// formulaOf writes a formula of chemistry, as H2O.
func formulaOf(s string) string {
	return strings.ReplaceAll(atoms.ReplaceAllStringFunc(s, func(m string) string {
		low, _ := raised(m[1:], subscripts)
		return m[:1] + low
	}), "->", "→")
}

var atoms = regexp.MustCompile(`[A-Za-z)\]][0-9]+`)

func (p *mathReader) root() string {
	root := "√"
	if i := strings.IndexByte(p.rest, ']'); strings.HasPrefix(p.rest, "[") && i > 0 {
		up, ok := raised(p.rest[1:i], superscripts)
		if !ok {
			p.hard = true
			up = p.rest[1:i] + "-"
		}
		root = up + root
		p.rest = p.rest[i+1:]
	}
	arg := one(p.argument(), false)
	if !strings.HasPrefix(arg, "(") && p.multiplied() { // √(2)x, and not √2x
		arg = "(" + arg + ")"
	}
	return p.base(root + arg)
}

func over(s, mark string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
		if r != ' ' {
			b.WriteString(mark)
		}
	}
	return b.String()
}

// raised writes a text in the letters of an alphabet, if that has them all.
func raised(s string, alphabet map[rune]rune) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		up, ok := alphabet[r]
		if !ok {
			return "", false
		}
		b.WriteRune(up)
	}
	return b.String(), s != ""
}

func pairs(from, to string) map[rune]rune {
	m := map[rune]rune{}
	up := []rune(to)
	for i, r := range []rune(from) {
		m[r] = up[i]
	}
	return m
}

func names(s string) map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(s) {
		m[name] = true
	}
	return m
}

// From Unicode's blocks of superscripts, subscripts and modifier letters.
var (
	superscripts = pairs("0123456789+-−=()abcdefghijklmnoprstuvwxyzT′∘†∗*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ′°†∗∗")
	subscripts   = pairs("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
	functions    = names("arccos arcsin arctan arg cos cosh cot csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min mod Pr sec sin sinh sup tan tanh")
	blackboard   = map[string]string{"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "E": "𝔼", "1": "𝟙", "F": "𝔽"}
	accents      = map[string]string{"bar": "\u0304", "overline": "\u0304", "hat": "\u0302", "widehat": "\u0302", "vec": "\u20d7", "overrightarrow": "\u20d7",
		"tilde": "\u0303", "widetilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a"}
	signs = map[string]string{
		"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι",
		"kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
		"varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
		"Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "leq": "≤", "le": "≤",
		"geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "approx": "≈", "equiv": "≡", "sim": "∼", "propto": "∝", "infty": "∞", "sum": "∑", "prod": "∏",
		"int": "∫", "partial": "∂", "nabla": "∇", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "emptyset": "∅",
		"forall": "∀", "exists": "∃", "neg": "¬", "land": "∧", "lor": "∨", "to": "→", "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒",
		"Leftrightarrow": "⇔", "implies": "⇒", "iff": "⇔", "mapsto": "↦", "ldots": "…", "dots": "…", "cdots": "⋯", "degree": "°", "circ": "∘",
		"prime": "′", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "mid": " | ", "parallel": "∥",
		"perp": "⊥", "angle": "∠", "ast": "∗", "star": "⋆", "hbar": "ℏ", "ell": "ℓ", "therefore": "∴", "because": "∵",
		"vdots": "⋮", "ddots": "⋱", "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "lvert": "|", "rvert": "|", "vert": "|", "gg": "≫", "ll": "≪",
		"oplus": "⊕", "otimes": "⊗", "setminus": "∖", "oint": "∮", "iint": "∬", "iiint": "∭", "Re": "ℜ", "varnothing": "∅", "subsetneq": "⊊", "supsetneq": "⊋", "checkmark": "✓", "square": "□", "blacksquare": "■", "Box": "□", "triangle": "△", "Im": "ℑ", "aleph": "ℵ", "wedge": "∧",
		"vee": "∨", "top": "⊤", "bot": "⊥", "dagger": "†", "lnot": "¬", "gets": "←", "longrightarrow": "⟶", "longleftarrow": "⟵", "Longrightarrow": "⟹",
		"Longleftrightarrow": "⟺", "Leftarrow": "⇐", "leftrightarrow": "↔", "uparrow": "↑", "downarrow": "↓", "coloneqq": "≔", "triangleq": "≜",
		"lesssim": "≲", "gtrsim": "≳", "simeq": "≃", "cong": "≅", "nexists": "∄", "supset": "⊃", "supseteq": "⊇", "models": "⊨", "vdash": "⊢",
		"bullet": "•", "bmod": " mod ", "middle": "", "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "",
		"nonumber": "", "notag": "", "hline": "", "textstyle": "", "nolimits": "", "hfill": " ", "large": "", "Large": "", "small": "", "tiny": "", "huge": "", "normalsize": "",
		"per": "/", "squared": "²", "cubed": "³", "metre": "m", "meter": "m", "second": "s", "gram": "g", "kelvin": "K", "ampere": "A", "mole": "mol", "hertz": "Hz",
		"newton": "N", "pascal": "Pa", "joule": "J", "watt": "W", "volt": "V", "ohm": "Ω", "litre": "L", "liter": "L", "hour": "h", "minute": "min", "day": "d",
		"percent": "%", "celsius": "°C", "degreeCelsius": "°C", "kilo": "k", "mega": "M", "giga": "G", "centi": "c", "milli": "m", "micro": "µ", "nano": "n",
		"kilogram": "kg", "kilometer": "km", "kilometre": "km", "centimeter": "cm", "millimeter": "mm",
	}
)
