package discordtest

import (
	"slices"
	"strconv"
	"time"
)

// channel finds the channel of a call, if the bot can see it.
func (c *call) channel() (*Channel, error) {
	ch := c.s.channels[c.id("channel_id")]
	switch {
	case ch == nil || ch.deleted:
		return nil, errUnknownChannel
	case !ch.visibleTo(c.s.bot):
		return nil, errMissingAccess
	}
	return ch, nil
}

// message finds the message of a call. Ephemeral ones cannot be reached through their channel.
func (c *call) message() (*message, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	m := c.s.messages[c.id("message_id")]
	if m == nil || m.Deleted || m.channel != ch || m.EphemeralTo != 0 {
		return nil, errUnknownMessage
	}
	return m, nil
}

func (c *call) createMessage() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return nil, err
	}
	if err := ch.mayPost(d.needs(c.form), false); err != nil {
		return nil, err
	}
	if d.EnforceNonce && d.Nonce != nil {
		for _, m := range slices.Backward(ch.messages) {
			if m.Nonce == d.Nonce && m.Author.ID == c.s.bot.ID && c.s.now().Sub(m.Timestamp) < 5*time.Minute {
				return c.s.view(m), nil
			}
		}
	}
	m, err := c.s.compose(ch, c.s.bot, &d, c.form, nil)
	if err != nil {
		return nil, err
	}
	c.s.add(m)
	return c.s.view(m), nil
}

// compose makes a message that is not yet in its channel. prepare may change it before it is checked.
func (s *Server) compose(ch *Channel, author *User, d *draft, uploads []upload, prepare func(*message)) (*message, error) {
	m := &message{channel: ch}
	m.Message = Message{ID: s.newID(), ChannelID: ch.ID, Author: author.Profile, Timestamp: s.now(), Nonce: d.Nonce, TTS: d.TTS,
		Embeds: []Embed{}, Components: []Component{}, Mentions: []Profile{}, MentionRoles: []ID{}}
	if prepare != nil {
		prepare(m)
	}
	if d.Reference != nil {
		if author == s.bot && d.Reference.Type == 0 && ch.botPermissions()&ReadHistory == 0 {
			return nil, errNoReply
		}
		if err := s.refer(m, d.Reference); err != nil {
			return nil, err
		}
	}
	for _, u := range uploads {
		if author == s.bot && u.obj.size > ch.fileLimit() {
			return nil, errTooLarge
		}
	}
	if err := s.apply(m, d, uploads); err != nil {
		return nil, err
	}
	s.mention(m, d.AllowedMentions)
	return m, nil
}

// refer makes m a reply or a forward.
func (s *Server) refer(m *message, r *draftReference) error {
	original := s.messages[r.MessageID]
	if original == nil || original.Deleted || original.EphemeralTo != 0 || r.Type == 0 && original.channel != m.channel {
		if r.FailIfNotExists != nil && !*r.FailIfNotExists {
			return nil
		}
		form := formErrors{}
		form.add("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
		return form.err()
	}
	m.Reference = &Reference{Type: r.Type, MessageID: original.ID, ChannelID: original.ChannelID, GuildID: original.channel.guildID()}
	if r.Type == 0 {
		m.Type = TypeReply
		return nil
	}
	o := s.view(original)
	m.Snapshots = []Snapshot{{SnapshotMessage{o.Type, o.Content, o.Timestamp, o.EditedTimestamp, o.Mentions, o.MentionRoles,
		o.Attachments, o.Embeds, o.Components, o.Flags, o.Stickers}}}
	if len(o.Snapshots) > 0 { // a forward of a forward is one of what that forwards
		m.Snapshots = o.Snapshots
	}
	m.Flags |= FlagSnapshot
	return nil
}

func (c *call) editMessage() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	if m.Author.ID != c.s.bot.ID {
		return nil, errNotAuthor
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return nil, err
	}
	if err := m.channel.mayPost(d.needs(c.form), true); err != nil {
		return nil, err
	}
	if now := c.s.now(); !c.s.NoRateLimits && now.Sub(m.ID.Time()) > time.Hour {
		ch := m.channel
		if ch.oldEdits = recent(ch.oldEdits, now, 20*time.Second); len(ch.oldEdits) >= orDefault(c.s.OldEdits, 3) {
			c.s.limits.invalid(now)
			return nil, errOldEdits
		}
		ch.oldEdits = append(ch.oldEdits, now)
	}
	return c.edit(m)
}

// edit applies the call's body to a message of the bot.
func (c *call) edit(m *message) (any, error) {
	var d draft
	if err := c.decode(&d); err != nil {
		return nil, err
	}
	if err := c.s.edit(m, &d, c.form); err != nil {
		return nil, err
	}
	return c.s.view(m), nil
}

