package filemanager

import (
	"context"
	"strings"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
	dg "github.com/disgoorg/disgo/discord"

	previews "github.com/attachebot/attache/internal/preview"

	"github.com/attachebot/attache/internal/brief"
)

const previewWidth = 60 // characters of a line

// shown is what a file looks like in Discord: one of the two, or neither.
type shown struct {
	text    string // Markdown
	picture []byte
	format  string // of the picture: "png", "jpg"
}

// markdownOf writes a preview for Discord.
func markdownOf(p previews.Preview) shown {
	switch {
	case p.Picture != nil:
		return shown{picture: p.Picture.Data, format: p.Picture.Format}
	case p.Table != nil:
		return shown{text: compose.Preview(*p.Table)}
	case len(p.Text) == 0:
		return shown{}
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
	return shown{text: compose.Fenced(language, strings.Join(lines, "\n"))}
}

// preview shows what can be seen of a file that was just saved.
func (m *Manager) preview(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	f, err := m.assistant.Files().Get(ctx, it.UserID, files.ID(id.Arg(0)))
	if err != nil {
		return err
	}
	making, cancel := context.WithTimeout(ctx, m.opts.View)
	defer cancel()
	p := client.Post{Embeds: []dg.Embed{{Title: brief.Chars(f.Emoji()+" "+markdown.Escape(f.Name), 256), Color: interact.Blurple}}}
	look, later := m.assistant.Previews().Now(ctx, f)
	if later {
		look = m.assistant.Previews().Make(making, f)
	}
	p = withPreview(p, markdownOf(look))
	if e := p.Embeds[0]; e.Description == "" && e.Image == nil {
		p.Embeds[0].Description = it.Lang.T("There is no preview of this kind of file. Ask me about it.")
	}
	return it.Reply(ctx, p)
}
