package filter

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
)

const code = `{"code": "print(6*7)"}`

// called is a call whose arguments were not JSON.
const called = `execute_python_code {"code":"print(6*7)"}`

var tools = []llm.Tool{
	{Name: "execute_python_code", Parameters: []byte(`{"type":"object","properties":{"code":{"type":"string"}},"required":["code"]}`)},
	{Name: "load_file", Parameters: []byte(`{"type":"object","properties":{"id":{"type":"string"},"rows":{"type":"integer"},"whole":{"type":"boolean"}}}`)},
}

// forms are calls and thoughts as models write them: the forms of the tool parsers
// of vLLM (vllm/tool_parsers), llama.cpp (models/templates) and SGLang, and what
// leaks where they fail.
var forms = []struct {
	name, raw, text string
	calls           string // names and arguments
}{
	{"gpt-oss", "<|channel|>analysis<|message|>HIDDEN<|end|><|start|>assistant<|channel|>commentary to=functions.execute_python_code <|constrain|>json<|message|>" + code + "<|call|>", "", "execute_python_code " + code},
	{"gpt-oss, the recipient before the channel", "<|start|>assistant to=functions.execute_python_code<|channel|>commentary json<|message|>" + code + "<|call|>", "", "execute_python_code " + code},
	{"gpt-oss, a word before the call", "<|channel|>commentary<|message|>I run it.<|end|><|start|>assistant<|channel|>commentary to=functions.execute_python_code <|constrain|>json<|message|>" + code + "<|call|>", "I run it.", "execute_python_code " + code},
	{"gpt-oss, no start", "<|channel|>analysis<|message|>HIDDEN<|channel|>final<|message|>visible<|return|>", "visible", ""},                                                             // vllm-project/vllm#35906
	{"gpt-oss, no end", "<|channel|>analysis<|message|>HIDDEN<|start|>assistant<|channel|>final<|message|>visible", "visible", ""},                                                       // vllm-project/vllm#35906
	{"gpt-oss, two heads", "<|channel|>commentary to=assistant<|channel|>commentary to=functions.execute_python_code<|message|>" + code + "<|call|>", "", "execute_python_code " + code}, // ggml-org/llama.cpp#27720
	{"gpt-oss, a head of its own", "<|channel|>analysis??<|message|>HIDDEN<|end|><|start|>assistant<|channel|>final<|message|>visible", "visible", ""},                                   // ggml-org/llama.cpp#27720
	{"gpt-oss, a result of its own", "<|channel|>analysis<|message|>HIDDEN<|end|><|start|>functions.load_file to=assistant<|channel|>commentary<|message|>HIDDEN<|end|><|start|>assistant<|channel|>final<|message|>visible", "visible", ""},
	{"gpt-oss, text between", "<|channel|>analysis<|message|>HIDDEN<|end|>visible <|start|>assistant<|channel|>final<|message|>answer", "visible answer", ""}, // vllm-project/vllm#35906
	{"gpt-oss after text", "I run it. <|start|>assistant<|channel|>commentary to=functions.execute_python_code <|constrain|>json<|message|>" + code + "<|call|>", "I run it. ", "execute_python_code " + code},
	{"gpt-oss, no such tool", "<|channel|>commentary to=functions.open_door<|message|>{}<|call|>", "", ""},
	{"gpt-oss without its tokens", "analysisThe user wants 42. HIDDENassistantcommentary to=functions.execute_python_code json" + code, "", "execute_python_code " + code},
	{"gpt-oss without its tokens, final", "analysisThe user wants 42. HIDDENassistantfinalvisible", "visible", ""},
	{"gpt-oss, only the head", "commentary to=functions.execute_python_code " + code, "", "execute_python_code " + code},

	{"Llama 3.1, several", `<|python_tag|>{"name": "execute_python_code", "parameters": ` + code + `}; {"name": "load_file", "parameters": {"id": "a"}}`, "", `execute_python_code ` + code + ` load_file {"id": "a"}`},
	{"Llama 3.1, bare, several", `{"name": "execute_python_code", "parameters": ` + code + "}\n" + `{"name": "load_file", "parameters": {"id": "a"}}`, "", `execute_python_code ` + code + ` load_file {"id": "a"}`},
	{"Llama 4", `[execute_python_code(code="print(6*7)"), load_file(id="a", rows=3, whole=True)]`, "", `execute_python_code {"code":"print(6*7)"} load_file {"id":"a","rows":3,"whole":true}`},
	{"Gemma 3", "```tool_code\nload_file(id=\"a\", rows=3)\n```", "", `load_file {"id":"a","rows":3}`},
	{"Gemma 3, printed", "```tool_code\nprint(load_file(id='a'))\n```", "", `load_file {"id":"a"}`},
	{"FunctionGemma", "<start_function_call>call:load_file{id:<escape>a, {b}\"<escape>,rows:3,whole:true}<end_function_call>", "", `load_file {"id":"a, {b}\"","rows":3,"whole":true}`},
	{"FunctionGemma, two", "<start_function_call>call:load_file{id:<escape>a<escape>}<end_function_call><start_function_call>call:load_file{id:<escape>b<escape>}<end_function_call>", "", `load_file {"id":"a"} load_file {"id":"b"}`},
	{"Gemma 4", "I look.\n<|tool_call>call:execute_python_code{code:<|\"|>x = {\"a\": 1}\nprint(x)<|\"|>}<tool_call|>", "I look.\n", `execute_python_code {"code":"x = {\"a\": 1}\nprint(x)"}`},
	{"Gemma 4, a list", "<|tool_call>call:load_file{id:\"a\",rows:[1,{n:<|\"|>x<|\"|>}]}<tool_call|>", "", `load_file {"id":"a","rows":[1,{"n":"x"}]}`},
	{"DeepSeek V3.2", "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"load_file\">\n<｜DSML｜parameter name=\"id\" string=\"true\">12</｜DSML｜parameter>\n<｜DSML｜parameter name=\"rows\" string=\"false\">3</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>", "", `load_file {"id":"12","rows":3}`},
	{"DeepSeek V4", "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"execute_python_code\">\n<｜DSML｜parameter name=\"code\" string=\"true\">print(6*7)</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>", "", `execute_python_code {"code":"print(6*7)"}`},
	{"DeepSeek V4.1", "<｜DSML｜ calls>\n<｜DSML｜ invoke name=\"execute_python_code\">\n<｜DSML｜ parameter name=\"code\" string=\"true\">print(6*7)</｜DSML｜ parameter>\n</｜DSML｜ invoke>\n</｜DSML｜ calls>", "", `execute_python_code {"code":"print(6*7)"}`},
	{"DeepSeek, bars doubled", "<｜｜DSML｜｜tool_calls><｜｜DSML｜｜invoke name=\"load_file\"><｜｜DSML｜｜parameter name=\"id\" string=\"true\">a</｜｜DSML｜｜parameter></｜｜DSML｜｜invoke></｜｜DSML｜｜tool_calls>", "", `load_file {"id":"a"}`},
	{"DeepSeek, plain bars", "<|DSML|tool_calls><|DSML|invoke name=\"load_file\"><|DSML|parameter name=\"id\" string=\"true\">a</|DSML|parameter></|DSML|invoke></|DSML|tool_calls>", "", `load_file {"id":"a"}`},
	{"DeepSeek V3.1, plain bars", "<|tool▁calls▁begin|><|tool▁call▁begin|>execute_python_code<|tool▁sep|>" + code + "<|tool▁call▁end|><|tool▁calls▁end|>", "", "execute_python_code " + code},
	{"Kimi K2, two", "<|tool_calls_section_begin|><|tool_call_begin|>functions.execute_python_code:0<|tool_call_argument_begin|>" + code + "<|tool_call_end|><|tool_call_begin|>functions.load_file:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "", "execute_python_code " + code + " load_file {}"},
	{"Seed", "<seed:tool_call>\n<function=execute_python_code>\n<parameter=code>print(6*7)</parameter>\n</function>\n</seed:tool_call>", "", `execute_python_code {"code":"print(6*7)"}`},
	{"LongCat", "<longcat_tool_call>load_file\n<longcat_arg_key>id</longcat_arg_key>\n<longcat_arg_value>a</longcat_arg_value>\n</longcat_tool_call>", "", `load_file {"id":"a"}`},
	{"LongCat, JSON", "<longcat_tool_call>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}</longcat_tool_call>", "", "execute_python_code " + code},
	{"Phi 4 mini", `functools[{"name": "execute_python_code", "arguments": ` + code + `}]`, "", "execute_python_code " + code},
	{"InternLM", "<|action_start|><|plugin|>\n{\"name\": \"execute_python_code\", \"parameters\": " + code + "}<|action_end|>", "", "execute_python_code " + code},
	{"xLAM", `[{"name": "execute_python_code", "arguments": ` + code + `}]`, "", "execute_python_code " + code},
	{"Mistral, two", "[TOOL_CALLS]execute_python_code[ARGS]" + code + "[TOOL_CALLS]load_file[ARGS]{\"id\": \"a\"}", "", "execute_python_code " + code + ` load_file {"id": "a"}`},
	{"Mistral with an id", "[TOOL_CALLS]execute_python_code[CALL_ID]abcdefghi[ARGS]" + code, "", "execute_python_code " + code},
	{"Hermes, an end left out", "<tool_call>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n<tool_call>{\"name\": \"load_file\", \"arguments\": {}}</tool_call>", "", "execute_python_code " + code + " load_file {}"},
	{"functioncall", "<functioncall>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}</functioncall>", "", "execute_python_code " + code},
	{"Kimi's thoughts", "◁think▷HIDDEN◁/think▷visible", "visible", ""},
	{"Magistral", "[THINK]HIDDEN[/THINK]visible answer", "visible answer", ""},

	// Thoughts and calls that the parsers of vLLM, SGLang, llama.cpp and LM Studio know,
	// and how they leak: github.com/QwenLM/qwen-code/pull/8818, ollama/ollama/pull/18288,
	// youssofal/MTPLX/pull/149, cogwheel0/conduit/pull/731, AntSeed/antseed/issues/213,
	// anthropics/claude-code/issues/64179.
	{"thoughts without an end", "<think>HIDDEN and more", "", ""},
	{"thoughts with attributes", `<think source="model">HIDDEN</think>visible`, "visible", ""},
	{"thoughts, capitals", "<Think>HIDDEN</Think>visible", "visible", ""},
	{"thoughts, all capitals", "<THINKING>HIDDEN</THINKING>visible", "visible", ""},
	{"thoughts in thoughts", "<think><think>HIDDEN</think>HIDDEN</think>visible", "visible", ""},
	{"no thoughts", "<think/>visible", "visible", ""},
	{"Granite 3.2", "Here is my thought process: HIDDEN\nHere is my response: visible", "visible", ""},
	{"Granite 3.2, in lines", "Here's my thought process:\nHIDDEN\nHere's my response:\nvisible", "visible", ""},
	{"ERNIE", "<think>HIDDEN</think>\n\n<response>\nvisible\n</response>\n", "visible\n\n", ""},
	{"Hunyuan", "<think>\nHIDDEN\n</think>\n<answer>\nvisible\n</answer>", "visible\n", ""},
	{"Reflection", "<thinking>HIDDEN</thinking>\n<output>visible</output>", "visible", ""},
	{"Command A", "<|START_THINKING|>HIDDEN<|END_THINKING|><|START_RESPONSE|>visible<|END_RESPONSE|>", "visible", ""},
	{"Gemma 4, no opening", "1. WHERE - HIDDEN\n<channel|>visible", "1. WHERE - HIDDEN\nvisible", ""},
	{"Gemma 4, no opening, as thoughts begin", "The user wants HIDDEN\n<channel|>visible", "visible", ""},
	{"Apertus", "<|inner_prefix|>HIDDEN<|inner_suffix|>visible", "visible", ""},
	{"Sky-T1", "<|begin_of_thought|>HIDDEN<|end_of_thought|>\n\n<|begin_of_solution|>visible<|end_of_solution|>", "visible", ""},
	{"closed twice", "Okay, the user HIDDEN</think>\n</think>\nvisible", "visible", ""},
	{"an answer in a tag", "<answer>42</answer>", "<answer>42</answer>", ""},
	{"Llama 3.1, its own tools", `<|python_tag|>execute_python_code.call(code="print(6*7)")`, "", called},
	{"Qwen Coder, no opening", "<function=execute_python_code>\n<parameter=code>\nprint(6*7)\n</parameter>\n</function>\n</tool_call>", "", called},
	{"Hermes, arguments as text", `<tool_call>{"name": "execute_python_code", "arguments": "{\"code\": \"print(6*7)\"}"}</tool_call>`, "", "execute_python_code " + code},
	{"Qwen 2.5 Coder", "<tools>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n</tools>", "", "execute_python_code " + code},
	{"GLM, no arguments", "<tool_call>load_file</tool_call>", "", "load_file {}"},
	{"GLM in a line", "<tool_call>execute_python_code<arg_key>code</arg_key><arg_value>print(6*7)</arg_value></tool_call>", "", called},
	{"Command R+", "Action: ```json\n[\n    {\n        \"tool_name\": \"execute_python_code\",\n        \"parameters\": " + code + "\n    }\n]```", "", "execute_python_code " + code},
	{"Step 3", "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name=\"execute_python_code\"><steptml:parameter name=\"code\">print(6*7)</steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>", "", called},
	{"Claude", "<function_calls>\n<invoke name=\"execute_python_code\">\n<parameter name=\"code\">print(6*7)</parameter>\n</invoke>\n</function_calls>", "", called},
	{"Claude, with a prefix", "<" + "antml:function_calls>\n<" + "antml:invoke name=\"execute_python_code\">\n<" + "antml:parameter name=\"code\">print(6*7)</" + "antml:parameter>\n</" + "antml:invoke>\n</" + "antml:function_calls>", "", called},
	{"Claude, no wrapper", "I run it.\n<invoke name=\"execute_python_code\">\n<parameter name=\"code\">print(6*7)</parameter>\n</invoke>", "I run it.\n", called},
	{"Olmo 3", "<function_calls>\nexecute_python_code(code=\"print(6*7)\")\nload_file(id=\"a\")\n</function_calls>", "", called + ` load_file {"id":"a"}`},
	{"xLAM after thoughts", "<think>HIDDEN</think>[{\"name\": \"execute_python_code\", \"arguments\": " + code + "}]", "", "execute_python_code " + code},
	{"bare JSON after thoughts", "<think>HIDDEN</think>\n\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}", "", "execute_python_code " + code},
	{"Llama 4 with its tokens", "<|python_start|>[execute_python_code(code=\"print(6*7)\")]<|python_end|>", "", called},
	{"Hermes as Python writes it", "<tool_call>\n{'name': 'execute_python_code', 'arguments': {'code': 'print(6*7)'}}\n</tool_call>", "", called},
	{"Apertus calls", "<|tools_prefix|>[{\"execute_python_code\": " + code + "}]<|tools_suffix|>", "", "execute_python_code " + code},
	{"OpenAI's object", `{"type": "function", "function": {"name": "execute_python_code", "arguments": ` + code + `}}`, "", "execute_python_code " + code},
	{"only a function", `{"function": {"name": "execute_python_code", "arguments": ` + code + `}}`, "", "execute_python_code " + code},
	{"a function_call", `{"function_call": {"name": "execute_python_code", "arguments": ` + code + `}}`, "", "execute_python_code " + code},
	{"a tool_call", `{"tool_call": {"name": "execute_python_code", "arguments": ` + code + `}}`, "", "execute_python_code " + code},
	{"OpenAI's object with an id", `{"id": "call_1", "type": "function", "function": {"name": "execute_python_code", "arguments": "{\"code\": \"print(6*7)\"}"}}`, "", "execute_python_code " + code},
	{"OpenAI's list", `[{"id": "call_1", "type": "function", "function": {"name": "execute_python_code", "arguments": "{\"code\": \"print(6*7)\"}"}}]`, "", "execute_python_code " + code},
	{"GigaChat", "<|message_sep|>\n\nfunction call<|role_sep|>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}", "", "execute_python_code " + code},
	{"GigaChat, one token less", "function call<|role_sep|>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}", "", "execute_python_code " + code},
	{"a tool_use", "<tool_use>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}</tool_use>", "", "execute_python_code " + code},
	{"LM Studio", "[TOOL_REQUEST]\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n[END_TOOL_REQUEST]", "", "execute_python_code " + code},
	{"a block of code", "```tool_call\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n```", "", "execute_python_code " + code},
	{"a block of code in a tag", "I run it.\n\n<tool_call>\n```json\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n```\n</tool_call>", "I run it.\n\n", "execute_python_code " + code},
	{"DeepSeek V3.1 after text", "I run it.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>execute_python_code<｜tool▁sep｜>" + code + "<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "I run it.", "execute_python_code " + code},
	{"Hermes in the line", "I run it. <tool_call>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}</tool_call>", "I run it. ", "execute_python_code " + code},
	{"Kimi K2 in the line", "I run it.<|tool_calls_section_begin|><|tool_call_begin|>functions.execute_python_code:0<|tool_call_argument_begin|>" + code + "<|tool_call_end|><|tool_calls_section_end|>", "I run it.", "execute_python_code " + code},
	{"Mistral in the line", "I run it.[TOOL_CALLS]execute_python_code[ARGS]" + code, "I run it.", "execute_python_code " + code},
	{"MiniMax in the line", "I run it.<minimax:tool_call>\n<invoke name=\"execute_python_code\">\n<parameter name=\"code\">print(6*7)</parameter>\n</invoke>\n</minimax:tool_call>", "I run it.", called},
	{"an end of Llama", "visible<|eot_id|>", "visible", ""},
	{"an end of Qwen", "visible<|im_end|>", "visible", ""},
	{"about calls", "Qwen writes `<tool_call>` before a call, and <tool_call> is XML.", "Qwen writes `<tool_call>` before a call, and <tool_call> is XML.", ""},
	{"about thoughts", "I think <think> is a tag.", "I think <think> is a tag.", ""},
	{"about a tool", "You can call execute_python_code(code=\"print(6*7)\").", "You can call execute_python_code(code=\"print(6*7)\").", ""},
	{"another tag", "<output>visible</output>", "<output>visible</output>", ""},

	{"a list", `[1, 2, 3]`, `[1, 2, 3]`, ""},
	{"a link", `[open(it)](https://example.com) shows it.`, `[open(it)](https://example.com) shows it.`, ""},
	{"a list of people", `[{"name": "Ada"}, {"name": "Bob"}]`, `[{"name": "Ada"}, {"name": "Bob"}]`, ""},
	{"a comment", "commentary is a word, to=me too", "commentary is a word, to=me too", ""},
	{"other scripts", "é 漢字 🐍 <b>x</b> ｜ ◁ ▁ end", "é 漢字 🐍 <b>x</b> ｜ ◁ ▁ end", ""},
	{"harmony in code", "It begins with `<|channel|>final`.", "It begins with `<|channel|>final`.", ""},
}

func filtered(pieces ...string) (text string, calls string) {
	f := New(Options{Tools: true, Local: true})
	for _, p := range pieces {
		text += f.Add(p)
	}
	rest, found, _ := f.End(true, tools, false)
	var all []string
	for _, c := range found {
		all = append(all, c.Name+" "+c.Arguments)
	}
	return text + rest, strings.Join(all, " ")
}

// Every form is read, wherever the stream is cut: even within a character.
func TestFormsCutAtEveryByte(t *testing.T) {
	for _, c := range forms {
		check := func(how string, pieces ...string) {
			if text, calls := filtered(pieces...); text != c.text || calls != c.calls {
				t.Errorf("%s, %s: text %q, calls %q", c.name, how, text, calls)
			}
		}
		check("whole", c.raw)
		check("bytes", strings.Split(c.raw, "")...)
		single := make([]string, len(c.raw))
		for i := range len(c.raw) {
			single[i] = c.raw[i : i+1]
		}
		check("single bytes", single...)
		for i := 1; i < len(c.raw) && !t.Failed(); i++ {
			check("cut before "+c.raw[i:], c.raw[:i], c.raw[i:])
		}
	}
}

func TestNamesOfCalls(t *testing.T) {
	for raw, want := range map[string]string{
		"execute_python_code":                                                  "execute_python_code",
		"functions.execute_python_code:0":                                      "execute_python_code",
		"python<|channel|>commentary":                                          "python", // vllm-project/vllm#32587
		"execute_python_code<|channel|>commentary":                             "execute_python_code",
		"functions.execute_python_code<|constrain|>json":                       "execute_python_code",
		"execute_python_code <|constrain|>json<|message|>":                     "execute_python_code",
		"commentary to=functions.execute_python_code":                          "execute_python_code",
		"assistant<|channel|>commentary to=functions.execute_python_code json": "execute_python_code",
		"<|channel|>commentary to=python code":                                 "python",
		"execute_python_code commentary":                                       "execute_python_code",
		"execute_python_code json":                                             "execute_python_code",
		"<|constrain|>execute_python_code":                                     "execute_python_code",
		"default_api:load_file":                                                "load_file",
	} {
		if got := CallName(raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// Ten times as long a text takes ten times the work, not a hundred times: each sign that
// may begin something is not compared with all of the text that follows.
func TestWorkOfALongText(t *testing.T) {
	work := func(text string) time.Duration {
		var before, after syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		filtered(text)
		if err = errors.Join(err, syscall.Getrusage(syscall.RUSAGE_SELF, &after)); err != nil {
			t.Fatal(err)
		}
		return time.Duration(after.Utime.Nano() - before.Utime.Nano())
	}
	for _, sign := range []string{"<", "</", "[", "◁", "<|", "<think", "</think", "<tool_call>x", "\n"} {
		text := strings.Repeat(sign, 4_000/len(sign))
		if long, short := work(strings.Repeat(text, 10)), work(text); long > 30*short+300*time.Millisecond {
			t.Errorf("%q: %v of the processor for ten times what takes %v", sign, long, short)
		}
	}
}

// Whatever the text is, nothing is lost where nothing is taken out, and no piece
// makes the filter panic.
func FuzzFilter(f *testing.F) {
	for _, c := range forms {
		f.Add(c.raw, len(c.raw)/2)
	}
	f.Add("0000000000000000</think>0", 24)
	f.Add("0<think 0000000000000></think>", 21)
	f.Fuzz(func(t *testing.T, raw string, at int) {
		at = min(max(at, 0), len(raw))
		text, calls := filtered(raw[:at], raw[at:])
		whole, same := filtered(raw)
		if text != whole || calls != same {
			t.Errorf("cut at %d of %q: %q, %q; whole %q, %q", at, raw, text, calls, whole, same)
		}
		if !strings.ContainsAny(raw, "<[◁{`") && !strings.Contains(raw, "=") && len(calls) > 0 {
			t.Errorf("calls in %q: %s", raw, calls)
		}
	})
}
