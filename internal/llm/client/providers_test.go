package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// A provider is a row of the table in docs/models.md.
type provider struct {
	name     string
	model    string  // of llmtest.Dialects; else its server wants nothing special
	api      llm.API // empty: chat completions
	pictures string  // words of its refusal of pictures; empty: they arrive
	long     string  // words of its refusal of a long request
	window   int     // that it names
	thoughts string  // before the answer, in the text; empty: beside it, or nowhere
}

var providers = []provider{
	{name: "OpenAI (Responses)", model: "gpt-5.6-sol", long: "exceeds the context window"},
	{name: "OpenAI, Azure (chat)", pictures: "You uploaded an unsupported image", long: "your messages resulted in 4301 tokens", window: 4097},
	{name: "Claude", model: "claude-opus-5", api: llm.Messages, pictures: "image exceeds 5 MB maximum", long: "prompt is too long: 210000 tokens", window: 200_000},
	{name: "Claude (compatible address)", model: "claude-sonnet-5", pictures: "image exceeds 5 MB maximum", long: "prompt is too long: 210000 tokens", window: 200_000},
	{name: "Gemini", model: "gemini-3.5-flash", pictures: "Unable to process input image", long: "The input token count (1200000)", window: 1_048_576},
	{name: "DeepSeek", model: "deepseek-v4-flash", pictures: "unknown variant `image_url`", long: "130942 in the messages", window: 131_072},
	{name: "Kimi", model: "kimi-k2.5", pictures: "unsupported image url", long: "exceeded model token limit", window: 262_144},
	{name: "Mistral", model: "mistral-large", pictures: "Image input is not enabled for this model", long: "too large for model with 32768", window: 32_768, thoughts: "[THINK]HIDDEN[/THINK]"},
	{name: "Groq", model: "gpt-oss-120b", pictures: "value must be a string", long: "Please reduce the length of the messages or completion."},
	{name: "OpenRouter", model: "anthropic/claude-opus-5", pictures: "No endpoints found that support image input", long: "This endpoint's maximum context length", window: 131_072},
	{name: "xAI", pictures: "Image inputs are not supported by this model", long: "maximum prompt length is 131072", window: 131_072},
	{name: "GLM", pictures: "messages.content.type 参数非法", long: "Prompt exceeds max length", thoughts: "<think>HIDDEN</think>"},
	{name: "DashScope (Qwen)", pictures: "length and width do not meet the model restrictions", long: "Range of input length should be", window: 98_304, thoughts: "<think>HIDDEN</think>"},
	{name: "Ollama", model: "qwen3:8b", pictures: "this model does not support image input"},
	{name: "llama.cpp", model: "gemma-3", pictures: "provide the mmproj", long: "request (5031 tokens) exceeds the available context size", window: 2048, thoughts: "<|channel|>analysis<|message|>HIDDEN<|end|><|start|>assistant<|channel|>final<|message|>"},
	{name: "LM Studio", pictures: "Model does not support images", long: "loaded with context length of only 4096", window: 4096, thoughts: "<think>HIDDEN</think>"},
	{name: "vLLM, SGLang", pictures: "is not a multimodal model", long: "However, you requested 0 output tokens", window: 4096, thoughts: "Okay, the user HIDDEN.\n</think>\n\n"},
	{name: "LiteLLM", long: "Hosted_vllmException", window: 32_768, thoughts: "<think>HIDDEN</think>"},
}

// aspects are the columns of the table, each a test of a provider.
var aspects = []struct {
	name string
	test func(provider, *testing.T)
}{
	{"text", provider.text}, {"tools", provider.tools}, {"second round", provider.secondRound}, {"images", provider.images},
	{"change of the model", provider.change}, {"context error", provider.tooLong}, {"reasoning hidden", provider.hides},
}

// TestProviders is the table of docs/models.md, cell by cell: TestDocumentedTests
// holds that the two have the same rows and columns.
func TestProviders(t *testing.T) {
	for _, p := range providers {
		for _, a := range aspects {
			t.Run(p.name+"/"+a.name, func(t *testing.T) { a.test(p, t) })
		}
	}
}

// start returns a model of the provider, and its server.
func (p provider) start(t *testing.T, replies ...llmtest.Reply) (*llmtest.Server, *client.Client, llm.Request) {
	s := &llmtest.Server{Dialects: llmtest.Dialects(), Responses: p.model == "gpt-5.6-sol"}
	s.Push(replies...)
	req := ask("Run it.")
	if p.model != "" {
		req.Model = p.model
	}
	req.Tools, req.MaxOutput, req.User = []llm.Tool{pythonTool}, 2000, "u1"
	return s, connect(t, s, client.Options{API: p.api, Retries: -1}), req
}

