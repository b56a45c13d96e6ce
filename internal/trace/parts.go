package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox"
)

type engine struct {
	assistant.Engine
	t *Tracer
}

// Engine gives all that is done for a turn the turn's ID as its request, and the turn
// a span.
func (t *Tracer) Engine(e assistant.Engine) assistant.Engine { return engine{e, t} }

func (e engine) Run(ctx context.Context, turn chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	ctx = withRequest(ctx, turn.ID)
	if e.t == nil {
		return e.Engine.Run(ctx, turn, emit)
	}
	ctx, span := e.t.start(ctx, "turn")
	first := true
	res, err := e.Engine.Run(ctx, turn, func(ev chat.Event) {
		if _, text := ev.(chat.TextDelta); text && first {
			first = false
			span.AddEvent("first word")
		}
		emit(ev)
	})
	span.SetAttributes(attribute.String("gen_ai.request.model", res.Model), attribute.Int("attache.rounds", res.Rounds),
		attribute.Int("gen_ai.usage.input_tokens", res.Usage.Input), attribute.Int("gen_ai.usage.output_tokens", res.Usage.Output))
	end(span, err)
	return res, err
}

type model struct {
	llm.Model
	t *Tracer
}

// Model gives requests to the model's server spans.
func (t *Tracer) Model(m llm.Model) llm.Model {
	if t == nil {
		return m
	}
	return model{m, t}
}

func (m model) Generate(ctx context.Context, req llm.Request, delta func(string)) (llm.Reply, error) {
	ctx, span := m.t.start(ctx, "chat "+req.Model, attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.request.model", req.Model))
	reply, err := m.Model.Generate(ctx, req, delta)
	span.SetAttributes(attribute.Int("gen_ai.usage.input_tokens", reply.Usage.Input), attribute.Int("gen_ai.usage.output_tokens", reply.Usage.Output))
	end(span, err)
	return reply, err
}

type toolbox struct {
	chat.Toolbox
	t *Tracer
}

// Toolbox gives calls of tools spans.
func (t *Tracer) Toolbox(b chat.Toolbox) chat.Toolbox {
	if t == nil {
		return b
	}
	return toolbox{b, t}
}

func (b toolbox) Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult {
	ctx, span := b.t.start(ctx, "execute_tool "+call.Name, attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", call.Name))
	res := b.Toolbox.Call(ctx, user, conversation, call, hooks)
	var err error
	if res.Failed {
		err = fault.New(fault.Invalid, "")
	}
	end(span, err)
	return res
}

type box struct {
	sandbox.Sandbox
	t *Tracer
}

// Sandbox gives code that runs spans; what it waited for are events.
func (t *Tracer) Sandbox(s sandbox.Sandbox) sandbox.Sandbox {
	if t == nil {
		return s
	}
	return box{s, t}
}

func (b box) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	ctx, span := b.t.start(ctx, "run code")
	status := cell.Status
	cell.Status = func(s sandbox.Status) {
		span.AddEvent(string(s.State))
		if status != nil {
			status(s)
		}
	}
	res, err := b.Sandbox.Run(ctx, key, cell)
	span.SetAttributes(attribute.String("attache.outcome", string(res.Outcome)))
	end(span, err)
	return res, err
}
