package filter

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
)

// Calls of tools as models write them when their server does not read them. One
// is run only where it is plain that it is one: it stands where an answer may
// have calls, its tool exists, and its arguments are of the form that is used
// with its tag.

// bareCall is a call that is the whole answer.
var bareCall = regexp.MustCompile("^(?:```(?:json|tool_call)?\\s*)?\\{\\s*\"(?:name|function|tool|tool_name)\"\\s*:\\s*\"|^(?:```(?:json|tool_call)?\\s*)?\\{\\s*\"type\"\\s*:\\s*\"function\"|^(?:```(?:json|tool_call)?\\s*)?\\{\\s*\"tool_calls\"\\s*:\\s*\\[")

var (
	blockCall  = regexp.MustCompile(`(?s)<(tool_call|function_call|tool_calls|TOOLCALL|\|tool_call\||\|tool_call_start\||\|START_ACTION\|)>\s*(.*?)\s*(?:</(?:tool_call|function_call|tool_calls|TOOLCALL)>|<\|/tool_call\|>|<\|tool_call_end\|>|<\|END_ACTION\|>|(<tool_call>)|$)`)
	xmlCall    = regexp.MustCompile(`(?s)<function=([\w.:-]+)>\s*(.*?)\s*(?:</function>|$)`)
	xmlValue   = regexp.MustCompile(`(?s)<parameter=([\w.-]+)>\n?(.*?)\n?(?:</parameter>|$)`)
	glmCall    = regexp.MustCompile(`(?s)^([\w.:-]+)\s*\n?\s*(<arg_key>.*)$`)
	glmValue   = regexp.MustCompile(`(?s)<arg_key>\s*(.*?)\s*</arg_key>\s*<arg_value>\n?(.*?)\n?(?:</arg_value>|$)`)
	kimiCall   = regexp.MustCompile(`(?s)<\|tool_call_begin\|>\s*([\w.:-]+)\s*<\|tool_call_argument_begin\|>\s*(.*?)\s*(?:<\|tool_call_end\|>|$)`)
	deepCall   = regexp.MustCompile(`(?s)<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?([\w.:-]+)(?:<｜tool▁sep｜>|\n)\s*(.*?)\s*(?:<｜tool▁call▁end｜>|$)`)
	invokeCall = regexp.MustCompile(`(?s)<(?:｜DSML｜)?invoke name="([^"]+)">\s*(.*?)\s*(?:</(?:｜DSML｜)?invoke>|$)`)
	invokeArg  = regexp.MustCompile(`(?s)<(?:｜DSML｜)?parameter name="([^"]+)"[^>]*>\n?(.*?)\n?(?:</(?:｜DSML｜)?parameter>|$)`)
	mistCall   = regexp.MustCompile(`(?s)^\s*([A-Za-z][\w.-]*)\s*(?:\[ARGS\])?\s*(\{.*)$`)
	closeTags  = regexp.MustCompile(`</?(minimax:)?tool_calls?>|</?function_calls?>|</?｜DSML｜function_calls>|<\|tool_calls_section_(begin|end)\|>|<｜tool▁calls▁(begin|end)｜>|<\|(eom_id|eot_id|im_end|call)\|>|</s>`)
	jsonName   = regexp.MustCompile(`"(?:name|function|tool|tool_name)"\s*:\s*"([^"]+)"`)
	jsonArgs   = regexp.MustCompile(`(?s)"(?:arguments|parameters|args|input)"\s*:\s*(\{.*)\}\s*$`)
)

