package discordtest

import (
	"slices"
	"time"
)

// A message is the server's own record. Slices in it are replaced, never changed, so that versions can share them.
type message struct {
	Message
	channel  *Channel
	by       *interaction // whose response or follow-up it is
	versions []Version
	files    []Attachment // also those hidden inside embeds
}

// A Version is a message as it was from At until the next version.
type Version struct {
	At      time.Time
	Message Message
}

// add makes a finished message part of its channel and tells the gateway.
func (s *Server) add(m *message) {
	s.messages[m.ID] = m
	c := m.channel
	c.messages = append(c.messages, m)
	c.last = m.ID
	c.sent++
	if c.archived {
		c.archived = false
		s.dispatch(event{name: "THREAD_UPDATE", guild: c.Guild, intent: IntentGuilds, data: c.object()})
	}
	delete(c.typing, m.Author.ID)
	s.keepVersion(m)
	s.dispatchMessage("MESSAGE_CREATE", m)
	s.wake(c.ID)
}

func (s *Server) keepVersion(m *message) {
	if s.Forget {
		m.versions = m.versions[:0]
	}
	copied := m.Message
	copied.Attachments = m.files
	m.versions = append(m.versions, Version{s.now(), copied})
}

// changed is called after an edit.
func (s *Server) changed(m *message) {
	s.keepVersion(m)
	s.dispatchMessage("MESSAGE_UPDATE", m)
	s.wake(m.channel.ID)
}

func (s *Server) remove(m *message) {
	m.Deleted = true
	m.channel.messages = slices.DeleteFunc(m.channel.messages, func(o *message) bool { return o == m })
	s.keepVersion(m)
	s.wake(m.channel.ID)
	if !m.channel.visibleTo(s.bot) {
		return
	}
	s.dispatch(event{name: "MESSAGE_DELETE", guild: m.eventGuild(), intent: m.eventIntent(), data: struct {
		ID        ID `json:"id"`
		ChannelID ID `json:"channel_id"`
		GuildID   ID `json:"guild_id,omitzero"`
	}{m.ID, m.ChannelID, m.eventGuildID()}})
}

// removeAll deletes several messages at once.
func (s *Server) removeAll(c *Channel, all []*message) {
	ids := []ID{}
	for _, m := range all {
		m.Deleted = true
		s.keepVersion(m)
		ids = append(ids, m.ID)
	}
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return slices.Contains(all, m) })
	s.dispatch(event{name: "MESSAGE_DELETE_BULK", guild: c.Guild, intent: IntentGuildMessages,
		data: map[string]any{"ids": ids, "channel_id": c.ID, "guild_id": c.guildID()}})
	s.wake(c.ID)
}

// eventGuild is nil for direct messages and for ephemeral ones, which Discord treats like direct messages.
func (m *message) eventGuild() *Guild {
	if m.Flags.Has(FlagEphemeral) {
		return nil
	}
	return m.channel.Guild
}

func (m *message) eventGuildID() ID {
	if g := m.eventGuild(); g != nil {
		return g.ID
	}
	return 0
}

func (m *message) eventIntent() Intents {
	if m.eventGuild() == nil {
		return IntentDirectMessages
	}
	return IntentGuildMessages
}

func (s *Server) dispatchMessage(name string, m *message) {
	if !m.channel.visibleTo(s.bot) {
		return
	}
	s.dispatch(event{name: name, guild: m.eventGuild(), intent: m.eventIntent(), render: func(intents Intents) any {
		v := s.view(m)
		if !s.contentVisible(m, intents) {
			v = withoutContent(v)
		}
		e := struct {
			Message
			ChannelType int           `json:"channel_type"`
			Member      *memberObject `json:"member,omitempty"`
		}{Message: v, ChannelType: m.channel.kind}
		if g := m.eventGuild(); g != nil {
			e.GuildID = g.ID
			if author := g.members[m.Author.ID]; author != nil {
				o := g.memberObject(author, false)
				e.Member = &o
			}
		}
		return e
	}})
}

// view is a copy of a message with fresh links.
func (s *Server) view(m *message) Message { return s.viewOf(m.Message, m.files) }

func (s *Server) viewOf(v Message, files []Attachment) Message {
	links := map[ID]Attachment{}
	shown := []Attachment{}
	for _, f := range files {
		f.URL = s.link(v.ChannelID, f)
		f.ProxyURL = f.URL
		links[f.ID] = f
		if !f.hidden {
			shown = append(shown, f)
		}
	}
	v.Attachments = shown
	v.Embeds = slices.Clone(list(v.Embeds))
	for i := range v.Embeds {
		e := &v.Embeds[i]
		e.Image, e.Thumbnail = e.Image.linked(links), e.Thumbnail.linked(links)
	}
	v.Components = linkedComponents(v.Components, links)
	v.Files = described(files, links, v.Components)
	if v.Referenced == nil && v.Reference != nil && v.Reference.Type == 0 {
		if r := s.messages[v.Reference.MessageID]; r != nil && !r.Deleted && v.Type != TypeThreadCreated {
			original := r.Message
			original.Reference = nil
			copied := s.viewOf(original, r.files)
			copied.Reactions = nil // as Discord's document has it
			v.Referenced = &copied
		}
	}
	return v
}

// described are the files with the links and the descriptions that components give them.
func described(files []Attachment, links map[ID]Attachment, components []Component) []Attachment {
	said := map[ID]string{}
	for _, c := range walk(components) {
		if c.Media != nil && c.Media.attachment != nil {
			said[c.Media.attachment.ID] = c.Description
		}
		for _, item := range c.Items {
			if a := item.Media.attachment; a != nil {
				said[a.ID] = item.Description
			}
		}
	}
	all := []Attachment{}
	for _, f := range files {
		f = links[f.ID]
		f.Description = orDefault(said[f.ID], f.Description)
		all = append(all, f)
	}
	return all
}

func (e *EmbedMedia) linked(links map[ID]Attachment) *EmbedMedia {
	if e == nil || e.attachment == 0 {
		return e
	}
	a, ok := links[e.attachment]
	if !ok {
		return e
	}
	copied := EmbedMedia{URL: a.URL, ProxyURL: a.URL, attachment: a.ID}
	if a.Width != nil {
		copied.Width, copied.Height = *a.Width, *a.Height
	}
	return &copied
}

func linkedComponents(components []Component, links map[ID]Attachment) []Component {
	out := slices.Clone(list(components))
	relink := func(m ComponentMedia) ComponentMedia {
		if m.attachment != nil {
			a := links[m.attachment.ID]
			return ComponentMedia{URL: a.URL, attachment: &a}
		}
		return m
	}
	for i := range out {
		c := &out[i]
		if c.Media != nil {
			m := relink(*c.Media)
			c.Media = &m
		}
		if c.File != nil {
			m := relink(*c.File)
			c.File = &m
		}
		c.Items = slices.Clone(c.Items)
		for j := range c.Items {
			c.Items[j].Media = relink(c.Items[j].Media)
		}
		if c.Accessory != nil {
			c.Accessory = &linkedComponents([]Component{*c.Accessory}, links)[0]
		}
		if len(c.Components) > 0 {
			c.Components = linkedComponents(c.Components, links)
		}
	}
	return out
}
