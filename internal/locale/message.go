package locale

import "strings"

// A Message is a text that is said later, when it is known to whom. It can be sent
// to another process.
type Message struct {
	Key  string
	Args []string
	More []Message // that follow it
}

// Later returns the message of a key. Its arguments are said as they are.
func Later(key string, args ...string) Message { return Message{Key: key, Args: args} }

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
