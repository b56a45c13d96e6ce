package discord

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/around"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/discord/recent"
	"github.com/attachebot/attache/internal/fault"
)

// Discord repeats what a lost connection missed only if its session can be resumed.
// Where one begins anew, after a restart or a longer outage, the bot reads what was
// written meanwhile: in direct messages, in threads, and where it was mentioned. What
// is not older than an hour is answered; whoever wrote more or earlier gets a sentence
// with a button. The claims of messages keep all of that from happening twice.

const (
	absenceAnswered = time.Hour      // messages that are not older are answered
	absenceTold     = 24 * time.Hour // messages that are not older are told about
	absenceMargin   = time.Minute    // clocks may differ
	absenceChannels = 300            // that are read after an absence
	absenceEach     = 5              // messages of one person that are answered
	absenceReading  = 8              // channels that are read at the same time
)

// absence is a time in which the bot heard nothing on one shard.
type absence struct {
	since    time.Time // zero: since the program ran the last time
	direct   bool      // direct messages come on this shard
	guilds   map[snowflake.ID]bool
	channels []places.Channel
	told     chan struct{} // closed when Discord has told of all guilds
}

// absences are those whose messages are not read yet.
type absences struct {
	mu      sync.Mutex
	open    map[*absence]bool
	byGuild map[snowflake.ID]*absence
	dms     *recent.Map[snowflake.ID, time.Time] // when they were kept
}

// begun notes that a session began.
func (b *Bot) begun(e client.Ready) {
	a := &absence{since: e.Heard, direct: e.Shard[0] == 0, guilds: map[snowflake.ID]bool{}, told: make(chan struct{})}
	b.absences.mu.Lock()
	for earlier := range b.absences.open { // what it has not read yet, this one reads as well
		if earlier.since.Before(a.since) {
			a.since = earlier.since
		}
	}
	b.absences.open[a] = true
	for _, g := range e.Guilds {
		a.guilds[g.ID], b.absences.byGuild[g.ID] = true, a
	}
	if len(a.guilds) == 0 {
		close(a.told)
	}
	b.absences.mu.Unlock()
	b.background("reading what was written meanwhile", func(ctx context.Context) {
		err := b.catchUp(ctx, a)
		if err != nil && ctx.Err() == nil {
			b.log.Warn("reading what was written meanwhile", "error", err)
		}
		if err != nil || ctx.Err() != nil {
			return // the next start goes on
		}
		b.absences.mu.Lock()
		delete(b.absences.open, a)
		b.absences.mu.Unlock()
		b.keepHeard(ctx)
	})
}

// guildTold notes what Discord says of a guild when a session begins.
func (b *Bot) guildTold(e gateway.EventGuildCreate) {
	b.absences.mu.Lock()
	defer b.absences.mu.Unlock()
	a := b.absences.byGuild[e.ID]
	if a == nil {
		return
	}
	delete(b.absences.byGuild, e.ID)
	delete(a.guilds, e.ID)
	a.channels = append(a.channels, places.ChannelsOf(e.GatewayGuild)...)
	if len(a.guilds) == 0 {
		close(a.told)
	}
}

// memory is what outlives a restart.
func (b *Bot) memory() places.Memory {
	b.mu.Lock()
	defer b.mu.Unlock()
	return places.Memory{Notes: b.opts.Notes, Bot: b.app, Instance: b.opts.Instance}
}

// recall reads what an earlier run of the program kept.
func (b *Bot) recall() {
	ctx, cancel := b.detached(10 * time.Second)
	defer cancel()
	quiet, err := b.memory().Quiet(ctx)
	if err != nil {
		b.log.Warn("recalling in which threads the bot is quiet", "error", err)
	}
	b.places.SetQuiet(quiet...)
	languages, err := b.memory().Languages(ctx, 10_000)
	if err != nil {
		b.log.Warn("recalling who speaks which language", "error", err)
	}
	for user, code := range languages {
		b.heard.Person(user, code)
	}
}

// keepLanguage keeps what language somebody reads, for their direct messages.
func (b *Bot) keepLanguage(user snowflake.ID, code string) {
	b.background("keeping a language", func(ctx context.Context) {
		if err := b.memory().SetLanguage(ctx, user, code); err != nil && ctx.Err() == nil {
			b.log.Warn("keeping a language", "user", user, "error", err)
		}
	})
}

// unread is from when on there are messages that are not read yet; zero: none.
func (b *Bot) unread() (since time.Time) {
	b.absences.mu.Lock()
	defer b.absences.mu.Unlock()
	for a := range b.absences.open {
		if !a.since.IsZero() && (since.IsZero() || a.since.Before(since)) {
			since = a.since
		}
	}
	return since
}

// remember calls keepHeard every half minute until the bot is closed.
func (b *Bot) remember(ctx context.Context) {
	for sleep(ctx, 30*time.Second) == nil {
		b.keepHeard(ctx)
	}
}

// keepHeard keeps the time up to which all messages were heard and dealt with.
func (b *Bot) keepHeard(ctx context.Context) {
	b.absences.mu.Lock()
	open := len(b.absences.open)
	b.absences.mu.Unlock()
	heard := b.sessions.Heard()
	if open > 0 || heard.IsZero() {
		return
	}
	if err := b.memory().SetHeard(ctx, heard); err != nil && ctx.Err() == nil {
		b.log.Warn("keeping when something was heard last", "error", err)
	}
}

// keepDM keeps the channel of a direct message.
func (b *Bot) keepDM(m dg.Message) {
	if at, ok := b.absences.dms.Get(m.ChannelID); ok && b.opts.Now().Sub(at) < time.Hour {
		return
	}
	b.absences.dms.Put(m.ChannelID, b.opts.Now())
	b.background("keeping a channel", func(ctx context.Context) {
		if err := b.memory().AddDM(ctx, m.ChannelID); err != nil {
			b.log.Warn("keeping a channel of direct messages", "channel", m.ChannelID, "error", err)
		}
	})
}

