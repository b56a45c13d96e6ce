package discordtest

import (
	"fmt"
	"slices"
	"time"
)

// A Guild is a server of the community kind. Its fields do not change.
type Guild struct {
	ID   ID
	Name string

	s         *Server
	joined    time.Time
	owner     ID
	members   map[ID]*member
	joinOrder []ID
	roles     []*Role // the first is @everyone
	channels  []*Channel
	commands  commandSet
	fileLimit int64
}

type member struct {
	user   *User
	nick   string
	joined time.Time
	roles  []ID
}

// A Role of a guild. Its fields do not change.
type Role struct {
	ID          ID
	Name        string
	Color       int // 0xRRGGBB
	Permissions Permissions
}

// Channel types, as Discord numbers them.
const (
	guildText     = 0
	directMessage = 1
	publicThread  = 11
	groupMessage  = 3
	privateThread = 12
	guildForum    = 15
)

// A Channel is a text channel or forum of a guild, a thread, or direct messages.
// Its exported fields do not change.
type Channel struct {
	ID     ID
	Guild  *Guild   // nil in direct messages
	Parent *Channel // of a thread, else nil

	s        *Server
	name     string
	kind     int
	people   []*User // in direct messages, the bot aside
	denied   Permissions
	allowed  Permissions
	private  bool
	readers  []ID // of a private channel
	more     []overwrite
	slowmode time.Duration
	hook     ID // of its webhook
	deleted  bool
	messages []*message
	typing   map[ID]time.Time // when each user last said that they type
	last     ID               // message

	owner    ID // of a thread, and what follows
	created  time.Time
	members  []ID
	archived bool
	oldEdits []time.Time // of messages older than an hour
	locked   bool
	sent     int
}

// AddGuild makes a guild with the bot in it and a text channel named general.
func (s *Server) AddGuild(name string) *Guild {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.oldID()
	g := &Guild{ID: id, Name: name, s: s, joined: s.now(), members: map[ID]*member{}}
	g.roles = []*Role{{ID: id, Name: "@everyone", Permissions: memberPermissions}}
	s.guilds[id] = g
	s.order = append(s.order, g)
	g.join(s.bot)
	g.addChannel("general")
	s.dispatchGuild(g)
	return g
}

// SetFileLimit changes how many bytes a file of the bot may have in this guild; boosts raise it from 10 MiB.
// Interactions state it as attachment_size_limit.
func (g *Guild) SetFileLimit(bytes int64) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.fileLimit = bytes
}

// Channel returns the text channel or forum of that name, or nil.
func (g *Guild) Channel(name string) *Channel {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	for _, c := range g.channels {
		if c.name == name && !c.isThread() {
			return c
		}
	}
	return nil
}

// Channel returns the channel or thread of that id, or nil. A thread under a message has the message's id.
func (s *Server) Channel(id ID) *Channel {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[id]
}

// AddChannel makes a text channel.
func (g *Guild) AddChannel(name string) *Channel {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	c := g.addChannel(name)
	g.s.dispatch(event{name: "CHANNEL_CREATE", guild: g, intent: IntentGuilds, data: c.object()})
	return c
}

func (g *Guild) addChannel(name string) *Channel {
	c := &Channel{ID: g.s.oldID(), Guild: g, s: g.s, name: name, kind: guildText}
	g.s.channels[c.ID] = c
	g.channels = append(g.channels, c)
	return c
}

// AddRole makes a role. Members get it from AddMember or Give.
func (g *Guild) AddRole(name string, color int, more Permissions) *Role {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r := &Role{ID: g.s.oldID(), Name: name, Color: color, Permissions: more}
	g.roles = append(g.roles, r)
	g.s.dispatch(event{name: "GUILD_ROLE_CREATE", guild: g, intent: IntentGuilds,
		data: map[string]any{"guild_id": g.ID, "role": g.roleObject(r)}})
	return r
}

// Mention pings the role when written into a message.
func (r *Role) Mention() string { return "<@&" + r.ID.String() + ">" }

// AddMember lets a user join with these roles; a member who is there already gets the roles only.
func (g *Guild) AddMember(u *User, roles ...*Role) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	m, known := g.members[u.ID]
	if !known {
		m = g.join(u)
	}
	for _, r := range roles {
		if !slices.Contains(m.roles, r.ID) {
			m.roles = append(m.roles, r.ID)
		}
	}
	if u == g.s.bot || known {
		return
	}
	g.s.dispatch(event{name: "GUILD_MEMBER_ADD", guild: g, intent: IntentGuildMembers,
		data: struct {
			memberObject
			GuildID ID `json:"guild_id"`
		}{g.memberObject(m, true), g.ID}})
}

func (g *Guild) join(u *User) *member {
	m := &member{user: u, joined: g.s.now()}
	g.members[u.ID] = m
	g.joinOrder = append(g.joinOrder, u.ID)
	if g.owner == 0 && u != g.s.bot {
		g.owner = u.ID // the first to join
	}
	return m
}

