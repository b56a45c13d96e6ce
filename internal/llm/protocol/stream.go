package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// What breaks an answer off.
var (
	ErrCut     = errors.New("the stream ended before the answer did")
	ErrGarbled = errors.New("the answer is not what the API promises")
	ErrTooLong = errors.New("the answer is too long")
)

// Read reads an answer: event by event, or as one document. Which of the two it
// is, is told by how it begins: labels are often wrong.
func (a *Answer) Read(res *http.Response, event, document func([]byte) error) error {
	body := bufio.NewReader(res.Body)
	switch first, err := begin(body); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %s without an event", ErrGarbled, res.Header.Get("Content-Type"))
	case errors.Is(err, ErrTooLong):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCut, err)
	case first != '{' && first != '[':
		return a.stream(body, res, event)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	if !json.Valid(b) { // pieces without their frame, one in a line
		return a.stream(bufio.NewReader(bytes.NewReader(b)), res, event)
	}
	if e := refusal.InAnswer("", b); e != nil {
		return e
	}
	if err := document(b); err != nil {
		return err
	}
	a.Done = true
	return nil
}

// begin returns the first byte of a body that says something; it is not read.
func begin(body *bufio.Reader) (byte, error) {
	if mark, err := body.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = body.Discard(3)
	}
	for {
		b, err := body.Peek(1)
		if err != nil {
			return 0, err
		}
		if b[0] > ' ' {
			return b[0], nil
		}
		_, _ = body.Discard(1)
	}
}

// stream reads an answer event by event.
func (a *Answer) stream(body *bufio.Reader, res *http.Response, event func([]byte) error) error {
	stream := &events{lines: body}
	n := 0
	for ; stream.read(); n++ {
		data := bytes.TrimSpace(stream.data)
		if isDone(data) {
			a.Done = true
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if e := refusal.InAnswer(stream.kind, data); e != nil {
			return e
		}
		if err := event(data); err != nil || a.ended {
			return err
		}
	}
	err := stream.fault()
	switch {
	case errors.Is(err, ErrTooLong):
		return err
	case err != nil && a.Finish == "":
		return fmt.Errorf("%w: %w", ErrCut, err)
	case n == 0:
		return fmt.Errorf("%w: %s without an event", ErrGarbled, res.Header.Get("Content-Type"))
	}
	return nil
}

// UsageOf returns counts that hold together, whatever the server says.
func UsageOf(u llm.Usage) llm.Usage {
	u.Input, u.Output = max(u.Input, 0), max(u.Output, 0)
	u.Cached = min(max(u.Cached, 0), u.Input)
	u.Written = min(max(u.Written, 0), u.Input)
	u.Reasoning = min(max(u.Reasoning, 0), u.Output)
	return u
}
