package discordtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/coder/websocket"
)

// read handles what a client sends until its connection ends.
func (c *gatewayConn) read() {
	for {
		ctx, cancel := context.WithTimeout(c.ctx, c.s.heartbeat()*3/2)
		_, data, err := c.ws.Read(ctx)
		cancel()
		if err != nil {
			c.ended(err)
			return
		}
		var p struct {
			Op int             `json:"op"`
			D  json.RawMessage `json:"d"`
		}
		if len(data) > 4096 || json.Unmarshal(data, &p) != nil {
			c.s.violate("gateway", "sent a payload that is too long or not JSON: %.100s", data)
			c.close(4002, "Decode error")
			continue
		}
		c.s.logf("gateway <- %s", data)
		if now := time.Now(); p.Op != opHeartbeat {
			c.commands = append(recent(c.commands, now, time.Minute), now)
			if len(c.commands) > 120 {
				c.s.violate("gateway", "more than 120 commands in a minute")
				c.close(4008, "You are being rate limited.")
				continue
			}
		}
		c.handle(p.Op, p.D)
	}
}

// recent drops the times before now-window from the front of times.
func recent(times []time.Time, now time.Time, window time.Duration) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) >= window {
		times = times[1:]
	}
	return times
}

// ended forgets the session if the client said goodbye; otherwise it may resume.
func (c *gatewayConn) ended(err error) {
	var ce websocket.CloseError
	if errors.As(err, &ce) && (ce.Code == websocket.StatusNormalClosure || ce.Code == websocket.StatusGoingAway) {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if c.ses != nil && c.ses.conn == c {
			delete(c.s.gateway.sessions, c.ses.id)
		}
	}
}

func (c *gatewayConn) handle(op int, d json.RawMessage) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ses == nil && op != opHeartbeat && op != opIdentify && op != opResume {
		c.close(4003, "Not authenticated.")
		return
	}
	switch op {
	case opHeartbeat:
		var seq int
		if json.Unmarshal(d, &seq) == nil && c.ses != nil {
			c.ses.acknowledge(seq)
		}
		c.sendJSON(payload{Op: opHeartbeatAck})
	case opIdentify:
		if c.ses != nil {
			s.violateLocked("gateway", "identified twice on one connection")
			c.close(4005, "Already authenticated.")
			return
		}
		c.identify(d)
	case opResume:
		c.resume(d)
	case opPresence:
	case opRequestMembers:
		c.requestMembers(d)
	default:
		s.violateLocked("gateway", "opcode %d is not modelled", op)
		c.close(4001, "Unknown opcode.")
	}
}

