package client

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/gorilla/websocket"

	"github.com/attachebot/attache/internal/fault"
)

// Intents are the events that the bot asks for.
const Intents = gateway.IntentGuilds | gateway.IntentGuildMessages | gateway.IntentDirectMessages | gateway.IntentMessageContent

// maxBroken is how many connections in a row may end before they are ready. An
// event that can't be decoded breaks its connection, and comes again with each
// resumption: after so many the session is given up, and with it the event.
const maxBroken = 3

// readyWithin is how long a connection may take to be ready.
const readyWithin = time.Minute

// A Gateway holds the connections to Discord's gateway, one for each shard.
type Gateway struct {
	api       *Client
	url       string // instead of what Discord says; may be empty
	maxBroken int
	division  *Division // nil: all shards are this process's
	log       *slog.Logger
	activity  string
	unread    func() time.Time        // of the options
	handle    func(gateway.EventData) // called from one goroutine for each shard

	ctx  context.Context // ended by close
	stop context.CancelCauseFunc
	all  sync.WaitGroup

	mu     sync.Mutex
	shards []*shard
	opened bool
	fatal  chan error // has room for one
}

// GatewayOptions bend a [Gateway]. The zero value works.
type GatewayOptions struct {
	URL       string    // instead of what Discord says
	MaxBroken int       // connections in a row that may end before they are ready; 0: three
	Division  *Division // nil: all shards are this process's
	Log       *slog.Logger
	Activity  string // that everybody sees below the bot's name
	// Unread is from when on there are messages of an absence that are not read yet;
	// zero: there are none. Another process that takes a shard over begins there.
	Unread func() time.Time
}

// NewGateway returns a gateway that is not connected. handle gets the events: those
// of one shard one by one.
func NewGateway(api *Client, o GatewayOptions, handle func(gateway.EventData)) *Gateway {
	s := &Gateway{api: api, url: o.URL, maxBroken: cmp.Or(o.MaxBroken, maxBroken), division: o.Division, activity: o.Activity, unread: o.Unread, handle: handle, fatal: make(chan error, 1),
		log: slog.New(quiet{o.Log.Handler()})}
	if s.unread == nil {
		s.unread = func() time.Time { return time.Time{} }
	}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	return s
}

// Open connects all shards and returns when they are ready. It goes on trying
// until ctx ends, unless Discord's answer is final.
func (s *Gateway) Open(ctx context.Context) error {
	for shards := 0; ; {
		var info dg.GatewayBot
		if err := s.Patiently(ctx, func() error {
			return s.api.Do(ctx, Request{To: rest.GetGatewayBot.Compile(nil), Into: &info})
		}); err != nil {
			if fault.Is(err, fault.Denied) {
				err = fault.Wrap(err, fault.Denied, badToken)
			}
			return err
		}
		if s.url != "" {
			info.URL = s.url
		}
		if s.division != nil {
			return s.openDivided(ctx, info)
		}
		info.Shards = max(info.Shards, shards, 1)
		err := s.connect(ctx, info)
		if closeCode(err) == gateway.CloseEventCodeShardingRequired.Code {
			s.closeShards(ctx)
			shards = info.Shards * 2
			continue
		}
		return explainClose(err)
	}
}

// Patiently calls do until it does not return that Discord is unavailable.
func (s *Gateway) Patiently(ctx context.Context, do func() error) error {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := do()
		if !fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
			return err
		}
		s.log.Warn("Discord can't be reached; trying again", "in", pause, "error", err)
		if err := sleep(ctx, pause); err != nil {
			return AsFault(err)
		}
	}
}