// said returns a whole refusal of the provider by some of its words.
func (p provider) said(t *testing.T, words string) refusal {
	t.Helper()
	quoted, _ := json.Marshal(words)
	for _, r := range refusals(t) {
		if strings.Contains(string(r.Body), strings.Trim(string(quoted), `"`)) && r.API == p.api {
			return r
		}
	}
	t.Fatalf("no refusal says %q", words)
	return refusal{}
}

// onlyParameters holds that the server refused nothing of what was said, but
// parameters that no name tells.
func onlyParameters(t *testing.T, s *llmtest.Server) {
	t.Helper()
	for _, r := range s.Refused() {
		if !slices.ContainsFunc([]string{`"body","user"`, "/v1/responses", "must alternate", "property 'reasoning'"}, func(s string) bool { return strings.Contains(r.Body, s) }) {
			t.Errorf("refused: %s", r.Body)
		}
	}
}

func (p provider) text(t *testing.T) {
	s, m, req := p.start(t, llmtest.Reply{Text: "The mean is 4.2: é 漢字 🐍.", Usage: &llm.Usage{Input: 90, Output: 12}})
	pieces := 0
	reply, err := m.Generate(t.Context(), req, func(string) { pieces++ })
	if err != nil || reply.Message.Text() != "The mean is 4.2: é 漢字 🐍." || pieces < 2 || reply.Usage.Input != 90 || reply.Finish != llm.Stop {
		t.Errorf("%d pieces, %+v, %v", pieces, reply, err)
	}
	onlyParameters(t, s)
}

