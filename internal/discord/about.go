package discord

import (
	"context"
	"io"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/around"
	"github.com/attachebot/attache/internal/discord/client"
)

// read collects what a question says and what it is about: the messages above
// it in a chain of replies, the talk of its thread, a file posted just before.
func (b *Bot) read(ctx context.Context, q *question, anew bool) (p assistant.Message, err error) {
	q.mu.Lock()
	m := q.msg
	q.mu.Unlock()
	p.Conversation, p.Company = b.conversation(ctx, m), b.company(ctx, m)
	p.Tools, p.Own = b.tools(q, m), q.own(m)
	if q.same && !anew {
		p.Same = true
		return p, nil
	}
	own := b.hear(ctx, q, b.around.Says(ctx, m))
	if own.Voice != nil { // it can't be listened to, which is said
		own.Text = ""
	}
	p.Text, p.Problems = own.Text, b.explainAll(q.lang, own.Errors, "reading message.txt")
	attachments := own.Files
	var before []string
	if text := b.threadTalk(ctx, m); text != "" {
		before = append(before, text)
	}
	quotes, quoted := b.around.Quoted(ctx, m, func(s around.Said) around.Said { return b.hear(ctx, q, s) })
	if quotes != "" {
		before = append(before, quotes)
	}
	if p.Text == "" && len(own.Files) == 0 && (quotes != "" || len(quoted) > 0) {
		p.Text = "[The user only mentioned you: what the message above asks or shows is what they want answered.]"
	}
	attachments = append(attachments, quoted...)
	p.Files = q.with
	if len(attachments) == 0 && q.by == nil && p.Text != "" && m.ReferencedMessage == nil && m.GuildID != nil { // of direct messages all files are saved
		attachments = b.around.PostedBefore(ctx, m, b.calls)
	}
	p.Before = strings.Join(before, "\n\n")
	seen := map[snowflake.ID]bool{}
	for _, a := range attachments {
		if !seen[a.ID] && len(p.Uploads) < 2*client.MaxFiles {
			seen[a.ID] = true
			p.Uploads = append(p.Uploads, b.uploaded(a))
		}
	}
	return p, nil
}

// tools are what the model may call for a question, beside those that it always
// has: in servers where the bot is, and where a channel is named, it may read what
// the person may read.
func (b *Bot) tools(q *question, m dg.Message) []chat.TurnTool {
	if q.by != nil && q.by.Foreign() || m.GuildID == nil && !strings.Contains(m.Content, "<#") {
		return nil
	}
	return []chat.TurnTool{b.around.Tool(around.Asking{User: m.Author.ID, Channel: m.ChannelID, Guild: q.guild(), Message: m.ID, Own: q.own(m)})}
}

// hear puts what is said in a voice message in its place.
func (b *Bot) hear(ctx context.Context, q *question, s around.Said) around.Said {
	if s.Voice == nil {
		return s
	}
	a := *s.Voice
	v := assistant.Voice{Name: client.NameOf(a), Open: func(ctx context.Context) (io.ReadCloser, error) { return b.fetch(ctx, a), nil }}
	if a.DurationSecs != nil {
		v.Length = time.Duration(*a.DurationSecs * float64(time.Second))
	}
	words, err := b.assistant.Listen(ctx, q.user(), v)
	if err != nil {
		s.Errors = append(s.Errors, err)
		return s
	}
	return s.Heard(words)
}

// threadTalk is what was said in m's thread since it was last read.
func (b *Bot) threadTalk(ctx context.Context, m dg.Message) string {
	parent, title := b.places.Thread(m.ChannelID)
	if parent == 0 {
		return ""
	}
	last, _ := b.threads.Get(m.ChannelID)
	b.threads.Put(m.ChannelID, m.ID)
	text, err := b.around.Talk(ctx, m, around.Thread{Parent: parent, Title: title, Read: last, Mine: func(one dg.Message) bool {
		mine, _ := b.seen.Get(one.ID)
		return mine || b.calls(one)
	}})
	if err != nil {
		b.log.Debug("reading a thread", "error", err)
	}
	return text
}
