package discordtest

import (
	"fmt"
	"slices"
)

// Install adds the application to the user's own: its commands for users are then offered to them everywhere, in
// guilds without the bot and in groups too.
func (u *User) Install() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.installed = true
}

// AddGroup makes direct messages between people. The bot is not in them: what is written there is no event, and
// REST answers 50001. Only who has installed the application can run its commands there.
func (s *Server) AddGroup(name string, people ...*User) *Channel {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Channel{ID: s.newID(), s: s, kind: groupMessage, name: name, people: people}
	if len(people) > 0 {
		c.owner = people[0].ID
	}
	s.channels[c.ID] = c
	return c
}

// Deny takes permissions from all members of the guild but its owner. Of people the server enforces UseExternalApps
// alone: without it, what an application says that they installed for themselves is ephemeral.
func (g *Guild) Deny(p Permissions) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	everyone := *g.roles[0]
	everyone.Permissions &^= p
	g.roles[0] = &everyone
	g.s.dispatch(event{name: "GUILD_ROLE_UPDATE", guild: g, intent: IntentGuilds, data: map[string]any{"guild_id": g.ID, "role": g.roleObject(&everyone)}})
}

// Where a command comes from, as integration types and the keys of authorizing_integration_owners.
const (
	guildInstall = 0
	userInstall  = 1
)

// Interaction contexts.
const (
	inGuild   = 0
	inBotDM   = 1
	inPrivate = 2
)

func (c *Channel) context() int {
	switch {
	case c.Guild != nil:
		return inGuild
	case c.kind == directMessage:
		return inBotDM
	}
	return inPrivate
}

// owners tells by which installations a command is offered to a user in a channel; none means that it is not.
func (c *appCommand) owners(u *User, ch *Channel) map[string]ID {
	context := ch.context()
	switch {
	case c.Contexts != nil:
		if !slices.Contains(c.Contexts, context) {
			return nil
		}
	case context != inGuild && c.DMPermission != nil && !*c.DMPermission:
		return nil
	}
	owners := map[string]ID{}
	types := c.IntegrationType
	if len(types) == 0 {
		types = []int{guildInstall}
	}
	if slices.Contains(types, guildInstall) {
		switch {
		case context == inBotDM:
			owners["0"] = 0
		case context == inGuild && ch.Guild.members[u.s.bot.ID] != nil:
			owners["0"] = ch.Guild.ID
		}
	}
	if slices.Contains(types, userInstall) && u.installed {
		owners["1"] = u.ID
	}
	return owners
}

// settle works out by which installation an interaction came about.
func (it *interaction) settle() {
	switch {
	case it.owners != nil:
	case it.opener != nil:
		it.owners = it.opener.owners
	case it.source != nil && it.source.Interaction != nil:
		it.owners = it.source.Interaction.Owners
	default:
		it.owners = map[string]ID{"0": it.channel.guildID()}
	}
}

// foreign tells that the application is there for its user alone.
func (it *interaction) foreign() bool {
	_, installed := it.owners["0"]
	return !installed
}

// appPermissions are what the application may do in answers.
func (it *interaction) appPermissions() Permissions {
	switch {
	case it.channel.Guild == nil:
		return AttachFiles | EmbedLinks | 1<<17 // to mention everyone
	case it.foreign():
		return it.channel.Guild.roles[0].Permissions
	}
	return it.channel.botPermissions()
}

// maxForeign is how many follow-ups an application may send that is there for its user alone.
const maxForeign = 5

func (it *interaction) mayFollowUp() error {
	if it.foreign() && it.followups >= maxForeign {
		return errTooManyFollowUps
	}
	it.followups++
	return nil
}

// hushed tells that answers are ephemeral whatever the application wants.
func (it *interaction) hushed() bool {
	g := it.channel.Guild
	return it.foreign() && g != nil && g.permissions(it.user)&UseExternalApps == 0
}

func (u *User) notOffered(name string) error {
	return fmt.Errorf("discordtest: command %s is not offered to %s here", name, u.Username)
}
