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

// bareCall is a call that is the whole answer: JSON, or Python between brackets
// (Llama 4) or in a block (Gemma 3).
var (
	bareCall   = regexp.MustCompile("^(?:Action:\\s*|function call<\\|role_sep\\|>\\s*)?(?:```(?:json|tool_call)?\\s*)?(?:functools)?(?:\\[\\s*)?\\{\\s*(?:\"id\"\\s*:\\s*\"[^\"]*\"\\s*,\\s*)?\"(?:(?:name|function|tool|tool_name)\"\\s*:\\s*\"|type\"\\s*:\\s*\"function\"|tool_calls\"\\s*:\\s*\\[|(?:function|tool_call|function_call)\"\\s*:\\s*\\{)")
	pythonCall = regexp.MustCompile("^(?:```tool_code\\s|\\[\\s*[A-Za-z_][\\w.]*\\()")
	toolCode   = regexp.MustCompile("(?s)^```tool_code\\s+(.*?)\\s*(?:```|$)")
	printed    = regexp.MustCompile(`(?s)^print\((.*)\)$`)
)

// spellings are tags that differ in their writing alone.
var spellings = []struct {
	tag *regexp.Regexp
	is  string
}{
	{regexp.MustCompile(`<(/?)[｜|]+\s*DSML\s*[｜|]+\s*`), "<$1｜DSML｜"}, // DeepSeek V3.2, V4, V4.1
	{regexp.MustCompile(`<[｜|](tool▁\w+▁(?:begin|end|sep)|tool▁sep)[｜|]>`), "<｜$1｜>"},
	{regexp.MustCompile(`<(/?)(?:longcat_|seed:)(tool_call|arg_key|arg_value)>`), "<$1$2>"},
	{regexp.MustCompile(`<(/?)functioncall>`), "<${1}function_call>"},
	{regexp.MustCompile(`<\|action_start\|>(?:\s*<\|plugin\|>)?`), "<tool_call>"}, // InternLM
	{regexp.MustCompile(`<\|action_end\|>`), "</tool_call>"},
	{regexp.MustCompile(`\[TOOL_REQUEST\]`), "<tool_call>"}, // LM Studio
	{regexp.MustCompile(`\[END_TOOL_REQUEST\]`), "</tool_call>"},
	{regexp.MustCompile(`^\s*(?:<\|message_sep\|>)?\s*function call<\|role_sep\|>`), "<tool_call>"}, // GigaChat
	{regexp.MustCompile(`<\|python_(?:start|end)\|>`), ""},                                          // Llama 4
	{regexp.MustCompile(`<(/?)(?:steptml|antml):`), "<$1"},
	{regexp.MustCompile(`<｜tool_(calls?)_(begin|end)｜>`), "<｜tool▁$1▁$2｜>"}, // Step 3
	{regexp.MustCompile(`function<｜tool_sep｜>\s*<invoke`), "<invoke"},
	{regexp.MustCompile(`\}\s*<tool_call>\s*\{`), "}</tool_call><tool_call>{"}, // an end was left out
}

var (
	blockCall  = regexp.MustCompile(`(?s)<(tool_call|function_call|function_calls|tool_calls|tools|tool_use|TOOLCALL|\|tools_prefix\||\|tool_call\||\|tool_call_start\||\|START_ACTION\|)>\s*(.*?)\s*(?:</(?:tool_call|function_call|function_calls|tool_calls|tools|tool_use|TOOLCALL)>|<\|tools_suffix\|>|<\|/tool_call\|>|<\|tool_call_end\|>|<\|END_ACTION\|>|(<tool_call>)|$)`)
	xmlCall    = regexp.MustCompile(`(?s)<function=([\w.:-]+)>\s*(.*?)\s*(?:</function>|$)`)
	xmlValue   = regexp.MustCompile(`(?s)<parameter=([\w.-]+)>\n?(.*?)\n?(?:</parameter>|$)`)
	glmCall    = regexp.MustCompile(`(?s)^([\w.:-]+)\s*\n?\s*(<arg_key>.*)$`)
	glmValue   = regexp.MustCompile(`(?s)<arg_key>\s*(.*?)\s*</arg_key>\s*<arg_value>\n?(.*?)\n?(?:</arg_value>|$)`)
	kimiCall   = regexp.MustCompile(`(?s)<\|tool_call_begin\|>\s*([\w.:-]+)\s*<\|tool_call_argument_begin\|>\s*(.*?)\s*(?:<\|tool_call_end\|>|$)`)
	deepCall   = regexp.MustCompile(`(?s)<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?([\w.:-]+)(?:<｜tool▁sep｜>|\n)\s*(.*?)\s*(?:<｜tool▁call▁end｜>|$)`)
	invokeCall = regexp.MustCompile(`(?s)<(?:｜DSML｜)?invoke name="([^"]+)">\s*(.*?)\s*(?:</(?:｜DSML｜)?invoke>|$)`)
	invokeArg  = regexp.MustCompile(`(?s)<(?:｜DSML｜)?parameter name="([^"]+)"[^>]*>\n?(.*?)\n?(?:</(?:｜DSML｜)?parameter>|$)`)
	mistCall   = regexp.MustCompile(`(?s)^\s*([A-Za-z][\w.-]*)\s*(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*(\{.*)$`)
	gemmaCall  = regexp.MustCompile(`(?s)(?:<start_function_call>|<\|tool_call>)\s*call:([\w.:-]+)\s*(\{.*?\})\s*(?:<end_function_call>|<tool_call\|>|$)`)
	closeTags  = regexp.MustCompile(`</?(minimax:)?tool_calls?>|</?function_calls?>|</?｜DSML｜(function_|tool_)?calls>|<\|tool_calls_section_(begin|end)\|>|<｜tool▁calls?▁(begin|end)｜>|<\|(eom_id|eot_id|im_end|call)\|>|</s>`)
	jsonName   = regexp.MustCompile(`"(?:name|function|tool|tool_name)"\s*:\s*"([^"]+)"`)
	jsonArgs   = regexp.MustCompile(`(?s)"(?:arguments|parameters|args|input)"\s*:\s*(\{.*)\}\s*$`)
)

