package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

// events reads server-sent events as servers write them: with any line ends,
// with lines of JSON that lack their "data:", with events that no empty line
// parts, and a last one that ends with the stream.
type events struct {
	lines *bufio.Reader
	kind  string // of the event
	data  []byte
	next  []byte // a line that begins the event after this one
	err   error
}

// read reads up to the end of an event; false at the end of the stream.
func (e *events) read() bool {
	e.kind, e.data = "", nil
	for {
		line, more := e.line()
		switch {
		case len(line) == 0 && len(e.data) > 0:
			return true
		case len(line) == 0:
			e.kind = ""
		case line[0] == '{', line[0] == '[':
			if e.begin(line) {
				return true
			}
			e.data = append(e.data, line...)
		default:
			name, value, _ := bytes.Cut(line, []byte(":"))
			switch value = bytes.TrimPrefix(value, []byte(" ")); string(name) {
			case "event":
				e.kind = string(value)
			case "data":
				if e.begin(line) {
					return true
				}
				e.data = append(append(e.data, value...), '\n')
			}
		}
		if !more { // an event that is cut is none
			return e.err == io.EOF && (e.whole() || e.kind == "error" && len(e.data) > 0)
		}
	}
}

// begin reports whether a line belongs to the next event, since this one is
// whole, and keeps it for that.
func (e *events) begin(line []byte) bool {
	if e.whole() {
		e.next = line
	}
	return e.next != nil
}

func (e *events) whole() bool { return len(e.data) > 0 && (json.Valid(e.data) || isDone(e.data)) }

// line returns the next line without its end; more is false after the last.
func (e *events) line() (line []byte, more bool) {
	if line = e.next; line != nil {
		e.next = nil
		return line, true
	}
	if e.err != nil {
		return nil, false
	}
	line, e.err = e.lines.ReadBytes('\n')
	return bytes.TrimRight(line, "\r\n"), e.err == nil
}

// fault is why the stream ended, if it did not end by itself.
func (e *events) fault() error {
	if e.err == io.EOF {
		return nil
	}
	return e.err
}

func isDone(data []byte) bool { return string(bytes.TrimSpace(data)) == "[DONE]" }
