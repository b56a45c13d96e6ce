package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/metrics"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/testbin"
	"github.com/attachebot/attache/internal/trace"
)

var errDown = fault.New(fault.Unavailable, "It is down.")

// state bends the doubles, of which each has what is decorated.
type state struct{ err error }

type (
	engine struct {
		assistant.Engine
		*state
	}
	store struct {
		files.Store
		*state
	}
	model struct {
		llm.Model
		*state
	}
	box struct {
		sandbox.Sandbox
		*state
	}
	toolbox struct {
		chat.Toolbox
		*state
	}
)

func (e engine) Run(ctx context.Context, _ chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	slog.New(trace.Log(slog.NewTextHandler(logged, nil))).WarnContext(ctx, "inside")
	emit(chat.TextDelta{Text: "x"})
	return chat.Result{Model: "m", Rounds: 1, Usage: llm.Usage{Input: 100, Cached: 40, Output: 7}, Cost: ledger.Dollar / 2}, e.err
}

func (s store) Commit(_ context.Context, f files.File, _ func(files.Usage) error) (files.File, files.ID, error) {
	return f, "", s.err
}
func (s store) Expired(context.Context, time.Time, int) ([]files.File, error) { return nil, s.err }
func (s store) Remove(_ context.Context, l []files.File, _ time.Time) ([]files.File, []string, error) {
	return l, nil, s.err
}
func (s store) Totals(context.Context, time.Time) (files.Totals, error) {
	return files.Totals{Files: 3, Stored: 99, Users: 2}, s.err
}
func (m model) Generate(context.Context, llm.Request, func(string)) (llm.Reply, error) {
	return llm.Reply{}, m.err
}
func (b box) Stats() sandbox.Stats { return sandbox.Stats{Live: 4, Memory: 1 << 20} }
func (b box) Run(_ context.Context, _ sandbox.Key, c sandbox.Cell) (sandbox.Result, error) {
	c.Status(sandbox.Status{State: sandbox.Restoring})
	c.Status(sandbox.Status{State: sandbox.Running})
	return sandbox.Result{Outcome: sandbox.TimedOut, Elapsed: time.Second}, b.err
}
func (t toolbox) Call(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
	return llm.ToolResult{Failed: t.err != nil}
}

var logged = &bytes.Buffer{}

// world is everything decorated, and what /metrics says.
type world struct {
	m      *metrics.Metrics
	engine assistant.Engine
	files  files.Store
	model  llm.Model
	box    sandbox.Sandbox
	tools  chat.Toolbox
	fake   *state
	url    string
}

func open(t *testing.T, checks ...metrics.Check) *world {
	w := &world{m: metrics.New("v1", slog.New(trace.Log(slog.NewTextHandler(logged, nil)))), fake: &state{}}
	w.engine, w.files, w.model = (*trace.Tracer)(nil).Engine(w.m.Engine(engine{state: w.fake})), w.m.Files(store{state: w.fake}), w.m.Model(model{state: w.fake})
	w.box, w.tools = w.m.Sandbox(box{state: w.fake}), w.m.Toolbox(toolbox{state: w.fake})
	s, err := w.m.Open("127.0.0.1:0", checks...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { errors.Join(s.Close(), s.Close()) })
	w.url = "http://" + s.Addr()
	return w
}

func (w *world) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (w *world) work(t *testing.T) {
	ctx := t.Context()
	past := time.Now().Add(-time.Hour)
	w.engine.Run(ctx, chat.Turn{ID: "turn-7", User: 1}, func(chat.Event) {})
	w.files.Commit(ctx, files.File{Size: 10}, nil)
	w.files.Expired(ctx, time.Now(), 1)
	w.files.Remove(ctx, []files.File{{ExpiresAt: past}, {}}, time.Now())
	w.model.Generate(ctx, llm.Request{Model: "m"}, nil)
	w.box.Run(ctx, sandbox.Key{User: 1}, sandbox.Cell{})
	w.tools.Call(ctx, 1, "c", llm.ToolCall{Name: "t"}, llm.ToolHooks{})
	w.m.Log(slog.New(slog.DiscardHandler), "discord").With("a", 1).Warn("refused")
	w.m.Denied([]string{"view_channel", "attach_files"})("attach_files")
}

