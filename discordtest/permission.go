package discordtest

import (
	"slices"
	"strconv"
)

// Permissions are Discord's permission bits; these are the ones the server enforces on the bot.
type Permissions uint64

const (
	AddReactions    Permissions = 1 << 6
	ViewChannel     Permissions = 1 << 10
	SendMessages    Permissions = 1 << 11
	ManageMessages  Permissions = 1 << 13
	EmbedLinks      Permissions = 1 << 14
	AttachFiles     Permissions = 1 << 15
	ReadHistory     Permissions = 1 << 16
	ManageThreads   Permissions = 1 << 34 // the bot has it only where it was given with Allow
	CreateThreads   Permissions = 1 << 35
	SendInThreads   Permissions = 1 << 38
	UseExternalApps Permissions = 1 << 50

	administrator  Permissions = 1 << 3
	allPermissions Permissions = 1<<53 - 1
	// what an ordinary member has: all the above but the two to manage, and slash commands
	memberPermissions = AddReactions | ViewChannel | SendMessages | EmbedLinks | AttachFiles | ReadHistory | CreateThreads | SendInThreads | UseExternalApps | 1<<31
)

func (p Permissions) String() string { return strconv.FormatUint(uint64(p), 10) }

func (g *Guild) permissions(u *User) Permissions {
	m := g.members[u.ID]
	if m == nil {
		return 0
	}
	if u.ID == g.owner || u == g.s.bot {
		return allPermissions
	}
	p := g.roles[0].Permissions
	for _, r := range g.roles[1:] {
		if slices.Contains(m.roles, r.ID) {
			p |= r.Permissions
		}
	}
	if p&administrator != 0 {
		return allPermissions
	}
	return p
}

// Deny takes permissions from the bot in this channel: without ViewChannel it is answered 50001,
// without ReadHistory a reply is answered 160002, without another 50013.
func (c *Channel) Deny(p Permissions) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	seen := c.visibleTo(c.s.bot)
	c.denied |= p
	c.allowed &^= p
	c.overwritten(seen)
}

// Allow gives back what Deny took, and what the bot has not by itself.
func (c *Channel) Allow(p Permissions) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	seen := c.visibleTo(c.s.bot)
	c.denied &^= p
	c.allowed |= p
	c.overwritten(seen)
}

// Private hides a channel and its threads from everybody but these members, the guild's owner and the bot.
// In the channel's permission overwrites a bot finds who may read it.
func (c *Channel) Private(members ...*User) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.private, c.readers = true, nil
	for _, u := range members {
		c.readers = append(c.readers, u.ID)
	}
	c.overwritten(c.visibleTo(c.s.bot))
}

// overwritten tells the bot of new permission overwrites, as far as it saw the channel before or sees it now.
func (c *Channel) overwritten(seen bool) {
	switch {
	case c.Guild == nil || c.isThread():
	case c.visibleTo(c.s.bot):
		c.s.dispatch(event{name: "CHANNEL_UPDATE", guild: c.Guild, intent: IntentGuilds, data: c.object()})
	case seen:
		c.s.dispatch(event{name: "CHANNEL_DELETE", guild: c.Guild, intent: IntentGuilds, data: c.object()})
	}
}

// botPermissions are the bot's in the channel, without those that managing takes unless they were allowed.
func (c *Channel) botPermissions() Permissions {
	own := allPermissions &^ (administrator | ManageThreads)
	if c.Parent != nil {
		own = c.Parent.botPermissions()
	}
	return own&^c.denied | c.allowed
}

type overwrite struct {
	ID    ID          `json:"id"`
	Type  int         `json:"type"` // 0: role, 1: member
	Allow Permissions `json:"allow,string"`
	Deny  Permissions `json:"deny,string"`
}