// catchUp answers what people wrote in an absence.
func (b *Bot) catchUp(ctx context.Context, a *absence) (err error) {
	since := a.since
	if since.IsZero() {
		if since, err = b.memory().Heard(ctx); err != nil || since.IsZero() {
			return err // it is the first time that it runs
		}
		b.absences.mu.Lock()
		a.since = since
		b.absences.mu.Unlock()
	}
	select {
	case <-a.told:
	case <-time.After(10 * time.Second): // a guild may be unavailable for long
	case <-ctx.Done():
		return ctx.Err()
	}
	now := b.opts.Now()
	if since = since.Add(-absenceMargin); since.Before(now.Add(-absenceTold)) {
		since = now.Add(-absenceTold)
	}
	b.absences.mu.Lock()
	channels := slices.Clone(a.channels)
	b.absences.mu.Unlock()
	if a.direct {
		dms, err := b.memory().DMs(ctx, absenceChannels)
		if err != nil {
			return err
		}
		for _, id := range dms {
			channels = append(channels, places.Channel{ID: id})
		}
	}
	byUser := b.readMissed(ctx, places.MissedSince(channels, since, absenceChannels), since)
	var all sync.WaitGroup
	for _, ms := range byUser {
		slices.SortFunc(ms, func(x, y dg.Message) int { return cmp.Compare(x.ID, y.ID) })
		all.Go(func() {
			defer client.Rescue(b.log, "what was written meanwhile")
			b.answerMissed(ctx, ms)
		})
	}
	all.Wait()
	return nil
}

// readMissed returns the messages for the bot in the channels, by their authors.
func (b *Bot) readMissed(ctx context.Context, channels []places.Channel, since time.Time) map[snowflake.ID][]dg.Message {
	var mu sync.Mutex
	byUser := map[snowflake.ID][]dg.Message{}
	var all sync.WaitGroup
	slots := make(chan struct{}, absenceReading)
	for _, c := range channels {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			defer client.Rescue(b.log, "reading what was written meanwhile")
			var ms []dg.Message
			err := b.sessions.Patiently(ctx, func() (err error) {
				if ms, err = places.ReadSince(ctx, b.api, c, since); client.MayPass(err) {
					err = fault.Wrap(err, fault.Unavailable, "")
				}
				return err
			})
			if err != nil {
				b.log.Debug("a channel can't be read", "channel", c.ID, "error", err)
			}
			for _, m := range b.forMe(ctx, c, ms) {
				mu.Lock()
				byUser[m.Author.ID] = append(byUser[m.Author.ID], m)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return byUser
}

// forMe returns those of a channel's messages that are for the bot, and that it
// neither heard nor answered.
func (b *Bot) forMe(ctx context.Context, c places.Channel, ms []dg.Message) (out []dg.Message) {
	answered := map[snowflake.ID]bool{}
	for _, m := range ms {
		if m.Author.ID == b.self() {
			answered[around.RepliedTo(m)] = true
		}
	}
	for _, m := range ms {
		if c.Guild != 0 {
			m.GuildID = &c.Guild
		}
		if answered[m.ID] || !byPerson(m) {
			continue
		}
		b.places.Wrote(m.ChannelID, m.Author.ID)
		called := b.addressed(m)
		if called == places.Unknown {
			called = b.findOut(ctx, m.ChannelID)
		}
		if called != places.Member {
			continue
		}
		if c.Guild != 0 && len(b.live().Allowed.Roles)+len(b.live().Blocked.Roles) > 0 { // messages that are read don't tell
			var of dg.Member
			if err := b.sessions.Patiently(ctx, func() error {
				return b.api.Do(ctx, client.Request{To: rest.GetMember.Compile(nil, c.Guild, m.Author.ID), Into: &of})
			}); err != nil {
				continue // who left is not answered
			}
			m.Member = &of
		}
		if b.admits(m.Author.ID, rolesOf(m.Member), m.ChannelID) && b.seen.Put(m.ID, true) {
			out = append(out, m)
		}
	}
	return out
}

// answerMissed answers what one person wrote, the oldest first, one after the other.
func (b *Bot) answerMissed(ctx context.Context, ms []dg.Message) {
	now := b.opts.Now()
	fresh := slices.IndexFunc(ms, func(m dg.Message) bool { return now.Sub(m.ID.Time()) < absenceAnswered })
	if fresh < 0 {
		fresh = len(ms)
	}
	fresh = max(fresh, len(ms)-absenceEach)
	passed := map[snowflake.ID]int{} // by channel: told about with the last one there
	for i, m := range ms {
		q := newQuestion(m)
		q.missed = true
		if i < fresh {
			q.passed = slices.ContainsFunc(ms[i+1:fresh], func(later dg.Message) bool { return later.ChannelID == m.ChannelID })
			switch n := passed[m.ChannelID]; {
			case q.passed:
			case n > 0:
				q.late = fault.New(fault.Invalid, "I was offline when you wrote this and %d messages before it. 🔁 Retry answers this one.", n)
			default:
				q.late = fault.New(fault.Invalid, "I was offline when you wrote this. 🔁 Retry answers this one.")
			}
		}
		b.ask(q)
		if q.turn == nil {
			return // the bot closes
		}
		ended, err := q.turn.Wait(ctx)
		if err != nil {
			return
		}
		if q.passed && !fault.Is(ended.Err, fault.Exists) {
			passed[m.ChannelID]++
		}
		select {
		case <-q.shown: // the answers come in the order of the questions too
		case <-ctx.Done():
			return
		}
	}
}
