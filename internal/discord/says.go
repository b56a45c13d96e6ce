package discord

import (
	"context"
	"fmt"
	"slices"
	"strings"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/discord/client"
)

// said is what a message says, and what is attached to it.
type said struct {
	text     string
	files    []dg.Attachment
	problems []string // sentences about what could not be read
}

// says reads a message to its end: its text, a message.txt that Discord made of
// it, what it forwards, embeds, a poll, stickers. What is not the writer's own
// text is marked as such.
func (b *Bot) says(ctx context.Context, m dg.Message) said {
	var s said
	var texts []string
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	add(b.plain(m))
	attached := b.attached(ctx, &s, m.Attachments)
	for _, text := range attached {
		add(text)
	}
	for _, snap := range m.MessageSnapshots {
		forwarded := []string{snap.Message.Content}
		forwarded = append(forwarded, b.attached(ctx, &s, snap.Message.Attachments)...)
		forwarded = append(forwarded, embedTexts(snap.Message.Embeds)...)
		forwarded = append(forwarded, stickerTexts(snap.Message.StickerItems)...)
		forwarded = slices.DeleteFunc(forwarded, func(t string) bool { return strings.TrimSpace(t) == "" })
		if len(forwarded) == 0 {
			forwarded = []string{fileNames(snap.Message.Attachments)}
		}
		add("[Forwarded, somebody else's words: " + strings.Join(forwarded, "\n") + "]")
	}
	if m.Author.ID != b.self() {
		for _, text := range embedTexts(m.Embeds) {
			add("[Embedded: " + text + "]")
		}
	}
	if m.Poll != nil {
		add(pollText(*m.Poll))
	}
	for _, text := range stickerTexts(m.StickerItems) {
		add(text)
	}
	if m.Flags.Has(dg.MessageFlagIsVoiceMessage) {
		add("[A voice message, which can't be listened to here]")
	}
	s.text = strings.Join(texts, "\n\n")
	return s
}

// attached sorts attachments into files and pasted texts, which it returns.
func (b *Bot) attached(ctx context.Context, s *said, all []dg.Attachment) (texts []string) {
	for _, a := range all {
		if !isPasted(a) {
			s.files = append(s.files, a)
			continue
		}
		text, err := b.fetchText(ctx, a)
		if err != nil {
			s.problems = append(s.problems, b.explain(err, "reading message.txt"))
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

func fileNames(all []dg.Attachment) string {
	var names []string
	for _, a := range all {
		names = append(names, client.NameOf(a))
	}
	return strings.Join(names, ", ")
}

func embedTexts(embeds []dg.Embed) (out []string) {
	for _, e := range embeds {
		var parts []string
		add := func(s string) {
			if s = strings.TrimSpace(s); s != "" {
				parts = append(parts, s)
			}
		}
		if e.Author != nil {
			add(e.Author.Name)
		}
		add(e.Title)
		add(e.Description)
		for _, f := range e.Fields {
			add(f.Name + ": " + f.Value)
		}
		if e.Footer != nil {
			add(e.Footer.Text)
		}
		if len(parts) > 0 {
			out = append(out, strings.Join(parts, "\n"))
		}
	}
	return out
}

func stickerTexts(stickers []dg.MessageSticker) (out []string) {
	for _, s := range stickers {
		out = append(out, "[Sticker: "+s.Name+"]")
	}
	return out
}

// pollText is a poll with its votes as far as they are known.
func pollText(p dg.Poll) string {
	votes := map[int]int{}
	state := "votes so far"
	if p.Results != nil {
		if p.Results.IsFinalized {
			state = "final votes"
		}
		for _, c := range p.Results.AnswerCounts {
			votes[c.ID] = c.Count
		}
	}
	text := func(m dg.PollMedia) string {
		if m.Text == nil {
			return ""
		}
		return *m.Text
	}
	lines := []string{"[Poll: " + text(p.Question) + " (" + state + ")"}
	for i, a := range p.Answers {
		id := i + 1
		if a.AnswerID != nil {
			id = *a.AnswerID
		}
		lines = append(lines, fmt.Sprintf("- %s: %d", text(a.PollMedia), votes[id]))
	}
	return strings.Join(lines, "\n") + "]"
}
