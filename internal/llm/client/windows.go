package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// windows asks servers how many tokens a request to a model may have, answer
// included. Each has its own way to tell.
type windows struct {
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]knownWindow
}

type knownWindow struct {
	tokens int
	until  time.Time
}

const (
	windowFresh = 10 * time.Minute
	windowSoon  = 20 * time.Second // what may change when the model is loaded
	windowTime  = 2 * time.Second  // how long is waited for a server
	// ollamaWindow is what Ollama gives a model that asks for nothing else.
	ollamaWindow = 4096
)

// Window implements Model.
func (m *Client) Window(ctx context.Context, model string) (int, error) {
	if model == "" {
		model = m.opts.Model
	}
	w := &m.windows
	w.mu.Lock()
	k, ok := w.known[model]
	w.mu.Unlock()
	if ok && time.Now().Before(k.until) {
		return k.tokens, nil
	}
	v, err, _ := w.flight.Do(model, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), windowTime)
		defer cancel()
		n, fresh := m.askWindow(ctx, model)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.known == nil || len(w.known) > 1000 { // names come from users
			w.known = map[string]knownWindow{}
		}
		w.known[model] = knownWindow{n, time.Now().Add(fresh)}
		return n, nil
	})
	n, _ := v.(int)
	return n, err
}

// silent are providers whose list of models says nothing of windows.
var silent = regexp.MustCompile(`^api\.openai\.com$|\.azure\.com$|^generativelanguage\.googleapis\.com$|^api\.deepseek\.com$`)

// askWindow returns the window, or 0, and how long that holds.
func (m *Client) askWindow(ctx context.Context, model string) (int, time.Duration) {
	if silent.MatchString(m.addr.host) {
		return 0, windowFresh
	}
	if !m.addr.unknown {
		return m.listedWindow(ctx, model), windowFresh
	}
	// A server of one's own: what it is, is told by what it answers.
	asks := []func(context.Context, string) (int, time.Duration){
		m.ollamaWindow, // its list says nothing
		func(ctx context.Context, model string) (int, time.Duration) { return m.propsWindow(ctx), windowFresh },
		func(ctx context.Context, model string) (int, time.Duration) {
			return m.listedWindow(ctx, model), windowFresh
		},
		m.studioWindow,
		m.liteWindow,
		m.tgiWindow,
	}
	type result struct {
		tokens int
		fresh  time.Duration
	}
	results := make([]result, len(asks))
	var all sync.WaitGroup
	for i, ask := range asks {
		all.Go(func() { results[i].tokens, results[i].fresh = ask(ctx, model) })
	}
	all.Wait()
	for _, r := range results {
		if r.tokens > 0 {
			return r.tokens, r.fresh
		}
	}
	return 0, windowFresh
}

// get reads a JSON document of the server: at a path of its API, or with a slash
// before it from its root.
func (m *Client) get(ctx context.Context, method, path string, body, into any) bool {
	res, err := m.do(ctx, method, path, body)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into) == nil
}

// listedWindow reads the list of models, where vLLM, SGLang, OpenRouter, Groq,
// Mistral, Together, Moonshot, LM Studio and llama.cpp tell it.
func (m *Client) listedWindow(ctx context.Context, model string) int {
	var list struct {
		Data []json.RawMessage `json:"data"`
	}
	if !m.get(ctx, http.MethodGet, m.listPath(), nil, &list) {
		return 0
	}
	for _, raw := range list.Data {
		var entry struct {
			ID   string `json:"id"`
			Meta struct {
				Window int `json:"n_ctx"`
			} `json:"meta"`
			Top struct {
				Window int `json:"context_length"`
			} `json:"top_provider"`
			A int `json:"max_model_len"`
			B int `json:"context_length"`
			C int `json:"context_window"`
			D int `json:"max_context_length"`
			E int `json:"loaded_context_length"`
			F int `json:"max_input_tokens"`
		}
		if json.Unmarshal(raw, &entry) != nil || entry.ID != model && len(list.Data) > 1 {
			continue
		}
		return least(entry.Meta.Window, entry.Top.Window, entry.A, entry.B, entry.C, entry.D, entry.E, entry.F)
	}
	return 0
}

// least returns the smallest of the numbers that are there.
func least(ns ...int) int {
	best := 0
	for _, n := range ns {
		if n > 0 && (best == 0 || n < best) {
			best = n
		}
	}
	return best
}

// propsWindow asks llama.cpp's server, whose list has the window that the model
// was trained with.
func (m *Client) propsWindow(ctx context.Context) int {
	var props struct {
		Settings struct {
			Window int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if !m.get(ctx, http.MethodGet, "/props", nil, &props) {
		return 0
	}
	return props.Settings.Window
}

var numCtx = regexp.MustCompile(`(?m)^num_ctx\s+(\d+)`)

// ollamaWindow asks Ollama: a model that is loaded has a window, one that is not
// gets what its file or the server's default says, whatever it was trained with.
// A longer request is cut there without a word.
func (m *Client) ollamaWindow(ctx context.Context, model string) (int, time.Duration) {
	var show struct {
		Parameters string         `json:"parameters"`
		Info       map[string]any `json:"model_info"`
	}
	if !m.get(ctx, http.MethodPost, "/api/show", map[string]string{"model": model}, &show) {
		return 0, 0
	}
	trained := 0
	for k, v := range show.Info {
		if n, ok := v.(float64); ok && strings.HasSuffix(k, ".context_length") {
			trained = int(n)
		}
	}
	if trained == 0 && show.Parameters == "" {
		return 0, 0
	}
	if strings.HasSuffix(model, "cloud") {
		return trained, windowFresh
	}
	var ps struct {
		Models []struct {
			Name   string `json:"name"`
			Window int    `json:"context_length"`
		} `json:"models"`
	}
	if m.get(ctx, http.MethodGet, "/api/ps", nil, &ps) {
		for _, p := range ps.Models {
			if strings.TrimSuffix(p.Name, ":latest") == strings.TrimSuffix(model, ":latest") && p.Window > 0 {
				return p.Window, windowFresh
			}
		}
	}
	if n := numCtx.FindStringSubmatch(show.Parameters); n != nil {
		asked, _ := strconv.Atoi(n[1])
		return least(asked, trained), windowSoon
	}
	return least(ollamaWindow, trained), windowSoon
}

func (m *Client) studioWindow(ctx context.Context, model string) (int, time.Duration) {
	var info struct {
		Loaded int `json:"loaded_context_length"`
		Max    int `json:"max_context_length"`
	}
	m.get(ctx, http.MethodGet, "/api/v0/models/"+url.PathEscape(model), nil, &info)
	if info.Loaded > 0 {
		return info.Loaded, windowFresh
	}
	return info.Max, windowSoon
}

func (m *Client) liteWindow(ctx context.Context, model string) (int, time.Duration) {
	var info struct {
		Data []struct {
			Name string `json:"model_name"`
			Info struct {
				Input int `json:"max_input_tokens"`
			} `json:"model_info"`
		} `json:"data"`
	}
	m.get(ctx, http.MethodGet, "/model/info", nil, &info)
	for _, d := range info.Data {
		if d.Name == model {
			return d.Info.Input, windowFresh
		}
	}
	return 0, 0
}

func (m *Client) tgiWindow(ctx context.Context, _ string) (int, time.Duration) {
	var info struct {
		Total int `json:"max_total_tokens"`
		Input int `json:"max_input_tokens"`
	}
	m.get(ctx, http.MethodGet, "/info", nil, &info)
	return least(info.Total, info.Input), windowFresh
}
