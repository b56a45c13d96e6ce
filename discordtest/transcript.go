package discordtest

import (
	"encoding/base64"
	"regexp"
	"strings"
	"time"
)

// A Transcript is a channel as one user sees it. Its JSON is all that the renderer needs to draw it.
type Transcript struct {
	Channel  string              `json:"channel"`
	Guild    string              `json:"guild,omitempty"` // empty in direct messages
	Viewer   Person              `json:"viewer"`
	Messages []TranscriptMessage `json:"messages"`
	Typing   []Person            `json:"typing,omitempty"`
}

// A Person is somebody as shown beside their messages.
type Person struct {
	ID    ID     `json:"id"`
	Name  string `json:"name"`
	Bot   bool   `json:"bot,omitempty"`
	Color int    `json:"color,omitempty"` // of the highest role, 0xRRGGBB
}

// A TranscriptMessage is one message on the screen.
type TranscriptMessage struct {
	ID         ID               `json:"id"`
	Author     Person           `json:"author"`
	Time       time.Time        `json:"time"`
	Edited     bool             `json:"edited,omitempty"`
	Content    string           `json:"content,omitempty"`
	Thinking   bool             `json:"thinking,omitempty"`
	Ephemeral  bool             `json:"ephemeral,omitempty"` // "Only you can see this"
	Mentioned  bool             `json:"mentioned,omitempty"` // highlighted, since it pings the viewer
	System     string           `json:"system,omitempty"`    // text of a line that Discord wrote
	Command    string           `json:"command,omitempty"`   // "anna used /files"
	User       *Person          `json:"user,omitempty"`      // who used it
	ReplyTo    *TranscriptReply `json:"reply_to,omitempty"`
	Files      []TranscriptFile `json:"files,omitempty"`
	Embeds     []Embed          `json:"embeds,omitempty"` // pictures as data: links
	Components []Component      `json:"components,omitempty"`
	Reactions  []TranscriptMark `json:"reactions,omitempty"`
	Thread     string           `json:"thread,omitempty"` // name of the thread that hangs on it
	Stickers   []string         `json:"stickers,omitempty"`
	Poll       *Poll            `json:"poll,omitempty"`

	Names map[string]string `json:"names,omitempty"` // what mentions in the text read as: "<@1>" is "@anna"
}

// A TranscriptReply is the line above a reply.
type TranscriptReply struct {
	Author  Person `json:"author"`
	Content string `json:"content"` // mentions replaced by names
	Deleted bool   `json:"deleted,omitempty"`
	File    bool   `json:"file,omitempty"`
}