// readCalls reads the calls in what a model wrote, and returns them with the
// text that is left. False: what stands there is not plain.
func readCalls(s string, tools []llm.Tool) (calls []llm.ToolCall, rest string, ok bool) {
	known := func(name string) (llm.Tool, bool) {
		name = CallName(name)
		i := slices.IndexFunc(tools, func(t llm.Tool) bool { return t.Name == name })
		if i < 0 {
			return llm.Tool{}, false
		}
		return tools[i], true
	}
	bad := false
	add := func(name, args string) {
		t, ok := known(name)
		args = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(args), "```json"), "```"), "```"))
		if !ok || args != "" && !strings.HasPrefix(args, "{") {
			bad = true
			return
		}
		calls = append(calls, llm.ToolCall{Name: t.Name, Arguments: cmp.Or(args, "{}")})
	}
	values := func(name string, pairs [][]string) {
		t, ok := known(name)
		if !ok {
			bad = true
			return
		}
		calls = append(calls, llm.ToolCall{Name: t.Name, Arguments: string(lenient.JSON(arguments(t, pairs)))})
	}
	left := s
	cut := func(re *regexp.Regexp, do func(m []string)) {
		left = re.ReplaceAllStringFunc(left, func(block string) string {
			do(re.FindStringSubmatch(block))
			return ""
		})
	}
	cut(deepCall, func(m []string) { add(m[1], m[2]) })
	cut(kimiCall, func(m []string) { add(m[1], m[2]) })
	cut(invokeCall, func(m []string) { values(m[1], invokeArg.FindAllStringSubmatch(m[2], -1)) })
	cut(xmlCall, func(m []string) {
		if pairs := xmlValue.FindAllStringSubmatch(m[2], -1); pairs != nil {
			values(m[1], pairs)
		} else {
			add(m[1], m[2])
		}
	})
	cut(blockCall, func(m []string) {
		switch body := m[2]; {
		case body == "":
		case glmCall.MatchString(body):
			g := glmCall.FindStringSubmatch(body)
			values(g[1], glmValue.FindAllStringSubmatch(g[2], -1))
		case m[1] == "|tool_call_start|" && addPythonic(body, add):
		default:
			bad = !addJSON(body, add) || bad
		}
	})
	left = closeTags.ReplaceAllString(left, "")
	if i := strings.Index(left, "[TOOL_CALLS]"); i >= 0 {
		for _, part := range strings.Split(left[i+len("[TOOL_CALLS]"):], "[TOOL_CALLS]") {
			if m := mistCall.FindStringSubmatch(part); m != nil {
				add(m[1], m[2])
			} else {
				bad = !addJSON(strings.TrimSpace(part), add) || bad
			}
		}
		left = left[:i]
	}
	if i := strings.Index(left, "<|python_tag|>"); i >= 0 {
		body := strings.TrimSpace(left[i+len("<|python_tag|>"):])
		if !addJSON(body, add) {
			bad = true
			if t, ok := known(llm.PythonTool); ok && body != "" && !strings.HasPrefix(body, "{") {
				calls, bad = append(calls, llm.ToolCall{Name: t.Name, Arguments: string(lenient.JSON(map[string]string{"code": body}))}), false
			}
		}
		left = left[:i]
	}
	if t := strings.TrimSpace(left); len(calls) == 0 && bareCall.MatchString(t) {
		t = strings.TrimSpace(strings.TrimSuffix(t[strings.IndexByte(t, '{'):], "```"))
		bad = !addJSON(t, add) || bad
		left = ""
	}
	return calls, strings.TrimSpace(left), len(calls) > 0 && !bad
}

// groqCall is how Llama writes a call that Groq does not read.
var groqCall = regexp.MustCompile(`(?s)^(?:<?function=)?([\w.:-]+)[>,(\s]*(\{.*\})\)?\s*(?:</function>)?$`)

// SplitCall reads a call that is written as a name and its arguments.
func SplitCall(s string) (name, args string, ok bool) {
	m := groqCall.FindStringSubmatch(s)
	if m == nil || !json.Valid([]byte(m[2])) {
		return "", "", false
	}
	return m[1], m[2], true
}

// FailedCalls reads the calls in what a server could not read and gave back. A
// call that is not plain is nothing: the model is asked again.
func FailedCalls(s string, tools []llm.Tool) []llm.ToolCall {
	s = strings.TrimSpace(s)
	calls, rest, ok := readCalls(s, tools)
	if ok && rest == "" {
		return calls
	}
	name, args, ok := SplitCall(s)
	if name = CallName(name); ok && slices.ContainsFunc(tools, func(t llm.Tool) bool { return t.Name == name }) {
		return []llm.ToolCall{{Name: name, Arguments: args}}
	}
	return nil
}

