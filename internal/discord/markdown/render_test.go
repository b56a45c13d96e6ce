package markdown_test

import (
	"slices"
	"testing"

	"github.com/attachebot/attache/internal/discord/markdown"
)

// What models write and Discord does not show.
func TestRender(t *testing.T) {
	for _, c := range [][2]string{
		{`$$x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}$$`, `**x = (-b ± √(b²-4ac))/(2a)**`},
		{`\(E = mc^2\) and \[a_1 \leq a_{n+1}\]`, `E = mc² and **a₁ ≤ aₙ₊₁**`},
		{`It costs $5 to $10 a day.`, `It costs $5 to $10 a day.`},
		{`US$20 or $x^2$`, `US$20 or x²`},
		{`The sum $\sum_{i=1}^{n} \alpha_i$`, "The sum ∑ᵢ₌₁ⁿ α\u1d62"},
		{`$\bar{x} \in \mathbb{R}$`, "x\u0304 ∈ ℝ"},
		{`$$A = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$$`, "**A = ( 1 2; 3 4 )**"},
		{`$$f(x) = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}$$`, "**f(x) = { 1 if x > 0; 0 otherwise**"},
		{`$\underbrace{a+b}_{26} + \overbrace{c}^{\text{a few}}$ and $\unknown{y}$`, "(a+b) [26] + c [a few] and unknown y"},
		{`$\ce{2H2 + O2 -> 2H2O}$, $\SI{5}{m}$, $\textcolor{red}{x}\tag{1}$`, "2H₂ + O₂ → 2H₂O, 5 m, x"},
		{`$x \xrightarrow{n \to \infty} \operatorname*{argmax}_{i} \lVert v \rVert$`, "**x →[n → ∞] argmaxᵢ ‖ v ‖**"},
		{"#### Details", "**Details**"},
		{"### Three", "### Three"},
		{"a\n---\nb", "a\n\nb"},
		{"- [x] done\n- [ ] open\n- [link](https://e.org)", "- ☑ done\n- ☐ open\n- [link](https://e.org)"},
		{"see ![chart](sandbox:/work/a.png)", "see chart"},
		{"![logo](https://e.org/a.png)", "[logo](<https://e.org/a.png>)"},
		{"so[^1]\n\n[^1]: a book", "so¹\n\n¹ a book"},
		{"<b>fat</b><br>line", "**fat**\nline"},
		{"```\n#### $$x$$ <b>\n```", "```\n#### $$x$$ <b>\n```"},
		{"use `<b>` and `$$`", "use `<b>` and `$$`"},
		{"a < b and c > d", "a < b and c > d"},
		{"<@123> <t:1:R> <https://e.org>", "<@123> <t:1:R> <https://e.org>"},
		{`\frac`, `\frac`},
	} {
		if got := markdown.Render(c[0]); got != c[1] {
			t.Errorf("%q\n got %q\nwant %q", c[0], got, c[1])
		}
	}
}