// A TranscriptFile is an attachment; pictures carry their bytes.
type TranscriptFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Type   string `json:"type,omitempty"`
	Data   string `json:"data,omitempty"` // data: link, pictures only
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`

	Seconds float64 `json:"seconds,omitempty"` // of a voice message
}

// A TranscriptMark is an emoji under a message.
type TranscriptMark struct {
	Emoji string `json:"emoji"`
	Count int    `json:"count"`
	Me    bool   `json:"me,omitempty"`
}

// Transcript is what the user sees in a channel now: no one else's ephemeral messages, and only messages from the
// given ids on, if there are any (a conversation in a busy channel).
func (u *User) Transcript(c *Channel, since ...Message) Transcript {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	t := Transcript{Channel: c.displayName(), Viewer: c.person(u.Profile), Messages: []TranscriptMessage{}}
	if c.Guild != nil {
		t.Guild = c.Guild.Name
	}
	for _, m := range c.messages {
		if _, err := u.sees(m.ID); err != nil || len(since) > 0 && m.ID < since[0].ID {
			continue
		}
		t.Messages = append(t.Messages, u.shown(m))
	}
	for id := range c.typing {
		if c.isTyping(id) && id != u.ID {
			t.Typing = append(t.Typing, c.person(s.users[id].Profile))
		}
	}
	return t
}

func (c *Channel) person(p Profile) Person {
	person := Person{ID: p.ID, Name: p.Name(), Bot: p.Bot}
	if c.Guild == nil {
		return person
	}
	if m := c.Guild.members[p.ID]; m != nil {
		person.Name = orDefault(m.nick, person.Name)
		for _, r := range c.Guild.roles {
			for _, id := range m.roles {
				if r.ID == id && r.Color != 0 {
					person.Color = r.Color
				}
			}
		}
	}
	return person
}

func (u *User) shown(m *message) TranscriptMessage {
	s, c := u.s, m.channel
	v := s.view(m)
	t := TranscriptMessage{ID: m.ID, Author: c.person(m.Author), Time: m.Timestamp, Edited: m.EditedTimestamp != nil,
		Content: m.Content, Thinking: m.Flags.Has(FlagLoading), Ephemeral: m.EphemeralTo != 0, Names: map[string]string{}}
	for _, p := range v.Mentions {
		t.Mentioned = t.Mentioned || p.ID == u.ID
	}
	t.Mentioned = t.Mentioned || m.MentionEveryone
	for _, match := range anyMention.FindAllString(v.Text(), -1) {
		t.Names[match] = c.reads(match)
	}
	t.Poll = v.Poll
	for _, sticker := range v.Stickers {
		t.Stickers = append(t.Stickers, sticker.Name)
	}
	switch m.Type {
	case TypePollResult:
		t.System, v.Embeds = "'s poll has closed", nil
	case TypeThreadCreated:
		t.System, t.Content = "started a thread: "+m.Content, ""
	case TypeThreadStarter:
		t.System = "started this thread"
	}
	if m.Interaction != nil && (m.Type == TypeCommand || m.Type == TypeContextMenu) {
		who := c.person(m.Interaction.User)
		t.User, t.Command = &who, m.Interaction.Command
		if m.Type == TypeCommand {
			t.Command = "/" + t.Command
		}
	} else if m.Type == TypeReply && m.Reference != nil {
		t.ReplyTo = &TranscriptReply{Deleted: true}
		if r := s.messages[m.Reference.MessageID]; r != nil && !r.Deleted {
			t.ReplyTo = &TranscriptReply{Author: c.person(r.Author), Content: anyMention.ReplaceAllStringFunc(r.Content, c.reads), File: len(r.files) > 0}
			if r.Interaction != nil && r.Interaction.Command != "" && r.Content == "" {
				t.ReplyTo.Content = "/" + r.Interaction.Command
			}
		}
	}
	inline := map[string]string{}
	for _, f := range m.files {
		inline[s.linkPath(c, f)] = f.dataLink()
	}
	for _, a := range v.Attachments {
		t.Files = append(t.Files, transcriptFile(a))
	}
	for _, e := range v.Embeds {
		e.Image, e.Thumbnail = e.Image.inlined(inline), e.Thumbnail.inlined(inline)
		t.Embeds = append(t.Embeds, e)
	}
	for _, snap := range v.Snapshots {
		t.Content = strings.TrimSpace(t.Content + "\n> " + snap.Message.Content)
		for _, a := range snap.Message.Attachments {
			t.Files = append(t.Files, transcriptFile(a))
		}
	}
	t.Components = inlineComponents(v.Components, inline)
	for _, r := range m.Reactions {
		mine := false
		for _, id := range r.users {
			mine = mine || id == u.ID
		}
		t.Reactions = append(t.Reactions, TranscriptMark{r.Emoji.Name, r.Count, mine})
	}
	if m.Thread != nil {
		t.Thread = m.Thread.Name
	}
	return t
}

var anyMention = regexp.MustCompile(`<(@[!&]?|#)(\d+)>`)

// reads is what a mention reads as: "@anna", "@Analysts", "#general".
func (c *Channel) reads(mention string) string {
	f := anyMention.FindStringSubmatch(mention)
	id := parseID(f[2])
	switch {
	case f[1] == "#" && c.s.channels[id] != nil:
		return "#" + c.s.channels[id].displayName()
	case f[1] == "@&" && c.Guild != nil:
		for _, r := range c.Guild.roles {
			if r.ID == id {
				return "@" + r.Name
			}
		}
	case c.s.users[id] != nil:
		return "@" + c.person(c.s.users[id].Profile).Name
	}
	return mention
}

func (s *Server) linkPath(c *Channel, a Attachment) string {
	link, _, _ := strings.Cut(s.link(c.ID, a), "?")
	return link
}

func transcriptFile(a Attachment) TranscriptFile {
	f := TranscriptFile{Name: a.displayName(), Size: a.Size, Type: a.ContentType, Data: a.dataLink(), Seconds: a.Duration}
	if a.Width != nil {
		f.Width, f.Height = *a.Width, *a.Height
	}
	return f
}

// displayName is the name people see: the title with the extension, where the stored name had to differ.
func (a Attachment) displayName() string {
	if a.Title == "" {
		return a.Filename
	}
	if dot := strings.LastIndexByte(a.Filename, '.'); dot >= 0 {
		return a.Title + a.Filename[dot:]
	}
	return a.Title
}

func (a Attachment) dataLink() string {
	if a.Width == nil || a.object == nil || a.object.data == nil {
		return ""
	}
	return "data:" + a.ContentType + ";base64," + base64.StdEncoding.EncodeToString(a.object.data)
}

func (e *EmbedMedia) inlined(inline map[string]string) *EmbedMedia {
	if e == nil {
		return nil
	}
	link, _, _ := strings.Cut(e.URL, "?")
	copied := *e
	copied.URL, copied.ProxyURL = inline[link], ""
	return &copied
}

func inlineComponents(components []Component, inline map[string]string) []Component {
	data := map[ID]Attachment{}
	for _, c := range walk(components) {
		for _, m := range c.media() {
			if m.attachment != nil {
				a := *m.attachment
				link, _, _ := strings.Cut(m.URL, "?")
				a.URL = inline[link]
				data[a.ID] = a
			}
		}
	}
	if len(components) == 0 {
		return nil
	}
	return linkedComponents(components, data)
}