var (
	nameOnly = regexp.MustCompile(`^[A-Za-z][\w.:-]*$`)
	dotCall  = regexp.MustCompile(`(?s)^([\w.:-]+)\.call\((.*)\)$`) // Llama 3.1's own tools
	fenced   = regexp.MustCompile("(?s)^```(?:json)?\\s*(.*?)\\s*```$")
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
	for _, w := range spellings {
		left = w.tag.ReplaceAllString(left, w.is)
	}
	cut := func(re *regexp.Regexp, do func(m []string)) {
		left = re.ReplaceAllStringFunc(left, func(block string) string {
			do(re.FindStringSubmatch(block))
			return ""
		})
	}
	cut(deepCall, func(m []string) { add(m[1], m[2]) })
	cut(kimiCall, func(m []string) { add(m[1], m[2]) })
	cut(gemmaCall, func(m []string) { bad = !addGemma(m[1], m[2], add) || bad })
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
		case nameOnly.MatchString(body):
			add(body, "{}")
		case m[1] == "|tools_prefix|":
			bad = !addNamed(body, add) || bad
		case m[1] == "|tool_call_start|" && addPythonic(body, add), m[1] == "function_calls" && addPythonic("["+strings.ReplaceAll(body, ")\n", "),")+"]", add):
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
		body = dotCall.ReplaceAllString(body, "$1($2)")
		isCall := func(name, args string) {
			if _, ok := known(name); !ok {
				bad = true
			}
		}
		if was := bad; addPythonic("["+body+"]", isCall) && bad == was {
			addPythonic("["+body+"]", add)
		} else if bad = was; !addJSON(body, add) {
			bad = true
			if t, ok := known(llm.PythonTool); ok && body != "" && !strings.HasPrefix(body, "{") {
				calls, bad = append(calls, llm.ToolCall{Name: t.Name, Arguments: string(lenient.JSON(map[string]string{"code": body}))}), false
			}
		}
		left = left[:i]
	}
	switch t := strings.TrimSpace(left); {
	case len(calls) > 0:
	case strippedCall.MatchString(t):
		m := strippedCall.FindStringSubmatch(t)
		add(m[1], m[2])
		left = ""
	case bareCall.MatchString(t):
		t = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(t[strings.IndexAny(t, "[{"):]), "```"))
		bad = !addJSON(t, add) || bad
		left = ""
	case pythonCall.MatchString(t):
		if m := toolCode.FindStringSubmatch(t); m != nil {
			if p := printed.FindStringSubmatch(m[1]); p != nil {
				m = p
			}
			t = "[" + m[1] + "]"
		}
		bad = !addPythonic(t, add) || bad
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
	if m := fenced.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	type call struct {
		Name       string          `json:"name"`
		Tool       string          `json:"tool"`
		ToolName   string          `json:"tool_name"`
		Calls      json.RawMessage `json:"tool_calls"` // of an object that has nothing else
		Function   json.RawMessage `json:"function"`
		Call       json.RawMessage `json:"tool_call"`
		OldCall    json.RawMessage `json:"function_call"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
		Args       json.RawMessage `json:"args"`
	}
	var list []call
	var one call
	if json.Unmarshal([]byte(s), &list) != nil {
		if json.Unmarshal([]byte(s), &one) != nil {
			if docs := documents(s); len(docs) > 1 {
				for _, d := range docs {
					if !addJSON(string(d), add) {
						return false
					}
				}
				return true
			}
			if v, ok := pythonValue(s).(map[string]any); ok {
				return addJSON(string(lenient.JSON(v)), add)
			}
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
			if json.Unmarshal(c.Function, &inner) == nil || json.Unmarshal(c.Call, &inner) == nil || json.Unmarshal(c.OldCall, &inner) == nil {
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

// addNamed reads calls as Apertus writes them: a list of objects with one field
// each, named for the tool.
func addNamed(s string, add func(name, args string)) bool {
	var list []map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &list) != nil {
		return false
	}
	for _, c := range list {
		for name, args := range c {
			add(name, lenient.Text(args))
		}
	}
	return len(list) > 0
}

// documents reads JSON values that stand one after the other, with nothing but
// white space, commas and semicolons between them; nil if there is anything else.
func documents(s string) (docs []json.RawMessage) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " \t\r\n,;") {
		d := json.NewDecoder(strings.NewReader(s))
		var one json.RawMessage
		if d.Decode(&one) != nil || one[0] != '{' && one[0] != '[' {
			return nil
		}
		docs, s = append(docs, one), s[d.InputOffset():]
	}
	return docs
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
	notInName  = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	callPrefix = regexp.MustCompile(`^(functions?|tools?|default_api)[.:]`)
	callNumber = regexp.MustCompile(`:\d+$`)
)

// CallName is the name of a tool in what a model wrote: "functions.run:0", or
// gpt-oss's "run<|channel|>commentary".
func CallName(s string) string {
	s = harmonyName(s)
	return notInName.ReplaceAllString(callNumber.ReplaceAllString(callPrefix.ReplaceAllString(s, ""), ""), "_")
}
