package discordtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A User is a person in a Discord client. Methods do what a person can do there, and return an error
// where the client would not let them.
type User struct {
	Profile
	Locale string // of the client, such as "de"; empty means "en-US"

	s         *Server
	dmsClosed bool
	installed bool // the application, for themselves
	dm        *Channel
}

// A File is something a user attaches.
type File struct {
	Name string
	Data []byte
	Size int64  // instead of Data: so many zero bytes, which take no memory
	Type string // what the client declares, for extensions Discord does not know
	Gone bool   // vanished from the CDN before anybody can fetch it

	// Voice makes the message a voice message of that length, recorded with Discord's microphone: it has this file and
	// nothing else. Discord's clients call it voice-message.ogg.
	Voice time.Duration
}

// AddUser makes a person with that user name, who is in no guild yet. Set GlobalName for another name to be shown,
// and Bot to make it another bot.
func (s *Server) AddUser(name string) *User {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &User{Profile: Profile{ID: s.oldID(), Username: name}, s: s}
	s.users[u.ID] = u
	return u
}

// Mention pings the user when written into a message.
func (p Profile) Mention() string { return "<@" + p.ID.String() + ">" }

func (u *User) locale() string { return orDefault(u.Locale, "en-US") }

// DM is the channel of direct messages between the user and the bot.
func (u *User) DM() *Channel {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.s.directChannel(u)
}

func (s *Server) directChannel(u *User) *Channel {
	if u.dm == nil {
		u.dm = &Channel{ID: s.newID(), s: s, kind: directMessage, people: []*User{u}}
		s.channels[u.dm.ID] = u.dm
	}
	return u.dm
}

// CloseDMs makes the bot's direct messages to the user fail with 50007, as when the user forbids them or blocks the bot.
func (u *User) CloseDMs() { u.setDMs(true) }

// OpenDMs undoes CloseDMs.
func (u *User) OpenDMs() { u.setDMs(false) }

func (u *User) setDMs(closed bool) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.dmsClosed = closed
}

// reachable tells whether the bot can write to the user: they share a guild, or the user has installed the application.
func (u *User) reachable() bool {
	if u.installed {
		return true
	}
	for _, g := range u.s.order {
		if g.members[u.ID] != nil && g.members[u.s.bot.ID] != nil {
			return true
		}
	}
	return false
}

// longest is how long a person's message may be before the client makes a file of it.
const longest = 2000

// Send sends a message. Text of more than 2,000 characters goes out as the file message.txt, as Discord's client does it.
func (u *User) Send(c *Channel, text string, files ...File) (Message, error) {
	return u.send(c, text, files, nil, nil)
}

// Reply answers a message, with a ping to its author.
func (u *User) Reply(to Message, text string, files ...File) (Message, error) {
	c, err := u.s.channelOf(to)
	if err != nil {
		return Message{}, err
	}
	return u.send(c, text, files, &draftReference{MessageID: to.ID}, nil)
}

// ReplyQuietly is Reply with the mention switched off: the author is not pinged.
func (u *User) ReplyQuietly(to Message, text string, files ...File) (Message, error) {
	c, err := u.s.channelOf(to)
	if err != nil {
		return Message{}, err
	}
	return u.send(c, text, files, &draftReference{MessageID: to.ID}, &allowedMentions{Parse: []string{"users", "roles", "everyone"}})
}

// SendSticker sends a sticker of that name, and no text.
func (u *User) SendSticker(c *Channel, name string) (Message, error) {
	return u.post(c, &draft{stickers: []Sticker{{ID: stickerID, Name: name, Format: 1}}}, nil)
}

const stickerID ID = 749054660769218631

// SendEmbeds sends a message with embeds, which only another bot can: see Profile.Bot.
func (u *User) SendEmbeds(c *Channel, text string, embeds ...Embed) (Message, error) {
	if !u.Bot {
		return Message{}, fmt.Errorf("discordtest: %s is no bot, and has no embeds", u.Username)
	}
	return u.post(c, &draft{Content: &text, Embeds: &embeds}, nil)
}

