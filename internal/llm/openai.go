package llm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/attachebot/attache/internal/fault"
)

// DefaultBaseURL is where requests go when OpenAIOptions.BaseURL is empty.
const DefaultBaseURL = "https://api.openai.com/v1"

// OpenAIOptions configures an OpenAI client. Each zero field has a default.
type OpenAIOptions struct {
	BaseURL string // of an OpenAI-compatible server, with its /v1; default DefaultBaseURL
	Model   string // when Request.Model is empty; default "gpt-5.4-mini"

	Connect   time.Duration // to connect, TLS included; default 10 s
	FirstByte time.Duration // from a request to the first byte of its answer; default 3 min
	Idle      time.Duration // between two pieces of an answer; default 60 s

	Retries int           // further tries before the first text; default 3, negative: none
	Backoff time.Duration // before the first retry, doubled for each next one; default 500 ms
	MaxWait time.Duration // the longest Retry-After that is waited for; default 20 s
}

func (o OpenAIOptions) withDefaults() OpenAIOptions {
	o.BaseURL = cmp.Or(o.BaseURL, DefaultBaseURL)
	o.Model = cmp.Or(o.Model, "gpt-5.4-mini")
	o.Connect = cmp.Or(o.Connect, 10*time.Second)
	o.FirstByte = cmp.Or(o.FirstByte, 3*time.Minute)
	o.Idle = cmp.Or(o.Idle, time.Minute)
	o.Retries = max(cmp.Or(o.Retries, 3), 0)
	o.Backoff = cmp.Or(o.Backoff, 500*time.Millisecond)
	o.MaxWait = cmp.Or(o.MaxWait, 20*time.Second)
	return o
}

// OpenAI is a Model served by any OpenAI-compatible server: chat completions,
// streamed.
//
// What a model cannot do (tools, images, system messages, some parameters) is
// found out from its refusals, the request is repeated without, and the model's
// limits are remembered for an hour.
type OpenAI struct {
	opts   OpenAIOptions
	key    string
	client openai.Client
	wire   *wire

	prefers lack // what the server is taken to want

	mu    sync.Mutex
	lacks map[string]learned // by model
}

// learned is what a model's refusals told.
type learned struct {
	lack lack
	at   time.Time
}

// lackMemory is how long a lack is remembered: gateways change their minds.
const lackMemory = time.Hour

var _ Model = (*OpenAI)(nil)

// NewOpenAI returns a client. The key may be empty for a server that asks for
// none. The error is of kind Invalid and says what is wrong with the base URL.
func NewOpenAI(key string, o OpenAIOptions) (*OpenAI, error) {
	o = o.withDefaults()
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "OPENAI_BASE_URL must be a http or https address such as %s.", DefaultBaseURL)
	}
	w := newWire(o)
	m := &OpenAI{opts: o, key: key, wire: w, lacks: map[string]learned{}}
	if u.Host != "api.openai.com" {
		// The older name is the one that other servers have in common.
		m.prefers = preferMaxTokens
	}
	m.client = openai.NewClient(
		option.WithBaseURL(o.BaseURL),
		option.WithAPIKey(key),
		option.WithAdminAPIKey(""), // never another credential in the key's place
		option.WithHTTPClient(&http.Client{Transport: w}),
		option.WithMaxRetries(0), // retried here, where it is known what was shown
	)
	return m, nil
}

// Close drops idle connections. The client stays usable.
func (m *OpenAI) Close() error {
	m.wire.base.CloseIdleConnections()
	return nil
}

// Generate implements Model.
func (m *OpenAI) Generate(ctx context.Context, req Request, delta func(string)) (Reply, error) {
	req.Model = cmp.Or(req.Model, m.opts.Model)
	shown := false
	emit := func(s string) {
		shown = true
		if delta != nil {
			delta(s)
		}
	}
	for try := 0; ; {
		limits := m.limits(req.Model)
		reply, err := m.once(ctx, req, limits, emit)
		reply.Lacks = limits.names(req)
		if err == nil {
			return reply, nil
		}
		if ctx.Err() != nil {
			return reply, fault.Wrap(context.Cause(ctx), fault.KindOf(ctx.Err()), "The request to the model was stopped.")
		}
		var refused *apiError
		if errors.As(err, &refused) && !shown {
			if l := refused.lack(req, limits); l != 0 {
				m.learn(req.Model, l)
				continue
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
func (m *OpenAI) Models(ctx context.Context) ([]string, error) {
	ctx, watch := newWatch(ctx, m.opts)
	defer watch.stop()
	res, err := m.do(ctx, http.MethodGet, "models", nil)
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

// once makes one attempt.
func (m *OpenAI) once(ctx context.Context, req Request, limits lack, emit func(string)) (Reply, error) {
	ctx, watch := newWatch(ctx, m.opts)
	defer watch.stop()
	res, err := m.do(ctx, http.MethodPost, "chat/completions", params(req, limits))
	if err != nil {
		return Reply{}, watch.cause(err)
	}
	defer res.Body.Close()
	reply, err := readReply(res, req, emit)
	if err != nil {
		return reply, watch.cause(err)
	}
	// The end of the body is near: reading it keeps the connection for the next request.
	watch.timer.Reset(100 * time.Millisecond)
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	return reply, nil
}

// do sends one request and returns the response if its status is below 400,
// else an *apiError.
func (m *OpenAI) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var res *http.Response
	err := m.client.Execute(ctx, method, path, body, &res)
	if res != nil && res.StatusCode >= 400 {
		defer res.Body.Close()
		return nil, readAPIError(res)
	}
	if err != nil {
		if res != nil {
			res.Body.Close()
		}
		return nil, err
	}
	return res, nil
}

// retry says whether to try again after err, and when.
func (m *OpenAI) retry(err error, try int) (time.Duration, bool) {
	if try >= m.opts.Retries || errors.Is(err, errFirstByte) || errors.Is(err, errIdle) || errors.Is(err, errTooLong) {
		return 0, false
	}
	wait := min(m.opts.Backoff<<try, 8*time.Second)
	wait -= rand.N(wait/4 + 1)
	var refused *apiError
	if errors.As(err, &refused) {
		if !refused.temporary() || refused.retryAfter > m.opts.MaxWait {
			return 0, false
		}
		wait = max(wait, refused.retryAfter)
	}
	return wait, true
}

func (m *OpenAI) limits(model string) lack {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, ok := m.lacks[model]; ok && time.Since(l.at) < lackMemory {
		return m.prefers | l.lack
	}
	return m.prefers
}

func (m *OpenAI) learn(model string, l lack) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Names come from users: forget all rather than grow without bound.
	if len(m.lacks) > 1000 {
		clear(m.lacks)
	}
	old := m.lacks[model]
	if time.Since(old.at) > lackMemory {
		old.lack = 0
	}
	m.lacks[model] = learned{old.lack | l, time.Now()}
}

// redact renders err for the log without the key.
func (m *OpenAI) redact(err error) error {
	return errors.New(hideSecrets(fmt.Sprint(err), m.key))
}

func hideSecrets(s, key string) string {
	if key != "" {
		s = strings.ReplaceAll(s, key, "[key]")
	}
	return secretLike.ReplaceAllString(s, "[hidden]")
}
