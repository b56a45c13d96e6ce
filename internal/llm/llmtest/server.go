// Package llmtest is a scripted OpenAI-compatible server for tests: chat
// completions, streamed or whole, and the list of models.
//
// It is strict where the real API is: a request that the API would refuse is
// answered with 400 and reported as a failure of the test.
package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server answers requests from a queue, else by Answer, else with "OK.". Its
// zero value works. The exported fields are set before the first request.
type Server struct {
	// Names that /models lists; default "test-model".
	Models []string
	// Key that requests must carry; empty: none is asked for.
	Key string
	// Answer makes the reply when the queue is empty. It is called from many
	// goroutines at once.
	Answer func(Request) Reply
	// Refuse names what every model here lacks: "tools", "images", "system",
	// "stream", "stream_options", "max_tokens", "max_completion_tokens",
	// "user". It is refused in the words of real servers.
	Refuse []string
	// NoList: there is no list of models.
	NoList bool
	// Window is the number of bytes of text that a request may have; 0: any.
	Window int
	// Responses serves that API too.
	Responses bool
	// Dialects are the habits of models, by name.
	Dialects map[string]Dialect
	// Chaos replaces replies by faults.
	Chaos Chaos

	mu       sync.Mutex
	wake     chan struct{} // closed and replaced at every request
	queue    []Reply
	requests []Request
	problems []string
	refused  []Reply
	served   int
}

// Start serves on a local port until the test ends, and returns the base URL,
// with its /v1. Malformed requests fail the test at its end.
func (s *Server) Start(t testing.TB) string {
	t.Helper()
	hs := httptest.NewServer(s)
	t.Cleanup(func() {
		hs.CloseClientConnections()
		hs.Close()
		for _, p := range s.Problems() {
			t.Errorf("llmtest: malformed request: %s", p)
		}
	})
	return hs.URL + "/v1"
}

// Push appends replies to the queue; each answers one chat request.
func (s *Server) Push(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, replies...)
}

// Requests returns the chat requests so far, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Problems returns what was wrong with malformed requests.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.problems)
}

// Await returns the requests as soon as there are n, or when ctx ends.
func (s *Server) Await(ctx context.Context, n int) []Request {
	for {
		s.mu.Lock()
		if s.wake == nil {
			s.wake = make(chan struct{})
		}
		got, wake := slices.Clone(s.requests), s.wake
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return got
		}
	}
}

// ServeHTTP implements http.Handler. Any prefix before /models and
// /chat/completions is accepted.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.Key && r.Header.Get("x-api-key") != s.Key {
		refuse(w, http.StatusUnauthorized, "invalid_api_key", "", "Incorrect API key provided: "+
			strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+". You can find your API key at https://platform.openai.com/account/api-keys.")
		return
	}
	switch {
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/models") && !s.NoList:
		s.list(w)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/chat/completions"):
		s.chat(w, r, parse)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/responses") && s.Responses:
		s.chat(w, r, parseResponses)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages"):
		s.chat(w, r, parseMessages)
	case strings.HasSuffix(r.URL.Path, "/responses"), strings.HasSuffix(r.URL.Path, "/models"), slices.Contains(probes, r.URL.Path), strings.HasPrefix(r.URL.Path, "/api/v0/models/"):
		http.Error(w, "404 page not found", http.StatusNotFound)
	default:
		s.problem("%s %s: no such endpoint", r.Method, r.URL.Path)
		refuse(w, http.StatusNotFound, "", "", "Unknown request URL: "+r.Method+" "+r.URL.Path)
	}
}

// probes are what clients ask to find out what a server is; this one is none of
// those.
var probes = []string{"/props", "/api/show", "/api/ps", "/model/info", "/info"}

func (s *Server) list(w http.ResponseWriter) {
	names := s.Models
	if names == nil {
		names = []string{"test-model"}
	}
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int    `json:"created"`
		Owner   string `json:"owned_by"`
	}
	data := []model{}
	for _, n := range names {
		data = append(data, model{n, "model", 1, "llmtest"})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request, parse func([]byte) (Request, string)) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left
	}
	req, problem := parse(body)
	if problem == "" && r.Header.Get("Content-Type") != "application/json" {
		problem = fmt.Sprintf("content type %q", r.Header.Get("Content-Type"))
	}
	if problem != "" {
		s.problem("%s in …%s", problem, body[max(0, len(body)-500):])
		refuse(w, http.StatusBadRequest, "invalid_request_error", "", problem)
		return
	}
	req.Header = r.Header
	if req.Claude && r.Header.Get("anthropic-version") == "" {
		s.problem("no anthropic-version")
	}
	reply, n := s.next(req)
	if !reply.refuses(w, s, req) {
		reply.write(w, r, req, n)
	}
}

// next records a request and finds its reply.
func (s *Server) next(req Request) (Reply, int) {
	s.mu.Lock()
	s.requests = append(s.requests, req)
	s.served++
	n := s.served
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	if fault, ok := s.Chaos.fault(n); ok {
		s.mu.Unlock()
		return fault, n
	}
	if refused, ok := s.Dialects[req.Model].refuse(req); ok {
		s.refused = append(s.refused, refused)
		s.mu.Unlock()
		return refused, n
	}
	if len(s.queue) > 0 && !s.lacks(req) {
		reply := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		return s.Dialects[req.Model].word(reply, n), n
	}
	s.mu.Unlock()
	reply := Reply{Text: "OK."}
	if s.Answer != nil {
		reply = s.Answer(req)
	}
	return s.Dialects[req.Model].word(reply, n), n
}

// Refused returns the refusals by dialects.
func (s *Server) Refused() []Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

func (s *Server) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := fmt.Sprintf(format, args...)
	s.problems = append(s.problems, p[:min(len(p), 800)])
}

func refuse(w http.ResponseWriter, status int, code, param, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": message, "type": "invalid_request_error", "code": orNull(code), "param": orNull(param),
	}})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
