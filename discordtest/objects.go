package discordtest

import "time"

// The JSON objects of channels, guilds and roles.

type channelObject struct {
	ID       ID     `json:"id"`
	Type     int    `json:"type"`
	Flags    int    `json:"flags"`
	Last     *ID    `json:"last_message_id"`
	GuildID  ID     `json:"guild_id,omitzero"`
	Name     string `json:"name,omitempty"`
	ParentID *ID    `json:"parent_id,omitempty"`

	Position   *int         `json:"position,omitempty"` // of guild channels
	Topic      *string      `json:"topic,omitempty"`
	NSFW       *bool        `json:"nsfw,omitempty"`
	Overwrites *[]overwrite `json:"permission_overwrites,omitempty"`
	Slowmode   *int         `json:"rate_limit_per_user,omitempty"`
	Recipients *[]Profile   `json:"recipients,omitempty"` // of direct messages

	Available *[]any `json:"available_tags,omitempty"` // of forums
	Layout    *int   `json:"default_forum_layout,omitempty"`

	OwnerID      ID             `json:"owner_id,omitzero"` // of threads
	Metadata     *threadDetails `json:"thread_metadata,omitempty"`
	MessageCount *int           `json:"message_count,omitempty"`
	MemberCount  *int           `json:"member_count,omitempty"`
	TotalSent    *int           `json:"total_message_sent,omitempty"`
	Member       *threadMember  `json:"member,omitempty"`
	Tags         *[]ID          `json:"applied_tags,omitempty"`  // of posts
	NewlyCreated bool           `json:"newly_created,omitempty"` // in THREAD_CREATE
	Permissions  string         `json:"permissions,omitempty"`   // in interactions
}

type threadDetails struct {
	Archived      bool      `json:"archived"`
	AutoArchive   int       `json:"auto_archive_duration"` // minutes
	ArchivedSince time.Time `json:"archive_timestamp"`
	Locked        bool      `json:"locked"`
	Created       time.Time `json:"create_timestamp"`
}

type threadMember struct {
	ThreadID ID            `json:"id"`
	UserID   ID            `json:"user_id"`
	Joined   time.Time     `json:"join_timestamp"`
	Flags    int           `json:"flags"`
	Member   *memberObject `json:"member,omitempty"`
}

func (c *Channel) object() channelObject {
	o := channelObject{ID: c.ID, Type: c.kind, GuildID: c.guildID()}
	if c.last != 0 {
		o.Last = &c.last
	}
	no, slowmode, overwrites := false, int(c.slowmode.Seconds()), c.overwrites()
	switch {
	case c.kind == groupMessage:
		profiles := []Profile{}
		for _, u := range c.people {
			profiles = append(profiles, u.Profile)
		}
		o.Name, o.Recipients, o.OwnerID = c.name, &profiles, c.owner
	case c.kind == directMessage:
		o.Recipients = &[]Profile{c.user().Profile}
	case c.isThread():
		o.Name, o.ParentID, o.OwnerID, o.Slowmode = c.name, &c.Parent.ID, c.owner, &slowmode
		o.Metadata = &threadDetails{Archived: c.archived, AutoArchive: 1440, ArchivedSince: c.created, Locked: c.locked, Created: c.created}
		messages, members, sent := len(c.messages), len(c.members), c.sent
		if c.Parent.kind == guildForum { // the first one does not count
			messages, sent = max(messages-1, 0), max(sent-1, 0)
			o.Tags = &[]ID{}
		}
		o.MessageCount, o.MemberCount, o.TotalSent = &messages, &members, &sent
	default:
		position := 0
		for i, other := range c.Guild.channels {
			if other == c {
				position = i
			}
		}
		if c.kind == guildForum {
			o.Topic, o.Available, o.Layout = new(string), &[]any{}, new(int)
		}
		o.Name, o.Position, o.NSFW, o.Overwrites, o.Slowmode = c.name, &position, &no, &overwrites, &slowmode
	}
	return o
}

func (c *Channel) threadMember(id ID, withMember bool) threadMember {
	t := threadMember{ThreadID: c.ID, UserID: id, Joined: c.created}
	if m := c.Guild.members[id]; withMember && m != nil {
		o := c.Guild.memberObject(m, true)
		t.Member = &o
	}
	return t
}

func (g *Guild) memberObject(m *member, withUser bool) memberObject {
	o := memberObject{Nick: orNull(m.nick), Roles: list(m.roles), JoinedAt: m.joined}
	if withUser {
		u := m.user.object()
		o.User = &u
	}
	return o
}

func (g *Guild) roleObject(r *Role) map[string]any {
	position := 0
	for i, other := range g.roles {
		if other == r {
			position = i
		}
	}
	return map[string]any{
		"id": r.ID, "name": r.Name, "color": r.Color, "hoist": false, "icon": nil, "unicode_emoji": nil,
		"colors":   map[string]any{"primary_color": r.Color, "secondary_color": nil, "tertiary_color": nil},
		"position": position, "permissions": r.Permissions.String(), "managed": false, "mentionable": true, "flags": 0,
	}
}

func (g *Guild) roleObjects() []any {
	objects := []any{}
	for _, r := range g.roles {
		objects = append(objects, g.roleObject(r))
	}
	return objects
}

func (g *Guild) object() map[string]any {
	return map[string]any{
		"id": g.ID, "name": g.Name, "icon": nil, "description": nil, "home_header": nil, "splash": nil,
		"discovery_splash": nil, "features": []string{}, "banner": nil, "owner_id": g.owner, "application_id": nil,
		"region": "us-east", "afk_channel_id": nil, "afk_timeout": 300, "system_channel_id": nil,
		"system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": nil, "verification_level": 0,
		"roles": g.roleObjects(), "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0,
		"max_presences": nil, "max_members": 250000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
		"vanity_url_code": nil, "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
		"rules_channel_id": nil, "safety_alerts_channel_id": nil, "public_updates_channel_id": nil,
		"premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0, "emojis": []any{}, "stickers": []any{},
		"incidents_data": nil,
	}
}

// createObject is the guild as GUILD_CREATE tells it.
func (g *Guild) createObject() map[string]any {
	o := g.object()
	channels, threads, members := []any{}, []any{}, []any{}
	for _, c := range g.channels {
		switch {
		case c.deleted || !c.visibleTo(g.s.bot):
		case c.isThread():
			threads = append(threads, c.object())
		default:
			channels = append(channels, c.object())
		}
	}
	for _, id := range g.joinOrder {
		members = append(members, g.memberObject(g.members[id], true))
		if len(members) == 50 {
			break // a large guild sends few; the rest is asked for
		}
	}
	o["joined_at"], o["large"], o["unavailable"], o["member_count"] = g.joined, len(g.members) > 50, false, len(g.members)
	o["channels"], o["threads"], o["members"] = channels, threads, members
	for _, key := range []string{"voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"} {
		o[key] = []any{}
	}
	return o
}
