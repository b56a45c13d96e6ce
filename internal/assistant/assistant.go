// Package assistant is what every front end stands on: Discord, the terminal,
// the browser. A front end turns what people do into calls of an [Assistant],
// and what comes back into what they see; it has no rules of its own.
//
// One message goes this way: it is claimed, so that it is answered once by one
// process; admitted, in its place among the person's other messages; read; its
// attachments are saved; the engine answers. What happens on the way are events
// of a [Turn], which any number of viewers may follow from any point on.
package assistant

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/fetch"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/picture"
	"github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/internal/transcribe"
	"github.com/attachebot/attache/tokens"
)

// Engine is what the assistant needs of *chat.Engine.
type Engine interface {
	Claim(ctx context.Context, id string, user files.UserID, conversation string) error
	Release(ctx context.Context, id string) error
	Run(ctx context.Context, t chat.Turn, emit func(chat.Event)) (chat.Result, error)
	Runs(ctx context.Context, user files.UserID, turn string) ([]llm.Run, error)
	Conversations(ctx context.Context, q chat.ConversationQuery) ([]chat.Conversation, error)
	History(ctx context.Context, user files.UserID, conversation string, limit int) ([]chat.Record, error)
	Rename(ctx context.Context, user files.UserID, conversation, title string) error
	Reset(ctx context.Context, user files.UserID, conversation string) error
	Began(ctx context.Context, conversation string) (files.UserID, error)
	Models(ctx context.Context) []string
	SetModel(ctx context.Context, user files.UserID, name string) error
	ModelOf(ctx context.Context, user files.UserID) (string, error)
	Usage(ctx context.Context, q ledger.Query) ([]ledger.Usage, error)
	Budget(ctx context.Context, user files.UserID) (ledger.Budget, error)
	Pay(ctx context.Context, user files.UserID, estimate ledger.NanoDollars, do func() (ledger.Usage, error)) error
}

var _ Engine = (*chat.Engine)(nil)

// Options bend an [Assistant]. The zero value works.
type Options struct {
	Burst     int           // messages of one user in BurstTime; 0: 3
	BurstTime time.Duration // 0: 5 s
	Waiting   int           // messages of one user that wait beside the one that is answered; 0: 3
	AskTime   time.Duration // how long a question waits for its answer; 0: 2 min

	Ears *transcribe.Client // hear voice messages; nil: nobody does

	FetchLinks Links   // "": NoLinks
	Fetcher    Fetcher // of links; nil: from the public internet alone

	Admins  []files.UserID  // who see everybody's usage
	Catalog *tokens.Catalog // prices of models; nil: tokens.BuiltIn()
	Viewer  preview.Reader  // looks at files that only code reads; nil: they have no preview

	Interrupted []chat.Record // turns that an earlier run of the program left unfinished

	Log *slog.Logger     // nil: none
	Now func() time.Time // nil: time.Now

	// Live, if not nil, returns the options of now: FetchLinks, Admins and Catalog are
	// taken from it each time they are needed, the rest never.
	Live func() Options
}

// Fetcher gets what a link leads to. [fetch.Client] is one.
type Fetcher interface {
	Get(ctx context.Context, u *url.URL) (*fetch.Response, error)
	Close()
}

// Assistant answers people. It is safe for concurrent use. Close it after use.
type Assistant struct {
	engine Engine
	files  *files.Service
	views  *preview.Maker
	opts   Options
	links  Fetcher
	log    *slog.Logger

	base context.Context // ended when Close has waited long enough
	stop context.CancelCauseFunc
	work sync.WaitGroup

	withdrawn chan struct{} // closed by Withdraw
	withdraw  sync.Once

	mu        sync.Mutex
	closed    bool
	lines     map[files.UserID]*line
	turns     map[string]*Turn // those that run or wait, and for keepEnded those that ended
	ended     []*Turn          // of turns, the earliest first
	questions map[string]*question
	uploads   map[uploadKey]files.ID // saved from where a front end found them
	consents  map[consentKey]*consent

	words sync.Mutex // held while what somebody said to sharing is read and changed
}

// New returns an assistant. Engine and file service are the caller's to close,
// after the assistant.
func New(engine Engine, fs *files.Service, o Options) *Assistant {
	o.Burst = cmp.Or(o.Burst, 3)
	o.BurstTime = cmp.Or(o.BurstTime, 5*time.Second)
	o.Waiting = cmp.Or(o.Waiting, 3)
	o.AskTime = cmp.Or(o.AskTime, 2*time.Minute)
	if o.Catalog == nil {
		o.Catalog = tokens.BuiltIn()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Assistant{
		engine: engine, files: fs, views: preview.New(fs, o.Viewer, o.Log), opts: o, log: o.Log,
		lines: map[files.UserID]*line{}, turns: map[string]*Turn{}, questions: map[string]*question{}, uploads: map[uploadKey]files.ID{}, consents: map[consentKey]*consent{},
	}
	if a.links = o.Fetcher; a.links == nil {
		a.links = fetch.New()
	}
	a.base, a.stop = context.WithCancelCause(context.Background())
	a.withdrawn = make(chan struct{})
	return a
}

// live are the options of now.
func (a *Assistant) live() Options {
	if a.opts.Live == nil {
		return a.opts
	}
	o := a.opts.Live()
	o.Catalog = cmp.Or(o.Catalog, a.opts.Catalog)
	return o
}

// ErrClosing ends turns when the program stops.
var ErrClosing = fault.New(fault.Unavailable, "I have to stop for a moment. Please ask again in a minute.")

// Close refuses new turns, ends those that wait for a person, waits for the others
// until ctx ends, then ends them with [ErrClosing], and returns when the last one has ended. A second
// Close only waits.
func (a *Assistant) Close(ctx context.Context) {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.Withdraw()
	defer context.AfterFunc(ctx, func() { a.stop(ErrClosing) })()
	a.work.Wait()
	a.stop(ErrClosing)
	a.links.Close()
}

// Files are the files of all users: to list, open and delete those of one.
// Attachments are saved by [Assistant.Save] and [Assistant.Ask].
func (a *Assistant) Files() *files.Service { return a.files }

// Previews are what can be seen of files that their user may see.
func (a *Assistant) Previews() *preview.Maker { return a.views }

// Alt says in words what a picture shows that code drew, for people who don't see
// it: what it says of itself, else its name.
func (a *Assistant) Alt(ctx context.Context, f files.File) string {
	_, r, err := a.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return f.Name
	}
	defer r.Close()
	return cmp.Or(picture.Description(r), f.Name)
}

// Interrupted returns the turns that an earlier run of the program left
// unfinished and whose IDs begin with prefix, for their users to be told.
func (a *Assistant) Interrupted(prefix string) []chat.Record {
	var out []chat.Record
	for _, r := range a.opts.Interrupted {
		if strings.HasPrefix(r.ID, prefix) {
			out = append(out, r)
		}
	}
	return out
}
