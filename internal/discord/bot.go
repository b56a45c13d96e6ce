package discord

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/around"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/filemanager"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/pending"
	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/discord/recent"
	"github.com/attachebot/attache/internal/discord/spoken"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/notes"
)

// DefaultRESTURL is Discord's API.
const DefaultRESTURL = "https://discord.com/api/v10"

// Options bend a [Bot]. The zero value works.
type Options struct {
	Log      *slog.Logger     // nil: none
	Location *time.Location   // of the times shown; nil: UTC
	Now      func() time.Time // nil: time.Now

	RESTURL    string   // default https://discord.com/api/v10
	GatewayURL string   // default what Discord says
	CDNHosts   []string // hosts with port that attachments are fetched from beside Discord's own, by http too

	MaxDownload int64                     // bytes of a file that is sent back; 0: 25 MB. Discord may allow less
	Link        func(f files.File) string // of a file that is too large to be sent; nil or "": there is none

	// Page is the address of a page in the browser where the same people sign in, by
	// its path ("/files"); nil: there is none.
	Page func(path string) string

	Fonts []string // files of fonts for pictures of tables, tried in order for what Go's own can't write

	Notes    notes.Store // what a restart must not forget; nil: it forgets
	Instance string      // the program's name among those that share the notes

	PingAfter time.Duration // whoever waited so long for an answer is pinged when it is there; 0: never

	Denied func(permission string) // called when Discord refuses something for want of it, see client.PermissionNames; may be nil

	Language string // that everybody is spoken to in; "" or "auto": each in their own

	Threads Threads // what is answered in threads; "": OwnThreads

	Allowed Who // if not empty, whoever is not named is not answered
	Blocked Who // never answered

	// Live, if not nil, returns the options of now: MaxDownload, PingAfter, Threads,
	// Allowed and Blocked are taken from it each time they are needed, the rest never.
	Live func() Options

	Division *client.Division // which shards are this process's; nil: all
	Gone     <-chan Gone      // other processes that are there no more

	tune tuning
}

// tuning holds the times that tests shorten.
type tuning struct {
	confirm   time.Duration // that a confirmation can be given
	edits     time.Duration // between two edits of an answer
	status    time.Duration // between two edits of the status line alone
	settle    time.Duration // for more words, before the first ones are shown
	late      time.Duration // after which an interaction is deferred
	view      time.Duration // that making a preview may take
	maxBroken int           // of client.GatewayOptions
	global    int           // requests a second
}

func (t tuning) withDefaults() tuning {
	t.confirm = cmp.Or(t.confirm, 30*time.Second)
	t.edits = cmp.Or(t.edits, 1250*time.Millisecond)
	t.status = cmp.Or(t.status, 3*time.Second)
	t.settle = cmp.Or(t.settle, 40*time.Millisecond)
	t.late = cmp.Or(t.late, 1800*time.Millisecond)
	t.view = cmp.Or(t.view, time.Minute)
	return t
}

// Bot is connected to Discord and answers there. Close it after use.
type Bot struct {
	opts Options
	log  *slog.Logger
	api  *client.Client
	cdn  *client.CDN

	assistant *assistant.Assistant

	sessions *client.Gateway
	places   places.Places
	around   *around.Reader
	heard    spoken.Seen
	seen     *recent.Map[snowflake.ID, bool]         // messages and interactions; true: for the bot
	roots    *recent.Map[snowflake.ID, snowflake.ID] // first message of the reply chain that a message is in
	threads  *recent.Map[snowflake.ID, snowflake.ID] // the last message that was read of a thread
	answers  *recent.Map[snowflake.ID, *answered]    // by the id of the prompt
	active   active
	targets  *recent.Map[string, dg.Message]      // messages that somebody is asking about, by their forms
	pressed  *recent.Map[string, bool]            // questions that were answered by a button here, and answers that are run again
	muted    *recent.Map[snowflake.ID, time.Time] // when it was told that a channel is closed to the bot
	edits    *recent.Map[snowflake.ID, string]    // texts of prompts that were edited
	expiries pending.Expiries
	views    pending.Views

	confirmations *interact.Confirmations
	files         *filemanager.Manager
	actions       interact.Actions

	absences absences

	base      context.Context // ended at the end of Close
	kill      context.CancelFunc
	ctx       context.Context // ended by Close
	stop      context.CancelCauseFunc
	work      sync.WaitGroup
	answering sync.WaitGroup // questions that are followed to their end
	slots     chan struct{}  // one for each event that is being handled
	closing   sync.Once
	done      chan struct{}

	identified sync.Once
	ready      chan struct{} // closed when Discord has told who the bot is

	mu  sync.Mutex
	me  snowflake.ID // the bot's own user
	app snowflake.ID
	err error // why it can't go on
}

