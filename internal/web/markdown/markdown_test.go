package markdown

import (
	"runtime"
	"strings"
	"testing"
)

// A text of a model that would take seconds or a gigabyte is shown as it is.
func TestCostlyMarkdown(t *testing.T) {
	for name, md := range map[string]string{
		"columns of many rows": "|" + strings.Repeat("a|", 300) + "\n|" + strings.Repeat("-|", 300) + "\n" + strings.Repeat("|a|\n", 8000),
		"links":                strings.Repeat("[a](", 10_000),
		"emphasis":             strings.Repeat("_*a", 13_000),
		"quotes":               strings.Repeat("> ", 20_000),
		"quotes in lists":      strings.Repeat("- > ", 10_000),
		"lists in lists":       strings.Repeat("+ ", 20_000),
		"numbered lists":       strings.Repeat("1.\t", 20_000),
		"lists of all kinds":   strings.Repeat("1) - ", 10_000) + "a",
		"brackets":             strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"no fence":             "```a`b\n" + strings.Repeat("[a](", 10_000),
		"after a fence":        "```\n[\n```\n" + strings.Repeat("[a](", 10_000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		html := string(HTML(md + "<script>"))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; !strings.HasPrefix(html, "<pre>") || strings.Contains(html, "<script") || n > 4<<20 {
			t.Errorf("%s: %d MB, %.40s", name, n>>20, html)
		}
	}
	for name, md := range map[string]string{
		"a table":        "|" + strings.Repeat("a|", 20) + "\n|" + strings.Repeat("-|", 20) + "\n" + strings.Repeat("|"+strings.Repeat("1|", 20)+"\n", 1000),
		"code":           "A list:\n\n```json\n" + strings.Repeat("[", 50_000) + strings.Repeat("*", 50_000) + "\n```\n",
		"a long answer":  strings.Repeat("- **a** [b](https://example.com) | c\n", 2000),
		"a line across":  "above\n\n" + strings.Repeat("- ", 50) + "\n\n" + strings.Repeat("-", 500) + "\n" + strings.Repeat(".", 500) + "\n",
		"quoted letters": strings.Repeat(strings.Repeat("> ", 20)+"a\n", 200),
	} {
		if html := string(HTML(md)); strings.HasPrefix(html, "<pre>"+md[:1]) {
			t.Errorf("%s is not rendered", name)
		}
	}
}

func TestMarkdownIsTame(t *testing.T) {
	if html := string(HTML("- a: **1**\n-# Small <b>print</b>.")); strings.Contains(html, "-#") || !strings.Contains(html, "<p>Small") {
		t.Errorf("small print: %s", html)
	}
	if html := string(HTML("```\n-# x\n```")); !strings.Contains(html, "-# x") {
		t.Errorf("in code: %s", html)
	}
	for _, md := range []string{"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](data:text/html,<script>)", "<button data-do=/out>x</button>", "```\n</pre><script>\n```"} {
		html := strings.ToLower(string(HTML(md)))
		for _, bad := range []string{"<script", "<img src=x", "javascript:", "data:text", "<button"} {
			if strings.Contains(html, bad) {
				t.Errorf("%q became %q", md, html)
			}
		}
	}
}
