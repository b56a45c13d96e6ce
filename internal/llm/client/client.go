// Package client is a model that is served by others: by any server that is
// compatible with OpenAI's, or with Anthropic's. It knows addresses, waits,
// tries again, and learns from refusals.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/completions"
	"github.com/attachebot/attache/internal/llm/messages"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
	"github.com/attachebot/attache/internal/llm/responses"
)

// DefaultBaseURL is where requests go when Options.BaseURL is empty.
const DefaultBaseURL = "https://api.openai.com/v1"

// Options configures a Client. Each zero field has a default.
type Options struct {
	BaseURL string  // of an OpenAI-compatible server, with its /v1; default DefaultBaseURL
	Model   string  // when Request.Model is empty; default "gpt-5.4-mini"
	API     llm.API // how the server is spoken to; default llm.Auto
	Effort  string  // how long to reason when Request.Effort is empty; default the model's own

	Connect   time.Duration // to connect, TLS included; default 10 s
	FirstByte time.Duration // from a request to the first byte of its answer; default 3 min, 30 min from a private address
	Idle      time.Duration // between two pieces of an answer; default 60 s

	Retries int           // further tries before the first text; default 3, negative: none
	Backoff time.Duration // before the first retry, doubled for each next one; default 500 ms
	MaxWait time.Duration // the longest Retry-After that is waited for; default 20 s
}

func (o Options) withDefaults(addr address) Options {
	o.Model = cmp.Or(o.Model, "gpt-5.4-mini")
	o.Connect = cmp.Or(o.Connect, 10*time.Second)
	if o.FirstByte == 0 {
		o.FirstByte = 3 * time.Minute
		if addr.private {
			o.FirstByte = 30 * time.Minute // it reads the whole prompt before it says a word
		}
	}
	o.Idle = cmp.Or(o.Idle, time.Minute)
	o.Retries = max(cmp.Or(o.Retries, 3), 0)
	o.Backoff = cmp.Or(o.Backoff, 500*time.Millisecond)
	o.MaxWait = cmp.Or(o.MaxWait, 20*time.Second)
	return o
}

// Client is a Model served by any OpenAI-compatible server: chat completions,
// or the Responses API where a model needs that; or by Anthropic's and those
// that are compatible with it. Answers are streamed.
//
// What a model cannot do (tools, images, system messages, some parameters) is
// found out from its refusals, the request is repeated without, and what helped
// is remembered for a while.
type Client struct {
	opts   Options
	key    string
	addr   address
	client *http.Client
	header map[string]string
	wire   *wire
	memory refusal.Memory

	windows windows
}

var _ llm.Model = (*Client)(nil)

