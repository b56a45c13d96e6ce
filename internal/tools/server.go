package tools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// Times of a server's connection.
var (
	connectTime  = time.Minute            // a first start may download things
	listTime     = 30 * time.Second       //
	firstPause   = time.Second            // before the second try; doubled for each further one
	lastPause    = time.Minute            //
	stableAfter  = time.Minute            // a connection that lasted so long was a good one
	relistEvery  = 5 * time.Minute        // for what a server forgot to announce, and to see that it lives
	relistPause  = 500 * time.Millisecond // between announced changes
	keepListed   = time.Minute            // tools of a lost server stay listed
	reconnecting = 5 * time.Second        // a call waits for a lost server
	pingTime     = 10 * time.Second       // that a server has to show that it lives after a call timed out
)

// errNotTried is the state before the first try.
var errNotTried = errors.New("it has not been reached yet")

// server is one MCP server and its connection. run connects it; everything
// else reads state.
type server struct {
	m     *Servers
	cfg   ServerConfig
	state atomic.Pointer[serverState]
	tried chan struct{}
	doubt chan *session // that let a call time out

	mu   sync.Mutex
	news chan struct{} // closed when state changes

	said bool // that it is not connected; of run
}

// serverState is what is known of a server.
type serverState struct {
	session  *session // nil: not connected
	tools    []Tool   // as last listed
	problems []string
	err      error
	lost     time.Time
}

// session is a connection and the context of what goes on in it.
type session struct {
	*mcp.ClientSession
	ctx  context.Context
	gone atomic.Bool // a call has found its end, which the server's loop is about to find
}

func newServer(m *Servers, cfg ServerConfig) *server {
	s := &server{m: m, cfg: cfg, tried: make(chan struct{}), doubt: make(chan *session, 1), news: make(chan struct{})}
	s.state.Store(&serverState{err: errNotTried})
	return s
}

func (s *server) set(st serverState) {
	s.state.Store(&st)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.news)
	s.news = make(chan struct{})
}

// tools returns what the server offers now. Those of a server that was just
// lost stay: a call waits for it to come back.
func (s *server) tools() []Tool {
	st := s.state.Load()
	if st.session == nil && (st.lost.IsZero() || time.Since(st.lost) > keepListed) {
		return nil
	}
	return st.tools
}

// live returns a session other than old. It waits a little for one.
func (s *server) live(ctx context.Context, old *session) (*session, error) {
	late := time.After(reconnecting)
	for {
		s.mu.Lock()
		news := s.news
		s.mu.Unlock()
		if st := s.state.Load(); st.session != nil && st.session != old && !st.session.gone.Load() {
			return st.session, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-late:
			return nil, fault.New(fault.Unavailable, "The tool server %s is not running right now. Please try again in a minute.", s.cfg.Name)
		}
	}
}

// run keeps the server connected until ctx ends.
func (s *server) run(ctx context.Context) {
	pause := firstPause
	first := sync.OnceFunc(func() { close(s.tried) })
	legacy := false
	for {
		began := time.Now()
		err := s.connected(ctx, legacy, first)
		st := *s.state.Load()
		if st.session != nil {
			st.lost = time.Now()
		} else {
			legacy = !legacy // some servers never answer the first message of the newest protocol
		}
		st.session, st.err = nil, err
		s.set(st)
		first()
		if ctx.Err() != nil {
			return
		}
		level := slog.LevelDebug
		if !s.said {
			s.said, level = true, slog.LevelWarn
		}
		s.m.log.Log(ctx, level, "MCP server is not connected", "server", s.cfg.Name, "error", err)
		if time.Since(began) > stableAfter {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause + rand.N(pause/4+1)):
		}
		pause = min(2*pause, lastPause)
	}
}