func (c *Channel) overwrites() []overwrite {
	all := []overwrite{}
	add := func(o overwrite) {
		for i := range all {
			if all[i].ID == o.ID {
				all[i].Allow, all[i].Deny = all[i].Allow&^o.Deny|o.Allow, all[i].Deny&^o.Allow|o.Deny
				return
			}
		}
		all = append(all, o)
	}
	bot := overwrite{ID: c.s.bot.ID, Type: 1, Allow: c.allowed, Deny: c.denied}
	if c.private {
		add(overwrite{ID: c.Guild.ID, Deny: ViewChannel})
		for _, id := range c.readers {
			add(overwrite{ID: id, Type: 1, Allow: ViewChannel})
		}
		bot.Allow |= ViewChannel &^ c.denied
	}
	for _, o := range c.more {
		add(o)
	}
	if bot.Allow|bot.Deny != 0 {
		add(bot)
	}
	return all
}

// Overwrite sets what a role, by its id (everybody's has the guild's), or a member may and may not in this
// channel and its threads, in place of an earlier overwrite for them. The bot itself is dealt with by Allow and Deny.
func (c *Channel) Overwrite(of ID, allow, deny Permissions) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	kind := 1
	if slices.ContainsFunc(c.Guild.roles, func(r *Role) bool { return r.ID == of }) {
		kind = 0
	}
	c.more = slices.DeleteFunc(c.more, func(o overwrite) bool { return o.ID == of })
	c.more = append(c.more, overwrite{of, kind, allow, deny})
	c.overwritten(c.visibleTo(c.s.bot))
}

// MayRead tells whether the user sees the channel and what was said in it before they came.
func (u *User) MayRead(c *Channel) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.visibleTo(u) && (c.Guild == nil || c.permissionsOf(u)&ReadHistory != 0)
}

// permissionsOf are a member's in the channel; those in a thread are its channel's. Each step of Discord's
// algorithm overrules the ones before: the roles together, everybody's overwrite, those of the member's roles
// together, the member's own.
func (c *Channel) permissionsOf(u *User) Permissions {
	if c.Parent != nil {
		return c.Parent.permissionsOf(u)
	}
	p := c.Guild.permissions(u)
	if p == 0 || p == allPermissions {
		return p
	}
	steps := [3]overwrite{}
	for _, o := range c.overwrites() {
		step := -1
		switch {
		case o.ID == c.Guild.ID:
			step = 0
		case o.Type == 0 && slices.Contains(c.Guild.members[u.ID].roles, o.ID):
			step = 1
		case o.ID == u.ID:
			step = 2
		}
		if step >= 0 {
			steps[step].Allow |= o.Allow
			steps[step].Deny |= o.Deny
		}
	}
	for _, o := range steps {
		p = p&^o.Deny | o.Allow
	}
	return p
}

// visibleTo tells whether a user can open the channel.
func (c *Channel) visibleTo(u *User) bool {
	switch {
	case c.deleted:
		return false
	case c.Guild == nil:
		return slices.Contains(c.people, u) || u == c.s.bot && c.kind == directMessage
	case c.Guild.members[u.ID] == nil:
		return false
	case u == c.s.bot:
		return c.botPermissions()&ViewChannel != 0 && (c.kind != privateThread || slices.Contains(c.members, u.ID))
	case c.kind == privateThread && !slices.Contains(c.members, u.ID) && c.permissionsOf(u)&ManageThreads == 0:
		return false
	}
	return c.permissionsOf(u)&ViewChannel != 0
}

// mayPost tells whether the bot may send a message here, or, with change, edit one.
func (c *Channel) mayPost(need Permissions, change bool) error {
	switch {
	case c.isThread():
		need |= SendInThreads
	case c.kind == directMessage && c.user().dmsClosed:
		return errDMsClosed
	case c.kind == directMessage && !c.user().reachable():
		return errNoMutualGuild
	case c.kind == guildForum:
		return errNonTextChannel
	case !change:
		need |= SendMessages
	}
	if c.botPermissions()&need != need {
		return errMissingPermissions
	}
	return c.frozen(change)
}

// frozen is why nothing can be written into a thread: archived ones are opened again by a message, unless they are
// locked, but nothing in them is changed; in locked ones only those write who manage threads.
func (c *Channel) frozen(change bool) error {
	if !c.isThread() {
		return nil
	}
	manages := c.botPermissions()&ManageThreads != 0
	switch {
	case c.archived && (change || c.locked && !manages):
		return errThreadArchived
	case c.locked && !manages:
		return errThreadLocked
	}
	return nil
}
