package discordtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Match is a condition on a message; the Await methods take several, which must all hold.
type Match func(Message) bool

// FromBot holds for messages of the bot that are not waiting for their content ("thinking…").
func FromBot(m Message) bool { return m.Author.Bot && !m.Flags.Has(FlagLoading) }

// After holds for messages sent later than m.
func After(m Message) Match { return func(o Message) bool { return o.ID > m.ID } }

// ReplyTo holds for replies to m.
func ReplyTo(m Message) Match {
	return func(o Message) bool {
		return o.Reference != nil && o.Reference.Type == 0 && o.Reference.MessageID == m.ID
	}
}

// Contains holds for messages that show a text: in their content, embeds or components.
func Contains(text string) Match {
	return func(m Message) bool { return strings.Contains(m.Text(), text) }
}

// HasFile holds for messages with at least one file, attached or shown by an embed or component.
func HasFile(m Message) bool { return len(m.Files) > 0 }

// HasButton holds for messages with a button of that text or label which can be pressed.
func HasButton(text string) Match {
	return func(m Message) bool {
		for _, c := range walk(m.Components) {
			if c.Type == Button && !c.Disabled && (c.Text() == text || c.Label == text) {
				return true
			}
		}
		return false
	}
}

// Text is everything a message shows as text: content, embeds, components, poll, stickers.
func (m Message) Text() string {
	lines := []string{m.Content}
	for _, sticker := range m.Stickers {
		lines = append(lines, sticker.Name)
	}
	if m.Poll != nil {
		lines = append(lines, m.Poll.Question)
		for _, a := range m.Poll.Answers {
			lines = append(lines, a.Text)
		}
	}
	for _, e := range m.Embeds {
		if e.Author != nil {
			lines = append(lines, e.Author.Name)
		}
		lines = append(lines, e.Title, e.Description)
		for _, f := range e.Fields {
			lines = append(lines, f.Name, f.Value)
		}
		if e.Footer != nil {
			lines = append(lines, e.Footer.Text)
		}
	}
	for _, c := range walk(m.Components) {
		lines = append(lines, c.Content, c.Placeholder, c.Text())
		for _, o := range c.Options {
			lines = append(lines, o.Label, o.Description)
		}
	}
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
}

func matches(m Message, all []Match) bool {
	for _, ok := range all {
		if !ok(m) {
			return false
		}
	}
	return true
}

