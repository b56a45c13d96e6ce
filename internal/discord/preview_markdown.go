package discord

import (
	"strings"

	"github.com/attachebot/attache/internal/discord/compose"

	previews "github.com/attachebot/attache/internal/preview"

	"github.com/attachebot/attache/internal/brief"
)

const previewWidth = 60 // characters of a line

// preview is what a file looks like in Discord: one of the two, or neither.
type preview struct {
	text    string // Markdown
	picture []byte
	format  string // of the picture: "png", "jpg"
}

// previewMarkdown writes a preview for Discord.
func previewMarkdown(p previews.Preview) preview {
	switch {
	case p.Picture != nil:
		return preview{picture: p.Picture.Data, format: p.Picture.Format}
	case p.Table != nil:
		return preview{text: compose.Preview(*p.Table)}
	case len(p.Text) == 0:
		return preview{}
	}
	var lines []string
	for _, l := range p.Text {
		lines = append(lines, brief.Chars(l, previewWidth))
	}
	if !p.Whole {
		lines = append(lines, "…")
	}
	language := ""
	if p.JSON {
		language = "json"
	}
	return preview{text: compose.Fenced(language, strings.Join(lines, "\n"))}
}
