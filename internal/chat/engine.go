package chat

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/tokens"
)

// Options bend an [Engine]. The zero value works.
type Options struct {
	Model  string   // of users who chose none; default the model's own
	Models []string // what users may choose; empty or with "*": also all that the provider lists

	Catalog *tokens.Catalog // windows and prices of models; default tokens.BuiltIn()

	Instructions string // of the operator, added to the system prompt

	Reader preview.Reader // nil: the prompt has no text of attached documents, and no images that Go can't decode

	Keep time.Duration // how long turns stay in the history; 0: for ever

	MaxRounds     int                // of tool calls in one turn; default 12
	MaxTurn       time.Duration      // how long a turn may take; default 30 min
	MaxTurnTokens int64              // of all requests of one turn; default 500,000; negative: no limit
	MaxTurnCost   ledger.NanoDollars // of all requests of one turn; default $2; negative: no limit
	MaxRequest    int                // tokens of one request; default what the model's window holds, and at most half of MaxTurnTokens

	UserDailyCost   ledger.NanoDollars // of one user in one day of UTC; 0: no limit
	UserDailyTokens int64              // the same in tokens, input and output; 0: no limit
	GlobalDailyCost ledger.NanoDollars // of all users together in one day of UTC; 0: no limit

	Location *time.Location // of times told to the model and to people; default UTC
	Instance string         // names this program among those that share the store

	// Answered, if not nil, is called at the end of each turn in which code ran, with
	// whose session it ran in. The turn ends, and the conversation's next one begins,
	// when it returns.
	Answered func(ctx context.Context, session files.UserID, conversation, turn string)

	Log *slog.Logger     // of what went wrong in tools and in the store; nil: none
	Now func() time.Time // nil: time.Now

	// Live, if not nil, returns the options of now. Models, prices, instructions,
	// Keep, MaxRounds, MaxRequest and the daily budgets are taken from it each time
	// they are needed, the rest never.
	Live func() Options
}

func (o Options) withDefaults() Options {
	o.MaxRounds = cmp.Or(o.MaxRounds, 12)
	if o.Catalog == nil {
		o.Catalog = tokens.BuiltIn()
	}
	return o
}

// Engine answers turns. It is safe for concurrent use; the turns of one
// conversation run one after another, in the order in which they came. Close it
// after use.
type Engine struct {
	model llm.Model
	store Store
	files *files.Service
	tools Toolbox
	opts  Options

	turns  turnSet
	queues queues
	ledger *ledger.Ledger
	names  modelNames
	clock  clock
	images imageCache

	mu      sync.Mutex
	meters  map[string]*tokens.Model // of catalog
	catalog *tokens.Catalog
	windows map[string]learnedWindow
	told    map[string]time.Time // what was logged, and when
	factors map[string]float64   // of each model: see calibrate
}

// New returns an engine. It closes none of what it is given. A nil tools means
// that there are none.
func New(model llm.Model, store Store, fs *files.Service, tools Toolbox, o Options) *Engine {
	o = o.withDefaults()
	o.MaxTurn = cmp.Or(o.MaxTurn, 30*time.Minute)
	o.MaxTurnTokens = cmp.Or(o.MaxTurnTokens, 500_000)
	o.MaxTurnCost = cmp.Or(o.MaxTurnCost, 2*ledger.Dollar)
	o.Location = cmp.Or(o.Location, time.UTC)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Engine{model: model, store: store, files: fs, tools: tools, opts: o, meters: map[string]*tokens.Model{}, windows: map[string]learnedWindow{}, told: map[string]time.Time{}, factors: map[string]float64{}}
	e.turns.idle = sync.NewCond(&e.turns.mu)
	e.queues.all = map[string][]*place{}
	e.ledger = ledger.New(store, ledger.Options{Location: o.Location, Log: o.Log, Now: o.Now, Budgets: func() ledger.Budgets {
		o := e.live()
		return ledger.Budgets{UserCost: o.UserDailyCost, UserTokens: o.UserDailyTokens, GlobalCost: o.GlobalDailyCost}
	}})
	e.clock.now = o.Now
	return e
}

// live are the options of now.
func (e *Engine) live() Options {
	if e.opts.Live == nil {
		return e.opts
	}
	return e.opts.Live().withDefaults()
}

