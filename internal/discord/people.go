package discord

import (
	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"
)

// Who is a list of users, of roles, and of channels that people write in. A thread
// counts as its channel.
type Who struct{ Users, Roles, Channels []uint64 }

func (w Who) empty() bool { return len(w.Users)+len(w.Roles)+len(w.Channels) == 0 }

// admits tells whether somebody is answered in a channel.
func (b *Bot) admits(user snowflake.ID, roles []snowflake.ID, channel snowflake.ID) bool {
	named := func(w Who) bool {
		return contains(w.Users, user) || contains(w.Channels, channel) || contains(w.Channels, b.places.Parent(channel)) ||
			containsAny(w.Roles, roles)
	}
	return !named(b.live().Blocked) && (b.live().Allowed.empty() || named(b.live().Allowed))
}

func contains(list []uint64, id snowflake.ID) bool {
	for _, one := range list {
		if one == uint64(id) && id != 0 {
			return true
		}
	}
	return false
}

func containsAny(list []uint64, ids []snowflake.ID) bool {
	for _, id := range ids {
		if contains(list, id) {
			return true
		}
	}
	return false
}

// nameIn is somebody's name in the server where they wrote.
func nameIn(u dg.User, m *dg.Member) string {
	if m != nil && m.Nick != nil && *m.Nick != "" {
		return *m.Nick
	}
	return u.EffectiveName()
}
