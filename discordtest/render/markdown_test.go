package render

import (
	"strings"
	"testing"
	"time"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain <b>&":                           "plain &lt;b&gt;&amp;",
		"**bold** and *it* _it_":               "<b>bold</b> and <i>it</i> <i>it</i>",
		"***both***":                           "<b><i>both</i></b>",
		"**bold with *it* inside**":            "<b>bold with <i>it</i> inside</b>",
		"__u__ ~~s~~ ||x||":                    `<u>u</u> <s>s</s> <span class="spoiler">x</span>`,
		"snake_case_name 2 * 3 * 4":            "snake_case_name 2 * 3 * 4",
		`\*not\* \_it\_`:                       "*not* _it_",
		"`a*b*` ``c`d``":                       "<code>a*b*</code> <code>c`d</code>",
		"a\nb":                                 "a<br>b",
		"a\n\nb":                               "a<br><br>b",
		"# One\n## Two\ntext":                  "<h1>One</h1><h2>Two</h2>text",
		"-# small":                             "<small>small</small>",
		"#no header":                           "#no header",
		"> q1\n> q2\nafter":                    "<blockquote><div>q1<br>q2</div></blockquote>after",
		">>> all\nof it":                       "<blockquote><div>all<br>of it</div></blockquote>",
		"- a\n- b\n  - c\n- d":                 "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>",
		"1. a\n2. b":                           `<ol start="1"><li>a</li><li>b</li></ol>`,
		"- a\n1. b":                            `<ul><li>a</li></ul><ol start="1"><li>b</li></ol>`,
		"before\n```py\nx = 1 < 2\n```\nafter": "before<pre><code>x = 1 &lt; 2</code></pre>after",
		"```\n**a**\n  b\n```":                 "<pre><code>**a**\n  b</code></pre>",
		"```one line```":                       "<pre><code>one line</code></pre>",
		"see https://a.b/c?d=1.":               `see <a href="https://a.b/c?d=1">https://a.b/c?d=1</a>.`,
		"[docs](https://a.b)":                  `<a href="https://a.b">docs</a>`,
		"<@7> <@8> <#9>":                       `<span class="mention">@anna</span> <span class="mention">@user</span> <span class="mention">#channel</span>`,
		"<t:0:D>":                              `<span class="time">January 1, 1970</span>`,
		"| a | b |\n|---|---|":                 "| a | b |<br>|---|---|",
		"**a *b***":                            "<b>a <i>b</i></b>",
		"**unclosed":                           "**unclosed",
		"🎉":                                    `<span class="jumbo">🎉</span>`,
		"🎉 done":                               "🎉 done",
		"[x](javascript:alert(1))":             "[x](javascript:alert(1))",
	} {
		if got := markdown(in, map[string]string{"<@7>": "@anna"}, time.UTC); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"**a** *b*", "```x", "> - 1. #", "||_*~~`", "<@1><t:1:R>", "***a**b*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := markdown(text, nil, time.UTC)
		for _, tag := range []string{"<script", "<img", "javascript:alert"} {
			if strings.Contains(got, tag) && !strings.Contains(text, "javascript:") {
				t.Errorf("%q gave %q", text, got)
			}
		}
		if strings.Contains(got, `href="javascript`) {
			t.Errorf("%q gave %q", text, got)
		}
	})
}

// TestMarkdownIsFast shows that no text of a message's length takes long: what
// does, takes hours.
func TestMarkdownIsFast(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"*", "_", "**_", "*_~~", "||**", "[", "[](", "`", "```", "<@", "- ", "> ", "  - a\n", "a_b ", "***a", "\\", "<t:1", "https://", "**a *b** c*"} {
		began := time.Now()
		markdown(strings.Repeat(piece, 4000/len(piece)), nil, time.UTC)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%q: %s", piece, took)
		}
	}
}