// AwaitMessage returns the first message of a channel, ephemeral ones included, that all conditions hold for,
// now or after an edit.
func (s *Server) AwaitMessage(ctx context.Context, c *Channel, conditions ...Match) (Message, error) {
	var found Message
	err := s.wait(ctx, c.ID, func() bool {
		for _, m := range c.messages {
			if v := s.view(m); matches(v, conditions) {
				found = v
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("discordtest: no such message in %s: %w\n%s", c, err, s.describe(c))
	}
	return found, nil
}

// AwaitDeleted returns when a message is deleted.
func (s *Server) AwaitDeleted(ctx context.Context, m Message) error {
	if err := s.wait(ctx, m.ChannelID, func() bool { return s.messages[m.ID] == nil || s.messages[m.ID].Deleted }); err != nil {
		return fmt.Errorf("discordtest: message %d is still there: %w", m.ID, err)
	}
	return nil
}

// AwaitTyping returns when somebody's typing in the channel, which lasts ten seconds, is shown.
func (s *Server) AwaitTyping(ctx context.Context, c *Channel, who Profile) error {
	if err := s.wait(ctx, c.ID, func() bool { return c.isTyping(who.ID) }); err != nil {
		return fmt.Errorf("discordtest: %s is not typing: %w", who.Name(), err)
	}
	return nil
}

func (c *Channel) isTyping(id ID) bool {
	at, ok := c.typing[id]
	return ok && c.s.now().Sub(at) < typingLasts
}

// AwaitCommand returns when a command of that name is registered, and can so be run.
func (s *Server) AwaitCommand(ctx context.Context, name string) error {
	named := func(c *appCommand) bool { return c.Name == name }
	err := s.wait(ctx, 0, func() bool {
		for _, g := range s.order {
			if slices.ContainsFunc(g.commands, named) {
				return true
			}
		}
		return slices.ContainsFunc(s.commands, named)
	})
	if err != nil {
		return fmt.Errorf("discordtest: command %s is not registered: %w", name, err)
	}
	return nil
}

// describe lists the last messages, for errors.
func (s *Server) describe(c *Channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	from := max(0, len(c.messages)-5)
	for _, m := range c.messages[from:] {
		v := s.view(m)
		fmt.Fprintf(&b, "  %s: %.300q, %d files\n", m.Author.Name(), v.Text(), len(m.files))
	}
	for _, v := range s.log.violations[:min(5, len(s.log.violations))] {
		fmt.Fprintf(&b, "  violation: %s\n", v)
	}
	return orDefault(b.String(), "  (the channel is empty)")
}

// An Interaction is what a user did: a command, a press, a choice, a form.
type Interaction struct {
	ID    ID
	Token string

	s  *Server
	it *interaction
}

// A Response is the first answer to an interaction.
type Response struct {
	Type    int      // ReplyMessage and so on
	Message *Message // the new or changed message as it is now, if there is one
	Modal   *Modal
	Choices []Choice
	Took    time.Duration
}

// ErrNoResponse is what the user sees as "The application did not respond".
var ErrNoResponse = errors.New("discordtest: the application did not respond")

// Await returns the first answer, or ErrNoResponse when 3 seconds have passed without.
func (i *Interaction) Await(ctx context.Context) (Response, error) {
	timeout, cancel := context.WithTimeout(ctx, firstResponseWithin)
	defer cancel()
	var r Response
	err := i.s.wait(timeout, i.it.channel.ID, func() bool {
		if i.it.reply == 0 {
			return i.s.now().Sub(i.it.created) > firstResponseWithin
		}
		r = Response{Type: i.it.reply, Modal: i.it.modal, Choices: i.it.choices, Took: i.it.replied.Sub(i.it.created)}
		if m := i.it.original; m != nil {
			v := i.s.view(m)
			r.Message = &v
		}
		return true
	})
	switch {
	case ctx.Err() != nil && r.Type == 0:
		return r, context.Cause(ctx)
	case r.Type == 0:
		return r, errors.Join(ErrNoResponse, err)
	}
	return r, nil
}

// AwaitMessage returns the first message that answers the interaction and that all conditions hold for: its response,
// a follow-up, or the component's message after it changed. A message still "thinking…" does not count.
func (i *Interaction) AwaitMessage(ctx context.Context, conditions ...Match) (Message, error) {
	if _, err := i.Await(ctx); err != nil {
		return Message{}, err
	}
	var found Message
	err := i.s.wait(ctx, i.it.channel.ID, func() bool {
		for _, m := range i.it.touched {
			if m.Deleted || m.Flags.Has(FlagLoading) {
				continue
			}
			if v := i.s.view(m); matches(v, conditions) {
				found = v
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("discordtest: interaction %d has no such message: %w\n%s", i.ID, err, i.s.describe(i.it.channel))
	}
	return found, nil
}

// Message returns a message as it is now; false if it never was. A deleted one has Deleted set.
func (s *Server) Message(id ID) (Message, bool) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[id]
	if m == nil {
		return Message{}, false
	}
	return s.view(m), true
}

// Messages are the messages of a channel as they are now, oldest first, ephemeral ones included.
func (s *Server) Messages(c *Channel) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := []Message{}
	for _, m := range c.messages {
		views = append(views, s.view(m))
	}
	return views
}

// History is a message's versions, oldest first: how it looked after each edit and when. With Forget only the last.
func (s *Server) History(id ID) []Version {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[id]
	if m == nil {
		return nil
	}
	versions := []Version{}
	for _, v := range m.versions {
		versions = append(versions, Version{v.At, s.viewOf(v.Message, v.Message.Attachments)})
	}
	return versions
}
