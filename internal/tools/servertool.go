package tools

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// serverTool is a tool of an MCP server.
type serverTool struct {
	Stateless

	s    *server
	name string // as the server names it
	spec llm.Tool
}

var _ Tool = (*serverTool)(nil)

// Spec implements Tool.
func (t *serverTool) Spec() llm.Tool { return t.spec }

// Call implements Tool. It ends within the server's time limit, whatever the
// server does.
func (t *serverTool) Call(ctx context.Context, c Call) llm.ToolResult {
	var args map[string]any
	if err := unmarshalNumbers(c.Arguments, &args); err != nil || args == nil {
		return Failure(fault.New(fault.Invalid, "The arguments of %s must be a JSON object.", t.spec.Name))
	}
	if t.s.cfg.Files {
		if err := t.link(ctx, c.User, args); err != nil {
			return Failure(err)
		}
	}
	c.Hooks.Status(llm.ToolStatus{State: llm.ToolRunning, Detail: t.spec.Name})
	res, err := t.call(ctx, &mcp.CallToolParams{Name: t.name, Arguments: args})
	if err != nil {
		return t.failure(ctx, err)
	}
	return t.result(ctx, c.User, res)
}

// call calls the server, once more if the first try found a connection that
// had ended before, so that nothing was carried out.
func (t *serverTool) call(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.Timeout)
	defer cancel()
	var old *session
	for {
		session, err := t.s.live(ctx, old)
		if err != nil {
			return nil, err
		}
		res, err := t.callIn(ctx, session, params)
		if t.s.cfg.Command != "" && errors.Is(err, io.EOF) {
			session.gone.Store(true)
		}
		if old == nil && unsent(err) {
			old = session
			continue
		}
		if err == nil && res == nil {
			err = errors.New("an empty answer")
		}
		return res, err
	}
}

// unsent tells whether a call failed because the connection had ended before it.
func unsent(err error) bool {
	return errors.Is(err, mcp.ErrSessionMissing) || errors.Is(err, mcp.ErrConnectionClosed) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}

func (t *serverTool) callIn(ctx context.Context, session *session, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	if session.ctx.Err() != nil {
		return nil, mcp.ErrConnectionClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(session.ctx, func() { cancel(errLost) })()
	res, err := session.CallTool(ctx, params)
	switch {
	case context.Cause(ctx) == errLost:
		return nil, errLost
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		select {
		case t.s.doubt <- session:
		default:
		}
	}
	return res, err
}

// From codeRejected to codeClientClosing are errors of the client library
// itself: nothing reached the server, or no answer came back.
const (
	codeRejected      = -32005
	codeClientClosing = -32003
)

// errLost is a connection that ended during a call.
var errLost = errors.New("the connection ended")

// failure is the result of a call that came to nothing.
func (t *serverTool) failure(ctx context.Context, err error) llm.ToolResult {
	name := t.s.cfg.Name
	var refused *jsonrpc.Error
	var known *fault.Error
	switch {
	case ctx.Err() != nil:
		err = fault.Wrap(context.Canceled, fault.Canceled, "The call was stopped.")
	case errors.As(err, &known):
	case errors.Is(err, context.DeadlineExceeded):
		err = fault.Wrap(err, fault.Unavailable, "The tool server %s did not answer within %s.", name, t.s.cfg.Timeout)
	case errors.As(err, &refused) && (refused.Code < codeRejected || refused.Code > codeClientClosing):
		return llm.ToolResult{Failed: true, Error: "The tool server " + name + " refused the call: " + brief.Bytes(brief.Line(t.s.cfg.scrub(refused.Message)), 2000)}
	case t.s.cfg.Command != "" || err == errLost:
		err = fault.Wrap(err, fault.Unavailable, "The tool server %s ended during the call; what it did by then is not known. It is started again.", name)
	default:
		err = fault.Wrap(err, fault.Unavailable, "The tool server %s can't be reached right now, or its answer made no sense.", name)
	}
	if !fault.Is(err, fault.Canceled) {
		t.s.m.log.WarnContext(ctx, "MCP call failed", "server", name, "tool", t.name, "error", brief.Bytes(brief.Line(t.s.cfg.scrub(err.Error())), 500))
	}
	return Failure(err)
}

// link replaces the ids of the user's files in the arguments by links. The id
// of no file of the user's is an error, and nothing leaves the program.
func (t *serverTool) link(ctx context.Context, user files.UserID, args map[string]any) error {
	var replace func(v any) (any, error)
	replace = func(v any) (_ any, err error) {
		switch v := v.(type) {
		case string:
			return t.linkOne(ctx, user, v)
		case []any:
			for i := range v {
				if v[i], err = replace(v[i]); err != nil {
					return nil, err
				}
			}
		case map[string]any:
			for k := range v {
				if v[k], err = replace(v[k]); err != nil {
					return nil, err
				}
			}
		}
		return v, nil
	}
	_, err := replace(args)
	return err
}

// linkOne returns a link for a text that is the id of a file, or file: and an
// id, and any other text as it is.
func (t *serverTool) linkOne(ctx context.Context, user files.UserID, text string) (string, error) {
	rest, named := strings.CutPrefix(text, "file:")
	named = named && !strings.HasPrefix(rest, "/") // file:///path is somebody's URL
	if !named {
		rest = text
	}
	id, err := files.ParseID(rest)
	if err != nil {
		if named {
			return "", err
		}
		return text, nil
	}
	f, err := t.s.m.files.Get(ctx, user, id)
	if err != nil {
		return "", err
	}
	return t.s.m.links.Link(user, f.ID, linkLife), nil
}

// asJSON writes a value that a server gave.
func asJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}