// Forward sends a copy of a message to another channel.
func (u *User) Forward(m Message, to *Channel) (Message, error) {
	return u.send(to, "", nil, &draftReference{Type: 1, MessageID: m.ID}, nil)
}

func (s *Server) channelOf(m Message) (*Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[m.ChannelID]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("discordtest: message %d is in no channel", m.ID)
}

func (u *User) send(c *Channel, text string, files []File, ref *draftReference, allowed *allowedMentions) (Message, error) {
	text, uploads := outgoing(text, files)
	d := &draft{Content: &text, Reference: ref, AllowedMentions: allowed}
	if len(files) > 0 && files[0].Voice > 0 {
		if text != "" || len(files) > 1 {
			return Message{}, errors.New("discordtest: a voice message has one file and no text")
		}
		d.voice = true
	}
	return u.post(c, d, uploads)
}

// outgoing is what the client makes of a text and files: a long text is a file too.
func outgoing(text string, files []File) (string, []upload) {
	if runes(text) > longest {
		files = append([]File{{Name: "message.txt", Data: []byte(text)}}, files...)
		text = ""
	}
	uploads := []upload{}
	for i, f := range files {
		uploads = append(uploads, f.upload(i))
	}
	return text, uploads
}

func (u *User) post(c *Channel, d *draft, uploads []upload) (Message, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := u.canPost(c); err != nil {
		return Message{}, err
	}
	d.Nonce = s.newID().String()
	if c.hurries(u) {
		return Message{}, fmt.Errorf("discordtest: slow mode keeps %s from writing again", u.Username)
	}
	if c.isThread() {
		s.changeThreadMember(c, u.ID, true)
	}
	m, err := s.compose(c, u, d, uploads, nil)
	if err != nil {
		return Message{}, fmt.Errorf("discordtest: %s cannot send: %w", u.Username, err)
	}
	s.add(m)
	if c.isThread() {
		for _, p := range m.Mentions { // who is mentioned in a thread is in it
			if c.Guild.members[p.ID] != nil {
				s.changeThreadMember(c, p.ID, true)
			}
		}
	}
	return s.view(m), nil
}

func (u *User) canPost(c *Channel) error {
	switch {
	case !c.visibleTo(u):
		return fmt.Errorf("discordtest: %s cannot see %s", u.Username, c)
	case c.isThread() && c.locked && c.Guild.permissions(u)&ManageThreads == 0:
		return errors.New("discordtest: the thread is locked")
	case c.kind == guildForum:
		return errors.New("discordtest: a forum has posts only")
	}
	return nil
}

func (f File) upload(i int) upload {
	o := &object{size: f.Size, sparse: true}
	if f.Data != nil || f.Size == 0 {
		o, _ = receive(bytes.NewReader(f.Data), int64(len(f.Data)))
		o.data = slices.Clip(list(f.Data))
	}
	o.contentType, o.gone, o.voice = contentType(f.Name, f.Type), f.Gone, f.Voice
	return upload{field: fmt.Sprintf("files[%d]", i), name: f.Name, obj: o}
}

// Edit changes the text of one's own message.
func (u *User) Edit(m Message, text string) (Message, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	own, err := u.own(m)
	if err != nil {
		return Message{}, err
	}
	if own.Flags.Has(FlagVoice) || own.Flags.Has(FlagSnapshot) {
		return Message{}, errors.New("discordtest: voice messages and forwards cannot be edited")
	}
	if err := s.edit(own, &draft{Content: &text}, nil); err != nil {
		return Message{}, err
	}
	return s.view(own), nil
}

// RemoveFile takes one attachment off one's own message.
func (u *User) RemoveFile(m Message, attachment ID) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	own, err := u.own(m)
	if err != nil {
		return err
	}
	kept := []attachmentDraft{}
	for _, a := range own.files {
		if a.ID != attachment {
			kept = append(kept, attachmentDraft{ID: a.ID})
		}
	}
	return s.edit(own, &draft{Attachments: &kept}, nil)
}