// errStopping ends turns when the engine closes.
var errStopping = fault.New(fault.Unavailable, "I have to stop for a moment, so this answer ends here. Please ask again in a minute.")

// errClosing refuses turns: they have not begun, and may be run later.
var errClosing = fault.New(fault.Unavailable, "I am about to restart. Please ask again in a minute.")

// errTooSlow ends a turn at Options.MaxTurn.
var errTooSlow = errors.New("the turn takes too long")

// Run answers one turn. It calls emit, from one goroutine at a time and not
// after its return, with what there is to show.
//
// A turn's ID is answered at most once, also when the program was restarted in
// between: the second Run is an error of kind Exists, for which there is nothing
// to show. Other kinds: Invalid (the request can't be answered as it is),
// NotFound (Turn.Replaces is no longer known), Exhausted (a budget, or the
// provider's limits), Denied (by the provider), Unavailable, and Canceled when
// ctx ended. What there was of an answer by then is in the result and stays in
// the history, with a mark.
func (e *Engine) Run(ctx context.Context, t Turn, emit func(Event)) (Result, error) {
	if err := t.check(); err != nil {
		return Result{}, err
	}
	ctx, leave, err := e.turns.enter(ctx)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(ctx, e.opts.MaxTurn, errTooSlow)
	defer cancel()

	r, err := e.begin(ctx, t, emit)
	if errors.Is(context.Cause(ctx), errStopping) && err != nil {
		return Result{}, errClosing
	}
	if err != nil {
		return Result{}, err
	}
	defer r.silence()
	defer func() { r.leaveSession() }()
	// The user's next turn of the conversation begins when this one is in the history.
	var left func()
	if left, err = e.queues.enter(ctx, t.Conversation, t.User, t.After, r.waits); err == nil {
		defer left()
		err = r.answer(ctx)
	}
	err = r.end(ctx, err)
	r.answered(ctx)
	return r.result, err
}

// waits tells that the turn waits for others, or does so no more.
func (r *run) waits(on bool) {
	if on {
		r.emit(Waiting{})
	} else {
		r.emit(Begun{})
	}
}

func (t Turn) check() error {
	switch {
	case t.ID == "" || len(t.ID) > 200 || t.Conversation == "" || len(t.Conversation) > 200 || t.User == 0:
		return fault.New(fault.Internal, "")
	case strings.TrimSpace(t.Text) == "" && len(t.Files) == 0 && t.Replaces == "":
		return fault.New(fault.Invalid, "There is nothing in that message to answer.")
	}
	return nil
}

