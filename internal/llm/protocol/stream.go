package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// What breaks an answer off.
var (
	ErrCut     = errors.New("the stream ended before the answer did")
	ErrGarbled = errors.New("the answer is not what the API promises")
	ErrTooLong = errors.New("the answer is too long")
)

// Read reads an answer: event by event, or as one document.
func (a *Answer) Read(res *http.Response, event, document func([]byte) error) error {
	if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t != "application/json" {
		return a.stream(res, event)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	if t := bytes.TrimSpace(b); bytes.HasPrefix(t, []byte("data:")) || bytes.HasPrefix(t, []byte("event:")) {
		res.Body = io.NopCloser(bytes.NewReader(b)) // a stream with the wrong label
		return a.stream(res, event)
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

// stream reads an answer event by event.
func (a *Answer) stream(res *http.Response, event func([]byte) error) error {
	dec := ssestream.NewDecoder(res)
	events := 0
	for ; dec.Next(); events++ {
		data := bytes.TrimSpace(dec.Event().Data)
		if bytes.Equal(data, []byte("[DONE]")) {
			a.Done = true
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if e := refusal.InAnswer(dec.Event().Type, data); e != nil {
			return e
		}
		if err := event(data); err != nil || a.ended {
			return err
		}
	}
	err := dec.Err()
	switch {
	case errors.Is(err, ErrTooLong):
		return err
	case err != nil && a.Finish == "":
		return fmt.Errorf("%w: %w", ErrCut, err)
	case events == 0:
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