// One line says what LaTeX's two dimensions say: how far a bar, a root and an
// exponent reach.
func TestMathKeepsItsMeaning(t *testing.T) {
	for tex, want := range map[string]string{
		`\frac{b}{2a}`: "b/(2a)", `\frac{ab}{c}`: "ab/c", `\frac{1}{2}`: "1/2", `\frac{1}{10}`: "1/10", `\frac12`: "1/2", `\frac{1}{x^2}`: "1/x²",
		`\frac{1}{2}x`: "(1/2)x", `\frac{1}{2} (a+b)`: "(1/2) (a+b)", `\frac{1}{n}\sum_{i=1}^n x_i`: "(1/n)∑ᵢ₌₁ⁿ xᵢ", `\frac{\pi}{2}`: "π/2", `\frac{\pi}{2}\alpha`: "(π/2)α",
		`\frac{1}{2} + x`: "1/2 + x", `\frac{1}{2} \cdot x`: "1/2 · x", `2\frac{1}{3}`: "2¹⁄₃", `x\frac{1}{2}`: "x(1/2)", `2\frac{a}{b}`: "2a/b",
		`\frac{a}{b}^2`: "(a/b)²", `{a+b}^2`: "(a+b)²", `{x}^2`: "x²", `{ab}^2`: "(ab)²", `(a+b)^2`: "(a+b)²", `\left(\frac{a}{b}\right)^2`: "(a/b)²",
		`\sqrt{2a}`: "√(2a)", `\sqrt{2}`: "√2", `\sqrt{12}`: "√12", `\sqrt{2}x`: "√(2)x", `\sqrt{2}\pi`: "√(2)π", `\sqrt{x^2}`: "√(x²)", `\sqrt{x}^2`: "(√x)²", `\sqrt[3]{ab}`: "³√(ab)",
		`\sqrt{\frac{a}{b}}`: "√(a/b)", `e^{x^2}`: "e^(x²)", `e^{-\frac{x}{2}}`: "e^(-x/2)", `e^{\alpha\beta}`: "e^(αβ)", `x_{\max}`: "xₘₐₓ", `x_{AB}`: "x_(AB)",
		`\frac{dy}{dx}`: "dy/dx", `\frac{d^2y}{dx^2}`: "d²y/dx²", `\frac{\partial f}{\partial x}`: "∂f/∂x", `\frac{\text{Umsatz}}{\text{Menge}}`: "Umsatz/Menge",
		`\frac{\text{net sales}}{\text{number of shops}}`: "(net sales)/(number of shops)", `\frac{\frac{a}{b}}{c}`: "(a/b)/c", `\frac{a}{\frac{b}{c}}`: "a/(b/c)",
		`\left.\frac{df}{dx}\right|_{x=0}`: "df/dx|ₓ₌₀", `x_{1,2}`: "x_(1,2)", `90^\circ`: "90°", `A^\dagger`: "A†", `P(A\mid B)`: "P(A | B)", `a \equiv b \pmod{n}`: "a ≡ b (mod n)",
		`\tilde{x}+\dot{y}+\widehat{ab}`: "x\u0303+y\u0307+a\u0302b\u0302", `a \not= b`: "a =\u0338 b", `\SI{9.81}{\meter\per\second\squared}`: "9.81 m/s²", `\begin{array}{c|c} a & b \end{array}`: "a b",
		`\frac{1}{f(x)}`: "1/f(x)", `\frac{a}{(b+c)}`: "a/(b+c)", `\frac{a}{(b)(c)}`: "a/((b)(c))", `\frac{1}{\sqrt{2\pi}}`: "1/√(2π)", `\frac{1}{\sigma\sqrt{2}}`: "1/(σ√2)",
		`\frac{3.5}{1,000}`: "3.5/1,000", `\frac{n!}{k!(n-k)!}`: "n!/(k!(n-k)!)", `\frac{x}{y}\text{ if}`: "x/y if", `\frac{1}{2}\,dx`: "(1/2) dx",
	} {
		if got := markdown.Math(tex); got != want {
			t.Errorf("%s\n got %s\nwant %s", tex, got, want)
		}
	}
}

// Formulas on lines of their own are drawn where one line of Unicode is hard to read.
func TestFormulas(t *testing.T) {
	for text, want := range map[string][]string{
		`$$E = mc^2$$ and \[\sum_{i=1}^{n} \alpha_i \le \frac{1}{2}\]`:                   nil,
		`$$\frac{a+b}{c}$$ twice $$ \frac{a+b}{c} $$`:                                    {`\frac{a+b}{c}`},
		"\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}":                            {"\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}"},
		"Then\n  \\(\\begin{pmatrix}1\\end{pmatrix}\\).\nand $\\frac{a+b}{c}$ in a line": {`\begin{pmatrix}1\end{pmatrix}`},
		`$$x^{y^{z}}$$ $$\int_0^\infty$$ $$\text{a b}$$ $$\underbrace{x}$$`:              {`x^{y^{z}}`, `\int_0^\infty`, `\underbrace{x}`},
		"```\n$$\\frac{a+b}{c}$$\n```\n`$$\\frac{a+b}{c}$$`":                             nil,
		"$20 to\n$30 a day": nil,
	} {
		if got := markdown.Formulas(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := markdown.Pieces(`$$\frac{a+b}{c}$$`, map[string]int{`\frac{a+b}{c}`: 3})[0].Text; got != "**(a+b)/c** (3)" {
		t.Errorf("got %q", got)
	}
}

// Whatever is written, rendering ends.
func FuzzRender(f *testing.F) {
	f.Add(`$$\frac{a}{\sqrt[3]{b}}$$ {{{ \( ` + "`x`")
	f.Add("a\x00b \\")
	f.Add(`$$\frac{1}{$$ $$^^^^_$$`)
	f.Fuzz(func(t *testing.T, s string) { _, _ = markdown.Render(s), markdown.Formulas(s) })
}
