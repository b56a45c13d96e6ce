package main

import (
	"context"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/redact"
)

// hideSecrets takes the settings' secrets out of all that leaves: errors, what goes
// to standard error with the log, and, by the decorators below, what tools and models
// answer.
func (m *Main) hideSecrets() {
	m.secrets = redact.New(m.Config.Secrets(m.EnvFile)...)
	fault.Redact(m.secrets.String)
	m.Stderr = m.secrets.Writer(m.Stderr)
	m.onClose(func() error { redact.Flush(m.Stderr); return nil })
}

// toolsWithoutSecrets are tools whose results hold no secret of ours: a failed
// installation may tell the index's address.
type toolsWithoutSecrets struct {
	chat.Toolbox
	secrets *redact.Redactor
}

func (t toolsWithoutSecrets) Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult {
	res := t.Toolbox.Call(ctx, user, conversation, call, hooks)
	res.Output, res.Error = t.secrets.String(res.Output), t.secrets.String(res.Error)
	for _, list := range [][]string{res.Values, res.Warnings} {
		for i := range list {
			list[i] = t.secrets.String(list[i])
		}
	}
	for i, n := range res.Notes {
		res.Notes[i] = n.Map(t.secrets.String)
	}
	for i, table := range res.Tables {
		res.Tables[i] = table.Map(t.secrets.String)
	}
	if res.Run != nil {
		run := *res.Run
		run.Output = t.secrets.String(run.Output)
		res.Run = &run
	}
	return res
}

// withoutSecrets is a model whose server's own words hold no secret of ours. Its
// errors are fault's.
type withoutSecrets struct {
	llm.Model
	secrets *redact.Redactor
}

func (m withoutSecrets) Generate(ctx context.Context, req llm.Request, delta func(string)) (llm.Reply, error) {
	reply, err := m.Model.Generate(ctx, req, delta)
	for i := range reply.Unsupported {
		reply.Unsupported[i].Reason = m.secrets.String(reply.Unsupported[i].Reason)
	}
	return reply, err
}
