package trace_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/trace"
)

// engine asks a model, which calls a tool, which runs code.
type engine struct {
	assistant.Engine
	model llm.Model
	tools chat.Toolbox
	log   *slog.Logger
}

func (e engine) Run(ctx context.Context, t chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	if _, err := e.model.Generate(ctx, llm.Request{Model: "m"}, nil); err != nil {
		return chat.Result{}, err
	}
	e.tools.Call(ctx, t.User, t.Conversation, llm.ToolCall{Name: "python"}, llm.ToolHooks{})
	emit(chat.TextDelta{Text: "x"})
	e.log.InfoContext(ctx, "inside")
	return chat.Result{Model: "m"}, fault.New(fault.Unavailable, "The confidential report can't be read.")
}

type model struct{ llm.Model }

func (model) Generate(context.Context, llm.Request, func(string)) (llm.Reply, error) {
	return llm.Reply{Usage: llm.Usage{Input: 7}}, nil
}

type toolbox struct {
	chat.Toolbox
	box sandbox.Sandbox
}

func (b toolbox) Call(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
	_, err := b.box.Run(ctx, sandbox.Key{}, sandbox.Cell{})
	return llm.ToolResult{Failed: err != nil}
}

type box struct{ sandbox.Sandbox }

func (box) Run(_ context.Context, _ sandbox.Key, c sandbox.Cell) (sandbox.Result, error) {
	if c.Status != nil {
		c.Status(sandbox.Status{State: sandbox.Restoring})
	}
	return sandbox.Result{}, nil
}

// run answers a turn, and returns what was logged.
func run(t *testing.T, tracer *trace.Tracer) string {
	var out bytes.Buffer
	tools := toolbox{box: tracer.Sandbox(box{})}
	e := tracer.Engine(engine{model: tracer.Model(model{}), tools: tracer.Toolbox(tools), log: slog.New(trace.Log(slog.NewTextHandler(&out, nil)))})
	if _, err := e.Run(t.Context(), chat.Turn{ID: "turn-7"}, func(chat.Event) {}); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	return out.String()
}

// All spans of a turn are of one trace and have its request, which the log has too;
// nothing of what was said is in them.
func TestSpans(t *testing.T) {
	var mu sync.Mutex
	got := map[string]*spans.Span{}
	var all []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Api-Key") != "k" {
			t.Errorf("%s: %v", r.URL, err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, body...)
		for _, rs := range req.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					got[s.Name] = s
				}
			}
		}
	}))
	defer srv.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k")
	tracer, err := trace.Open(t.Context(), "v1", slog.New(slog.DiscardHandler))
	if err != nil || tracer == nil {
		t.Fatal(tracer, err)
	}
	if log := run(t, tracer); !strings.Contains(log, "request=turn-7") {
		t.Error(log)
	}
	if err := tracer.Close(); err != nil {
		t.Fatal(err)
	}
	parents := map[string]string{"turn": "", "chat m": "turn", "execute_tool python": "turn", "run code": "execute_tool python"}
	if len(got) != len(parents) {
		t.Errorf("%v", got)
	}
	for name, parent := range parents {
		s := got[name]
		if s == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if !bytes.Equal(s.TraceId, got["turn"].TraceId) || parent != "" && !bytes.Equal(s.ParentSpanId, got[parent].SpanId) || !strings.Contains(s.String(), "turn-7") {
			t.Errorf("%s: %s", name, s)
		}
	}
	if s := got["turn"]; s.GetStatus().GetMessage() != "unavailable" || len(s.Events) != 1 || s.Events[0].Name != "first word" {
		t.Errorf("%s", s)
	}
	if bytes.Contains(all, []byte("confidential")) {
		t.Error("a sentence of an error is sent")
	}
}

// Without a place for them there are no spans, and the log has the request all the same.
func TestOff(t *testing.T) {
	for _, env := range []map[string]string{
		{},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
	} {
		for name, value := range env {
			t.Setenv(name, value)
		}
		tracer, err := trace.Open(t.Context(), "v1", slog.New(slog.DiscardHandler))
		if err != nil || tracer != nil {
			t.Errorf("%v: %v %v", env, tracer, err)
		}
		if log := run(t, tracer); !strings.Contains(log, "request=turn-7") {
			t.Error(log)
		}
		if err := tracer.Close(); err != nil {
			t.Error(err)
		}
		if b := (toolbox{}); tracer.Toolbox(b) != chat.Toolbox(b) || tracer.Model(model{}) != llm.Model(model{}) || tracer.Sandbox(box{}) != sandbox.Sandbox(box{}) {
			t.Error("something is between the parts")
		}
		for name := range env {
			t.Setenv(name, "")
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	if _, err := trace.Open(t.Context(), "v1", nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
