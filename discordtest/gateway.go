package discordtest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Gateway opcodes.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoiceState     = 4
	opResume         = 6
	opReconnect      = 7
	opRequestMembers = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatAck   = 11
)

// gateway holds the sessions. The server's lock guards it.
type gateway struct {
	sessions   map[string]*session
	conns      map[*gatewayConn]bool
	shards     int // of the newest session
	identifies map[int][]time.Time
	started    int // sessions since the start, for session_start_limit
	resumed    int
	frozen     bool
	down       bool
}

func (g *gateway) init(s *Server) {
	g.sessions = map[string]*session{}
	g.conns = map[*gatewayConn]bool{}
	g.identifies = map[int][]time.Time{}
}

// An event goes to the sessions of its guild's shard (or shard 0) that have one of its intents; intent 0 goes to all.
type event struct {
	name     string
	guild    *Guild
	intent   Intents
	data     any
	render   func(Intents) any // instead of data, where it depends on the session
	anywhere bool              // also of a guild that the bot is not in
	twice    func()            // called when a fault delivers it twice
}

// A session outlives its connection, so that it can be resumed.
type session struct {
	id      string
	shard   int
	shards  int
	intents Intents
	seq     int
	sent    []frame // since the last heartbeat, for RESUME
	pruned  int     // the newest sequence number no longer in sent
	held    []json.RawMessage
	conn    *gatewayConn // nil while disconnected
}

type frame struct {
	seq  int
	data []byte
}

type payload struct {
	Op int    `json:"op"`
	D  any    `json:"d"`
	S  *int   `json:"s"`
	T  string `json:"t,omitempty"`
}

func (s *Server) shardOf(g *Guild, shards int) int {
	if g == nil {
		return 0
	}
	return int(uint64(g.ID>>22) % uint64(shards))
}

// dispatch sends an event. The lock is held.
func (s *Server) dispatch(e event) {
	if e.guild != nil && !e.anywhere && e.guild.members[s.bot.ID] == nil && e.name != "GUILD_DELETE" {
		return
	}
	for _, ses := range s.gateway.sessions {
		if s.shardOf(e.guild, ses.shards) != ses.shard || e.intent != 0 && e.intent&ses.intents == 0 {
			continue
		}
		data := e.data
		if e.render != nil {
			data = e.render(ses.intents)
		}
		if s.deliver(ses, e.name, data) && e.twice != nil {
			e.twice()
		}
	}
}

func (s *Server) dispatchGuild(g *Guild) {
	s.dispatch(event{name: "GUILD_CREATE", guild: g, intent: IntentGuilds, render: g.createFor})
}

// createFor is GUILD_CREATE's payload: without the privileged intent the only member in it is the bot.
func (g *Guild) createFor(intents Intents) any {
	o := g.createObject()
	if intents&IntentGuildMembers == 0 {
		o["members"] = []any{g.memberObject(g.members[g.s.bot.ID], true)}
	}
	return o
}

// deliver numbers an event, keeps it for RESUME and sends it, subject to faults, one of which is sending it twice.
// The lock is held.
func (s *Server) deliver(ses *session, name string, data any) (twice bool) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("discordtest: event %s: %v", name, err))
	}
	f := s.faultFor("GATEWAY "+name, nil)
	if f == nil {
		f = &Fault{}
	}
	if f.Corrupt {
		raw = json.RawMessage(`{"id":{"undecodable":true},"guild_id":[],"type":"?"}`)
	}
	body, _ := json.Marshal(struct {
		T string          `json:"t"`
		D json.RawMessage `json:"d"`
	}{name, raw})
	if f.Reorder {
		ses.held = append(ses.held, body)
		time.AfterFunc(50*time.Millisecond, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.release(ses)
		})
		return false
	}
	s.push(ses, body)
	if f.Duplicate {
		s.push(ses, body)
	}
	s.release(ses)
	return f.Duplicate
}

func (s *Server) release(ses *session) {
	held := ses.held
	ses.held = nil
	for _, body := range held {
		s.push(ses, body)
	}
}

