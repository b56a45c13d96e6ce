package around

import (
	"slices"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"
)

// What Discord says of a guild, a member and a channel, as far as permissions
// depend on it. Channels of kinds that are yet to come are read as well.
type (
	guildInfo struct {
		ID    snowflake.ID `json:"id"`
		Name  string       `json:"name"`
		Owner snowflake.ID `json:"owner_id"`
		Roles []struct {
			ID          snowflake.ID   `json:"id"`
			Permissions dg.Permissions `json:"permissions"`
		} `json:"roles"`
	}
	memberInfo struct {
		Roles []snowflake.ID `json:"roles"`
	}
	channelInfo struct {
		ID         snowflake.ID   `json:"id"`
		Type       dg.ChannelType `json:"type"`
		Guild      snowflake.ID   `json:"guild_id"`
		Name       string         `json:"name"`
		Parent     *snowflake.ID  `json:"parent_id"`
		Overwrites []overwrite    `json:"permission_overwrites"`
		Recipients []struct {
			ID snowflake.ID `json:"id"`
		} `json:"recipients"`
	}
	overwrite struct {
		ID    snowflake.ID   `json:"id"`
		Type  int            `json:"type"` // 0: of a role, 1: of a member
		Allow dg.Permissions `json:"allow"`
		Deny  dg.Permissions `json:"deny"`
	}
)

func (c channelInfo) thread() bool {
	return c.Type == dg.ChannelTypeGuildNewsThread || c.Type == dg.ChannelTypeGuildPublicThread || c.Type == dg.ChannelTypeGuildPrivateThread
}

// permissions are a member's in a channel that is no thread, by the algorithm of
// https://docs.discord.com/developers/topics/permissions#permission-overwrites
func permissions(g guildInfo, user snowflake.ID, m memberInfo, c channelInfo) dg.Permissions {
	if g.Owner == user {
		return dg.PermissionsAll
	}
	var p dg.Permissions
	for _, r := range g.Roles {
		if r.ID == g.ID || slices.Contains(m.Roles, r.ID) { // the role of a guild's own id is everybody's
			p |= r.Permissions
		}
	}
	if p.Has(dg.PermissionAdministrator) {
		return dg.PermissionsAll
	}
	var allow, deny dg.Permissions // of the member's roles together
	for _, o := range c.Overwrites {
		switch {
		case o.Type != 0:
		case o.ID == g.ID:
			p = p&^o.Deny | o.Allow
		case slices.Contains(m.Roles, o.ID):
			allow, deny = allow|o.Allow, deny|o.Deny
		}
	}
	p = p&^deny | allow
	for _, o := range c.Overwrites {
		if o.Type == 1 && o.ID == user {
			p = p&^o.Deny | o.Allow
		}
	}
	if !p.Has(dg.PermissionViewChannel) {
		return 0 // without it there is no other
	}
	return p
}
