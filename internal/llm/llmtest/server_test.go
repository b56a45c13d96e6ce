package llmtest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startTolerant serves like Start, but malformed requests do not fail the test.
func startTolerant(t *testing.T, s *llmtest.Server) string {
	t.Helper()
	hs := httptest.NewServer(s)
	t.Cleanup(func() {
		hs.CloseClientConnections()
		hs.Close()
	})
	return hs.URL + "/v1"
}

func post(t *testing.T, base, body string) (int, string) {
	t.Helper()
	res, err := http.Post(base+"/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return res.StatusCode, string(b)
}

func TestWhatTheAPIRefuses(t *testing.T) {
	const user = `{"role":"user","content":"hi"}`
	const call = `{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	const answer = `{"role":"tool","tool_call_id":"a","content":"x"}`
	msgs := func(m ...string) string { return `{"model":"m","messages":[` + strings.Join(m, ",") + `]}` }
	for _, body := range []string{
		msgs(user), msgs(user, call, answer), msgs(`{"role":"system","content":"s"}`, user),
		msgs(`{"role":"user","content":[{"type":"text","text":"hi"}]}`),
		`{"model":"m","messages":[` + user + `],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto"}`,
	} {
		s := &llmtest.Server{}
		if code, text := post(t, startTolerant(t, s), body); code != 200 || len(s.Problems()) != 0 {
			t.Errorf("%s: %d %s", body, code, text)
		}
	}
	for _, body := range []string{
		`{`, `{}`, `{"model":"m"}`, `{"model":"m","messages":[]}`, `{"messages":[` + user + `]}`,
		msgs(`{"role":"robot","content":"hi"}`), msgs(`{"role":"user","content":""}`), msgs(`{"role":"user","content":[]}`), msgs(`{"role":"user"}`),
		msgs(`{"role":"user","content":[{"type":"text","text":""}]}`), msgs(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}`),
		msgs(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/x.png"}}]}`),
		msgs(user, call), msgs(user, call, user), msgs(user, answer), msgs(user, call, answer, answer), msgs(user, call, answer, call, answer),
		msgs(user, `{"role":"assistant"}`), msgs(user, strings.Replace(call, "{}", "{", 1), answer),
		msgs(user, strings.Replace(call, `"f"`, `"no good"`, 1), answer), msgs(user, strings.Replace(call, `"a"`, `""`, 1)),
		`{"model":"m","messages":[` + user + `],"tool_choice":"auto"}`, `{"model":"m","messages":[` + user + `],"stream_options":{"include_usage":true}}`,
		`{"model":"m","messages":[` + user + `],"max_tokens":1,"max_completion_tokens":1}`, `{"model":"m","messages":[` + user + `],"max_tokens":0}`,
		`{"model":"m","messages":[` + user + `],"tools":[{"type":"function","function":{"name":"f"}}]}`,
	} {
		s := &llmtest.Server{}
		if code, _ := post(t, startTolerant(t, s), body); code != 400 || len(s.Problems()) != 1 {
			t.Errorf("%s: %d %q", body, code, s.Problems())
		}
	}
}

func TestAwait(t *testing.T) {
	s := &llmtest.Server{}
	base := startTolerant(t, s)
	done := make(chan int, 1)
	go func() { done <- len(s.Await(t.Context(), 2)) }()
	for range 2 {
		post(t, base, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`)
	}
	if n := <-done; n < 2 {
		t.Errorf("%d requests", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if n := len(s.Await(ctx, 5)); n != 2 {
		t.Errorf("%d requests after the time", n)
	}
}

func TestChaosRepeats(t *testing.T) {
	run := func(seed uint64) (out string) {
		s := &llmtest.Server{Chaos: llmtest.Chaos{Seed: seed, Rate: 0.5}}
		base := startTolerant(t, s)
		for range 12 {
			res, err := http.Post(base+"/chat/completions", "application/json", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`))
			if err != nil {
				out += "down "
				continue
			}
			res.Body.Close()
			out += res.Status + " "
		}
		http.DefaultClient.CloseIdleConnections()
		return out
	}
	if a, b := run(1), run(1); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if a, b := run(1), run(2); a == b {
		t.Errorf("two seeds, one run: %s", a)
	}
}