// RemoveMember makes a user leave the guild; removing the bot is how it is kicked.
func (g *Guild) RemoveMember(u *User) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if g.members[u.ID] == nil {
		return
	}
	delete(g.members, u.ID)
	g.joinOrder = slices.DeleteFunc(g.joinOrder, func(id ID) bool { return id == u.ID })
	if u == g.s.bot {
		g.s.dispatch(event{name: "GUILD_DELETE", guild: g, intent: IntentGuilds, data: map[string]any{"id": g.ID}})
		return
	}
	g.s.dispatch(event{name: "GUILD_MEMBER_REMOVE", guild: g, intent: IntentGuildMembers,
		data: map[string]any{"guild_id": g.ID, "user": u.Profile}})
}

// Name is the channel's or thread's name now; in direct messages that of the user.
func (c *Channel) Name() string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.displayName()
}

func (c *Channel) displayName() string {
	if c.kind == directMessage {
		return c.user().Name()
	}
	return c.name
}

func (c *Channel) String() string { return fmt.Sprintf("channel %d", c.ID) }

func (c *Channel) isThread() bool { return c.kind == publicThread || c.kind == privateThread }

// user is whom the bot talks to in direct messages.
func (c *Channel) user() *User { return c.people[0] }

// guildID is 0 in direct messages.
func (c *Channel) guildID() ID {
	if c.Guild == nil {
		return 0
	}
	return c.Guild.ID
}

func (c *Channel) fileLimit() int64 {
	if c.Guild != nil && c.Guild.fileLimit > 0 {
		return c.Guild.fileLimit
	}
	return 10 << 20
}

// Slowmode makes people wait so long between two messages in the channel; bots and who manages messages are unaffected.
// 0 ends it.
func (c *Channel) Slowmode(pause time.Duration) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.slowmode = pause
	name := "CHANNEL_UPDATE"
	if c.isThread() {
		name = "THREAD_UPDATE"
	}
	c.s.dispatch(event{name: name, guild: c.Guild, intent: IntentGuilds, data: c.object()})
}

// hurries tells that the user has written a moment ago, where slow mode is on.
func (c *Channel) hurries(u *User) bool {
	if c.slowmode == 0 || u.Bot || c.Guild.permissions(u)&ManageMessages != 0 {
		return false
	}
	for _, m := range slices.Backward(c.messages) {
		if m.Author.ID == u.ID {
			return c.s.now().Sub(m.Timestamp) < c.slowmode
		}
	}
	for _, t := range c.Guild.channels { // of a forum
		if t.Parent == c && c.kind == guildForum && t.owner == u.ID && c.s.now().Sub(t.created) < c.slowmode {
			return true
		}
	}
	return false
}

// Archive closes a thread, as a moderator or inactivity does. A message opens it again, unless it is locked too:
// then, as in a locked thread that is open, only those write who manage threads. Edits are answered 50083.
func (c *Channel) Archive(locked bool) { c.shut(true, locked) }

// Lock closes a thread, which stays in the list, to all but those who manage threads.
func (c *Channel) Lock() { c.shut(false, true) }

func (c *Channel) shut(archived, locked bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.archived, c.locked = archived, locked
	c.s.dispatch(event{name: "THREAD_UPDATE", guild: c.Guild, intent: IntentGuilds, data: c.object()})
}

// Purge deletes several messages of the channel at once, as moderators' bots do, and Discord those of somebody who is banned.
func (c *Channel) Purge(ms ...Message) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*message
	for _, m := range ms {
		if own := s.messages[m.ID]; own != nil && !own.Deleted && own.channel == c {
			for _, a := range own.files {
				a.object.gone = true
			}
			all = append(all, own)
		}
	}
	s.removeAll(c, all)
}

// Rename gives the channel another name.
func (c *Channel) Rename(name string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.name = name
	kind := "CHANNEL_UPDATE"
	if c.Parent != nil {
		kind = "THREAD_UPDATE"
	}
	c.s.dispatch(event{name: kind, guild: c.Guild, intent: IntentGuilds, data: c.object()})
}

// Webhook sends what another program says through a webhook of the channel: under any name, of somebody who is no user.
func (c *Channel) Webhook(name, text string, embeds ...Embed) (Message, error) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.hook == 0 {
		c.hook = s.newID()
	}
	u := &User{Profile: Profile{ID: c.hook, Username: name, Bot: true}, s: s}
	m, err := s.compose(c, u, &draft{Content: &text, Embeds: &embeds}, nil, func(m *message) { m.WebhookID = c.hook })
	if err != nil {
		return Message{}, fmt.Errorf("discordtest: the webhook cannot send: %w", err)
	}
	s.add(m)
	return s.view(m), nil
}
