// Package places is what a bot knows of the places where people write: what the
// gateway told about guilds and their threads, how the bot behaves in these, and
// what was written while it could not hear.
package places

import (
	"slices"
	"sync"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/snowflake/v2"
)

// Places is what the gateway told about guilds: their threads, how large a file
// may be, and which role is the bot's own. The zero value is empty. It is safe for
// concurrent use.
type Places struct {
	mu      sync.Mutex
	bot     snowflake.ID
	threads map[snowflake.ID]*thread
	limits  map[snowflake.ID]int64        // bytes of a file, by guild
	roles   map[snowflake.ID]snowflake.ID // the bot's own, by guild
	quiet   map[snowflake.ID]bool         // threads in which only who calls the bot is answered
}

type thread struct {
	parent  snowflake.ID
	owner   snowflake.ID
	title   string
	called  Membership     // whether the bot was called into it
	own     Membership     // whether it is the bot's own
	writers []snowflake.ID // the first two people who wrote in it, as far as the bot saw
}

// Membership says whether something is so, as far as that is known: of the bot in
// a thread, of a thread among the bot's own, of a message among those for the bot.
type Membership int

const (
	Unknown Membership = iota
	Member
	Stranger
)

// defaultFileLimit is what a file may have where nothing else is known. See
// https://support.discord.com/hc/en-us/articles/360028038352
const defaultFileLimit = 10 << 20

// SetBot says who the bot is.
func (p *Places) SetBot(id snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bot = id
}

// Note takes in an event.
func (p *Places) Note(e gateway.EventData) {
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
			p.member(m.ThreadID, m.UserID, Member)
		}
	case gateway.EventThreadMembersUpdate:
		for _, m := range e.AddedMembers {
			p.member(e.ID, m.UserID, Member)
		}
		for _, id := range e.RemovedMemberIDs {
			p.member(e.ID, id, Stranger)
		}
	case gateway.EventThreadDelete:
		delete(p.threads, e.ID)
	}
}

func (p *Places) add(t dg.GuildThread) {
	if p.threads == nil {
		p.threads = map[snowflake.ID]*thread{}
	}
	if p.threads[t.ID()] == nil {
		p.threads[t.ID()] = &thread{parent: *t.ParentID(), owner: t.OwnerID}
	}
	p.threads[t.ID()].title = t.Name()
}

func (p *Places) member(id, user snowflake.ID, m Membership) {
	if t := p.threads[id]; t != nil && user == p.bot {
		t.called = m
	}
}

func (p *Places) role(guild snowflake.ID, r dg.Role) {
	if r.Tags == nil || r.Tags.BotID == nil || *r.Tags.BotID != p.bot {
		return
	}
	if p.roles == nil {
		p.roles = map[snowflake.ID]snowflake.ID{}
	}
	p.roles[guild] = r.ID
}

func (p *Places) limit(guild snowflake.ID, tier dg.PremiumTier) {
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

// FileLimit is how many bytes a file may have in a guild, or in direct messages.
func (p *Places) FileLimit(guild snowflake.ID) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.limits[guild]; n > 0 {
		return n
	}
	return defaultFileLimit
}

// OwnRole is the bot's own role in a guild, or 0.
func (p *Places) OwnRole(guild snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roles[guild]
}

// Parent is the channel of a thread, or 0 for what is none.
func (p *Places) Parent(channel snowflake.ID) snowflake.ID {
	parent, _ := p.Thread(channel)
	return parent
}

// Thread returns the parent and the title of a thread, or 0 for what is none.
func (p *Places) Thread(channel snowflake.ID) (parent snowflake.ID, title string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.parent, t.title
	}
	return 0, ""
}

// Owner is who began a thread, or 0.
func (p *Places) Owner(channel snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.owner
	}
	return 0
}

// Wrote notes that somebody wrote in a thread.
func (p *Places) Wrote(channel, user snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil && len(t.writers) < 2 && !slices.Contains(t.writers, user) {
		t.writers = append(t.writers, user)
	}
}

// Manners is what decides whether the bot reads along in a channel.
type Manners struct {
	Called  Membership // into the thread
	Own     Membership
	Writers int  // people who wrote there: none, one, or several
	Quiet   bool // only who calls the bot is answered
}

// Manners returns how the bot behaves in a channel; of what is no thread it is a Stranger.
func (p *Places) Manners(channel snowflake.ID) Manners {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.threads[channel]
	if t == nil {
		return Manners{Called: Stranger, Own: Stranger}
	}
	return Manners{t.called, t.own, len(t.writers), p.quiet[channel]}
}

// SetOwn says whether a thread is the bot's own.
func (p *Places) SetOwn(channel snowflake.ID, m Membership) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		t.own = m
	}
}

// SetQuiet makes the bot answer in threads only when it is called.
func (p *Places) SetQuiet(threads ...snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet == nil {
		p.quiet = map[snowflake.ID]bool{}
	}
	for _, id := range threads {
		p.quiet[id] = true
	}
}

// CalledInto tells whether a channel is a thread that the bot was called into.
func (p *Places) CalledInto(channel snowflake.ID) Membership {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		return t.called
	}
	return Stranger
}

// SetCalled says whether the bot was called into a thread.
func (p *Places) SetCalled(channel snowflake.ID, m Membership) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[channel]; t != nil {
		t.called = m
	}
}
