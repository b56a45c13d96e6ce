package discordtest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Server is Discord: its REST API, gateway and CDN on loopback ports, and the people in it.
// The zero value is ready: it starts listening on first use. Set the fields before that.
// All methods may be called concurrently. Close ends everything.
type Server struct {
	// Shards is how many shards gateway/bot recommends; 0 means 1.
	Shards int
	// GuildsPerShard is where a session is refused with close code 4011; 0 means 2500.
	GuildsPerShard int
	// MaxConcurrency is how many sessions may identify in 5 seconds; 0 means 16.
	MaxConcurrency int
	// Heartbeat is the interval HELLO asks for; 0 means 41.25 s. A client that stays silent
	// for one and a half intervals is disconnected.
	Heartbeat time.Duration
	// DisallowedIntents are privileged intents that the bot's owner has not switched on:
	// asking for them ends the session with close code 4014.
	DisallowedIntents Intents

	// RequestLimit is the size in bytes of a whole request, 0 meaning 25 MiB; more is 413 with code 40005.
	RequestLimit int64
	// KeepBytes is how many bytes of an upload are kept for the CDN and for Attachment.Bytes;
	// larger uploads are hashed and measured only. 0 means 32 MiB, -1 keeps none.
	KeepBytes int64
	// Forget keeps neither the requests nor the earlier versions of messages: for load tests.
	Forget bool
	// SkipSchemas switches off validation against the OpenAPI document: for load tests.
	SkipSchemas bool

	// NoRateLimits switches all rate limits off.
	NoRateLimits bool
	// GlobalLimit is the number of requests a second over all routes; 0 means 50.
	GlobalLimit int
	// RateLimit, if set, decides the bucket of a route such as "POST /channels/{channel_id}/messages":
	// n requests per time. It returns 0 to leave the default.
	RateLimit func(route string) (n int, per time.Duration)

	// OldEdits is how many edits of messages older than an hour a channel takes in 20 seconds, 0 meaning 3:
	// Discord keeps its number to itself. More are answered 429 with code 30046.
	OldEdits int

	// OnRequest, if set, sees each REST and CDN request before it is handled and may return a fault for it.
	// It must not call the server.
	OnRequest func(*Request) *Fault
	// Logf, if set, gets a line for each request and gateway event.
	Logf func(format string, args ...any)

	start  sync.Once
	ctx    context.Context // done when closed
	cancel context.CancelFunc
	wg     sync.WaitGroup
	api    *http.Server
	cdn    *http.Server
	apiURL string
	cdnURL string
	secret [32]byte // signs CDN links

	mu       sync.Mutex
	waiters  map[ID]chan struct{}
	offset   time.Duration // of the clock
	losing   int           // files, by the fault of the request that is handled
	lastID   ID
	oldIDs   int
	bot      *User
	users    map[ID]*User
	guilds   map[ID]*Guild
	order    []*Guild
	channels map[ID]*Channel
	messages map[ID]*message
	objects  map[ID]*object
	commands commandSet // global ones

	interactions map[string]*interaction // by token
	oauth        *oauth
	gateway      gateway
	limits       rateLimits
	faults       faults
	log          recorder
}

// init starts the server. It panics when it cannot listen.
func (s *Server) init() {
	s.start.Do(func() {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.waiters = map[ID]chan struct{}{}
		s.users = map[ID]*User{}
		s.guilds = map[ID]*Guild{}
		s.channels = map[ID]*Channel{}
		s.messages = map[ID]*message{}
		s.objects = map[ID]*object{}
		s.interactions = map[string]*interaction{}
		rand.Read(s.secret[:])
		s.bot = &User{Profile: Profile{ID: s.oldID(), Username: "Attaché", Bot: true}, Locale: "en-US", s: s}
		s.users[s.bot.ID] = s.bot
		s.gateway.init(s)
		s.limits.init()
		s.log.counts = map[string]int{}
		s.apiURL, s.api = s.listen(s.apiHandler())
		s.cdnURL, s.cdn = s.listen(http.HandlerFunc(s.serveCDN))
	})
}

func (s *Server) listen(h http.Handler) (url string, srv *http.Server) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("discordtest: cannot listen on loopback: %v", err))
	}
	srv = &http.Server{Handler: h, ErrorLog: discardLogger, BaseContext: func(net.Listener) context.Context { return s.ctx }}
	s.wg.Go(func() { srv.Serve(l) })
	return "http://" + l.Addr().String(), srv
}

// Close disconnects everybody and returns when nothing of the server runs any more.
// What was recorded can still be read. Closing twice is fine.
func (s *Server) Close() {
	s.init()
	s.cancel()
	s.api.Close()
	s.cdn.Close()
	s.DropGateway()
	s.wg.Wait()
}

// RESTURL is the base of the REST API, with version and without a slash at the end.
func (s *Server) RESTURL() string { s.init(); return s.apiURL + "/api/v10" }

// GatewayURL is the gateway's websocket URL, without query.
func (s *Server) GatewayURL() string { s.init(); return "ws" + s.apiURL[len("http"):] + "/gateway" }

// CDNURL is the base of all links to attachments, without a slash at the end.
func (s *Server) CDNURL() string { s.init(); return s.cdnURL }

// ApplicationID is the id of the application, which is also that of its bot user.
func (s *Server) ApplicationID() ID { return s.Bot().ID }

// Token is the bot's token. Its first segment is base64 of the application id, as clients expect.
func (s *Server) Token() string {
	return tokenOf(s.Bot().ID)
}

// Bot is the bot's own user. Write its Mention into a message to address the bot.
func (s *Server) Bot() *User { s.init(); return s.bot }

// Now is the server's time: the real one plus what Advance added, in UTC.
func (s *Server) Now() time.Time {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the server's clock forward: interactions, CDN links, typing and rate limits grow older by d.
func (s *Server) Advance(d time.Duration) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.wakeAll()
}

func (s *Server) now() time.Time { return time.Now().UTC().Add(s.offset).Round(0) }

func (s *Server) logf(format string, args ...any) {
	if s.Logf != nil {
		s.Logf(format, args...)
	}
}

// wait blocks until ok, called with the lock held, returns true. It looks again whenever something
// happens to the topic, which is a channel's id, or 0 for requests and sessions.
func (s *Server) wait(ctx context.Context, topic ID, ok func() bool) error {
	s.init()
	for {
		s.mu.Lock()
		if ok() {
			s.mu.Unlock()
			return nil
		}
		ch := s.waiters[topic]
		if ch == nil {
			ch = make(chan struct{})
			s.waiters[topic] = ch
		}
		s.mu.Unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.ctx.Done():
			return errClosed
		}
	}
}

// wake makes the waiters of a topic look again. The lock is held.
func (s *Server) wake(topic ID) {
	if ch := s.waiters[topic]; ch != nil {
		close(ch)
		delete(s.waiters, topic)
	}
}

func (s *Server) wakeAll() {
	for topic := range s.waiters {
		s.wake(topic)
	}
}

func tokenOf(application ID) string {
	return base64.RawStdEncoding.EncodeToString([]byte(application.String())) + ".GDtest.emulated-token"
}
