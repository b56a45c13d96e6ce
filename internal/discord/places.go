package discord

import (
	"context"
	"slices"
	"sync"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
)

// places is what the gateway told about guilds: their threads, how large a file
// may be, and which role is the bot's own.
type places struct {
	mu      sync.Mutex
	bot     snowflake.ID
	threads map[snowflake.ID]*thread
	limits  map[snowflake.ID]int64        // bytes of a file, by guild
	roles   map[snowflake.ID]snowflake.ID // the bot's own, by guild
}

type thread struct {
	parent  snowflake.ID
	owner   snowflake.ID
	title   string
	called  membership     // whether the bot was called into it
	own     membership     // whether it is the bot's own
	writers []snowflake.ID // the first two people who wrote in it, as far as the bot saw
	quiet   bool           // only who calls the bot is answered
}

type membership int

const (
	unknown membership = iota
	member
	stranger
)

// defaultFileLimit is what a file may have where nothing else is known. See
// https://support.discord.com/hc/en-us/articles/360028038352
const defaultFileLimit = 10 << 20

func (p *places) setBot(id snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bot = id
}

// note takes in an event.
func (p *places) note(e gateway.EventData) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case gateway.EventGuildCreate:
		for _, t := range e.Threads {
			p.add(t)
		}
		for _, r := range e.Roles {
			p.role(e.ID, r)
		}
		p.limit(e.ID, e.PremiumTier)
	case gateway.EventGuildUpdate:
		p.limit(e.ID, e.PremiumTier)
	case gateway.EventGuildRoleCreate:
		p.role(e.GuildID, e.Role)
	case gateway.EventGuildRoleUpdate:
		p.role(e.GuildID, e.Role)
	case gateway.EventThreadCreate:
		p.add(e.GuildThread)
	case gateway.EventThreadUpdate:
		p.add(e.GuildThread)
	case gateway.EventThreadListSync:
		for _, t := range e.Threads {
			p.add(t)
		}
		for _, m := range e.Members {
			p.member(m.ThreadID, m.UserID, member)
		}
	case gateway.EventThreadMembersUpdate:
		for _, m := range e.AddedMembers {
			p.member(e.ID, m.UserID, member)
		}
		for _, id := range e.RemovedMemberIDs {
			p.member(e.ID, id, stranger)
		}
	case gateway.EventThreadDelete:
		delete(p.threads, e.ID)
	}
}

func (p *places) add(t dg.GuildThread) {
	if p.threads == nil {
		p.threads = map[snowflake.ID]*thread{}
	}
	if p.threads[t.ID()] == nil {
		p.threads[t.ID()] = &thread{parent: *t.ParentID(), owner: t.OwnerID}
	}
	p.threads[t.ID()].title = t.Name()
}

func (p *places) member(id, user snowflake.ID, m membership) {
	if t := p.threads[id]; t != nil && user == p.bot {
		t.called = m
	}
}

func (p *places) role(guild snowflake.ID, r dg.Role) {
	if r.Tags == nil || r.Tags.BotID == nil || *r.Tags.BotID != p.bot {
		return
	}
	if p.roles == nil {
		p.roles = map[snowflake.ID]snowflake.ID{}
	}
	p.roles[guild] = r.ID
}

func (p *places) limit(guild snowflake.ID, tier dg.PremiumTier) {
	if p.limits == nil {
		p.limits = map[snowflake.ID]int64{}
	}
	switch tier {
	case dg.PremiumTier2:
		p.limits[guild] = 50 << 20
	case dg.PremiumTier3:
		p.limits[guild] = 100 << 20
	default:
		p.limits[guild] = defaultFileLimit
	}
}

// fileLimit is how many bytes a file may have in a guild, or in direct messages.
func (p *places) fileLimit(guild snowflake.ID) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.limits[guild]; n > 0 {
		return n
	}
	return defaultFileLimit
}

// role is the bot's own role in a guild, or 0.
func (p *places) ownRole(guild snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roles[guild]
}

// parent is the channel of a thread, or 0 for what is none.
func (p *places) parent(channel snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.parent
	}
	return 0
}

// thread returns the parent and the title of a thread, or 0 for what is none.
func (p *places) thread(channel snowflake.ID) (parent snowflake.ID, title string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.parent, t.title
	}
	return 0, ""
}

// owner is who began a thread, or 0.
func (p *places) owner(channel snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.owner
	}
	return 0
}

// wrote notes that somebody wrote in a thread.
func (p *places) wrote(channel, user snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil && len(t.writers) < 2 && !slices.Contains(t.writers, user) {
		t.writers = append(t.writers, user)
	}
}

// manners is what decides whether the bot reads along in a channel.
func (p *places) manners(channel snowflake.ID) (called, own membership, writers int, quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.threads[channel]
	if t == nil {
		return stranger, stranger, 0, false
	}
	return t.called, t.own, len(t.writers), t.quiet
}

func (p *places) setOwn(channel snowflake.ID, m membership) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		t.own = m
	}
}

func (p *places) setQuiet(channel snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		t.quiet = true
	}
}

// calledInto tells whether a channel is a thread that the bot was called into.
func (p *places) calledInto(channel snowflake.ID) membership {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.called
	}
	return stranger
}

func (p *places) setCalled(channel snowflake.ID, m membership) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		t.called = m
	}
}

// join makes the bot a member of a thread that it is called into: Discord
// remembers that, over a restart of the bot too.
func (b *Bot) join(ctx context.Context, channel snowflake.ID) {
	if b.places.calledInto(channel) == member || b.places.parent(channel) == 0 {
		return
	}
	b.places.setCalled(channel, member)
	if err := b.api.Do(ctx, client.Request{To: rest.JoinThread.Compile(nil, channel)}); err != nil {
		b.log.Debug("a thread can't be joined", "error", err)
	}
}