// begin enters a turn into the store.
func (e *Engine) begin(ctx context.Context, t Turn, emit func(Event)) (*run, error) {
	r := &run{e: e, turn: t, emitTo: emit, leaveSession: func() {}}
	message := userMessage(t)
	if t.Replaces != "" && strings.TrimSpace(t.Text) == "" && len(t.Files) == 0 {
		old, err := e.turnOf(ctx, t.User, t.Replaces)
		if err == nil && old.Conversation != t.Conversation {
			err = errNoTurn
		}
		if err != nil {
			return nil, err
		}
		message = old.Messages[0]
	}
	r.rec = Record{
		ID: t.ID, Conversation: t.Conversation, User: t.User, Instance: e.opts.Instance,
		State: Running, Started: e.clock.next(), Messages: []llm.Message{message},
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// From here on it is known whether the turn has begun, also if the caller leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r, e.store.Begin(ctx, r.rec, t.Replaces)
}

// Claim takes a turn's ID, before its message is read: from here on no other
// Run or Claim gets it. Kind Exists: somebody has it already.
func (e *Engine) Claim(ctx context.Context, id string, user files.UserID, conversation string) error {
	return e.store.Claim(ctx, Record{ID: id, User: user, Conversation: conversation, Instance: e.opts.Instance, Started: e.clock.next()})
}

// Release gives up a claim that Run did not take: there is nothing to answer.
func (e *Engine) Release(ctx context.Context, id string) error { return e.store.Release(ctx, id) }

// Recover marks the turns that an earlier run of this program left unfinished,
// and returns them, each one once, for their users to be told. It is called at
// start, before the first Run.
func (e *Engine) Recover(ctx context.Context) ([]Record, error) {
	return e.RecoverOf(ctx, e.opts.Instance)
}

// RecoverOf is Recover for another instance, which is there no more.
func (e *Engine) RecoverOf(ctx context.Context, instance string) ([]Record, error) {
	// No turn of another instance lives longer than MaxTurn.
	before := e.clock.next().Add(-e.opts.MaxTurn - time.Hour)
	turns, err := e.store.Recover(ctx, instance, before)
	return turns, err
}

// Forget deletes turns older than Options.Keep, at once and every hour, until
// ctx ends. What goes wrong is logged, and tried again the next time.
func (e *Engine) Forget(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if keep := e.live().Keep; keep > 0 {
			if err := e.store.Forget(ctx, e.opts.Now().Add(-keep)); err != nil && ctx.Err() == nil {
				e.opts.Log.Warn("old conversations are not all deleted; it goes on in an hour", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Runs returns the code that ran in a turn of the user. Kind NotFound: there is
// no such turn of this user, or it was replaced or forgotten.
func (e *Engine) Runs(ctx context.Context, user files.UserID, turn string) ([]llm.Run, error) {
	rec, err := e.turnOf(ctx, user, turn)
	if err != nil {
		return nil, err
	}
	var runs []llm.Run
	for _, m := range rec.Messages {
		if m.Run != nil {
			runs = append(runs, *m.Run)
		}
	}
	return runs, nil
}

var errNoTurn = fault.New(fault.NotFound, "That message is no longer in my history.")

// turnOf returns a turn of the user's own. Another's is not found, and neither is
// one whose message was not read.
func (e *Engine) turnOf(ctx context.Context, user files.UserID, turn string) (Record, error) {
	rec, err := e.store.Get(ctx, turn)
	if err == nil && (rec.User != user || len(rec.Messages) == 0) {
		err = errNoTurn
	}
	return rec, err
}

// Conversations lists those that a user began.
func (e *Engine) Conversations(ctx context.Context, q ConversationQuery) ([]Conversation, error) {
	return e.store.Conversations(ctx, q)
}

// History returns the last turns of a conversation that the user began, at most
// limit of them, in their order. Kind NotFound: it is somebody else's, or empty.
func (e *Engine) History(ctx context.Context, user files.UserID, conversation string, limit int) ([]Record, error) {
	if err := e.own(ctx, user, conversation); err != nil {
		return nil, err
	}
	return e.store.History(ctx, conversation, limit)
}

// Rename gives a conversation that the user began a title; "" takes it away.
func (e *Engine) Rename(ctx context.Context, user files.UserID, conversation, title string) error {
	if err := e.own(ctx, user, conversation); err != nil {
		return err
	}
	return e.store.Rename(ctx, conversation, title)
}

// Began returns who began a conversation; 0: it has no turn yet.
func (e *Engine) Began(ctx context.Context, conversation string) (files.UserID, error) {
	return e.store.Began(ctx, conversation)
}

// own refuses conversations that the user did not begin.
func (e *Engine) own(ctx context.Context, user files.UserID, conversation string) error {
	began, err := e.store.Began(ctx, conversation)
	if err == nil && began != user {
		err = fault.New(fault.NotFound, "There is no such conversation of yours.")
	}
	return err
}

// Reset forgets a conversation, and what the tools keep of it for the user. A
// turn that runs in it goes on, but leaves no trace in the history. Kind Denied:
// somebody else began it.
func (e *Engine) Reset(ctx context.Context, user files.UserID, conversation string) error {
	began, err := e.store.Began(ctx, conversation)
	if err != nil {
		return err
	}
	if began != 0 && began != user {
		return fault.New(fault.Denied, "Only the person who began this conversation can reset it.")
	}
	err = e.store.Clear(ctx, conversation)
	if e.tools != nil {
		err = errors.Join(err, e.tools.Reset(ctx, user, conversation))
	}
	return err
}

// Close ends the engine: new turns are refused (Unavailable), those that run
// may finish until ctx ends, and are then stopped and recorded as interrupted.
// It returns when the last one has ended; an error says how many had to be
// stopped. A second Close only waits.
func (e *Engine) Close(ctx context.Context) error {
	stopped := e.turns.close(ctx)
	// What the store did not take before gets its last chance.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := e.ledger.Flush(ctx)
	if stopped > 0 {
		return fault.Wrap(errStopping, fault.Unavailable, "%d turns were stopped.", stopped)
	}
	return err
}
