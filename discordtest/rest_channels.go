package discordtest

import (
	"slices"
)

func (c *call) getChannel() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	return ch.object(), nil
}

func (c *call) editChannel() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	var body struct {
		Name     *string `json:"name"`
		Archived *bool   `json:"archived"`
		Locked   *bool   `json:"locked"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if ch.kind == directMessage {
		return nil, errWrongChannelType
	}
	if body.Name != nil {
		ch.name = *body.Name
	}
	name := "CHANNEL_UPDATE"
	if ch.isThread() {
		name = "THREAD_UPDATE"
		if body.Archived != nil {
			ch.archived = *body.Archived
		}
		if body.Locked != nil {
			ch.locked = *body.Locked
		}
	}
	c.s.dispatch(event{name: name, guild: ch.Guild, intent: IntentGuilds, data: ch.object()})
	c.s.wake(ch.ID)
	return ch.object(), nil
}

func (c *call) deleteChannel() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if ch.kind == directMessage { // closing it; it opens again with the next message
		return ch.object(), nil
	}
	c.s.deleteChannel(ch)
	return ch.object(), nil
}

func (s *Server) deleteChannel(ch *Channel) {
	ch.deleted = true
	if ch.isThread() {
		s.dispatch(event{name: "THREAD_DELETE", guild: ch.Guild, intent: IntentGuilds,
			data: map[string]any{"id": ch.ID, "guild_id": ch.Guild.ID, "parent_id": ch.Parent.ID, "type": ch.kind}})
	} else {
		ch.Guild.channels = slices.DeleteFunc(ch.Guild.channels, func(o *Channel) bool { return o == ch })
		s.dispatch(event{name: "CHANNEL_DELETE", guild: ch.Guild, intent: IntentGuilds, data: ch.object()})
	}
	s.wake(ch.ID)
}

// Threads.

type threadDraft struct {
	Name string `json:"name"`
	Type *int   `json:"type"`
}

func (c *call) threadFromMessage() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	var body threadDraft
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	t, err := c.s.startThread(m.channel, m, c.s.bot, body.Name, publicThread)
	if err != nil {
		return nil, err
	}
	return t.object(), nil
}

func (c *call) threadAlone() (any, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if ch.kind == guildForum {
		return c.postInForum(ch)
	}
	var body threadDraft
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	kind := privateThread
	if body.Type != nil {
		kind = *body.Type
	}
	t, err := c.s.startThread(ch, nil, c.s.bot, body.Name, kind)
	if err != nil {
		return nil, err
	}
	return t.object(), nil
}

// startThread makes a thread under a message, or on its own when m is nil.
func (s *Server) startThread(parent *Channel, m *message, by *User, name string, kind int) (*Channel, error) {
	form := formErrors{}
	form.required("name", name)
	form.max("name", name, 100)
	switch {
	case form.err() != nil:
		return nil, form.err()
	case parent.kind != guildText || kind != publicThread && kind != privateThread:
		return nil, errWrongChannelType
	case by == s.bot && parent.botPermissions()&CreateThreads == 0:
		return nil, errMissingPermissions
	case m != nil && m.Flags.Has(FlagHasThread):
		return nil, errThreadExists
	}
	t := s.newThread(parent, by, name, kind)
	if m != nil {
		t.ID = m.ID
		m.Flags |= FlagHasThread
		o := t.object()
		m.Thread = &o
	}
	s.openThread(t, by)
	if m == nil && kind == publicThread {
		s.addSystem(parent, by, TypeThreadCreated, name, &Reference{ChannelID: t.ID, GuildID: t.Guild.ID})
	}
	if m != nil {
		s.dispatchMessage("MESSAGE_UPDATE", m)
		s.addSystem(t, by, TypeThreadStarter, "", &Reference{MessageID: m.ID, ChannelID: parent.ID, GuildID: t.Guild.ID})
	}
	s.wake(parent.ID)
	return t, nil
}

func (s *Server) newThread(parent *Channel, by *User, name string, kind int) *Channel {
	return &Channel{ID: s.newID(), Guild: parent.Guild, Parent: parent, s: s, name: name, kind: kind, owner: by.ID,
		created: s.now(), members: []ID{by.ID}}
}

// openThread makes a new thread known.
func (s *Server) openThread(t *Channel, by *User) {
	s.channels[t.ID] = t
	t.Guild.channels = append(t.Guild.channels, t)
	created := t.object()
	created.NewlyCreated = true
	if by == s.bot {
		member := t.threadMember(by.ID, false)
		created.Member = &member
	}
	if t.visibleTo(s.bot) {
		s.dispatch(event{name: "THREAD_CREATE", guild: t.Guild, intent: IntentGuilds, data: created})
	}
}

// addSystem adds a message that Discord writes by itself.
func (s *Server) addSystem(c *Channel, u *User, kind int, text string, ref *Reference) {
	m := &message{channel: c}
	m.Message = Message{ID: s.newID(), ChannelID: c.ID, Type: kind, Author: u.Profile, Content: text, Timestamp: s.now(),
		Reference: ref, Embeds: []Embed{}, Components: []Component{}, Mentions: []Profile{}, MentionRoles: []ID{}}
	s.add(m)
}

func (c *call) joinThread() (any, error)         { return c.threadMember(c.s.bot.ID, true) }
func (c *call) leaveThread() (any, error)        { return c.threadMember(c.s.bot.ID, false) }
func (c *call) addThreadMember() (any, error)    { return c.threadMember(c.id("user_id"), true) }
func (c *call) removeThreadMember() (any, error) { return c.threadMember(c.id("user_id"), false) }

func (c *call) threadMember(id ID, join bool) (any, error) {
	t, err := c.channel()
	if err != nil {
		return nil, err
	}
	if !t.isThread() {
		return nil, errWrongChannelType
	}
	switch {
	case t.Guild.members[id] == nil:
		return nil, errUnknownMember
	case t.archived:
		return nil, errThreadArchived
	case join && len(t.members) >= maxThreadMembers && !slices.Contains(t.members, id):
		return nil, errThreadFull
	}
	c.s.changeThreadMember(t, id, join)
	return nil, nil
}

const maxThreadMembers = 1000

func (s *Server) changeThreadMember(t *Channel, id ID, join bool) {
	if slices.Contains(t.members, id) == join || join && len(t.members) >= maxThreadMembers { // who writes need not be one
		return
	}
	update := map[string]any{"id": t.ID, "guild_id": t.Guild.ID, "added_members": []any{}, "removed_member_ids": []ID{}}
	if join {
		t.members = append(t.members, id)
		if id == s.bot.ID && t.kind == privateThread {
			created := t.object()
			member := t.threadMember(id, false)
			created.Member = &member
			s.dispatch(event{name: "THREAD_CREATE", guild: t.Guild, intent: IntentGuilds, data: created})
		}
		update["added_members"] = []any{t.threadMember(id, true)}
	} else {
		t.members = slices.DeleteFunc(t.members, func(other ID) bool { return other == id })
		update["removed_member_ids"] = []ID{id}
	}
	update["member_count"] = len(t.members)
	intent := IntentGuildMembers
	if id == s.bot.ID {
		intent |= IntentGuilds
	}
	s.dispatch(event{name: "THREAD_MEMBERS_UPDATE", guild: t.Guild, intent: intent, data: update})
}

func (c *call) listThreadMembers() (any, error) {
	t, err := c.channel()
	if err != nil {
		return nil, err
	}
	if !t.isThread() {
		return nil, errWrongChannelType
	}
	members := []threadMember{}
	for _, id := range t.members {
		members = append(members, t.threadMember(id, c.r.URL.Query().Get("with_member") == "true"))
	}
	return members, nil
}

func (c *call) getThreadMember() (any, error) {
	t, err := c.channel()
	if err != nil {
		return nil, err
	}
	id := c.id("user_id")
	if !t.isThread() || !slices.Contains(t.members, id) {
		return nil, errUnknownMember
	}
	return t.threadMember(id, true), nil
}

func (c *call) activeThreads() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	threads, members := []channelObject{}, []threadMember{}
	for _, t := range g.channels {
		if t.isThread() && !t.archived && !t.deleted && t.visibleTo(c.s.bot) {
			threads = append(threads, t.object())
			if slices.Contains(t.members, c.s.bot.ID) {
				members = append(members, t.threadMember(c.s.bot.ID, false))
			}
		}
	}
	return map[string]any{"threads": threads, "members": members, "has_more": false}, nil
}
