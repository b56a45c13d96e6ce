package main

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// The whole program is counted, each part where it is put together, and one id
// goes through all that a turn logs.
func TestMetrics(t *testing.T) {
	addr := freeAddress(t)
	b := serve(t, map[string]string{"METRICS_LISTEN": addr, "LOG_LEVEL": "DEBUG"})
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "It is 42."}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"print(6*7)"}`)}}
	}
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	if _, err := anna.Send(anna.DM(), "What is six times seven?", discordtest.File{Name: "sales.csv", Data: []byte(salesCSV)}); err != nil {
		t.Fatal(err)
	}
	ctx := discordtest.Context(t)
	if _, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.Contains("It is 42.")); err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		t.Helper()
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.Status + "\n" + string(body)
	}
	if text := get("/healthz"); text != "200 OK\nok\n" {
		t.Error(text)
	}
	if text := get("/readyz"); text != "200 OK\n"+`{"discord":"ok","sandbox":"ok","storage":"ok"}`+"\n" {
		t.Error(text)
	}
	eventually(t, func() bool { return strings.Contains(get("/metrics"), `attache_turns_total{result="ok"} 1`) })
	text := get("/metrics")
	for _, want := range []string{
		`attache_turns_total{result="ok"} 1`, `attache_first_word_seconds_count 1`, `attache_tool_calls_total{result="ok",tool="execute_python_code"} 1`,
		`attache_model_requests_total{model="gpt-4o",result="ok"} 2`, `attache_sandbox_cells_total{outcome="ok"} 1`, `attache_files 1`,
		`attache_files_saved_total 1`, `attache_sweeps_total 1`, `attache_sandbox_live 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	ids := map[string]int{}
	for line := range strings.Lines(b.log.String()) {
		for _, what := range []string{"model asked", "code ran", "tool called", "turn ended"} {
			if strings.Contains(line, `msg="`+what+`"`) {
				ids[regexp.MustCompile(`request=\S+`).FindString(line)]++
			}
		}
	}
	if len(ids) != 1 || ids[""] > 0 {
		t.Errorf("%v", ids)
	}
	for _, n := range ids {
		if n != 5 {
			t.Errorf("%d lines of the turn", n)
		}
	}
}

// freeAddress is an address of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually waits until something holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not hold")
		}
	}
}