// Delete deletes a message: one's own, or any as far as one manages messages. Its files vanish from the CDN.
func (u *User) Delete(m Message) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	own, err := u.own(m)
	if err != nil {
		if own, err = u.sees(m.ID); err != nil {
			return err
		}
		if g := own.channel.Guild; g == nil || g.permissions(u)&ManageMessages == 0 {
			return fmt.Errorf("discordtest: %s may not delete message %d", u.Username, m.ID)
		}
	}
	for _, a := range own.files {
		a.object.gone = true
	}
	s.remove(own)
	return nil
}

func (u *User) own(m Message) (*message, error) {
	own := u.s.messages[m.ID]
	if own == nil || own.Deleted || own.Author.ID != u.ID {
		return nil, fmt.Errorf("discordtest: message %d is not %s's", m.ID, u.Username)
	}
	return own, nil
}

// Unfurl adds the preview of a link to a message, as Discord does a moment after it was sent:
// MESSAGE_UPDATE arrives although nobody edited it. It fails where the message suppresses embeds.
func (s *Server) Unfurl(m Message, preview Embed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.messages[m.ID]
	if own == nil || own.Deleted {
		return errUnknownMessage
	}
	if own.Flags.Has(FlagSuppressEmbeds) {
		return fmt.Errorf("discordtest: message %d suppresses embeds", m.ID)
	}
	preview.Type = orDefault(preview.Type, "article")
	own.Embeds = append(slices.Clone(own.Embeds), preview)
	s.changed(own)
	return nil
}

// React adds a Unicode emoji to a message; with Unreact it goes again.
func (u *User) React(m Message, emoji string) error { return u.react(m, emoji, true) }

// Unreact removes one's own reaction.
func (u *User) Unreact(m Message, emoji string) error { return u.react(m, emoji, false) }

func (u *User) react(m Message, emoji string, add bool) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := u.sees(m.ID)
	if err != nil {
		return err
	}
	s.react(rec, u, Emoji{Name: emoji}, add)
	return nil
}

// sees finds a message that is on the user's screen.
func (u *User) sees(id ID) (*message, error) {
	m := u.s.messages[id]
	if m == nil || m.Deleted || !m.channel.visibleTo(u) || m.EphemeralTo != 0 && m.EphemeralTo != u.ID {
		return nil, fmt.Errorf("discordtest: %s does not see message %d", u.Username, id)
	}
	return m, nil
}

// Type shows that the user is typing, for ten seconds or until they send.
func (u *User) Type(c *Channel) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := u.canPost(c); err != nil {
		return err
	}
	c.startTyping(u)
	if !c.visibleTo(s.bot) {
		return nil
	}
	s.dispatch(event{name: "TYPING_START", guild: c.Guild, intent: c.intent(IntentGuildTyping, IntentDirectTyping), data: struct {
		ChannelID ID    `json:"channel_id"`
		GuildID   ID    `json:"guild_id,omitzero"`
		UserID    ID    `json:"user_id"`
		Timestamp int64 `json:"timestamp"`
	}{c.ID, c.guildID(), u.ID, s.now().Unix()}})
	return nil
}

// StartThread makes a public thread under a message.
func (u *User) StartThread(m Message, name string) (*Channel, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := u.sees(m.ID)
	if err != nil {
		return nil, err
	}
	return s.startThread(rec.channel, rec, u, name, publicThread)
}

// StartPrivateThread begins a thread that only its members see, and those who manage threads.
func (u *User) StartPrivateThread(in *Channel, name string, members ...*User) (*Channel, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !in.visibleTo(u) {
		return nil, fmt.Errorf("discordtest: %s does not see the channel", u.Username)
	}
	t, err := s.startThread(in, nil, u, name, privateThread)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		s.changeThreadMember(t, m.ID, true)
	}
	return t, nil
}

// DeleteChannel deletes a channel or thread.
func (s *Server) DeleteChannel(c *Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Guild != nil && !c.deleted {
		s.deleteChannel(c)
	}
}

const typingLasts = 10 * time.Second