// runs is an answer that runs code.
var runs = llmtest.Reply{Text: "I run it.", Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", map[string]string{"code": "print('é 漢字')"})}}

func (p provider) tools(t *testing.T) {
	s, m, req := p.start(t, runs)
	reply, _, err := generate(t, m, req)
	if err != nil || reply.Finish != llm.Calls || len(reply.Message.Calls) != 1 || len(reply.Unsupported) > 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if c := reply.Message.Calls[0]; c.ID == "" || c.Name != "execute_python_code" || c.Arguments != `{"code":"print('é 漢字')"}` {
		t.Errorf("%+v", c)
	}
	onlyParameters(t, s)
}

func (p provider) secondRound(t *testing.T) {
	s, m, req := p.start(t, runs, runs, llmtest.Reply{Text: "It printed 42."})
	for range 2 {
		reply, _, err := generate(t, m, req)
		if err != nil || len(reply.Message.Calls) != 1 {
			t.Fatalf("%+v, %v", reply, err)
		}
		answer(&req, reply)
	}
	if _, text, err := generate(t, m, req); err != nil || text != "It printed 42." {
		t.Errorf("%q, %v", text, err)
	}
	all := s.Requests()
	if last := all[len(all)-1]; strings.Count(string(last.Body), "it printed 42") != 2 {
		t.Errorf("the results are not in %s", last.Body)
	}
	onlyParameters(t, s)
}

func (p provider) images(t *testing.T) {
	picture := llm.Message{Role: llm.User, Parts: []llm.Part{{Text: "And this?"}, {Image: &llm.Image{FileID: "7_1_00000000", MIME: "image/png", Data: pixel(t)}}}}
	s, m, req := p.start(t)
	req.Messages = []llm.Message{picture}
	if _, text, err := generate(t, m, req); err != nil || text != "OK." {
		t.Fatalf("%q, %v", text, err)
	}
	all := s.Requests()
	if last := all[len(all)-1].Last(); len(last.Images) != 1 || last.Text != "And this?" {
		t.Errorf("the picture does not arrive: %+v", last)
	}
	if p.pictures == "" {
		return
	}
	r := p.said(t, p.pictures)
	base, bodies := refusing(t, r, 1)
	reply, _, err := generate(t, dial(t, client.Options{BaseURL: base, API: p.api, Retries: -1}), req)
	want := llm.TheseImages
	if r.Means == "IMAGES" || r.Status >= 500 {
		want = llm.Images
	}
	if err != nil || len(reply.Unsupported) != 1 || reply.Unsupported[0].What != want || len(*bodies) != 2 || !strings.Contains((*bodies)[1], "7_1_00000000") {
		t.Errorf("refused: %+v, %v", reply, err)
	}
}

// change gives the model what every other one said, in its own form.
func (p provider) change(t *testing.T) {
	s, m, req := p.start(t, llmtest.Reply{Text: "OK."})
	others := []llm.Message{
		{Model: "deepseek-v4-flash", Kept: &llm.Kept{Fields: map[string]json.RawMessage{"reasoning_content": []byte(`"HIDDEN"`)}}},
		{Model: "gemini-3.5-flash", Kept: &llm.Kept{Calls: []map[string]json.RawMessage{{"extra_content": []byte(`{"google":{"thought_signature":"HIDDEN"}}`)}}}},
		{Model: "anthropic/claude-opus-5", Kept: &llm.Kept{Fields: map[string]json.RawMessage{"reasoning_details": []byte(`[{"text":"HIDDEN"}]`)}}},
		{Model: "gpt-5.6-sol", Kept: &llm.Kept{Items: []json.RawMessage{[]byte(`{"type":"reasoning","id":"rs_1","encrypted_content":"HIDDEN","summary":[]}`)}}},
		{Model: "claude-opus-5", Kept: &llm.Kept{Blocks: []json.RawMessage{[]byte(`{"type":"thinking","thinking":"HIDDEN","signature":"HIDDEN"}`)}}},
		{Model: "mistral-large"},
	}
	req.Messages = []llm.Message{llm.Text(llm.System, "Be brief.")}
	var said []string
	for i, o := range others {
		if o.Model == req.Model {
			continue
		}
		n := string(rune('A' + i))
		o.Role, o.Parts = llm.Assistant, []llm.Part{{Text: "I run " + n + "."}}
		o.Calls = []llm.ToolCall{{ID: "call_" + n, Name: "execute_python_code", Arguments: `{"code":"print('` + n + `')"}`}}
		result := llm.Text(llm.FromTool, "it printed "+n)
		result.CallID = o.Calls[0].ID
		req.Messages = append(req.Messages, llm.Text(llm.User, "Run "+n+"?"), o, result, llm.Text(llm.Assistant, "It was "+n+"."))
		said = append(said, "Run "+n+"?", "I run "+n+".", "print('"+n+"')", "it printed "+n, "It was "+n+".")
	}
	req.Messages = append(req.Messages, llm.Text(llm.User, "And now?"))
	if _, text, err := generate(t, m, req); err != nil || text != "OK." {
		t.Fatalf("%q, %v; refused %+v", text, err, s.Refused())
	}
	all := s.Requests()
	body := string(all[len(all)-1].Body)
	for _, w := range said {
		if !strings.Contains(body, w) {
			t.Errorf("%q is lost in %s", w, body)
		}
	}
	if strings.Contains(body, "HIDDEN") {
		t.Errorf("another model's reasoning in %s", body)
	}
	onlyParameters(t, s)
}

func (p provider) tooLong(t *testing.T) {
	if p.long == "" { // Ollama cuts without a word: it is asked for its window
		s, m, _ := p.start(t)
		s.Models = []string{p.model}
		if _, err := m.Window(t.Context(), p.model); err != nil {
			t.Error(err)
		}
		TestWindowsAsServersTellThem(t)
		return
	}
	base, _ := refusing(t, p.said(t, p.long), 1)
	req := ask("long")
	req.MaxOutput = 2000
	_, _, err := generate(t, dial(t, client.Options{BaseURL: base, API: p.api, Retries: -1}), req)
	var long *llm.ContextError
	if !errors.As(err, &long) || long.Window != p.window {
		t.Errorf("%+v: %v", long, err)
	}
}

func (p provider) hides(t *testing.T) {
	reply := llmtest.Reply{Text: p.thoughts + "visible"}
	if p.thoughts == "" && p.model == "" {
		reply.Beside = map[string]any{"reasoning_content": "HIDDEN", "reasoning": "HIDDEN"}
	}
	_, m, req := p.start(t, reply)
	got, text, err := generate(t, m, req)
	if err != nil || text != "visible" || strings.Contains(text, "Thought") || strings.Contains(got.Message.Text(), "HIDDEN") {
		t.Errorf("%q, %+v, %v", text, got, err)
	}
	if kept := p.keeps(); kept != "" {
		b, _ := json.Marshal(got.Message.Kept)
		if !strings.Contains(string(b), kept) {
			t.Errorf("kept: %s", b)
		}
	}
}

// keeps is what is kept beside an answer of the provider's dialect.
func (p provider) keeps() string {
	return map[string]string{"gpt-5.6-sol": "encrypted_content", "claude-opus-5": `"signature":"EqQB`, "deepseek-v4-flash": "reasoning_content", "kimi-k2.5": "reasoning_content",
		"anthropic/claude-opus-5": "reasoning_details"}[p.model]
}
