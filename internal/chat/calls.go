package chat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

const (
	maxCalls    = 16     // in one reply
	maxParallel = 4      // that run at the same time
	maxToolText = 20_000 // bytes of one result for the model
	maxOldText  = 2_000  // bytes of a result of an earlier turn
	maxRunText  = 16_000 // bytes that are kept of code, of its output and of its error
	maxRunRows  = 64_000 // bytes that are kept of the tables of a run
)

// call runs the calls of a reply and returns their results as messages, in the
// same order. Calls run at the same time, but those of tools that are InOrder
// one after another.
func (r *run) call(ctx context.Context, reply llm.Reply, round int) []llm.Message {
	calls := reply.Message.Calls
	results := make([]llm.ToolResult, len(calls))
	made := make([][]files.File, len(calls))
	var all sync.WaitGroup
	slots := make(chan struct{}, maxParallel)
	var chain []func()
	for i := range calls {
		tool, problem := r.check(&calls[i], i, reply.Finish == llm.Length)
		if problem != "" {
			results[i] = llm.ToolResult{Error: problem, Failed: true}
			r.emit(ToolStarted{calls[i], round})
			r.emit(ToolEnded{Call: calls[i], Result: results[i]})
			continue
		}
		do := func() { results[i], made[i] = r.callOne(ctx, calls[i], round) }
		if tool.InOrder {
			chain = append(chain, do)
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			do()
		})
	}
	all.Go(func() {
		if len(chain) > 0 {
			r.enterSession(ctx)
		}
		for _, do := range chain {
			do()
		}
	})
	all.Wait()
	out := make([]llm.Message, len(calls))
	for i, c := range calls {
		out[i] = llm.Text(llm.FromTool, shorten(results[i].ForModel(), maxToolText))
		out[i].CallID = c.ID
		if out[i].Run = kept(results[i], made[i]); out[i].Run != nil && r.turn.Sharing.Use != nil {
			out[i].Run.By = speaker(r.turn.UserName)
		}
		out[i].Result = &results[i]
		r.result.Files = append(r.result.Files, made[i]...)
	}
	return out
}

// enterSession waits until no other turn runs code in the same session, for whose
// variables this one then has it alone to its end.
func (r *run) enterSession(ctx context.Context) {
	if r.entered {
		return
	}
	user := cmp.Or(files.UserID(r.turn.Sharing.Session), r.turn.User)
	leave, err := r.e.queues.enter(ctx, fmt.Sprintf("code %s %d", r.turn.Conversation, user), r.turn.User, true, r.waits)
	if err == nil { // else ctx has ended, and the calls end with it
		r.entered, r.leaveSession = true, leave
	}
}

// pythonAliases are the names that models were trained to run code by.
var pythonAliases = map[string]bool{"python": true, "execute_python": true, "run_python": true, "python_interpreter": true, "code_interpreter": true, "ipython": true,
	"execute_code": true, "run_code": true, "run_python_code": true, "container_python": true}

// kept is what stays of a run in the history.
func kept(r llm.ToolResult, made []files.File) *llm.Run {
	if r.Run == nil {
		return nil
	}
	k := *r.Run
	for _, f := range made {
		k.Files = append(k.Files, string(f.ID))
	}
	k.Code, k.Output = shorten(k.Code, maxRunText), shorten(k.Output, maxRunText)
	k.Failed, k.Error, k.Tables = r.Failed, shorten(r.Error, maxRunText), keptTables(r.Tables)
	return &k
}

// keptTables are the tables with as many of their first rows as there is room for.
// One without room stays, empty: a table is known by its place.
func keptTables(all []table.Table) (out []table.Table) {
	room := maxRunRows
	fits := func(row []string) bool {
		for _, cell := range row {
			room -= len(cell) + 8
		}
		return room >= 0
	}
	for _, t := range all {
		t.TotalRows, t.TotalColumns = t.Size()
		if !fits(t.Columns) {
			t.Columns, t.Rows = nil, nil
		}
		for n, row := range t.Rows {
			if !fits(row) {
				t.Rows = t.Rows[:n]
				break
			}
		}
		out = append(out, t)
	}
	return out
}

// check finds the call's tool and repairs its arguments in place. A problem is
// told to the model instead of running the call.
func (r *run) check(c *llm.ToolCall, i int, cut bool) (tool llm.Tool, problem string) {
	find := func(name string) int {
		return slices.IndexFunc(r.tools, func(t llm.Tool) bool { return t.Name == name })
	}
	k := find(c.Name)
	if k < 0 && pythonAliases[c.Name] {
		if k = find(llm.PythonTool); k >= 0 {
			c.Name = llm.PythonTool // also when it goes back: servers know no other
		}
	}
	switch {
	case i >= maxCalls:
		return tool, fmt.Sprintf("Not run: one reply may have at most %d calls.", maxCalls)
	case k < 0:
		var names []string
		for _, t := range r.tools {
			names = append(names, t.Name)
		}
		return tool, fmt.Sprintf("There is no tool named %q. The tools are: %s.", c.Name, strings.Join(names, ", "))
	}
	tool = r.tools[k]
	args, ok := repairArguments(c.Arguments, tool.Parameters)
	switch {
	case ok:
		c.Arguments = args
		return tool, ""
	case cut:
		return tool, "Not run: the arguments were cut off at your output limit. Use shorter arguments, or several calls."
	}
	return tool, "Not run: the arguments are not a JSON object. Escape line breaks and quotes in strings, and try again."
}

// callOne runs one call. A tool that panics has failed, and nothing else has.
func (r *run) callOne(ctx context.Context, c llm.ToolCall, round int) (res llm.ToolResult, made []files.File) {
	r.emit(ToolStarted{c, round})
	hooks := llm.ToolHooks{
		Status: func(s llm.ToolStatus) { r.emit(ToolStatus{c.ID, s}) },
		Output: func(s string) { r.emit(ToolOutput{c.ID, s}) },
		Ask:    r.turn.Ask, Sharing: r.turn.Sharing,
	}
	res = func() (res llm.ToolResult) {
		defer func() {
			if p := recover(); p != nil {
				res = llm.ToolResult{Failed: true, Notes: []locale.Message{locale.Later("The tool %s crashed.", c.Name)}}
				r.e.opts.Log.ErrorContext(ctx, "a tool panicked", "tool", c.Name, "panic", p, "stack", string(debug.Stack()))
			}
		}()
		if ctx.Err() != nil {
			return llm.ToolResult{Failed: true, Error: "Not run: the user stopped the answer."}
		}
		if own, ok := r.own[c.Name]; ok {
			return own.Call(ctx, json.RawMessage(c.Arguments), hooks.Filled())
		}
		return r.e.tools.Call(ctx, r.turn.User, r.turn.Conversation, c, hooks)
	}()
	for _, id := range res.Files {
		// A file that is gone already is no reason to lose the rest.
		if f, err := r.e.files.Get(context.WithoutCancel(ctx), r.turn.User, files.ID(id)); err == nil {
			made = append(made, f)
		}
	}
	r.emit(ToolEnded{Call: c, Result: res, Files: made})
	return res, made
}

// shorten keeps head and tail of a text of more than limit bytes, and says
// what it left out.
func shorten(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	head, tail := limit*2/3, len(s)-limit/3
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return fmt.Sprintf("%s\n[… %d of %d bytes are left out here: at most %d are shown …]\n%s",
		s[:head], tail-head, len(s), limit, s[tail:])
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
