package discordtest

import "fmt"

// AddForum makes a forum: a channel that has posts, which are threads, and no messages of its own.
func (g *Guild) AddForum(name string) *Channel {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	c := g.addChannel(name)
	c.kind = guildForum
	g.s.dispatch(event{name: "CHANNEL_CREATE", guild: g, intent: IntentGuilds, data: c.object()})
	return c
}

// StartPost begins a post in a forum: a thread with a title, whose first message has the same id as the thread.
func (u *User) StartPost(forum *Channel, title, text string, files ...File) (*Channel, Message, error) {
	text, uploads := outgoing(text, files)
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !forum.visibleTo(u) || forum.kind != guildForum {
		return nil, Message{}, fmt.Errorf("discordtest: %s sees no forum %s", u.Username, forum)
	}
	if forum.hurries(u) {
		return nil, Message{}, fmt.Errorf("discordtest: slow mode keeps %s from posting again", u.Username)
	}
	t, m, err := s.startPost(forum, u, title, &draft{Content: &text, Nonce: s.newID().String()}, uploads)
	if err != nil {
		return nil, Message{}, fmt.Errorf("discordtest: %s cannot post: %w", u.Username, err)
	}
	return t, s.view(m), nil
}

func (s *Server) startPost(forum *Channel, by *User, title string, d *draft, uploads []upload) (*Channel, *message, error) {
	form := formErrors{}
	form.required("name", title)
	form.max("name", title, 100)
	if err := form.err(); err != nil {
		return nil, nil, err
	}
	t := s.newThread(forum, by, title, publicThread)
	m, err := s.compose(t, by, d, uploads, func(m *message) { m.ID = t.ID })
	if err != nil {
		return nil, nil, err
	}
	forum.last = t.ID
	s.openThread(t, by)
	s.add(m)
	s.wake(forum.ID)
	return t, m, nil
}

// postInForum is the bot's own post.
func (c *call) postInForum(forum *Channel) (any, error) {
	var body struct {
		Name    string `json:"name"`
		Message *draft `json:"message"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Message == nil {
		form := formErrors{}
		form.required("message", "")
		return nil, form.err()
	}
	need := body.Message.needs(c.form) | SendMessages
	if forum.botPermissions()&need != need {
		return nil, errMissingPermissions
	}
	t, m, err := c.s.startPost(forum, c.s.bot, body.Name, body.Message, c.form)
	if err != nil {
		return nil, err
	}
	return struct {
		channelObject
		Message Message `json:"message"`
	}{t.object(), c.s.view(m)}, nil
}
