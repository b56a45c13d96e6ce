package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Poll is a question of a message with answers to vote for. Its JSON is Discord's.
type Poll struct {
	Question string
	Answers  []PollAnswer // up to 10; their Text and Emoji are what a new poll needs
	Multiple bool         // several answers may be chosen
	Expires  time.Time    // of a new poll: zero means in a day
	Ended    bool         // and counted
}

// A PollAnswer is one answer of a poll and its votes.
type PollAnswer struct {
	ID    int
	Text  string
	Emoji string // a Unicode emoji, or none
	Votes int

	voters []ID
}

type pollMedia struct {
	Text  string `json:"text"`
	Emoji any    `json:"emoji,omitempty"` // an object, with the id null for a Unicode emoji
}

func (m pollMedia) emoji() string {
	o, _ := m.Emoji.(map[string]any)
	name, _ := o["name"].(string)
	return name
}

type pollAnswerObject struct {
	ID    int       `json:"answer_id,omitempty"`
	Media pollMedia `json:"poll_media"`
}

type pollCount struct {
	ID    int  `json:"id"`
	Count int  `json:"count"`
	Me    bool `json:"me_voted"`
}

type pollObject struct {
	Question pollMedia          `json:"question"`
	Answers  []pollAnswerObject `json:"answers"`
	Expiry   time.Time          `json:"expiry"`
	Multiple bool               `json:"allow_multiselect"`
	Layout   int                `json:"layout_type"`
	Results  *pollResults       `json:"results"`
}

type pollResults struct {
	Counts    []pollCount `json:"answer_counts"`
	Finalized bool        `json:"is_finalized"`
}

