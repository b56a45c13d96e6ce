package render

import (
	"fmt"
	"html"
	"strings"

	"github.com/attachebot/attache/discordtest"
)

// components draws action rows and the components of version 2.
func (o Options) components(list []discordtest.Component, names map[string]string) string {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(o.component(c, names))
	}
	return b.String()
}

func (o Options) component(c discordtest.Component, names map[string]string) string {
	switch c.Type {
	case discordtest.ActionRow:
		inner := ""
		for _, item := range c.Components {
			inner += o.component(item, names)
		}
		return el("discord-action-row", nil, inner)
	case discordtest.Button:
		return button(c)
	case discordtest.TextDisplay:
		return el("div", nil, markdown(c.Content, names, o.Location))
	case discordtest.Section:
		accessory := ""
		if c.Accessory != nil {
			accessory = o.component(*c.Accessory, names)
			if c.Accessory.Type == discordtest.Button {
				accessory = el("discord-action-row", nil, accessory)
			}
		}
		return el("div", []string{"class", "section"}, el("div", nil, o.components(c.Components, names)), accessory)
	case discordtest.Thumbnail:
		if c.Media == nil {
			return ""
		}
		return el("img", []string{"src", c.Media.URL})
	case discordtest.MediaGallery:
		pictures := []string{}
		for _, item := range c.Items {
			pictures = append(pictures, item.Media.URL)
		}
		return gallery(pictures)
	case discordtest.FileDisplay:
		return fileBox(c.Name, c.Size)
	case discordtest.Separator:
		class := "separator"
		if c.Divider != nil && !*c.Divider {
			class += " blank"
		}
		return el("hr", []string{"class", class})
	case discordtest.Container:
		accent := ""
		if c.AccentColor != nil {
			accent = el("div", []string{"class", "accent", "style", "background:" + rgb(*c.AccentColor)})
		}
		return el("div", []string{"class", "container"}, accent, o.components(c.Components, names))
	}
	return menu(c)
}

func button(c discordtest.Component) string {
	kind := map[int]string{discordtest.Primary: "primary", discordtest.Success: "success", discordtest.Danger: "destructive"}[c.Style]
	if kind == "" {
		kind = "secondary"
	}
	emoji := ""
	if c.Emoji != nil && c.Emoji.ID == 0 {
		emoji = el("span", []string{"class", "emoji"}, html.EscapeString(c.Emoji.Name))
		if c.Label == "" {
			emoji = html.EscapeString(c.Emoji.Name)
		}
	}
	return el("discord-button", []string{"type", kind, "url", c.URL, "disabled", yes(c.Disabled)}, emoji, html.EscapeString(c.Label))
}

// menu is a closed select menu: with what is chosen in advance, or its placeholder.
func menu(c discordtest.Component) string {
	shown := c.Placeholder
	for _, option := range c.Options {
		if option.Default {
			shown = option.Label
			if option.Emoji != nil {
				shown = option.Emoji.Name + " " + shown
			}
		}
	}
	if shown == "" {
		shown = "Make a selection"
	}
	return el("discord-string-select-menu", []string{"placeholder", shown, "disabled", yes(c.Disabled)})
}

// extras are a message's stickers and poll.
func extras(m *discordtest.TranscriptMessage) string {
	out := ""
	for _, name := range m.Stickers {
		out += el("div", []string{"class", "sticker"}, html.EscapeString(name))
	}
	p := m.Poll
	if p == nil {
		return out
	}
	total := 0
	for _, a := range p.Answers {
		total += a.Votes
	}
	inner := el("b", nil, html.EscapeString(p.Question))
	for _, a := range p.Answers {
		share := 100 * a.Votes / max(total, 1)
		inner += el("div", []string{"class", "answer", "style", fmt.Sprintf("background:linear-gradient(90deg,#4752c4 %d%%,#2b2d31 %d%%)", share, share)},
			html.EscapeString(strings.TrimSpace(a.Emoji+" "+a.Text)), el("span", nil, fmt.Sprintf("%d%%", share)))
	}
	state := ""
	if p.Ended {
		state = " • Poll closed"
	}
	return out + el("div", []string{"class", "container"}, inner, el("small", nil, fmt.Sprintf("%d votes%s", total, state)))
}
