package discordtest

import (
	"encoding/json"
	"net/url"
	"slices"
)

func (c *call) emoji() (Emoji, error) {
	name, err := url.PathUnescape(c.r.PathValue("emoji_name"))
	if err != nil || name == "" || name[0] < 128 {
		return Emoji{}, errUnknownEmoji // custom emojis are not modelled
	}
	return Emoji{Name: name}, nil
}

func (c *call) addReaction() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	e, err := c.emoji()
	if err != nil {
		return nil, err
	}
	need := ReadHistory
	if !slices.ContainsFunc(m.Reactions, func(r Reaction) bool { return r.Emoji == e }) {
		need |= AddReactions // the first with an emoji
	}
	switch {
	case m.channel.botPermissions()&need != need:
		return nil, errMissingPermissions
	case m.channel.archived:
		return nil, errThreadArchived
	case need&AddReactions != 0 && len(m.Reactions) >= maxReactions:
		return nil, errTooManyReactions
	}
	c.s.react(m, c.s.bot, e, true)
	return nil, nil
}

func (c *call) removeReaction() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	e, err := c.emoji()
	if err != nil {
		return nil, err
	}
	c.s.react(m, c.s.bot, e, false)
	return nil, nil
}

const maxReactions = 20 // different ones of a message

// react adds or removes a reaction; doing it twice changes nothing.
func (s *Server) react(m *message, u *User, e Emoji, add bool) {
	reactions := slices.Clone(m.Reactions)
	at := slices.IndexFunc(reactions, func(r Reaction) bool { return r.Emoji == e })
	if at < 0 {
		if !add {
			return
		}
		at = len(reactions)
		reactions = append(reactions, Reaction{Emoji: e})
	}
	r := &reactions[at]
	if slices.Contains(r.users, u.ID) == add {
		return
	}
	name := "MESSAGE_REACTION_ADD"
	if add {
		r.users = append(slices.Clone(r.users), u.ID)
	} else {
		name = "MESSAGE_REACTION_REMOVE"
		r.users = slices.DeleteFunc(slices.Clone(r.users), func(id ID) bool { return id == u.ID })
	}
	r.Count, r.Me = len(r.users), slices.Contains(r.users, s.bot.ID)
	if r.Count == 0 {
		reactions = slices.Delete(reactions, at, at+1)
	}
	m.Reactions = reactions
	s.wake(m.channel.ID)
	if !m.channel.visibleTo(s.bot) {
		return
	}
	s.dispatch(event{name: name, guild: m.eventGuild(), intent: m.channel.intent(IntentGuildReactions, IntentDirectReactions),
		data: struct {
			UserID    ID             `json:"user_id"`
			ChannelID ID             `json:"channel_id"`
			MessageID ID             `json:"message_id"`
			GuildID   ID             `json:"guild_id,omitzero"`
			Emoji     map[string]any `json:"emoji"`
			Burst     bool           `json:"burst"`
			Type      int            `json:"type"`
			AuthorID  ID             `json:"message_author_id"`
		}{u.ID, m.ChannelID, m.ID, m.eventGuildID(), e.object(), false, 0, m.Author.ID}})
}

func (e Emoji) object() map[string]any {
	o := map[string]any{"id": nil, "name": e.Name}
	if e.ID != 0 {
		o["id"] = e.ID
	}
	return o
}

// MarshalJSON gives Discord's reaction object.
func (r Reaction) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"emoji": r.Emoji.object(), "count": r.Count, "me": r.Me, "me_burst": false,
		"burst_colors": []string{}, "count_details": map[string]int{"burst": 0, "normal": r.Count}})
}
