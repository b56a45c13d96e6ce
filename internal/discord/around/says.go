// Package around reads what surrounds a question: what a message says, whatever
// it is made of, and what was said in channels that the person who asks may read.
package around

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
)

// Reader reads for a bot. Its fields are set before its first use.
type Reader struct {
	API  *client.Client
	Self func() snowflake.ID                                             // the bot's own user
	Role func(guild snowflake.ID) snowflake.ID                           // the bot's own role, or 0
	Open func(ctx context.Context, a dg.Attachment) (body io.ReadCloser) // an attachment's content
}

// Said is what a message says, and what is attached to it.
type Said struct {
	Text   string
	Files  []dg.Attachment
	Errors []error        // of what could not be read
	Voice  *dg.Attachment // of a voice message, which is one of Files
}

// voice marks a voice message in a text.
const voice = "[A voice message]"

// Heard is what is said, with the words of its voice message.
func (s Said) Heard(words string) Said {
	s.Text = strings.Replace(s.Text, voice, words, 1)
	s.Files = slices.DeleteFunc(slices.Clone(s.Files), func(a dg.Attachment) bool { return a.ID == s.Voice.ID })
	s.Voice = nil
	return s
}

// WithFiles is the text, with the names of the files behind it.
func (s Said) WithFiles() string {
	if names := fileNames(s.Files); names != "" {
		return strings.TrimSpace(s.Text + " [Attached: " + names + "]")
	}
	return s.Text
}

// Says reads a message to its end: its text, a message.txt that Discord made of
// it, what it forwards, embeds, a poll, stickers. What is not the writer's own
// text is marked as such.
func (r *Reader) Says(ctx context.Context, m dg.Message) Said {
	var s Said
	var texts []string
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	add(r.Plain(m))
	attached := r.attached(ctx, &s, m.Attachments)
	for _, text := range attached {
		add(text)
	}
	for _, snap := range m.MessageSnapshots {
		forwarded := []string{snap.Message.Content}
		forwarded = append(forwarded, r.attached(ctx, &s, snap.Message.Attachments)...)
		forwarded = append(forwarded, embedTexts(snap.Message.Embeds)...)
		forwarded = append(forwarded, stickerTexts(snap.Message.StickerItems)...)
		forwarded = slices.DeleteFunc(forwarded, func(t string) bool { return strings.TrimSpace(t) == "" })
		if len(forwarded) == 0 {
			forwarded = []string{cmp.Or(fileNames(snap.Message.Attachments), "nothing that can be read")}
		}
		add("[Forwarded, somebody else's words: " + strings.Join(forwarded, "\n") + "]")
	}
	if m.Author.ID != r.Self() {
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
	if m.Flags.Has(dg.MessageFlagIsVoiceMessage) && len(m.Attachments) > 0 {
		add(voice)
		s.Voice = &m.Attachments[0]
	}
	s.Text = strings.Join(texts, "\n\n")
	return s
}

// attached sorts attachments into files and pasted texts, which it returns.
func (r *Reader) attached(ctx context.Context, s *Said, all []dg.Attachment) (texts []string) {
	for _, a := range all {
		if !isPasted(a) {
			s.Files = append(s.Files, a)
			continue
		}
		text, err := r.text(ctx, a)
		if err != nil {
			s.Errors = append(s.Errors, err)
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

// maxPastedText is how large a message.txt is taken for the prompt's text.
const maxPastedText = 100 << 10

// isPasted tells whether an attachment is what Discord makes of a long message.
func isPasted(a dg.Attachment) bool {
	return a.Filename == "message.txt" && a.Size <= maxPastedText && (a.ContentType == nil || strings.HasPrefix(*a.ContentType, "text/plain"))
}

var userMention = regexp.MustCompile(`<@!?(\d+)>`)

// Plain is a message's text without the mention of the bot, and with names in
// place of the other mentions.
func (r *Reader) Plain(m dg.Message) string {
	names := map[string]string{r.Self().String(): ""}
	for _, u := range m.Mentions {
		if u.ID != r.Self() {
			names[u.ID.String()] = "@" + u.EffectiveName()
		}
	}
	text := userMention.ReplaceAllStringFunc(m.Content, func(s string) string {
		if name, ok := names[userMention.FindStringSubmatch(s)[1]]; ok {
			return name
		}
		return s
	})
	if m.GuildID != nil {
		if role := r.Role(*m.GuildID); role != 0 {
			text = strings.ReplaceAll(text, "<@&"+role.String()+">", "")
		}
	}
	return strings.TrimSpace(text)
}

func (r *Reader) text(ctx context.Context, a dg.Attachment) (string, error) {
	body := r.Open(ctx, a)
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxPastedText))
	return strings.TrimSpace(strings.ToValidUTF8(string(data), "\uFFFD")), err
}
