package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/llm"
)

// Reply is a scripted answer, or a fault. The zero Reply is an empty answer.
type Reply struct {
	Text    string   // streamed in pieces of a few words
	Pieces  []string // instead of Text: exactly these pieces
	Calls   []llm.ToolCall
	Finish  string     // default "stop", or "tool_calls" with Calls
	Usage   *llm.Usage // default: a quarter of the bytes
	NoUsage bool       // the server reports none
	Whole   bool       // one JSON document, though a stream was asked for

	Wait  time.Duration // before the first byte
	Pause time.Duration // between pieces
	Hang  bool          // after the pieces, nothing more comes; the connection stays open
	Cut   int           // the connection breaks after this many pieces; negative: after the header
	Down  bool          // the connection breaks without an answer

	Status     int // of a refusal: 400 and above
	Message    string
	Code       string
	RetryAfter time.Duration // whole seconds, or milliseconds below one

	Beside     map[string]any // fields beside the text, as DeepSeek's reasoning_content
	CallBeside map[string]any // fields of the first call, as Gemini's signature
	Reasoning  string         // of the Responses API: encrypted; of the Messages API: the signature of thoughts
	Body       string         // of a refusal, verbatim

	Raw []string // data lines of the stream, verbatim, instead of all else
}

// ContextExceeded is the refusal of a request that is too long.
func ContextExceeded() Reply {
	return Reply{Status: http.StatusBadRequest, Code: "context_length_exceeded",
		Message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages."}
}

// RateLimited is the refusal of one request too many.
func RateLimited(after time.Duration) Reply {
	return Reply{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", RetryAfter: after,
		Message: "Rate limit reached for test-model in organization org-a1b2c3d4e5 on requests per min (RPM)."}
}

// Call returns a call, its arguments encoded as JSON unless they are a string.
func Call(id, name string, args any) llm.ToolCall {
	s, ok := args.(string)
	if !ok {
		b, err := json.Marshal(args)
		if err != nil {
			panic(err)
		}
		s = string(b)
	}
	return llm.ToolCall{ID: id, Name: name, Arguments: s}
}

// lacks reports whether the server will refuse req for what it contains.
func (s *Server) lacks(req Request) bool { _, lacks := s.refusal(req); return lacks }

func (s *Server) refusal(req Request) (Reply, bool) {
	images, bytes := 0, 0
	for _, m := range req.Messages {
		images += len(m.Images)
		bytes += len(m.Text)
		for _, c := range m.Calls {
			bytes += len(c.Arguments)
		}
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(req.Body, &fields)
	has := func(f string) bool { return fields[f] != nil }
	checks := []struct {
		name, message string
		status        int
		hit           bool
	}{
		{"stream_options", "Unrecognized request argument supplied: stream_options", 400, has("stream_options")},
		{"max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 400, has("max_tokens")},
		{"max_completion_tokens", "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs are not permitted'}]", 422, has("max_completion_tokens")},
		{"tools", "registry.ollama.ai/library/test-model does not support tools", 400, len(req.Tools) > 0},
		{"images", "Invalid content type. image_url is only supported by certain models.", 400, images > 0},
		{"system", "Unsupported value: 'messages[0].role' does not support 'system' with this model.", 400, req.System() != ""},
		{"stream", "Your organization must be verified to stream this model.", 400, req.Stream},
		{"user", "Unknown field: user is not supported", 400, has("user")},
	}
	for _, c := range checks {
		if c.hit && slices.Contains(s.Refuse, c.name) {
			return Reply{Status: c.status, Message: c.message}, true
		}
	}
	if s.Window > 0 && bytes > s.Window {
		return ContextExceeded(), true
	}
	return Reply{}, false
}

// refuses writes a refusal, if there is one.
func (r Reply) refuses(w http.ResponseWriter, s *Server, req Request) bool {
	if lack, ok := s.refusal(req); ok {
		r = lack
	}
	if r.Status < 400 {
		return false
	}
	switch {
	case r.RetryAfter >= time.Second:
		w.Header().Set("Retry-After", strconv.Itoa(int(r.RetryAfter/time.Second)))
	case r.RetryAfter > 0:
		w.Header().Set("Retry-After-Ms", strconv.Itoa(int(r.RetryAfter/time.Millisecond)))
	}
	time.Sleep(r.Wait)
	if r.Body != "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(r.Status)
		_, _ = io.WriteString(w, r.Body)
		return true
	}
	if req.Claude {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(r.Status)
		_ = json.NewEncoder(w).Encode(claudeError(r.Status, r.Message))
		return true
	}
	refuse(w, r.Status, r.Code, "", r.Message)
	return true
}

type object = map[string]any

func (r Reply) write(w http.ResponseWriter, hr *http.Request, req Request, n int) {
	wait := func(d time.Duration) bool {
		if d <= 0 {
			return hr.Context().Err() == nil
		}
		select {
		case <-time.After(d):
			return true
		case <-hr.Context().Done():
			return false
		}
	}
	if !wait(r.Wait) {
		return
	}
	if r.Down {
		panic(http.ErrAbortHandler)
	}
	if r.Whole || !req.Stream {
		w.Header().Set("Content-Type", "application/json")
		doc := r.whole
		switch {
		case req.Responses:
			doc = r.response
		case req.Claude:
			doc = r.message
		}
		_ = json.NewEncoder(w).Encode(doc(req, n))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	_ = flush()
	for i, line := range r.lines(req, n) {
		if r.Cut < 0 || r.Cut > 0 && i >= r.Cut {
			panic(http.ErrAbortHandler)
		}
		if i > 0 && !wait(r.Pause) {
			return
		}
		if _, err := fmt.Fprintf(w, "%sdata: %s\n\n", eventName(req, line), line); err != nil {
			return
		}
		_ = flush()
	}
	if r.Hang {
		<-hr.Context().Done()
	}
}

// eventName is the line before the data, in the APIs that name their events.
func eventName(req Request, line string) string {
	var event struct{ Type string }
	if req.Responses || req.Claude {
		_ = json.Unmarshal([]byte(line), &event)
	}
	if event.Type == "" {
		return ""
	}
	return "event: " + event.Type + "\n"
}

// lines returns the data of each event of the stream.
func (r Reply) lines(req Request, n int) []string {
	if r.Raw != nil {
		return r.Raw
	}
	switch {
	case req.Responses:
		return r.responseLines(req, n)
	case req.Claude:
		return r.messageLines(req, n)
	}
	var lines []string
	add := func(v any) {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(b))
	}
	chunk := func(delta object, finish any) object {
		c := r.envelope(req, n, "chat.completion.chunk")
		c["choices"] = []object{{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": nil}}
		return c
	}
	first := object{"role": "assistant", "content": ""}
	for _, k := range slices.Sorted(maps.Keys(r.Beside)) {
		// Texts come in pieces.
		if s, ok := r.Beside[k].(string); ok && len(s) > 3 {
			add(chunk(object{"role": "assistant", k: s[:3]}, nil))
			add(chunk(object{k: s[3:]}, nil))
			continue
		}
		add(chunk(object{k: r.Beside[k]}, nil))
	}
	for _, p := range r.pieces() {
		first["content"] = p
		add(chunk(first, nil))
		first = object{}
	}
	for i, c := range r.Calls {
		d := object{"tool_calls": []object{{"index": i, "id": c.ID, "type": "function",
			"function": object{"name": c.Name, "arguments": ""}}}}
		if i == 0 {
			maps.Copy(d["tool_calls"].([]object)[0], r.CallBeside)
		}
		if first["role"] != nil {
			d["role"], d["content"] = "assistant", nil
			first = object{}
		}
		add(chunk(d, nil))
		for args := c.Arguments; args != ""; {
			k := min(len(args), 20)
			for k < len(args) && args[k]&0xC0 == 0x80 {
				k++
			}
			add(chunk(object{"tool_calls": []object{{"index": i, "function": object{"arguments": args[:k]}}}}, nil))
			args = args[k:]
		}
	}
	if r.Hang {
		return lines
	}
	add(chunk(object{}, r.finish()))
	if req.IncludeUsage && !r.NoUsage {
		c := r.envelope(req, n, "chat.completion.chunk")
		c["choices"] = []object{}
		c["usage"] = r.usage(req)
		add(c)
	}
	return append(lines, "[DONE]")
}

func (r Reply) pieces() []string {
	if r.Pieces != nil {
		return r.Pieces
	}
	var out []string
	for rest := r.Text; rest != ""; {
		i := strings.IndexByte(rest[min(len(rest), 8):], ' ')
		if i < 0 {
			return append(out, rest)
		}
		out = append(out, rest[:8+i])
		rest = rest[8+i:]
	}
	return out
}

func (r Reply) text() string { return strings.Join(r.pieces(), "") }

func (r Reply) finish() string {
	switch {
	case r.Finish != "":
		return r.Finish
	case len(r.Calls) > 0:
		return "tool_calls"
	}
	return "stop"
}

func (r Reply) whole(req Request, n int) object {
	m := object{"role": "assistant", "content": r.text(), "refusal": nil}
	maps.Copy(m, r.Beside)
	var calls []object
	for _, c := range r.Calls {
		calls = append(calls, object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.Arguments}})
	}
	if calls != nil {
		m["tool_calls"] = calls
	}
	c := r.envelope(req, n, "chat.completion")
	c["choices"] = []object{{"index": 0, "message": m, "finish_reason": r.finish(), "logprobs": nil}}
	if !r.NoUsage {
		c["usage"] = r.usage(req)
	}
	return c
}

func (r Reply) envelope(req Request, n int, kind string) object {
	return object{"id": fmt.Sprintf("chatcmpl-%d", n), "object": kind, "created": 1, "model": req.Model}
}

// count returns the tokens that the reply reports.
func (r Reply) count(req Request) llm.Usage {
	u := llm.Usage{}
	if r.Usage != nil {
		u = *r.Usage
	} else {
		for _, m := range req.Messages {
			u.Input += 3 + len(m.Text)/4
		}
		u.Output = 1 + len(r.text())/4
	}
	return u
}

func (r Reply) usage(req Request) object {
	u := r.count(req)
	return object{
		"prompt_tokens": u.Input, "completion_tokens": u.Output, "total_tokens": u.Input + u.Output,
		"prompt_tokens_details":     object{"cached_tokens": u.Cached, "cache_write_tokens": u.Written, "audio_tokens": 0},
		"completion_tokens_details": object{"reasoning_tokens": u.Reasoning, "audio_tokens": 0},
	}
}
