package render

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attachebot/attache/discordtest"
)

// el is an element; attrs are names and values by turns, and those with an empty value are left out,
// while the value "yes" stands for an attribute without one.
func el(name string, attrs []string, inner ...string) string {
	var b strings.Builder
	b.WriteString("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		switch attrs[i+1] {
		case "":
		case "yes":
			b.WriteString(" " + attrs[i])
		default:
			fmt.Fprintf(&b, ` %s="%s"`, attrs[i], html.EscapeString(attrs[i+1]))
		}
	}
	b.WriteString(">" + strings.Join(inner, ""))
	if name != "img" {
		b.WriteString("</" + name + ">")
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// conversation is the whole picture as HTML.
func (o Options) conversation(t discordtest.Transcript) string {
	var b strings.Builder
	var before *discordtest.TranscriptMessage
	for i := range t.Messages {
		m := &t.Messages[i]
		b.WriteString(o.message(m, follows(m, before)))
		before = m
	}
	if len(t.Typing) > 0 {
		names := []string{}
		for _, p := range t.Typing {
			names = append(names, "<b>"+html.EscapeString(p.Name)+"</b>")
		}
		verb := " is typing…"
		if len(names) > 1 {
			verb = " are typing…"
		}
		b.WriteString(el("div", []string{"class", "typing"}, dots, el("span", nil, strings.Join(names, " and "), verb)))
	}
	header := []string{"style", fmt.Sprintf("width:%dpx", o.Width)}
	if o.Header {
		header = append(header, "channel-type", "text", "channel-name", t.Channel)
	}
	return el("discord-messages", header, b.String())
}

const dots = `<span class="dots"><i></i><i></i><i></i></span>`

// follows tells whether a message stands under the previous one without avatar and name of its own.
func follows(m, before *discordtest.TranscriptMessage) bool {
	return before != nil && before.Author.ID == m.Author.ID && m.ReplyTo == nil && m.Command == "" && m.System == "" &&
		before.System == "" && m.Ephemeral == before.Ephemeral && m.Time.Sub(before.Time) < 7*time.Minute
}

func (o Options) message(m *discordtest.TranscriptMessage, follows bool) string {
	if m.System != "" {
		return el("div", []string{"class", "system"}, "<span>🧵</span>", el("span", nil, "<b>"+html.EscapeString(m.Author.Name)+"</b> "+html.EscapeString(m.System)))
	}
	attrs := []string{"author", m.Author.Name, "avatar", o.avatar(m.Author), "role-color", rgb(m.Author.Color), "bot", yes(m.Author.Bot),
		"verified", "", "edited", yes(m.Edited && !m.Thinking), "ephemeral", yes(m.Ephemeral), "highlight", yes(m.Mentioned),
		"timestamp", o.when(m.Time), "message-body-only", yes(follows)}
	inner := []string{}
	if m.Command != "" && m.User != nil {
		kind := "message_command"
		if strings.HasPrefix(m.Command, "/") {
			kind = "slash_command"
		}
		inner = append(inner, el("discord-command", []string{"slot", "reply", "author", m.User.Name, "avatar", o.avatar(*m.User),
			"role-color", rgb(m.User.Color), "command", strings.TrimPrefix(m.Command, "/"), "type", kind}))
	}
	if r := m.ReplyTo; r != nil {
		inner = append(inner, o.reply(r))
	}
	body := markdown(m.Content, m.Names, o.Location)
	if m.Thinking {
		body = el("span", []string{"class", "thinking"}, dots, html.EscapeString(m.Author.Name)+" is thinking…")
	}
	inner = append(inner, body, o.files(m.Files), extras(m))
	for _, e := range m.Embeds {
		inner = append(inner, o.embed(e, m.Names))
	}
	if len(m.Components) > 0 {
		inner = append(inner, el("discord-attachments", []string{"slot", "components"}, o.components(m.Components, m.Names)))
	}
	if len(m.Reactions) > 0 {
		marks := ""
		for _, r := range m.Reactions {
			marks += el("discord-reaction", []string{"name", r.Emoji, "emoji", r.Emoji, "count", fmt.Sprint(r.Count), "reacted", yes(r.Me)})
		}
		inner = append(inner, el("discord-reactions", []string{"slot", "reactions"}, marks))
	}
	if m.Thread != "" {
		inner = append(inner, el("div", []string{"slot", "thread", "class", "thread"}, "🧵 "+html.EscapeString(m.Thread)))
	}
	return el("discord-message", attrs, inner...)
}

func (o Options) reply(r *discordtest.TranscriptReply) string {
	text := strings.Join(strings.Fields(strings.NewReplacer("**", "", "`", "", "#", "").Replace(r.Content)), " ")
	if utf8.RuneCountInString(text) > 80 {
		text = string([]rune(text)[:80]) + "…"
	}
	if text == "" {
		text = "Click to see attachment"
	}
	return el("discord-reply", []string{"slot", "reply", "author", r.Author.Name, "avatar", o.avatar(r.Author), "role-color", rgb(r.Author.Color),
		"bot", yes(r.Author.Bot), "deleted", yes(r.Deleted), "attachment", yes(r.File)}, html.EscapeString(text))
}

// files shows pictures in a gallery and other files in boxes.
func (o Options) files(files []discordtest.TranscriptFile) string {
	var pictures []string
	boxes := ""
	for _, f := range files {
		if f.Data != "" {
			pictures = append(pictures, f.Data)
		} else {
			name := f.Name
			if f.Seconds > 0 {
				name = fmt.Sprintf("🎤 %d:%02d", int(f.Seconds)/60, int(f.Seconds)%60)
			}
			boxes += fileBox(name, f.Size)
		}
	}
	if len(files) == 0 {
		return ""
	}
	return el("discord-attachments", []string{"slot", "attachments"}, gallery(pictures), boxes)
}

func fileBox(name string, size int64) string {
	n, unit := fileSize(size)
	return el("discord-file-attachment", []string{"name", name, "bytes", n, "bytes-unit", unit, "href", "#"})
}

func fileSize(size int64) (n, unit string) {
	switch {
	case size < 1<<10:
		return fmt.Sprint(size), "bytes"
	case size < 1<<20:
		return fmt.Sprintf("%.2f", float64(size)/(1<<10)), "KB"
	}
	return fmt.Sprintf("%.2f", float64(size)/(1<<20)), "MB"
}

// gallery lays pictures out as Discord does: rows of two or three, the odd ones first and wide.
func gallery(pictures []string) string {
	img := func(src, class, style string) string {
		return el("img", []string{"src", src, "class", class, "style", style})
	}
	switch n := len(pictures); {
	case n == 0:
		return ""
	case n == 1:
		return el("div", []string{"class", "gallery one"}, img(pictures[0], "", ""))
	case n == 3:
		return el("div", []string{"class", "gallery", "style", "grid-template-columns:2fr 1fr;grid-template-rows:180px 180px"},
			img(pictures[0], "", "grid-row:1/3"), img(pictures[1], "", ""), img(pictures[2], "", ""))
	case n == 2 || n == 4:
		inner := ""
		for _, p := range pictures {
			inner += img(p, "", "height:230px")
		}
		return el("div", []string{"class", "gallery", "style", "grid-template-columns:1fr 1fr"}, inner)
	default:
		inner := ""
		for i, p := range pictures {
			span, height := "span 2", 180
			switch {
			case n%3 == 1 && i == 0:
				span, height = "span 6", 280
			case n%3 == 2 && i < 2:
				span, height = "span 3", 230
			}
			inner += img(p, "", fmt.Sprintf("grid-column:%s;height:%dpx", span, height))
		}
		return el("div", []string{"class", "gallery", "style", "grid-template-columns:repeat(6,1fr)"}, inner)
	}
}

func (o Options) embed(e discordtest.Embed, names map[string]string) string {
	attrs := []string{"slot", "embeds", "embed-title", e.Title, "url", e.URL, "color", rgb(e.Color)}
	if e.Author != nil {
		attrs = append(attrs, "author-name", e.Author.Name)
	}
	if e.Image != nil {
		attrs = append(attrs, "image", e.Image.URL)
	}
	if e.Thumbnail != nil {
		attrs = append(attrs, "thumbnail", e.Thumbnail.URL)
	}
	inner := ""
	if e.Description != "" {
		inner += el("discord-embed-description", []string{"slot", "description"}, markdown(e.Description, names, o.Location))
	}
	if len(e.Fields) > 0 {
		fields, column := "", 0
		for _, f := range e.Fields {
			at := []string{"field-title", f.Name, "inline", yes(f.Inline)}
			if f.Inline {
				column = column%3 + 1
				at = append(at, "inline-index", fmt.Sprint(column))
			} else {
				column = 0
			}
			fields += el("discord-embed-field", at, markdown(f.Value, names, o.Location))
		}
		inner += el("discord-embed-fields", []string{"slot", "fields"}, fields)
	}
	if e.Footer != nil || e.Timestamp != nil {
		text := []string{}
		if e.Footer != nil {
			text = append(text, html.EscapeString(e.Footer.Text))
		}
		if e.Timestamp != nil {
			text = append(text, html.EscapeString(o.when(*e.Timestamp)))
		}
		inner += el("discord-embed-footer", []string{"slot", "footer"}, strings.Join(text, " • "))
	}
	return el("discord-embed", attrs, inner)
}

// when is a message's time as clients show it.
func (o Options) when(t time.Time) string {
	return "Today at " + t.Add(o.shift).In(o.Location).Format("3:04 PM")
}

func rgb(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("#%06x", n)
}

// avatar is a picture made of the name: nothing is fetched.
func (o Options) avatar(p discordtest.Person) string {
	if o.Avatars[p.Name] != "" {
		return o.Avatars[p.Name]
	}
	palette := []string{"#3ba55d", "#faa61a", "#ed4245", "#eb459e", "#00a8fc", "#9b59b6", "#1abc9c", "#e67e22"}
	sum := 0
	for _, r := range p.Name {
		sum += int(r)
	}
	background, mark := palette[sum%len(palette)], ""
	if p.Bot {
		background = "#5865f2"
		mark = `<path d="M55 25 35 45a10 10 0 0 0 14 14l24-24a17 17 0 0 0-24-24L24 36a24 24 0 0 0 34 34l19-19" transform="translate(-1 10)" fill="none" stroke="#fff" stroke-width="7" stroke-linecap="round" stroke-linejoin="round"/>`
	} else if first, _ := utf8.DecodeRuneInString(p.Name); first != utf8.RuneError {
		mark = fmt.Sprintf(`<text x="50" y="67" font-family="sans-serif" font-size="48" font-weight="600" fill="#fff" text-anchor="middle">%s</text>`,
			html.EscapeString(strings.ToUpper(string(first))))
	}
	return svg(`<rect width="100" height="100" fill="` + background + `"/>` + mark)
}

func svg(inner string) string {
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">`+inner+`</svg>`))
}