func (c *gatewayConn) identify(d json.RawMessage) {
	s := c.s
	var id struct {
		Token      string         `json:"token"`
		Intents    *Intents       `json:"intents"`
		Shard      []int          `json:"shard"`
		Compress   bool           `json:"compress"`
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(d, &id); err != nil || id.Intents == nil || id.Properties == nil {
		s.violateLocked("gateway", "IDENTIFY without intents or properties: %.200s", d)
		c.close(4002, "Decode error")
		return
	}
	shard, shards := 0, 1
	if len(id.Shard) == 2 {
		shard, shards = id.Shard[0], id.Shard[1]
	}
	served := 0
	for _, g := range s.order {
		if g.members[s.bot.ID] != nil && shards > 0 && s.shardOf(g, shards) == shard {
			served++
		}
	}
	switch limit := orDefault(s.GuildsPerShard, 2500); {
	case trimBot(id.Token) != s.token():
		c.close(4004, "Authentication failed.")
	case *id.Intents&^knownIntents != 0:
		c.close(4013, "Invalid intent(s).")
	case *id.Intents&s.DisallowedIntents&privilegedIntents != 0:
		c.close(4014, "Disallowed intent(s).")
	case shards < 1 || shard < 0 || shard >= shards:
		c.close(4010, "Invalid shard.")
	case served >= limit:
		c.close(4011, "Sharding required.")
	case !s.mayIdentify(shard):
		c.sendJSON(payload{Op: opInvalidSession, D: false})
	default:
		c.payloads = id.Compress
		c.begin(&session{id: rand.Text(), shard: shard, shards: shards, intents: *id.Intents})
	}
}

// mayIdentify applies max_concurrency: in 5 seconds one IDENTIFY for each rate limit key, which is shard % max_concurrency.
func (s *Server) mayIdentify(shard int) bool {
	if s.NoRateLimits {
		return true
	}
	concurrency := orDefault(s.MaxConcurrency, 16)
	key, most := shard%concurrency, 1
	if s.gateway.shards <= 1 {
		key, most = 0, concurrency
	}
	now := s.now()
	times := recent(s.gateway.identifies[key], now, 5*time.Second)
	if len(times) >= most {
		s.gateway.identifies[key] = times
		return false
	}
	s.gateway.identifies[key] = append(times, now)
	return true
}

func (c *gatewayConn) begin(ses *session) {
	s := c.s
	for id, old := range s.gateway.sessions {
		if old.shards != ses.shards && old.conn == nil {
			delete(s.gateway.sessions, id)
		}
	}
	s.gateway.sessions[ses.id] = ses
	s.gateway.shards = ses.shards
	s.gateway.started++
	c.ses, ses.conn = ses, c
	guilds := []any{}
	var mine []*Guild
	for _, g := range s.order {
		if g.members[s.bot.ID] != nil && s.shardOf(g, ses.shards) == ses.shard {
			guilds = append(guilds, map[string]any{"id": g.ID, "unavailable": true})
			mine = append(mine, g)
		}
	}
	s.deliver(ses, "READY", map[string]any{
		"v": 10, "user": s.selfObject(), "guilds": guilds, "session_id": ses.id, "session_type": "normal",
		"resume_gateway_url": "ws" + s.apiURL[len("http"):] + "/resume", "shard": []int{ses.shard, ses.shards},
		"application":      map[string]any{"id": s.bot.ID, "flags": s.applicationFlags()},
		"private_channels": []any{}, "relationships": []any{}, "presences": []any{}, "user_settings": map[string]any{},
		"_trace": []string{"discordtest"},
	})
	if ses.intents&IntentGuilds != 0 {
		for _, g := range mine {
			s.deliver(ses, "GUILD_CREATE", g.createFor(ses.intents))
		}
	}
	s.wake(0)
}

func (c *gatewayConn) resume(d json.RawMessage) {
	s := c.s
	var r struct {
		Token     string `json:"token"`
		SessionID string `json:"session_id"`
		Seq       int    `json:"seq"`
	}
	if err := json.Unmarshal(d, &r); err != nil {
		c.close(4002, "Decode error")
		return
	}
	ses := s.gateway.sessions[r.SessionID]
	switch {
	case trimBot(r.Token) != s.token():
		c.close(4004, "Authentication failed.")
	case ses == nil || r.Seq < ses.pruned:
		c.sendJSON(payload{Op: opInvalidSession, D: false})
	case r.Seq > ses.seq:
		delete(s.gateway.sessions, r.SessionID)
		c.close(4007, "Invalid seq.")
	default:
		if ses.conn != nil && ses.conn != c {
			ses.conn.close(4000, "Session resumed elsewhere.")
		}
		ses.acknowledge(r.Seq)
		for _, f := range ses.sent {
			c.send(f.data)
		}
		c.ses, ses.conn = ses, c
		s.gateway.resumed++
		s.deliver(ses, "RESUMED", map[string]any{"_trace": []string{"discordtest"}})
		s.wake(0)
	}
}

func (c *gatewayConn) requestMembers(d json.RawMessage) {
	var r struct {
		GuildID ID     `json:"guild_id"`
		UserIDs []ID   `json:"user_ids"`
		Nonce   string `json:"nonce"`
	}
	var one struct {
		UserIDs ID `json:"user_ids"`
	}
	if json.Unmarshal(d, &r) != nil && json.Unmarshal(d, &one) == nil {
		r.UserIDs = []ID{one.UserIDs}
	}
	g := c.s.guilds[r.GuildID]
	if g == nil {
		return
	}
	if len(r.UserIDs) == 0 {
		r.UserIDs = g.joinOrder
	}
	members, missing := []any{}, []ID{}
	for _, id := range r.UserIDs {
		if m := g.members[id]; m != nil {
			members = append(members, g.memberObject(m, true))
		} else {
			missing = append(missing, id)
		}
	}
	c.s.deliver(c.ses, "GUILD_MEMBERS_CHUNK", map[string]any{"guild_id": g.ID, "members": members,
		"chunk_index": 0, "chunk_count": 1, "not_found": missing, "nonce": r.Nonce})
}

func (s *Server) selfObject() selfObject {
	return selfObject{userObject: s.bot.object(), Verified: true, MFAEnabled: true, Locale: "en-US"}
}
