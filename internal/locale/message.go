package locale

import (
	"encoding/json"
	"strings"
	"time"
)

// A Message is a text that is said later, when it is known to whom. It can be sent
// to another process.
type Message struct {
	Key  string
	Args []string
	More []Message // that follow it
}

// Later returns the message of a key. Its arguments are said as they are.
func Later(key string, args ...string) Message { return Message{Key: key, Args: args} }

// Plain returns the message of a text that is said as it is in every language.
func Plain(text string) Message { return Message{Key: "%s", Args: []string{text}} }

// UnmarshalJSON takes a mere text as well, as messages once were kept.
func (m *Message) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*m = Plain(text)
		return nil
	}
	type message Message
	return json.Unmarshal(data, (*message)(m))
}

// Map returns the message with f applied to all that is put into its texts.
func (m Message) Map(f func(string) string) Message {
	out := Message{Key: m.Key}
	for _, a := range m.Args {
		out.Args = append(out.Args, f(a))
	}
	for _, more := range m.More {
		out.More = append(out.More, more.Map(f))
	}
	return out
}

// And returns the message with another one behind it.
func (m Message) And(more Message) Message {
	m.More = append(m.More[:len(m.More):len(m.More)], more)
	return m
}

// In says the message in a language.
func (m Message) In(l *Language) string {
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		args[i] = a
	}
	said := []string{l.T(m.Key, args...)}
	for _, more := range m.More {
		said = append(said, more.In(l))
	}
	return strings.Join(said, " ")
}

// String is the message in English.
func (m Message) String() string { return m.In(nil) }

// Clock is a time of the day among what a sentence says: "15:04 UTC", where a front
// end has no way of its own to write times.
type Clock struct{ time.Time }

func (c Clock) String() string { return c.Format("15:04 MST") }
