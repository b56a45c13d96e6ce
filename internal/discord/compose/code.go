package compose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/llm"
)

// Code shows runs of code: in the message if they fit, else as files.
func Code(runs []llm.Run) client.Post {
	var text, code, output strings.Builder
	for n, r := range runs {
		about := fmt.Sprintf("⏱️ %s", Seconds(r.Elapsed))
		if len(r.Packages) > 0 {
			about += " • 📦 " + strings.Join(r.Packages, ", ")
		}
		if r.By != "" {
			about += " • by " + markdown.Escape(r.By)
		}
		title := "**🐍 Code**"
		if len(runs) > 1 {
			title = fmt.Sprintf("**🐍 Step %d**", n+1)
			fmt.Fprintf(&code, "# Step %d, %s\n", n+1, about)
			fmt.Fprintf(&output, "# Step %d\n", n+1)
		}
		fmt.Fprintf(&text, "%s • %s\n%s\n", title, about, Fenced("python", r.Code))
		code.WriteString(strings.TrimRight(r.Code, "\n") + "\n\n")
		if out := strings.TrimSpace(r.Output); out != "" {
			fmt.Fprintf(&text, "Output:\n%s\n", Fenced("", out))
			output.WriteString(out + "\n\n")
		}
	}
	if markdown.Length(text.String()) <= client.MaxContent {
		return client.Post{Text: strings.TrimSpace(text.String())}
	}
	steps := "1 step"
	if len(runs) > 1 {
		steps = fmt.Sprintf("%d steps", len(runs))
	}
	p := client.Post{Text: fmt.Sprintf("🐍 %s, too long for a message.", steps)}
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