// New returns a client. The key may be empty for a server that asks for
// none. The error is of kind Invalid and says what is wrong with the base URL.
func New(key string, o Options) (*Client, error) {
	addr, err := parseAddress(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if (o.API == "" || o.API == llm.Auto) && addr.claude {
		o.API = llm.Messages
	}
	o = o.withDefaults(addr)
	w := newWire(o)
	m := &Client{opts: o, key: key, addr: addr, wire: w, client: &http.Client{Transport: w}, header: addr.header(key, o.API)}
	if key != "" && !(o.API == llm.Messages && strings.HasSuffix(addr.host, ".anthropic.com")) { // it takes one credential
		m.header["Authorization"] = "Bearer " + key
	}
	if addr.host == "api.openai.com" { // as OpenAI's own libraries do
		for header, name := range map[string]string{"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"} {
			if value := os.Getenv(name); value != "" {
				m.header[header] = value
			}
		}
	}
	return m, nil
}

// Close drops idle connections. The client stays usable.
func (m *Client) Close() error {
	m.wire.base.CloseIdleConnections()
	return nil
}

// Generate implements Model.
func (m *Client) Generate(ctx context.Context, req llm.Request, delta func(string)) (llm.Reply, error) {
	req.Model = cmp.Or(req.Model, m.opts.Model)
	req.Effort = cmp.Or(req.Effort, m.opts.Effort)
	if m.opts.API == llm.Messages {
		req.MaxOutput = cmp.Or(req.MaxOutput, messages.DefaultOutput)
	}
	shown := false
	emit := func(s string) {
		shown = true
		if delta != nil {
			delta(s)
		}
	}
	base := m.addr.limits(req, m.opts.API)
	var found []refusal.Limits // what this request told about the model, if it helps
	var oneTime refusal.Limits // what it told about itself
	began := time.Now()        // of the waiting for a model that is being loaded
	for try := 0; ; {
		have := base.With(m.memory.Limits(req.Model)).With(oneTime)
		for _, f := range found {
			have = have.With(f)
		}
		reply, more, err := m.once(ctx, req, have, emit)
		reply.Unsupported = append(have.Unsupported(req), reply.Unsupported...)
		if err == nil {
			m.memory.Learn(req.Model, append(found, more...))
			return reply, nil
		}
		if ctx.Err() != nil {
			return reply, fault.Wrap(context.Cause(ctx), fault.KindOf(ctx.Err()), "The request to the model was stopped.")
		}
		var refused *refusal.Error
		if errors.As(err, &refused) && !shown {
			if f, ok := refused.Adapt(req, have, apiFor(have, m.opts.API)); ok {
				if f.Once {
					oneTime = oneTime.With(f.Limits)
				} else {
					found = append(found, f.Limits)
				}
				continue
			}
			if refused.Loading() && time.Since(began) < m.opts.FirstByte {
				try = 0
			}
		}
		wait, again := m.retry(err, try)
		if shown || !again {
			return reply, translate(req.Model, m.redact(err), err)
		}
		try++
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// Models implements Model. The names are sorted.
func (m *Client) Models(ctx context.Context) ([]string, error) {
	ctx, watch := newWatch(ctx, m.opts)
	defer watch.stop()
	res, err := m.do(ctx, http.MethodGet, m.listPath(), nil)
	if err != nil {
		err = watch.cause(err)
		return nil, translate("", m.redact(err), err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		err = watch.cause(err)
		return nil, translate("", m.redact(err), err)
	}
	type model struct {
		ID string `json:"id"`
	}
	var list struct {
		Data []model `json:"data"`
	}
	// A bare array is what some servers answer.
	if json.Unmarshal(body, &list) != nil && json.Unmarshal(body, &list.Data) != nil {
		return nil, fault.New(fault.Unavailable, "The model's server did not answer with a list of models.")
	}
	var names []string
	for _, d := range list.Data {
		if d.ID != "" && len(d.ID) <= 200 {
			names = append(names, d.ID)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// listPath is where the list of models is: Anthropic's has twenty of them
// unless it is asked for more.
func (m *Client) listPath() string {
	if m.opts.API == llm.Messages {
		return "models?limit=1000"
	}
	return "models"
}

// once makes one attempt. It also returns what a whole answer tells about the
// model.
func (m *Client) once(ctx context.Context, req llm.Request, have refusal.Limits, emit func(string)) (llm.Reply, []refusal.Limits, error) {
	ctx, watch := newWatch(ctx, m.opts)
	defer watch.stop()
	path, body, read := m.addr.path(req.Model, "chat/completions"), completions.Params, completions.Read
	switch apiFor(have, m.opts.API) {
	case llm.Responses:
		path, body, read = "responses", responses.Params, responses.Read
	case llm.Messages:
		path, body, read = "messages", messages.Params, messages.Read
	}
	a := protocol.New(req, have, emit, m.addr.unknown)
	res, err := m.do(ctx, http.MethodPost, path, body(req, have))
	if err == nil {
		defer res.Body.Close()
		err = read(res, a)
	}
	if a.Rescue(err) {
		err = nil
	} else if res == nil {
		return llm.Reply{}, nil, watch.cause(err)
	}
	reply := a.Reply(err == nil)
	if err == nil && reply.Finish == "" {
		err = protocol.ErrCut
	}
	if err != nil {
		reply.Finish = ""
		return reply, nil, watch.cause(err)
	}
	if res != nil && !a.Ended() {
		// The end of the body is near: reading it keeps the connection for the next request.
		watch.timer.Reset(100 * time.Millisecond)
		_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	}
	return reply, a.Learned(), nil
}

// do sends one request and returns the response if its status is below 400,
// else an *apiError. The path is one of the API's, or with a slash before it one
// from the server's root.
func (m *Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	base := m.addr.base
	if strings.HasPrefix(path, "/") {
		base = m.addr.root
	}
	var data []byte
	var err error
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if len(m.addr.query) > 0 {
		q := req.URL.Query()
		for name, value := range m.addr.query {
			q.Set(name, value)
		}
		req.URL.RawQuery = q.Encode()
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Attache")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range m.header {
		req.Header.Set(name, value)
	}
	res, err := m.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 400 {
		defer res.Body.Close()
		return nil, refusal.Read(res)
	}
	return res, nil
}

// retry says whether to try again after err, and when.
func (m *Client) retry(err error, try int) (time.Duration, bool) {
	if try >= m.opts.Retries || errors.Is(err, errFirstByte) || errors.Is(err, errIdle) || errors.Is(err, protocol.ErrTooLong) {
		return 0, false
	}
	wait := min(m.opts.Backoff<<try, 8*time.Second)
	wait -= rand.N(wait/4 + 1)
	var refused *refusal.Error
	if errors.As(err, &refused) {
		if !refused.Temporary() || refused.RetryAfter > m.opts.MaxWait {
			return 0, false
		}
		wait = max(wait, refused.RetryAfter)
	}
	return wait, true
}

// redact renders err for the log without the key.
func (m *Client) redact(err error) error {
	return errors.New(hideSecrets(fmt.Sprint(err), m.key))
}
