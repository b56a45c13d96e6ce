package places

import (
	"cmp"
	"context"
	"slices"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
)

// Channel is one in which messages may have been missed. Discord tells of the
// channels and active threads of a guild, with their newest message, when a
// session begins; of direct messages it tells nothing.
// https://discord.com/developers/docs/events/gateway-events#guild-create
type Channel struct {
	Guild  snowflake.ID // 0: direct messages
	ID     snowflake.ID
	Thread bool
	Last   snowflake.ID // its newest message; 0: not known
}

// ChannelsOf returns the channels and threads of a guild in which messages are.
func ChannelsOf(g dg.GatewayGuild) (all []Channel) {
	for _, t := range g.Threads {
		all = append(all, Channel{g.ID, t.ID(), true, orZero(t.LastMessageID())})
	}
	for _, c := range g.Channels {
		if c, ok := c.(dg.GuildMessageChannel); ok {
			all = append(all, Channel{Guild: g.ID, ID: c.ID(), Last: orZero(c.LastMessageID())})
		}
	}
	return all
}

func orZero(id *snowflake.ID) snowflake.ID {
	if id == nil {
		return 0
	}
	return *id
}

// MissedSince selects the channels that may have a message after a time, up to
// most of them: direct messages first, then threads, then others, among these
// those with the newest messages.
func MissedSince(all []Channel, t time.Time, most int) []Channel {
	after := snowflake.New(t)
	all = slices.DeleteFunc(slices.Clone(all), func(c Channel) bool { return c.Guild != 0 && c.Last <= after })
	rank := func(c Channel) int {
		switch {
		case c.Guild == 0:
			return 0
		case c.Thread:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(x, y Channel) int { return cmp.Or(rank(x)-rank(y), cmp.Compare(y.Last, x.Last)) })
	return all[:min(len(all), most)]
}

// maxMissed is how many messages of a channel are read.
const maxMissed = 300

// ReadSince returns the messages of a channel after a time, the oldest first.
func ReadSince(ctx context.Context, api *client.Client, c Channel, t time.Time) (all []dg.Message, err error) {
	const page = 100
	for after := snowflake.New(t); len(all) < maxMissed; after = all[len(all)-1].ID {
		ms, err := api.Messages(ctx, c.ID, after, 0, page)
		if err != nil {
			return nil, err
		}
		slices.Reverse(ms)
		all = append(all, ms...)
		if len(ms) < page {
			break
		}
	}
	return all, nil
}