// connect opens the shards at the same time, as far as Discord allows.
func (s *Gateway) connect(ctx context.Context, info dg.GatewayBot) error {
	limit := gateway.NewIdentifyRateLimiter(gateway.WithIdentifyMaxConcurrency(max(info.SessionStartLimit.MaxConcurrency, 1)),
		gateway.WithIdentifyRateLimiterLogger(s.log))
	heard := s.Heard()
	s.mu.Lock()
	s.shards = nil
	s.opened = false
	for i := range info.Shards {
		s.shards = append(s.shards, &shard{all: s, id: i, info: info, identify: limit, heard: heard})
	}
	shards := s.shards
	s.mu.Unlock()

	errs := make(chan error, len(shards))
	for _, sh := range shards {
		s.all.Go(func() { errs <- sh.open(ctx) })
	}
	var first error
	for range shards {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = first == nil
	return first
}

// Fatal gets the reason why the connection can't be kept up, at most once.
func (s *Gateway) Fatal() <-chan error { return s.fatal }

// Ready is the begin of a session. What happened between Heard and now was not
// passed on.
type Ready struct {
	gateway.EventReady
	Heard time.Time // up to when the shard heard everything; zero: this is its first session
}

// Heard is up to when all shards heard everything; zero before they were ready.
func (s *Gateway) Heard() (t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, sh := range s.shards {
		sh.mu.Lock()
		if i == 0 || sh.heard.Before(t) {
			t = sh.heard
		}
		sh.mu.Unlock()
	}
	return t
}

// Shards is the number of connections.
func (s *Gateway) Shards() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.shards)
}

// Close ends all connections. Nothing is handled after its return.
func (s *Gateway) Close(ctx context.Context) {
	s.stop(errRetired)
	s.closeShards(ctx)
	s.all.Wait()
}

func (s *Gateway) closeShards(ctx context.Context) {
	s.mu.Lock()
	shards := s.shards
	s.opened = false
	s.mu.Unlock()
	for _, sh := range shards {
		sh.close(ctx)
	}
}

// lost is called when a shard can't come back by itself.
func (s *Gateway) lost(sh *shard, err error) {
	s.mu.Lock()
	opened := s.opened
	s.mu.Unlock()
	if s.ctx.Err() != nil || !opened || !sh.mine() {
		return // closing, or open returns the error, or it is another's
	}
	again := func() error { return sh.open(s.ctx) }
	switch {
	case errors.Is(err, errRetired):
	case closeCode(err) == gateway.CloseEventCodeShardingRequired.Code && s.division != nil:
		s.division.Grow(2 * sh.info.Shards)
		return
	case closeCode(err) == gateway.CloseEventCodeShardingRequired.Code:
		again = func() error {
			s.closeShards(s.ctx)
			return s.Open(s.ctx)
		}
	default:
		s.fail(err)
		return
	}
	s.all.Go(func() {
		if err := again(); err != nil && s.ctx.Err() == nil {
			s.fail(err)
		}
	})
}

func (s *Gateway) fail(err error) {
	select {
	case s.fatal <- explainClose(err):
	default:
	}
}

// shard is one connection, and those that follow it.
type shard struct {
	all      *Gateway
	id       int
	info     dg.GatewayBot
	identify gateway.IdentifyRateLimiter
	valid    func() bool // while it is this process's; nil: always
	given    atomic.Bool // to another

	mu      sync.Mutex
	gw      gateway.Gateway
	conn    net.Conn // the last one
	broken  int      // connections since the last one that was ready
	ready   bool
	begun   time.Time  // when it became this process's; zero without a Division
	heard   time.Time  // of the last event or heartbeat of a session
	handled sync.Mutex // held while an event is handled
}

// errRetired ends the attempts of a gateway that is given up: disgo stops at a
// close code that is final.
var errRetired error = &websocket.CloseError{Code: gateway.CloseEventCodeInvalidShard.Code, Text: "given up"}

