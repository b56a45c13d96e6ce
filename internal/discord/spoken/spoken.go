// Package spoken knows whom Discord's people are to be spoken to in which
// language. Discord tells a person's with their interactions alone (the field locale;
// messages have none), so it is remembered for their direct messages. What everybody in
// a server reads is in the server's.
package spoken

import (
	"sync"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/locale"
)

// maxPeople is how many people's languages are remembered.
const maxPeople = 20_000

// Seen is what was seen of people and servers. The zero value works.
type Seen struct {
	fixed *locale.Language

	mu     sync.Mutex
	people map[snowflake.ID]*locale.Language
	guilds map[snowflake.ID]*locale.Language
}

// Fix makes everything be said in the language that a host chose; "" and "auto" are
// none. It is called before the others.
func (s *Seen) Fix(code string) {
	if l, ok := locale.Find(code); ok {
		s.fixed = l
	}
}

// Everybody is the language of what all read: the one that everybody is spoken to in, or
// English.
func (s *Seen) Everybody() *locale.Language { return s.fixed.Or(locale.English()) }

// Guild notes a server's language.
func (s *Seen) Guild(id snowflake.ID, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guilds == nil {
		s.guilds = map[snowflake.ID]*locale.Language{}
	}
	s.guilds[id] = locale.For(code)
}

// Person notes a person's language, and tells whether it was another one.
func (s *Seen) Person(id snowflake.ID, code string) (l *locale.Language, news bool) {
	l = locale.For(code)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people == nil {
		s.people = map[snowflake.ID]*locale.Language{}
	}
	for old := range s.people {
		if len(s.people) < maxPeople {
			break
		}
		delete(s.people, old)
	}
	before := s.people[id]
	s.people[id] = l
	return l, before.Or(locale.English()) != l
}

// Interaction returns the language of who caused one, which is remembered, and
// tells whether it was another one before.
func (s *Seen) Interaction(i dg.Interaction) (l *locale.Language, news bool) {
	if g, at := i.GuildLocale(), i.GuildID(); g != nil && at != nil {
		s.Guild(*at, string(*g))
	}
	l, news = s.Person(i.User().ID, string(i.Locale()))
	return s.fixed.Or(l), news
}

// At is the language of those who read a message of somebody's: of all in a server,
// or in direct messages (a nil guild) of the person.
func (s *Seen) At(guild *snowflake.ID, user snowflake.ID) *locale.Language {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.people[user]
	if guild != nil {
		l = s.guilds[*guild]
	}
	return s.fixed.Or(l.Or(locale.English()))
}

// Place is the language of those who read the message with a component, which
// somebody of the language own pressed.
func (s *Seen) Place(i dg.Interaction, own *locale.Language) *locale.Language {
	if c, ok := i.(dg.ComponentInteraction); ok && c.Message.Flags.Has(dg.MessageFlagEphemeral) {
		return own
	}
	return s.At(i.GuildID(), i.User().ID)
}
