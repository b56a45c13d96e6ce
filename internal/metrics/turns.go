package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
)

type engine struct {
	assistant.Engine
	m *Metrics
}

// Engine counts turns, and logs each at its end.
func (m *Metrics) Engine(e assistant.Engine) assistant.Engine {
	if m == nil {
		return e
	}
	return &engine{e, m}
}

func (e *engine) Run(ctx context.Context, t chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	m := e.m
	began := time.Now()
	m.running.Inc()
	defer m.running.Dec()
	var once sync.Once
	var first time.Duration
	res, err := e.Engine.Run(ctx, t, func(ev chat.Event) {
		if _, text := ev.(chat.TextDelta); text {
			once.Do(func() { first = time.Since(began) })
		}
		emit(ev)
	})
	took := time.Since(began)
	m.turns.WithLabelValues(result(err)).Inc()
	m.turn.Observe(took.Seconds())
	if first > 0 {
		m.firstWord.Observe(first.Seconds())
	}
	model := m.names.label(res.Model)
	for kind, n := range map[string]int{"input": res.Usage.Input, "cached": res.Usage.Cached, "output": res.Usage.Output, "reasoning": res.Usage.Reasoning} {
		m.tokens.WithLabelValues(model, kind).Add(float64(max(n, 0)))
	}
	m.cost.WithLabelValues(model).Add(float64(max(res.Cost, 0)) / float64(ledger.Dollar))
	attrs := []any{"user", t.User, "conversation", t.Conversation, "model", res.Model, "rounds", res.Rounds, "input", res.Usage.Input, "output", res.Usage.Output,
		"files", len(res.Files), "first_word_ms", first.Milliseconds(), "ms", took.Milliseconds(), "result", result(err)}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	m.log.InfoContext(ctx, "turn ended", attrs...)
	return res, err
}

type toolbox struct {
	chat.Toolbox
	m *Metrics
}

// Toolbox counts calls of tools.
func (m *Metrics) Toolbox(t chat.Toolbox) chat.Toolbox {
	if m == nil {
		return t
	}
	return &toolbox{t, m}
}

func (t *toolbox) Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult {
	began := time.Now()
	res := t.Toolbox.Call(ctx, user, conversation, call, hooks)
	took := time.Since(began)
	how := "ok"
	if res.Failed {
		how = "failed"
	}
	name := t.m.names.label(call.Name)
	t.m.calls.WithLabelValues(name, how).Inc()
	t.m.call.WithLabelValues(name).Observe(took.Seconds())
	t.m.log.DebugContext(ctx, "tool called", "tool", call.Name, "result", how, "ms", took.Milliseconds())
	return res
}

type model struct {
	llm.Model
	m *Metrics
}

// Model counts requests to the model's server.
func (m *Metrics) Model(x llm.Model) llm.Model {
	if m == nil {
		return x
	}
	return &model{x, m}
}

func (x *model) Generate(ctx context.Context, req llm.Request, delta func(text string)) (llm.Reply, error) {
	began := time.Now()
	reply, err := x.Model.Generate(ctx, req, delta)
	took := time.Since(began)
	name := x.m.names.label(req.Model)
	x.m.requests.WithLabelValues(name, result(err)).Inc()
	x.m.request.WithLabelValues(name).Observe(took.Seconds())
	x.m.log.DebugContext(ctx, "model asked", "model", req.Model, "result", result(err), "ms", took.Milliseconds(),
		"input", reply.Usage.Input, "output", reply.Usage.Output, "calls", len(reply.Message.Calls))
	return reply, err
}
