package discordtest

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// An Embed is a rich embed of a message.
type Embed struct {
	Type        string       `json:"type,omitempty"`
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description,omitempty"`
	URL         string       `json:"url,omitempty"`
	Timestamp   *time.Time   `json:"timestamp,omitempty"`
	Color       int          `json:"color,omitempty"`
	Footer      *EmbedFooter `json:"footer,omitempty"`
	Image       *EmbedMedia  `json:"image,omitempty"`
	Thumbnail   *EmbedMedia  `json:"thumbnail,omitempty"`
	Author      *EmbedAuthor `json:"author,omitempty"`
	Provider    *EmbedAuthor `json:"provider,omitempty"` // the site, in the preview of a link
	Fields      []EmbedField `json:"fields,omitempty"`
}

// EmbedFooter is the small line under an embed.
type EmbedFooter struct {
	Text    string `json:"text"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedMedia is a picture in an embed. Width and Height are pixels.
type EmbedMedia struct {
	URL      string `json:"url"`
	ProxyURL string `json:"proxy_url,omitempty"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`

	attachment ID // set when the picture is a file of the same message
}

// EmbedAuthor is the line above an embed's title, or the site of a link's preview.
type EmbedAuthor struct {
	Name    string `json:"name"`
	URL     string `json:"url,omitempty"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedField is a name and a value in an embed.
type EmbedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline"`
}

// runes counts characters as Discord does.
func runes(s string) int { return utf8.RuneCountInString(s) }

func (e *Embed) trim() {
	for _, text := range []*string{&e.Title, &e.Description} {
		*text = strings.TrimSpace(*text)
	}
}

// size is what counts towards the 6,000 characters of all embeds of a message.
func (e *Embed) size() int {
	n := runes(e.Title) + runes(e.Description)
	if e.Footer != nil {
		n += runes(e.Footer.Text)
	}
	if e.Author != nil {
		n += runes(e.Author.Name)
	}
	for _, f := range e.Fields {
		n += runes(f.Name) + runes(f.Value)
	}
	return n
}

func (e *Embed) empty() bool {
	return e.size() == 0 && e.Image == nil && e.Thumbnail == nil && e.URL == "" && e.Timestamp == nil
}

// checkEmbeds applies https://discord.com/developers/docs/resources/message#embed-object-embed-limits.
func checkEmbeds(embeds []Embed, form *formErrors) {
	if len(embeds) > 10 {
		form.add("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
	}
	total := 0
	for i := range embeds {
		e := &embeds[i]
		e.trim()
		total += e.size()
		at := fmt.Sprintf("embeds.%d", i)
		if e.empty() {
			form.add(at, "MISSING_REQUIRED_FIELD", "This field is required: description")
		}
		form.max(at+".title", e.Title, 256)
		form.max(at+".description", e.Description, 4096)
		form.url(at+".url", e.URL)
		if e.Footer != nil {
			form.max(at+".footer.text", e.Footer.Text, 2048)
			form.url(at+".footer.icon_url", e.Footer.IconURL)
		}
		if e.Author != nil {
			form.max(at+".author.name", e.Author.Name, 256)
			form.url(at+".author.icon_url", e.Author.IconURL)
		}
		if e.Image != nil {
			form.url(at+".image.url", e.Image.URL)
		}
		if e.Thumbnail != nil {
			form.url(at+".thumbnail.url", e.Thumbnail.URL)
		}
		if len(e.Fields) > 25 {
			form.add(at+".fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
		}
		for j, f := range e.Fields {
			field := fmt.Sprintf("%s.fields.%d", at, j)
			form.required(field+".name", strings.TrimSpace(f.Name))
			form.required(field+".value", strings.TrimSpace(f.Value))
			form.max(field+".name", f.Name, 256)
			form.max(field+".value", f.Value, 1024)
		}
	}
	if total > 6000 {
		form.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
	}
}