func TestCounts(t *testing.T) {
	logged.Reset()
	w := open(t)
	w.work(t)
	w.fake.err = errDown
	w.work(t)
	_, text := w.get(t, "/metrics")
	for _, want := range []string{
		`attache_turns_total{result="ok"} 1`, `attache_turns_total{result="unavailable"} 1`, `attache_first_word_seconds_count 2`, `attache_turns_running 0`,
		`attache_tokens_total{kind="input",model="m"} 200`, `attache_tokens_total{kind="cached",model="m"} 80`, `attache_cost_dollars_total{model="m"} 1`,
		`attache_tool_calls_total{result="failed",tool="t"} 1`, `attache_tool_seconds_count{tool="t"} 2`,
		`attache_model_requests_total{model="m",result="unavailable"} 1`, `attache_model_request_seconds_count{model="m"} 2`,
		`attache_sandbox_cells_total{outcome="timeout"} 1`, `attache_sandbox_cells_total{outcome="refused"} 1`, `attache_sandbox_starts_total{how="restored"} 2`,
		`attache_sandbox_live 4`, `attache_sandbox_memory_bytes 1.048576e+06`,
		`attache_files_saved_total 1`, `attache_files_saved_bytes_total 10`, `attache_files_expired_total 2`, `attache_sweeps_total 1`,
		`attache_log_problems_total{level="WARN",part="discord"} 2`, `attache_log_problems_total{level="ERROR",part="attache"} 0`,
		`attache_discord_denied_total{permission="attach_files"} 2`, `attache_discord_denied_total{permission="view_channel"} 0`,
		`attache_build_info{version="v1"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	for _, line := range []string{`msg=inside request=turn-7`, `msg="turn ended" user=1 `, `result=ok request=turn-7`, `error="unavailable: It is down." request=turn-7`} {
		if !strings.Contains(logged.String(), line) {
			t.Errorf("%s is not logged:\n%s", line, logged)
		}
	}
}

// Names that a model makes up don't fill the memory.
func TestNamesAreBounded(t *testing.T) {
	w := open(t)
	for i := range 1000 {
		w.tools.Call(t.Context(), 1, "c", llm.ToolCall{Name: strings.Repeat("x", i)}, llm.ToolHooks{})
	}
	_, text := w.get(t, "/metrics")
	if n := strings.Count(text, "attache_tool_calls_total{"); n > 210 || !strings.Contains(text, `{result="ok",tool="other"} 8`) {
		t.Errorf("%d names", n)
	}
}

func TestHealth(t *testing.T) {
	var down error
	w := open(t, metrics.Check{Name: "storage", Try: func(context.Context) error { return down }},
		metrics.Check{Name: "slow", Try: func(ctx context.Context) error { _, ok := ctx.Deadline(); return map[bool]error{false: errDown}[ok] }})
	if status, text := w.get(t, "/healthz"); status != 200 || text != "ok\n" {
		t.Errorf("%d %s", status, text)
	}
	if status, text := w.get(t, "/readyz"); status != 200 || text != `{"slow":"ok","storage":"ok"}`+"\n" {
		t.Errorf("%d %s", status, text)
	}
	down = fault.Wrap(errors.New("dial tcp 10.0.0.7: refused"), fault.Unavailable, "The database is not available.")
	if status, text := w.get(t, "/readyz"); status != 503 || !strings.Contains(text, "The database is not available.") || strings.Contains(text, "10.0.0.7") {
		t.Errorf("%d %s", status, text)
	}
	if _, err := w.m.Open(strings.TrimPrefix(w.url, "http://")); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "in use") {
		t.Errorf("%v", err)
	}
}

// Without metrics, nothing is between the parts.
func TestNone(t *testing.T) {
	var m *metrics.Metrics
	f := &state{}
	if m.Model(model{state: f}) != llm.Model(model{state: f}) || m.Sandbox(box{state: f}) != sandbox.Sandbox(box{state: f}) || m.Files(store{state: f}) != files.Store(store{state: f}) ||
		m.Toolbox(toolbox{state: f}) != chat.Toolbox(toolbox{state: f}) || m.Engine(engine{state: f}) != assistant.Engine(engine{state: f}) {
		t.Error("something is")
	}
}

var metricName = regexp.MustCompile(`attache_[a-z_]+`)

// The dashboard and the alerts ask for what there is, and the dashboard for all.
func TestDashboardAndAlerts(t *testing.T) {
	w := open(t)
	w.work(t)
	_, text := w.get(t, "/metrics")
	var there []string
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE attache_"); ok {
			there = append(there, "attache_"+strings.Fields(name)[0])
		}
	}
	if len(there) < 30 {
		t.Fatalf("%q", there)
	}
	read := func(path string, parse func([]byte, any) error) (names []string) {
		t.Helper()
		data, err := os.ReadFile("../../deploy/" + path)
		if err != nil {
			t.Fatal(err)
		}
		var any any
		if err := parse(data, &any); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, name := range metricName.FindAllString(string(data), -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if names = append(names, name); !slices.Contains(there, name) {
				t.Errorf("%s asks for %s, which there is not", path, name)
			}
		}
		return names
	}
	read("prometheus/alerts.yaml", yaml.Unmarshal)
	shown := read("grafana/attache.json", json.Unmarshal)
	for _, name := range there {
		if !slices.Contains(shown, name) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// Prometheus' own judge accepts the figures as they are named and the alerts as they
// are written, and the alerts go off at what they are for.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		testbin.Missing(t, "promtool", "it is in Debian's package prometheus")
	}
	w := open(t)
	w.work(t)
	_, text := w.get(t, "/metrics")
	for _, args := range [][]string{{"check", "metrics"}, {"check", "rules", "../../deploy/prometheus/alerts.yaml"}, {"test", "rules", "testdata/alerts.yaml"}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