// maxEvents bounds the events that are handled at the same time. More wait, and
// the gateway's connection with them.
const maxEvents = 256

// Open connects to Discord with a bot's token, and returns when the bot is
// ready. It keeps trying while Discord can't be reached. Errors: Denied with what
// the operator should do (the token, the intents), Canceled and Unavailable when
// ctx ended. The assistant is the caller's to close, after the Bot.
func Open(ctx context.Context, token string, a *assistant.Assistant, o Options) (*Bot, error) {
	b := newBot(token, a, o)
	cutOff := b.cutOff(ctx)
	err := b.sessions.Open(ctx)
	if err == nil { // disgo reports a session as ready before it passes the event on
		select {
		case <-b.ready:
		case <-ctx.Done():
			err = client.AsFault(context.Cause(ctx))
		}
	}
	if err == nil {
		err = b.sessions.Patiently(ctx, func() error { return b.register(ctx) })
	}
	if err != nil {
		b.Close(ctx)
		return nil, err
	}
	b.work.Go(b.watch)
	b.background("keeping when something was heard last", b.remember)
	b.tellInterrupted(cutOff)
	b.background("telling about the turns of other processes", b.tellGone)
	b.announce(ctx)
	return b, nil
}

// newBot returns a bot that is not connected yet.
func newBot(token string, a *assistant.Assistant, o Options) *Bot {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = client.Discreet(o.Log)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Location = cmp.Or(o.Location, time.UTC)
	o.RESTURL = cmp.Or(o.RESTURL, DefaultRESTURL)
	o.MaxDownload = cmp.Or(o.MaxDownload, 25<<20)
	o.tune = o.tune.withDefaults()
	b := &Bot{
		opts: o, log: o.Log, assistant: a,
		api: client.New(o.RESTURL, token, o.tune.global, o.Log), cdn: client.NewCDN(o.CDNHosts),
		seen:    recent.New[snowflake.ID, bool](20_000),
		roots:   recent.New[snowflake.ID, snowflake.ID](20_000),
		threads: recent.New[snowflake.ID, snowflake.ID](5_000),
		answers: recent.New[snowflake.ID, *answered](500),
		muted:   recent.New[snowflake.ID, time.Time](1000),
		edits:   recent.New[snowflake.ID, string](2_000),
		pressed: recent.New[string, bool](1000),
		targets: recent.New[string, dg.Message](500),
		slots:   make(chan struct{}, maxEvents), done: make(chan struct{}), ready: make(chan struct{}),
	}
	b.api.Denied = o.Denied
	b.around = &around.Reader{API: b.api, Self: b.self, Role: b.places.OwnRole, Open: b.fetch}
	b.absences.open, b.absences.byGuild, b.absences.dms = map[*absence]bool{}, map[snowflake.ID]*absence{}, recent.New[snowflake.ID, time.Time](10_000)
	b.heard.Fix(o.Language)
	b.base, b.kill = context.WithCancel(context.Background())
	b.ctx, b.stop = context.WithCancelCause(b.base)
	b.confirmations = &interact.Confirmations{Within: o.tune.confirm, Now: o.Now, Log: o.Log, Expiries: &b.expiries, Base: b.base}
	b.files = filemanager.New(a, b.api, filemanager.Options{Log: o.Log, Location: o.Location, Now: o.Now,
		MaxDownload: func() int64 { return b.live().MaxDownload }, MaxDirect: func() int64 { return b.places.FileLimit(0) }, Link: o.Link, View: o.tune.view, Confirmations: b.confirmations, Views: &b.views})
	b.actions = b.ownActions()
	maps.Copy(b.actions, b.files.Actions())
	b.sessions = client.NewGateway(b.api, client.GatewayOptions{URL: o.GatewayURL, MaxBroken: o.tune.maxBroken, Division: o.Division, Log: o.Log, Activity: "📎 " + b.heard.Everybody().T("Attach a file and ask"), Unread: b.unread}, b.handle)
	return b
}

// live are the options of now.
func (b *Bot) live() Options {
	if b.opts.Live == nil {
		return b.opts
	}
	o := b.opts.Live()
	o.MaxDownload = cmp.Or(o.MaxDownload, b.opts.MaxDownload)
	return o
}

