// Package builtin is the model that needs no key and no network.
package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
)

// Name is the name of the built-in model.
const Name = "built-in"

// Model says how to set a real model, and does what needs no understanding: it
// analyses the files whose ids are in the prompt, lets the runner answer simple
// questions about tables, and runs the prompt's fenced Python blocks as they
// are. The same request gives the same answer. It counts no tokens: they cost
// nothing.
type Model struct{}

var _ llm.Model = Model{}

// Models implements llm.Model: it lists Name.
func (Model) Models(context.Context) ([]string, error) { return []string{Name}, nil }

// Window implements llm.Model: there is none.
func (Model) Window(context.Context, string) (int, error) { return 0, nil }

const (
	// maxCalls bounds what one prompt makes it run.
	maxCalls = 8
	// maxOutput bounds what of one call's output it shows, in bytes.
	maxOutput = 3000
	// maxReport bounds a report or an answer, which is written for people.
	maxReport = 6000
)

const noModel = `No language model is configured, so I can't discuss things, but I can run Python, analyse files and answer simple questions about tables.
To set one, give OPENAI_API_KEY (and, for another OpenAI-compatible server, OPENAI_BASE_URL and OPENAI_MODEL) in the environment or in .env, and start me again.`

// Generate implements llm.Model.
func (Model) Generate(ctx context.Context, req llm.Request, delta func(string)) (llm.Reply, error) {
	last := len(req.Messages) - 1
	for last >= 0 && req.Messages[last].Role != llm.User {
		last--
	}
	var prompt string
	var results []llm.Message
	if last >= 0 {
		prompt = req.Messages[last].Text()
		for _, m := range req.Messages[last:] {
			if m.Role == llm.FromTool {
				results = append(results, m)
			}
		}
	}
	reply := llm.Reply{Message: llm.Message{Role: llm.Assistant, Model: Name}, Finish: llm.Stop, Model: Name}
	var text string
	steps := plan(prompt, latest(req.Messages))
	switch {
	case len(results) > 0:
		text = present(results, steps)
	case len(steps) == 0 || req.NoCalls:
		text = introduce(req.Messages) + "\n\nAttach a file and ask about it, name the id of one, or write Python in a ```python block."
	case !slices.ContainsFunc(req.Tools, func(t llm.Tool) bool { return t.Name == llm.PythonTool }):
		text = introduce(req.Messages) + "\n\nPython can't be run here right now, so I can't do more with this message. `attache doctor` tells why."
	default:
		if !introduced(req.Messages) {
			text = noModel + "\n\n"
		}
		reply.Finish = llm.Calls
		for i, step := range steps {
			args, err := json.Marshal(map[string]string{"code": step.code})
			if err != nil {
				return llm.Reply{}, err
			}
			reply.Message.Calls = append(reply.Message.Calls,
				llm.ToolCall{ID: fmt.Sprintf("builtin_%d_%d", last, i), Name: llm.PythonTool, Arguments: string(args)})
		}
	}
	reply.Message.Parts = []llm.Part{{Text: text}}
	for _, word := range strings.SplitAfter(text, " ") {
		if err := ctx.Err(); err != nil {
			return llm.Reply{}, err
		}
		if delta != nil && word != "" {
			delta(word)
		}
	}
	return reply, nil
}

// introduce says at length once in a conversation that no model is set.
func introduce(history []llm.Message) string {
	if introduced(history) {
		return "No language model is configured (see OPENAI_API_KEY)."
	}
	return noModel
}

func introduced(history []llm.Message) bool {
	return slices.ContainsFunc(history, func(m llm.Message) bool {
		return m.Model == Name
	})
}

var (
	fence  = regexp.MustCompile("(?ms)^[ \t]*```[ \t]*(?i:python3?|py)[ \t]*\r?\n(.*?)^[ \t]*```[ \t]*$")
	fileID = regexp.MustCompile(`\b\d+_\d+_[0-9a-f]{8}\b`)
	// aside is what the conversation adds to a prompt: files, quotes.
	aside = regexp.MustCompile(`(?m)^\[.*\]\s*$`)
	// report is a prompt that wants an analysis, not an answer.
	report = regexp.MustCompile(`(?i)\banaly[sz]|\banalysis\b|\boverview\b|\breport\b|\bexplore\b|\binsights?\b|\btell me (more )?about (this|the|my|it)\b|` +
		`\bwhat('s| is)( in)? (this|it|here|the (file|data|table))\b|` +
		`^\W*(please |can you |could you )*(take a look|look|describe|summari[sz]e|visuali[sz]e|plot|chart|show|explain|check|open|read)( at| me| into)?( it| this| that| the| my)?( data| file| table| csv| dataset| spreadsheet| sheet)?( out| please)?\W*$`)
	word = regexp.MustCompile(`\pL{2,}`)
)

