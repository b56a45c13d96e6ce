package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// BuiltinName is the name of the built-in model.
const BuiltinName = "built-in"

// Builtin is the model that needs no key and no network. It says how to set a
// real one, and does what needs no understanding: it analyses the files whose
// ids are in the prompt, and runs the prompt's fenced Python blocks as they
// are. The same request gives the same answer. It counts no tokens: they cost
// nothing.
type Builtin struct{}

var _ Model = Builtin{}

// Models implements Model: it lists BuiltinName.
func (Builtin) Models(context.Context) ([]string, error) { return []string{BuiltinName}, nil }

// Window implements Model: there is none.
func (Builtin) Window(context.Context, string) (int, error) { return 0, nil }

const (
	// maxBuiltinCalls bounds what one prompt makes it run.
	maxBuiltinCalls = 8
	// maxBuiltinOutput bounds what of one call's output it shows, in bytes.
	maxBuiltinOutput = 3000
)

const noModel = `No language model is configured, so I can't discuss things, but I can run Python and analyse files.
To set one, give OPENAI_API_KEY (and, for another OpenAI-compatible server, OPENAI_BASE_URL and OPENAI_MODEL) in the environment or in .env, and start me again.`

// Generate implements Model.
func (Builtin) Generate(ctx context.Context, req Request, delta func(string)) (Reply, error) {
	last := len(req.Messages) - 1
	for last >= 0 && req.Messages[last].Role != User {
		last--
	}
	var prompt string
	var results []Message
	if last >= 0 {
		prompt = req.Messages[last].Text()
		for _, m := range req.Messages[last:] {
			if m.Role == FromTool {
				results = append(results, m)
			}
		}
	}
	reply := Reply{Message: Message{Role: Assistant}, Finish: Stop, Model: BuiltinName}
	var text string
	switch codes := plan(prompt); {
	case len(results) > 0:
		text = present(results)
	case len(codes) == 0 || req.NoCalls:
		text = introduce(req.Messages) + "\n\nAttach a file, name the id of one, or write Python in a ```python block."
	case !slices.ContainsFunc(req.Tools, func(t Tool) bool { return t.Name == PythonTool }):
		text = introduce(req.Messages) + "\n\nPython can't be run here right now, so I can't do more with this message. `attache doctor` tells why."
	default:
		text = introduce(req.Messages) + "\n\n"
		reply.Finish = Calls
		for i, code := range codes {
			args, err := json.Marshal(map[string]string{"code": code})
			if err != nil {
				return Reply{}, err
			}
			reply.Message.Calls = append(reply.Message.Calls,
				ToolCall{ID: fmt.Sprintf("builtin_%d_%d", last, i), Name: PythonTool, Arguments: string(args)})
		}
	}
	reply.Message.Parts = []Part{{Text: text}}
	for _, word := range strings.SplitAfter(text, " ") {
		if err := ctx.Err(); err != nil {
			return Reply{}, err
		}
		if delta != nil && word != "" {
			delta(word)
		}
	}
	return reply, nil
}

// introduce says at length once in a conversation that no model is set.
func introduce(history []Message) string {
	for _, m := range history {
		if m.Role == Assistant && strings.HasPrefix(m.Text(), noModel) {
			return "No language model is configured (see OPENAI_API_KEY)."
		}
	}
	return noModel
}

var (
	fence  = regexp.MustCompile("(?ms)^[ \t]*```[ \t]*(?i:python3?|py)[ \t]*\r?\n(.*?)^[ \t]*```[ \t]*$")
	fileID = regexp.MustCompile(`\b\d+_\d+_[0-9a-f]{8}\b`)
)

// analysis is the code for a file: a report, or the beginning of what is no
// table.
const analysis = `try:
    analysis = analyze_data_file('ID', 'comprehensive')
except Exception as problem:
    if 'is no table' not in str(problem):
        raise
    print(str(load_file('ID'))[:1500])
`

// plan returns the code to run for a prompt: an analysis of each file id
// outside of code, then each block of code.
func plan(prompt string) []string {
	var codes []string
	for _, id := range fileID.FindAllString(fence.ReplaceAllString(prompt, ""), -1) {
		code := strings.ReplaceAll(analysis, "ID", id)
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for _, block := range fence.FindAllStringSubmatch(prompt, -1) {
		if strings.TrimSpace(block[1]) != "" {
			codes = append(codes, block[1])
		}
	}
	return codes[:min(len(codes), maxBuiltinCalls)]
}

// present shows the outputs of calls, shortened, each in a block.
func present(results []Message) string {
	var b strings.Builder
	for _, m := range results {
		out := m.Text()
		if m.Result != nil {
			res := *m.Result
			res.Files = nil // they see those
			out = res.Text()
		}
		out = strings.TrimSpace(strings.ReplaceAll(out, "```", "'''"))
		if out == "" {
			out = "(no output)"
		}
		fmt.Fprintf(&b, "```\n%s\n```\n", shorten(out, maxBuiltinOutput))
	}
	return strings.TrimSpace(b.String())
}

// shorten cuts s after the last whole line within n bytes and says so.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := strings.LastIndexByte(s[:n], '\n')
	if cut < n/2 {
		return clip(s, n)
	}
	return fmt.Sprintf("%s\n… and %d more lines", s[:cut], strings.Count(s[cut+1:], "\n")+1)
}
