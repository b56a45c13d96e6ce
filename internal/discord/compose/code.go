package compose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
)

// Code shows runs of code: in the message if they fit, else as files.
func Code(l *locale.Language, runs []llm.Run) client.Post {
	var text, code, output strings.Builder
	for n, r := range runs {
		about := "⏱️ " + l.Measure(Seconds(r.Elapsed))
		if len(r.Packages) > 0 {
			about += " • 📦 " + strings.Join(r.Packages, ", ")
		}
		if r.By != "" {
			about += " • " + l.T("by %s", markdown.Escape(r.By))
		}
		title := "**🐍 " + l.T("Code") + "**"
		if len(runs) > 1 {
			title = "**🐍 " + l.T("Step %d", n+1) + "**"
			fmt.Fprintf(&code, "# %s, %s\n", l.T("Step %d", n+1), about)
			fmt.Fprintf(&output, "# %s\n", l.T("Step %d", n+1))
		}
		fmt.Fprintf(&text, "%s • %s\n%s\n", title, about, Fenced("python", r.Code))
		code.WriteString(strings.TrimRight(r.Code, "\n") + "\n\n")
		if out := strings.TrimSpace(r.Output); out != "" {
			fmt.Fprintf(&text, "%s\n%s\n", l.T("Output:"), Fenced("", out))
			output.WriteString(out + "\n\n")
		}
	}
	if markdown.Length(text.String()) <= client.MaxContent {
		return client.Post{Text: strings.TrimSpace(text.String())}
	}
	p := client.Post{Text: "🐍 " + l.T("%d steps, too long for a message.", len(runs))}
	p.Files = append(p.Files, client.NewUpload("code.py", []byte(strings.TrimSpace(code.String())+"\n")))
	if output.Len() > 0 {
		p.Files = append(p.Files, client.NewUpload("output.txt", []byte(strings.TrimSpace(output.String())+"\n")))
	}
	return p
}

// Fenced makes a code block that its content can't end.
func Fenced(language, s string) string {
	return "```" + language + "\n" + strings.ReplaceAll(strings.TrimRight(s, "\n"), "```", "`\u200b`\u200b`") + "\n```"
}

// Seconds writes a time in seconds: "1.2 s", "40 s".
func Seconds(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return strconv.Itoa(int(d.Seconds())) + " s"
}