// push takes {"t":..,"d":..}.
func (s *Server) push(ses *session, body json.RawMessage) {
	ses.seq++
	data := append(fmt.Appendf(nil, `{"op":0,"s":%d,`, ses.seq), body[1:]...)
	ses.sent = append(ses.sent, frame{ses.seq, data})
	if over := len(ses.sent) - 10_000; over > 0 {
		ses.pruned = ses.sent[over-1].seq
		ses.sent = ses.sent[over:]
	}
	if ses.conn != nil {
		ses.conn.send(data)
	}
}

// acknowledge forgets what a heartbeat says has arrived.
func (ses *session) acknowledge(seq int) {
	for len(ses.sent) > 0 && ses.sent[0].seq <= seq {
		ses.pruned = ses.sent[0].seq
		ses.sent = ses.sent[1:]
	}
}

// AwaitConnected returns when every shard of the bot has a session that is ready.
func (s *Server) AwaitConnected(ctx context.Context) error {
	s.init()
	err := s.wait(ctx, 0, func() bool {
		live := map[int]bool{}
		for _, ses := range s.gateway.sessions {
			if ses.conn != nil && ses.shards == s.gateway.shards {
				live[ses.shard] = true
			}
		}
		return s.gateway.shards > 0 && len(live) == s.gateway.shards
	})
	if err != nil {
		return fmt.Errorf("discordtest: the bot is not connected to the gateway: %w", err)
	}
	return nil
}

// AwaitResumed returns when sessions have been resumed n times in all.
func (s *Server) AwaitResumed(ctx context.Context, n int) error {
	if err := s.wait(ctx, 0, func() bool { return s.gateway.resumed >= n }); err != nil {
		return fmt.Errorf("discordtest: no %d resumes: %w", n, err)
	}
	return nil
}

// Sessions is how many sessions have been started with IDENTIFY, and how often one was resumed.
func (s *Server) Sessions() (started, resumed int) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gateway.started, s.gateway.resumed
}

// DropGateway cuts all gateway connections without a word, as a network failure does. Sessions can be resumed.
func (s *Server) DropGateway() { s.eachConn(func(c *gatewayConn) { c.ws.CloseNow() }) }

// CloseGateway closes all gateway connections with a close code such as 4000 (resumable) or 4004 (final).
func (s *Server) CloseGateway(code int, reason string) {
	s.eachConn(func(c *gatewayConn) { c.close(code, reason) })
}

// GatewayOutage cuts all gateway connections and forgets the sessions, so that no RESUME works any more. Until it is
// called with false, connections are refused with status 503. REST goes on: what is said meanwhile can be read there.
func (s *Server) GatewayOutage(down bool) {
	s.init()
	s.mu.Lock()
	s.gateway.down = down
	if down {
		clear(s.gateway.sessions)
	}
	s.mu.Unlock()
	if down {
		s.DropGateway()
	}
}

// RequestReconnect asks all clients to reconnect and resume (opcode 7), as Discord does when it deploys.
func (s *Server) RequestReconnect() {
	s.eachConn(func(c *gatewayConn) { c.sendJSON(payload{Op: opReconnect}) })
}

// InvalidateSessions sends opcode 9. Sessions that are not resumable are forgotten.
func (s *Server) InvalidateSessions(resumable bool) {
	s.init()
	s.mu.Lock()
	if !resumable {
		clear(s.gateway.sessions)
	}
	s.mu.Unlock()
	s.eachConn(func(c *gatewayConn) { c.sendJSON(payload{Op: opInvalidSession, D: resumable}) })
}

// FreezeGateway stops the gateway from sending anything, heartbeat acknowledgements included, until it is
// called with false. Events wait.
func (s *Server) FreezeGateway(frozen bool) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.frozen = frozen
	s.wake(0)
}

// SendEvent dispatches any event to all sessions, whatever their intents: one that the client does not know,
// or that it cannot decode.
func (s *Server) SendEvent(name string, data any) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ses := range s.gateway.sessions {
		s.deliver(ses, name, data)
	}
}

func (s *Server) eachConn(f func(*gatewayConn)) {
	s.init()
	s.mu.Lock()
	conns := make([]*gatewayConn, 0, len(s.gateway.conns))
	for c := range s.gateway.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		f(c)
	}
}