// open connects with a new session, and returns when it is ready.
func (sh *shard) open(ctx context.Context) error {
	s := sh.all
	for {
		gw := gateway.New(s.api.token, sh.event,
			gateway.WithURL(sh.info.URL), gateway.WithIntents(Intents), gateway.WithLogger(s.log),
			// With a compressed stream, disgo frees the decoder at Close while another
			// goroutine reads from it, which takes the program down.
			gateway.WithCompression(gateway.CompressionZlibPayload),
			gateway.WithShardID(sh.id), gateway.WithShardCount(sh.info.Shards), gateway.WithIdentifyRateLimiter(sh.identify),
			gateway.WithDefaultRateLimiterConfigOpts(gateway.WithRateLimiterLogger(s.log)),
			gateway.WithDialer(&websocket.Dialer{Proxy: http.ProxyFromEnvironment, NetDialContext: sh.dial, HandshakeTimeout: 20 * time.Second}),
			gateway.WithCloseHandler(func(_ gateway.Gateway, err error, _ bool) { s.lost(sh, err) }),
			gateway.WithPresenceOpts(gateway.WithCustomActivity(s.activity)))
		sh.mu.Lock()
		sh.gw, sh.broken, sh.ready = gw, 0, false
		sh.mu.Unlock()
		err := gw.Open(ctx)
		if !errors.Is(err, errRetired) || s.ctx.Err() != nil || ctx.Err() != nil || !sh.mine() {
			return err
		}
	}
}

func (sh *shard) close(ctx context.Context) {
	sh.mu.Lock()
	gw := sh.gw
	sh.mu.Unlock()
	if gw != nil {
		gw.Close(ctx)
	}
	sh.mu.Lock()
	if sh.conn != nil { // disgo closes none that it is about to open
		sh.conn.Close()
	}
	sh.mu.Unlock()
	sh.handled.Lock()
	defer sh.handled.Unlock()
}

// event passes on what arrives.
func (sh *shard) event(gw gateway.Gateway, _ gateway.EventType, _ int, e gateway.EventData) {
	if !sh.mine() { // it was given away while it connected
		sh.all.all.Go(func() { gw.Close(context.WithoutCancel(sh.all.ctx)) })
		return
	}
	sh.mu.Lock()
	switch r := e.(type) {
	case gateway.EventReady:
		e = Ready{r, sh.heard}
		sh.broken, sh.ready = 0, true
	case gateway.EventResumed:
		sh.broken, sh.ready = 0, true
	}
	ready, came := sh.ready, time.Now()
	sh.mu.Unlock()
	sh.handled.Lock()
	defer sh.handled.Unlock()
	if sh.all.ctx.Err() != nil {
		return
	}
	sh.all.handle(e)
	if ready { // whoever reads this may rely on what handle noted
		sh.mu.Lock()
		sh.heard = came
		sh.mu.Unlock()
	}
}

// dial connects for disgo. It is the place to end what disgo would go on with
// for ever: attempts after close, a session that breaks each connection, and a
// connection on which nothing comes.
func (sh *shard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if sh.all.ctx.Err() != nil || !sh.mine() {
		return nil, errRetired
	}
	sh.mu.Lock()
	broken := sh.broken
	sh.mu.Unlock()
	if broken >= sh.all.maxBroken {
		sh.all.log.Error("a gateway session is given up: its connections break again and again", "shard", sh.id, "connections", broken)
		return nil, errRetired
	}
	d := net.Dialer{Timeout: 20 * time.Second}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.all.ctx.Err() != nil {
		conn.Close()
		return nil, errRetired
	}
	sh.broken++
	sh.conn, sh.ready = conn, false
	gw := sh.gw
	time.AfterFunc(readyWithin, func() {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if !sh.ready && sh.gw == gw {
			conn.Close()
		}
	})
	return conn, nil
}

func closeCode(err error) int {
	var e *websocket.CloseError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

const badToken = "Discord does not accept DISCORD_TOKEN. Copy it again from the developer portal (Bot, Reset Token)."

// explainClose tells the operator what to do about a final close code.
func explainClose(err error) error {
	switch closeCode(err) {
	case gateway.CloseEventCodeAuthenticationFailed.Code:
		return fault.Wrap(err, fault.Denied, badToken)
	case gateway.CloseEventCodeInvalidIntent.Code, gateway.CloseEventCodeDisallowedIntent.Code:
		return fault.Wrap(err, fault.Denied, noContent)
	case 0:
		return AsFault(err)
	}
	return fault.Wrap(err, fault.Unavailable, "Discord closed the connection for good.")
}

// quiet passes on warnings and errors only: disgo's other lines hold the
// content of people's messages.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