// connected connects the server and returns why the connection ended.
func (s *server) connected(ctx context.Context, legacy bool, first func()) (err error) {
	transport, end, err := s.transport()
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil { // of the client library, over something that it did not expect
			err = end(fmt.Errorf("its answer makes no sense: %v", p))
		}
	}()
	changed := make(chan struct{}, 1)
	client := mcp.NewClient(&mcp.Implementation{Name: "attache", Version: "1"}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{}, // it gets no roots, no sampling, no questions
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	c, err := s.dial(ctx, client, transport, legacy)
	if err != nil {
		return end(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // calls under way, which Close would wait for
		err = end(err)
		c.Close()
	}()
	session := &session{ClientSession: c, ctx: ctx}
	if err := s.relist(ctx, session); err != nil {
		return err
	}
	s.said = false
	s.m.log.Info("MCP server connected", "server", s.cfg.Name, "tools", len(s.state.Load().tools))
	first()
	return s.attend(ctx, session, changed)
}

// attend follows the changes of a session's tools until it ends.
func (s *server) attend(ctx context.Context, session *session, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }() // ends when the session is closed
	relist := time.NewTimer(relistEvery)
	defer relist.Stop()
	pinged := make(chan bool, 1)
	pinging := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case in := <-s.doubt:
			if in == session && !pinging {
				pinging = true
				work.Go(func() { pinged <- answers(ctx, session) })
			}
			continue
		case alive := <-pinged:
			if !alive {
				return errSick
			}
			pinging = false
			continue
		case <-changed:
			select {
			case <-time.After(relistPause): // more of them may come
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-relist.C:
		}
		if err := s.relist(ctx, session); err != nil {
			return err
		}
		relist.Reset(relistEvery)
	}
}

var errSick = errors.New("it stopped answering")

// answers tells whether a session still lives: any answer to a ping is one.
func answers(ctx context.Context, session *session) bool {
	ping, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	session.Ping(ping, nil)
	return ping.Err() == nil || ctx.Err() != nil
}

// transport returns the way to the server. end gives it up, which ends what
// was started, and says for people what err means.
func (s *server) transport() (t mcp.Transport, end func(error) error, err error) {
	if s.cfg.Command == "" {
		t, end := httpTransport(&s.cfg)
		return t, func(err error) error { return errors.New(s.cfg.scrub(ending(end(err)))) }, nil
	}
	p, err := startProcess(&s.cfg)
	if err != nil {
		return nil, nil, errors.New(s.cfg.scrub(fmt.Sprintf("it can't be started: %v", err)))
	}
	return p, func(err error) error {
		p.close()
		text := ending(err)
		if said := p.said.last(); said != "" {
			text += "; it said: " + said
		}
		return errors.New(s.cfg.scrub(text))
	}, nil
}

func (s *server) dial(ctx context.Context, client *mcp.Client, t mcp.Transport, legacy bool) (*mcp.ClientSession, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	opts := &mcp.ClientSessionOptions{}
	if legacy {
		opts.ProtocolVersion = "2025-11-25"
	}
	return client.Connect(ctx, t, opts)
}

// ending says in short why a connection ended.
func ending(err error) string {
	switch {
	case err == nil:
		return "it ended"
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer"
	}
	text := brief.Bytes(brief.Line(libraryWords.ReplaceAllString(err.Error(), "")), 300)
	switch {
	case text == "EOF":
		return "it ended"
	case nonsense.MatchString(text):
		return "its answer makes no sense: " + text
	case !strings.Contains(text, " ") || statusTexts[text]:
		return "it answers " + text
	}
	return text
}

var (
	// libraryWords is how the client library says where an error passed through.
	libraryWords = regexp.MustCompile(`(calling|sending) "[^"]*": |(rejected by transport|connection closed|client is closing): `)
	nonsense     = regexp.MustCompile(`unmarshal|decode|invalid character|malformed|exceeded|larger than|unsupported (content type|protocol)`)
	statusTexts  = func() map[string]bool {
		all := map[string]bool{}
		for code := 300; code < 600; code++ {
			all[http.StatusText(code)] = true
		}
		return all
	}()
)

// relist asks for the server's tools and publishes them.
func (s *server) relist(ctx context.Context, session *session) error {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	var list []*mcp.Tool
	for cursor, pages := "", 0; ; pages++ {
		page, err := session.ListTools(ctx, &mcp.ListToolsParams{Cursor: cursor})
		if err != nil {
			return err
		}
		list = append(list, page.Tools...)
		// A server that never comes to an end is cut off.
		if cursor = page.NextCursor; cursor == "" || pages == 20 || len(list) > maxServerTools {
			break
		}
	}
	tools, problems := s.build(list)
	old := s.state.Load()
	for _, p := range problems {
		if !slices.Contains(old.problems, p) {
			s.m.log.Warn("MCP server: "+p, "server", s.cfg.Name)
		}
	}
	s.set(serverState{session: session, tools: tools, problems: problems})
	return nil
}