// addJSON reads a call, or a list of them, as JSON. Arguments that are not quite
// JSON are left to be mended by who runs the call.
func addJSON(s string, add func(name, args string)) bool {
	type call struct {
		Name       string          `json:"name"`
		Tool       string          `json:"tool"`
		ToolName   string          `json:"tool_name"`
		Calls      json.RawMessage `json:"tool_calls"` // of an object that has nothing else
		Function   json.RawMessage `json:"function"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
		Args       json.RawMessage `json:"args"`
	}
	var list []call
	var one call
	if json.Unmarshal([]byte(s), &list) != nil {
		if json.Unmarshal([]byte(s), &one) != nil {
			name, args := jsonName.FindStringSubmatch(s), jsonArgs.FindStringSubmatch(s)
			if name == nil || args == nil {
				return false
			}
			add(name[1], args[1])
			return true
		}
		list = []call{one}
		if json.Unmarshal(one.Calls, &list) != nil {
			list = []call{one}
		}
	}
	for _, c := range list {
		name := cmp.Or(c.Name, cmp.Or(c.Tool, c.ToolName))
		if name == "" {
			var inner call
			if json.Unmarshal(c.Function, &inner) == nil {
				name, c.Arguments, c.Parameters = inner.Name, inner.Arguments, inner.Parameters
			} else {
				name = lenient.Text(c.Function)
			}
		}
		for _, a := range []json.RawMessage{c.Arguments, c.Parameters, c.Args, json.RawMessage("{}")} {
			if len(a) > 0 {
				add(name, lenient.Text(a))
				break
			}
		}
	}
	return len(list) > 0
}

// arguments makes an object of names and values that are written as text. What
// the tool takes as a string is one.
func arguments(t llm.Tool, pairs [][]string) map[string]any {
	var shape struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	_ = json.Unmarshal(t.Parameters, &shape)
	out := map[string]any{}
	for _, p := range pairs {
		if v := json.RawMessage(strings.TrimSpace(p[2])); shape.Properties[p[1]].Type != "string" && json.Valid(v) {
			out[p[1]] = v
		} else {
			out[p[1]] = p[2]
		}
	}
	return out
}

var (
	harmonyPart = regexp.MustCompile(`(?s)(?:<\|start\|>(?:assistant)?)?\s*(?:<\|channel\|>)?([^<]*?(?:<\|constrain\|>[^<]*)?)<\|message\|>(.*?)(?:<\|end\|>|<\|return\|>|<\|call\|>|$)`)
	harmonyTo   = regexp.MustCompile(`to=([\w.:-]+)`)
)

// readHarmony reads an answer in the format of gpt-oss: of its channels, only the
// final one and what introduces a call are for the person.
func readHarmony(s string, tools []llm.Tool) (text string, calls []llm.ToolCall) {
	for _, m := range harmonyPart.FindAllStringSubmatch(s, -1) {
		head, body := m[1], m[2]
		to := harmonyTo.FindStringSubmatch(head)
		switch {
		case to != nil:
			name := CallName(to[1])
			if slices.ContainsFunc(tools, func(t llm.Tool) bool { return t.Name == name }) || name == "python" {
				calls = append(calls, llm.ToolCall{Name: name, Arguments: strings.TrimSpace(body)})
			}
		case strings.Contains(head, "analysis"):
		default:
			text += body
		}
	}
	return strings.TrimSpace(text), calls
}

var (
	notInName  = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	callPrefix = regexp.MustCompile(`^(functions?|tools?|default_api)[.:]`)
	callNumber = regexp.MustCompile(`:\d+$`)
)

// CallName is the name of a tool in what a model wrote: "functions.run:0".
func CallName(s string) string {
	return notInName.ReplaceAllString(callNumber.ReplaceAllString(callPrefix.ReplaceAllString(s, ""), ""), "_")
}