// noTable ends the code for a file: of what is no table it shows the beginning.
const noTable = `except Exception as problem:
    if type(problem).__name__ != 'NoTable':
        raise
    print('~~~\n' + str(load_file('ID'))[:1500].replace('~~~', '') + '\n~~~')
`

// The code for a file: a report of it, or the answer to a question about it.
// A question with a file that comes with it is answered by a report where it
// is not understood.
const (
	analysis = "try:\n    analysis = analyze_data_file('ID', 'comprehensive')\n" + noTable
	question = "try:\n    answer = ask_table('ID', QUESTION)\n"
	orReport = "    if not answer['understood']:\n        analysis = analyze_data_file('ID', 'comprehensive')\n"
)

// A step is code to run, and whether it prints Markdown for people.
type step struct {
	code     string
	markdown bool
}

// plan returns what to run for a prompt: a report or an answer for each file
// id outside of code, then each block of code. With neither, the prompt is a
// question about the file before it, if there is one.
func plan(prompt, before string) []step {
	var steps []step
	outside := fence.ReplaceAllString(prompt, "")
	asked := strings.TrimSpace(fileID.ReplaceAllString(aside.ReplaceAllString(outside, ""), ""))
	for _, id := range fileID.FindAllString(outside, -1) {
		code := analysis
		if len(word.FindAllString(asked, 3)) > 1 && !report.MatchString(asked) {
			code = question + orReport + noTable
		}
		s := step{filled(code, id, asked), true}
		if !slices.Contains(steps, s) {
			steps = append(steps, s)
		}
	}
	blocks := fence.FindAllStringSubmatch(prompt, -1)
	for _, block := range blocks {
		if strings.TrimSpace(block[1]) != "" {
			steps = append(steps, step{code: block[1]})
		}
	}
	if len(steps) == 0 && len(blocks) == 0 && before != "" && asked != "" && !strings.Contains(asked, "```") {
		code := question + noTable
		if report.MatchString(asked) {
			code = analysis
		}
		steps = append(steps, step{filled(code, before, asked), true})
	}
	return steps[:min(len(steps), maxCalls)]
}

// filled puts an id and a question into code. A JSON string is one in Python too.
func filled(code, id, asked string) string {
	text, err := json.Marshal(asked)
	if err != nil { // no string fails
		return ""
	}
	return strings.NewReplacer("ID", id, "QUESTION", string(text)).Replace(code)
}

// latest returns the id of the last file that people brought into the
// conversation before their last message; pictures can't be asked about.
func latest(history []llm.Message) string {
	last := ""
	for i := len(history) - 1; i >= 0 && last == ""; i-- {
		if history[i].Role != llm.User {
			continue
		}
		for line := range strings.Lines(history[i].Text()) {
			if ids := fileID.FindAllString(line, -1); len(ids) > 0 && !strings.Contains(line, ", image,") {
				last = ids[len(ids)-1]
			}
		}
	}
	return last
}

// present shows the results of calls, shortened: what was written for people as
// it is, anything else in a block.
func present(results []llm.Message, steps []step) string {
	var b strings.Builder
	for i, m := range results {
		res := llm.ToolResult{Output: m.Text()}
		if m.Result != nil {
			res = *m.Result
			res.Files = nil // they see those
		}
		if i < len(steps) && steps[i].markdown && !res.Failed {
			written := strings.TrimSpace(strings.ReplaceAll(res.Output, "```", "'''"))
			b.WriteString(shorten(written, maxReport) + "\n\n")
			if res.Output = ""; len(res.Tables) > 0 {
				res.Values = nil // they see those too
			}
			if res.Text() == "" {
				continue
			}
		}
		out := strings.TrimSpace(strings.ReplaceAll(res.Text(), "```", "'''"))
		if out == "" {
			out = "(no output)"
		}
		fmt.Fprintf(&b, "```\n%s\n```\n", shorten(out, maxOutput))
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
		return brief.Bytes(s, n)
	}
	return fmt.Sprintf("%s\n… and %d more lines", s[:cut], strings.Count(s[cut+1:], "\n")+1)
}