// announce logs that the bot is connected, and how it is invited.
func (b *Bot) announce(ctx context.Context) {
	b.mu.Lock()
	invite := client.Invite(b.app)
	b.mu.Unlock()
	b.log.Info("connected to Discord", "bot", b.self(), "shards", b.sessions.Shards(), "invite", invite)
	if app, err := b.api.Application(ctx); err == nil && app.Servers == 0 {
		b.log.Warn("It is in no server yet. Invite it: " + invite)
	}
}

// Done is closed when the bot can't go on, and Err tells why: the token was
// revoked, an intent switched off.
func (b *Bot) Done() <-chan struct{} { return b.done }

// Err is the reason for Done, or nil.
func (b *Bot) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *Bot) watch() {
	select {
	case err := <-b.sessions.Fatal():
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
		close(b.done)
	case <-b.ctx.Done():
	}
}

// Close disconnects. Messages that came before are still answered, in the
// first two thirds of the time until ctx ends; then the answers that are not finished
// say that they were stopped, and can be had again with a button. A second Close only
// waits.
func (b *Bot) Close(ctx context.Context) error {
	b.closing.Do(func() {
		b.sessions.Close(ctx)
		b.keepHeard(ctx)
		b.active.close()
	})
	idle := make(chan struct{})
	go func() {
		b.answering.Wait()
		close(idle)
	}()
	var parking <-chan time.Time
	if end, ok := ctx.Deadline(); ok {
		timer := time.NewTimer(time.Until(end) * 2 / 3)
		defer timer.Stop()
		parking = timer.C
	}
	select {
	case <-idle:
	case <-parking:
	case <-ctx.Done():
	}
	b.expiries.StopAll()
	b.views.StopAll()
	b.active.interrupt(assistant.ErrClosing)
	b.stop(assistant.ErrClosing)
	defer context.AfterFunc(ctx, b.kill)()
	<-idle
	b.work.Wait()
	b.kill()
	b.api.Close()
	b.cdn.Close()
	return nil
}

// handle takes one event of the gateway. Events of one shard come one by one,
// so what takes long is left to others.
func (b *Bot) handle(e gateway.EventData) {
	defer client.Rescue(b.log, "event")
	switch e := e.(type) {
	case client.Ready:
		b.mu.Lock()
		b.me, b.app = e.User.ID, e.Application.ID
		b.mu.Unlock()
		b.places.SetBot(e.User.ID)
		b.identified.Do(func() {
			b.recall()
			close(b.ready)
		})
		b.begun(e)
	case gateway.EventGuildCreate:
		b.heard.Guild(e.ID, e.PreferredLocale)
		b.places.Note(e)
		b.guildTold(e)
	case gateway.EventGuildUpdate:
		b.heard.Guild(e.ID, e.PreferredLocale)
		b.places.Note(e)
	case gateway.EventMessageCreate:
		b.onMessage(e.Message)
	case gateway.EventMessageUpdate:
		b.onEdit(e.Message)
	case gateway.EventMessageDelete:
		b.onDelete(e.ID)
	case gateway.EventMessageDeleteBulk: // of moderators' bots, and of who is banned
		for _, id := range e.IDs {
			b.onDelete(id)
		}
	case gateway.EventChannelDelete:
		id := e.ID()
		b.placeGone(func(q *question) bool { return q.channel() == id || b.places.Parent(q.channel()) == id })
	case gateway.EventThreadDelete:
		b.placeGone(func(q *question) bool { return q.channel() == e.ID })
		b.places.Note(e)
	case gateway.EventGuildDelete:
		if !e.Unavailable { // else Discord has an outage
			b.placeGone(func(q *question) bool { return q.guild() == e.ID })
		}
	case gateway.EventInteractionCreate:
		b.onInteraction(e.Interaction)
	default:
		b.places.Note(e)
	}
}

// spawn handles an event in a goroutine, as soon as there is a slot.
func (b *Bot) spawn(what string, do func(ctx context.Context)) {
	select {
	case b.slots <- struct{}{}:
	case <-b.ctx.Done():
		return
	}
	b.work.Go(func() {
		defer func() { <-b.slots }()
		defer client.Rescue(b.log, what)
		do(b.ctx)
	})
}

// background does something small beside an event's handler.
func (b *Bot) background(what string, do func(ctx context.Context)) {
	b.work.Go(func() {
		defer client.Rescue(b.log, what)
		do(b.ctx)
	})
}

// self is the bot's own user.
func (b *Bot) self() snowflake.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.me
}

// detached returns a context for what must be done even while the bot closes.
func (b *Bot) detached(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.base, d)
}
