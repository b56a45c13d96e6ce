package discordtest

import (
	"slices"
	"strings"
)

func (c *call) getGateway() (any, error) {
	return map[string]any{"url": "ws" + c.s.apiURL[len("http"):] + "/gateway"}, nil
}

func (c *call) getGatewayBot() (any, error) {
	return map[string]any{
		"url": "ws" + c.s.apiURL[len("http"):] + "/gateway", "shards": orDefault(c.s.Shards, 1),
		"session_start_limit": map[string]any{"total": 1000, "remaining": max(0, 1000-c.s.gateway.started),
			"reset_after": 14400000, "max_concurrency": orDefault(c.s.MaxConcurrency, 16)},
	}, nil
}

func (c *call) getMe() (any, error) {
	if c.user != nil {
		return selfObject{userObject: c.user.object(), Verified: true, Locale: c.user.locale()}, nil
	}
	return c.s.selfObject(), nil
}

func (c *call) getApplication() (any, error) {
	s := c.s
	owner := Profile{ID: s.bot.ID + 1, Username: "owner"}
	return map[string]any{
		"id": s.bot.ID, "name": s.bot.Username, "icon": nil, "description": "", "type": nil, "bot": s.bot.Profile,
		"bot_public": true, "bot_require_code_grant": false, "verify_key": strings.Repeat("0", 64), "flags": s.applicationFlags(),
		"flags_new": itoa(s.applicationFlags()), "redirect_uris": []string{}, "interactions_endpoint_url": nil,
		"role_connections_verification_url": nil, "owner": owner, "approximate_guild_count": len(s.guilds),
		"approximate_user_install_count": 0, "approximate_user_authorization_count": 0, "explicit_content_filter": 0,
		"integration_types_config": map[string]any{"0": map[string]any{}, "1": map[string]any{}},
		"team":                     nil, "eligible_oauth2_scopes": []string{}, "event_webhooks_status": 1,
	}, nil
}

// applicationFlags tell which privileged intents the bot's owner has switched on, as far as a bot in few guilds can.
func (s *Server) applicationFlags() int {
	flags := 1 << 23 // has commands
	for intent, flag := range map[Intents]int{IntentGuildPresences: 1 << 13, IntentGuildMembers: 1 << 15, IntentMessageContent: 1 << 19} {
		if s.DisallowedIntents&intent == 0 {
			flags |= flag
		}
	}
	return flags
}

func (c *call) getUser() (any, error) {
	u := c.s.users[c.id("user_id")]
	if u == nil {
		return nil, errUnknownUser
	}
	return u.Profile, nil
}

func (c *call) createDM() (any, error) {
	var body struct {
		Recipient ID `json:"recipient_id"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	u := c.s.users[body.Recipient]
	if u == nil {
		return nil, errUnknownUser
	}
	if u.Bot {
		return nil, errDMsClosed
	}
	return c.s.directChannel(u).object(), nil
}

func (c *call) myGuilds() (any, error) {
	guilds := []any{}
	for _, g := range c.s.order {
		if g.members[c.s.bot.ID] != nil {
			guilds = append(guilds, map[string]any{"id": g.ID, "name": g.Name, "icon": nil, "banner": nil, "owner": false,
				"permissions": allPermissions.String(), "features": []string{}})
		}
	}
	return guilds, nil
}

func (c *call) guild() (*Guild, error) {
	g := c.s.guilds[c.id("guild_id")]
	if g == nil || g.members[c.s.bot.ID] == nil {
		return nil, errUnknownGuild
	}
	return g, nil
}

func (c *call) getGuild() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	o := g.object()
	if c.r.URL.Query().Get("with_counts") == "true" {
		o["approximate_member_count"], o["approximate_presence_count"] = len(g.members), len(g.members)
	}
	return o, nil
}

func (c *call) guildChannels() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	channels := []channelObject{}
	for _, ch := range g.channels {
		if !ch.isThread() && !ch.deleted {
			channels = append(channels, ch.object())
		}
	}
	return channels, nil
}

func (c *call) guildRoles() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	return g.roleObjects(), nil
}

func (c *call) getMember() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	m := g.members[c.id("user_id")]
	if m == nil {
		return nil, errUnknownMember
	}
	return g.memberObject(m, true), nil
}

func (c *call) listMembers() (any, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(slices.Values(g.joinOrder))
	members := []memberObject{}
	for _, id := range ids {
		members = append(members, g.memberObject(g.members[id], true))
	}
	return members[:min(len(members), 1000)], nil
}

func (c *call) refreshURLs() (any, error) {
	var body struct {
		URLs []string `json:"attachment_urls"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if len(body.URLs) < 1 || len(body.URLs) > 50 {
		form := formErrors{}
		form.add("attachment_urls", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 50 in length.")
		return nil, form.err()
	}
	refreshed := []any{}
	for _, u := range body.URLs {
		fresh, ok := c.s.resign(u)
		if !ok {
			form := formErrors{}
			form.add("attachment_urls", "ATTACHMENT_URL_INVALID", "Invalid attachment url: "+u)
			return nil, form.err()
		}
		refreshed = append(refreshed, map[string]any{"original": u, "refreshed": fresh})
	}
	return map[string]any{"refreshed_urls": refreshed}, nil
}