// MarshalJSON gives Discord's poll object: answers without votes are not among the results.
func (p Poll) MarshalJSON() ([]byte, error) {
	o := pollObject{Question: pollMedia{Text: p.Question}, Expiry: p.Expires, Multiple: p.Multiple, Layout: 1,
		Results: &pollResults{Counts: []pollCount{}, Finalized: p.Ended}}
	for _, a := range p.Answers {
		media := pollMedia{Text: a.Text}
		if a.Emoji != "" {
			media.Emoji = Emoji{Name: a.Emoji}.object()
		}
		o.Answers = append(o.Answers, pollAnswerObject{a.ID, media})
		if a.Votes > 0 {
			o.Results.Counts = append(o.Results.Counts, pollCount{ID: a.ID, Count: a.Votes})
		}
	}
	return json.Marshal(o)
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (p *Poll) UnmarshalJSON(b []byte) error {
	var o pollObject
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	*p = Poll{Question: o.Question.Text, Multiple: o.Multiple, Expires: o.Expiry}
	for _, a := range o.Answers {
		p.Answers = append(p.Answers, PollAnswer{ID: a.ID, Text: a.Media.Text, Emoji: a.Media.emoji()})
	}
	if o.Results != nil {
		p.Ended = o.Results.Finalized
		for _, c := range o.Results.Counts {
			if at := p.answer(c.ID); at >= 0 {
				p.Answers[at].Votes = c.Count
			}
		}
	}
	return nil
}

func (p *Poll) answer(id int) int {
	return slices.IndexFunc(p.Answers, func(a PollAnswer) bool { return a.ID == id })
}

// check numbers the answers of a new poll and applies Discord's limits.
func (p *Poll) check(now time.Time, form *formErrors) {
	form.required("poll.question.text", p.Question)
	form.max("poll.question.text", p.Question, 300)
	if n := len(p.Answers); n < 1 || n > 10 {
		form.add("poll.answers", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
	}
	for i := range p.Answers {
		a := &p.Answers[i]
		a.ID, a.Votes, a.voters = i+1, 0, nil
		at := fmt.Sprintf("poll.answers.%d.poll_media.text", i)
		form.required(at, a.Text)
		form.max(at, a.Text, 55)
	}
	p.Ended = false
	if p.Expires.IsZero() {
		p.Expires = now.Add(24 * time.Hour)
	}
}

// SendPoll sends a poll.
func (u *User) SendPoll(c *Channel, p Poll) (Message, error) {
	p.Answers = slices.Clone(p.Answers)
	return u.post(c, &draft{poll: &p}, nil)
}

// Vote chooses answers of a poll, by their text, instead of what was chosen before; none takes the vote back.
func (u *User) Vote(m Message, answers ...string) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := u.sees(m.ID)
	if err != nil {
		return err
	}
	p := rec.Poll
	switch {
	case p == nil:
		return fmt.Errorf("discordtest: message %d is no poll", m.ID)
	case p.Ended || s.now().After(p.Expires):
		return fmt.Errorf("discordtest: the poll has ended")
	case len(answers) > 1 && !p.Multiple:
		return fmt.Errorf("discordtest: the poll takes one answer")
	}
	for _, text := range answers {
		if !slices.ContainsFunc(p.Answers, func(a PollAnswer) bool { return a.Text == text }) {
			return fmt.Errorf("discordtest: the poll has no answer %q", text)
		}
	}
	changed := *p
	changed.Answers = slices.Clone(p.Answers)
	for i := range changed.Answers {
		a := &changed.Answers[i]
		was, is := slices.Contains(a.voters, u.ID), slices.Contains(answers, a.Text)
		if was == is {
			continue
		}
		name := "MESSAGE_POLL_VOTE_ADD"
		a.voters = slices.Clone(a.voters)
		if is {
			a.voters = append(a.voters, u.ID)
		} else {
			name = "MESSAGE_POLL_VOTE_REMOVE"
			a.voters = slices.DeleteFunc(a.voters, func(id ID) bool { return id == u.ID })
		}
		a.Votes = len(a.voters)
		s.dispatch(event{name: name, guild: rec.eventGuild(), intent: rec.channel.intent(IntentGuildPolls, IntentDirectPolls), data: struct {
			UserID    ID  `json:"user_id"`
			ChannelID ID  `json:"channel_id"`
			MessageID ID  `json:"message_id"`
			GuildID   ID  `json:"guild_id,omitzero"`
			AnswerID  int `json:"answer_id"`
		}{u.ID, rec.ChannelID, rec.ID, rec.eventGuildID(), a.ID}})
	}
	rec.Poll = &changed
	s.keepVersion(rec)
	s.wake(rec.channel.ID)
	return nil
}

// EndPoll ends one's own poll before its time: its message is updated with the final count, and a message of its own
// tells the result.
func (u *User) EndPoll(m Message) error {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	own, err := u.own(m)
	if err != nil {
		return err
	}
	return s.endPoll(own)
}

func (s *Server) endPoll(m *message) error {
	switch {
	case m.Poll == nil:
		return errNoPoll
	case m.Poll.Ended:
		return errPollExpired
	}
	ended := *m.Poll
	ended.Ended, ended.Expires = true, s.now()
	m.Poll = &ended
	s.changed(m)

	best, total := PollAnswer{}, 0
	for _, a := range ended.Answers {
		total += a.Votes
		if a.Votes > best.Votes {
			best = a
		}
	}
	e := Embed{Type: "poll_result"}
	field := func(name, value string) { e.Fields = append(e.Fields, EmbedField{Name: name, Value: value}) }
	field("poll_question_text", ended.Question)
	field("victor_answer_votes", strconv.Itoa(best.Votes))
	field("total_votes", strconv.Itoa(total))
	if best.Votes > 0 {
		field("victor_answer_id", strconv.Itoa(best.ID))
		field("victor_answer_text", best.Text)
	}
	r := &message{channel: m.channel}
	r.Message = Message{ID: s.newID(), ChannelID: m.ChannelID, Type: TypePollResult, Author: m.Author, Timestamp: s.now(),
		Reference: &Reference{MessageID: m.ID, ChannelID: m.ChannelID, GuildID: m.channel.guildID()},
		Embeds:    []Embed{e}, Components: []Component{}, Mentions: []Profile{m.Author}, MentionRoles: []ID{}}
	s.add(r)
	return nil
}

// pollDraft is a poll as the bot sends it.
type pollDraft struct {
	Question pollMedia          `json:"question"`
	Answers  []pollAnswerObject `json:"answers"`
	Multiple bool               `json:"allow_multiselect"`
	Hours    int                `json:"duration"`
}

func (d *pollDraft) poll(now time.Time, form *formErrors) *Poll {
	p := &Poll{Question: d.Question.Text, Multiple: d.Multiple, Expires: now.Add(time.Duration(orDefault(d.Hours, 24)) * time.Hour)}
	for _, a := range d.Answers {
		p.Answers = append(p.Answers, PollAnswer{Text: a.Media.Text, Emoji: a.Media.emoji()})
	}
	if d.Hours < 0 || d.Hours > 768 {
		form.add("poll.duration", "NUMBER_TYPE_MAX", "int value should be less than or equal to 768.")
	}
	return p
}

func (c *call) expirePoll() (any, error) {
	m, err := c.message()
	switch {
	case err != nil:
		return nil, err
	case m.Author.ID != c.s.bot.ID:
		return nil, errNotAuthor
	}
	if err := c.s.endPoll(m); err != nil {
		return nil, err
	}
	return c.s.view(m), nil
}

func (c *call) pollVoters() (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	if m.Poll == nil {
		return nil, errNoPoll
	}
	users := []Profile{}
	id, _ := strconv.Atoi(c.r.PathValue("answer_id"))
	if at := m.Poll.answer(id); at >= 0 {
		for _, voter := range m.Poll.Answers[at].voters {
			users = append(users, c.s.users[voter].Profile)
		}
	}
	return map[string]any{"users": users}, nil
}
