package markdown_test

import (
	"testing"

	"github.com/attachebot/attache/internal/discord/markdown"
)

// What models write and Discord does not show.
func TestRender(t *testing.T) {
	for _, c := range [][2]string{
		{`$$x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}$$`, `**x = (-b ± √(b²-4ac))/2a**`},
		{`\(E = mc^2\) and \[a_1 \leq a_{n+1}\]`, `E = mc² and **a₁ ≤ aₙ₊₁**`},
		{`It costs $5 to $10 a day.`, `It costs $5 to $10 a day.`},
		{`US$20 or $x^2$`, `US$20 or x²`},
		{`The sum $\sum_{i=1}^{n} \alpha_i$`, "The sum ∑ᵢ₌₁ⁿ α\u1d62"},
		{`$\bar{x} \in \mathbb{R}$`, "x\u0304 ∈ ℝ"},
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

// Whatever is written, rendering ends.
func FuzzRender(f *testing.F) {
	f.Add(`$$\frac{a}{\sqrt[3]{b}}$$ {{{ \( ` + "`x`")
	f.Add("a\x00b \\")
	f.Add(`$$\frac{1}{$$ $$^^^^_$$`)
	f.Fuzz(func(t *testing.T, s string) { _ = markdown.Render(s) })
}