func (s *Server) edit(m *message, d *draft, uploads []upload) error {
	switch {
	case m.channel.archived:
		return errThreadArchived
	case m.Poll != nil:
		return errPollEdit
	}
	for _, u := range uploads {
		if u.obj.size > m.channel.fileLimit() {
			return errTooLarge
		}
	}
	changed := *m
	changed.Flags &^= FlagLoading
	if err := s.apply(&changed, d, uploads); err != nil {
		return err
	}
	now := s.now()
	changed.EditedTimestamp = &now
	pings := m.Pings
	s.mention(&changed, d.AllowedMentions)
	if m.Flags.Has(FlagLoading) { // the answer that was announced: this is when it pings
		changed.EditedTimestamp = nil
	} else {
		changed.Pings = pings
	}
	*m = changed
	s.changed(m)
	return nil
}

func (c *call) getMessage() (any, error) {
	m, err := c.message()
	switch {
	case err != nil:
		return nil, err
	case m.channel.botPermissions()&ReadHistory == 0:
		return nil, errMissingPermissions
	}
	return c.readable(m), nil
}

// readable is a message as the REST API shows it: the intent for message content counts here too.
func (c *call) readable(m *message) Message {
	v := c.s.view(m)
	if !c.s.contentVisible(m, IntentMessageContent&^c.s.DisallowedIntents) {
		return withoutContent(v)
	}
	return v
}

func (c *call) listMessages() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if ch.botPermissions()&ReadHistory == 0 {
		return []Message{}, nil
	}
	q := c.r.URL.Query()
	limit, err := strconv.Atoi(orDefault(q.Get("limit"), "50"))
	if err != nil || limit < 1 || limit > 100 {
		form := formErrors{}
		form.add("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
		return nil, form.err()
	}
	all := slices.DeleteFunc(slices.Clone(ch.messages), func(m *message) bool { return m.EphemeralTo != 0 })
	before, after, around := parseID(q.Get("before")), parseID(q.Get("after")), parseID(q.Get("around"))
	from, to := 0, len(all)
	switch {
	case before != 0:
		to, _ = slices.BinarySearchFunc(all, before, func(m *message, id ID) int { return compareIDs(m.ID, id) })
		from = max(0, to-limit)
	case after != 0:
		from, _ = slices.BinarySearchFunc(all, after+1, func(m *message, id ID) int { return compareIDs(m.ID, id) })
		to = min(len(all), from+limit)
	case around != 0:
		at, _ := slices.BinarySearchFunc(all, around, func(m *message, id ID) int { return compareIDs(m.ID, id) })
		from, to = max(0, at-limit/2), min(len(all), at+limit/2+1)
	default:
		from = max(0, to-limit)
	}
	found := []Message{}
	for _, m := range slices.Backward(all[from:to]) {
		found = append(found, c.readable(m))
	}
	return found, nil
}

func compareIDs(a, b ID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (c *call) deleteMessage() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	if m.Author.ID != c.s.bot.ID && (m.channel.kind == directMessage || m.channel.botPermissions()&ManageMessages == 0) {
		return nil, errMissingPermissions
	}
	if m.channel.archived && m.channel.locked { // an unlocked archive lets messages be deleted
		return nil, errThreadArchived
	}
	c.s.remove(m)
	return nil, nil
}

func (c *call) bulkDelete() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	var body struct {
		Messages []ID `json:"messages"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	switch {
	case ch.kind == directMessage:
		return nil, errWrongChannelType
	case ch.botPermissions()&ManageMessages == 0:
		return nil, errMissingPermissions
	case len(body.Messages) < 2 || len(body.Messages) > 100:
		form := formErrors{}
		form.add("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
		return nil, form.err()
	}
	for _, id := range body.Messages {
		if c.s.now().Sub(id.Time()) > 14*24*time.Hour {
			return nil, errTooOldToDelete
		}
	}
	gone := []*message{}
	for _, id := range body.Messages {
		if m := c.s.messages[id]; m != nil && m.channel == ch && !m.Deleted {
			gone = append(gone, m)
		}
	}
	c.s.removeAll(ch, gone)
	return nil, nil
}

func (c *call) typing() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if err := ch.mayPost(0, false); err != nil {
		return nil, err
	}
	ch.startTyping(c.s.bot)
	return nil, nil
}

func (c *Channel) startTyping(u *User) {
	if c.typing == nil {
		c.typing = map[ID]time.Time{}
	}
	c.typing[u.ID] = c.s.now()
	c.s.wake(c.ID)
}
