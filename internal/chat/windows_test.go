package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// windowed is a model whose server tells its window.
type windowed struct {
	llm.Model
	tokens int
}

func (m windowed) Window(context.Context, string) (int, error) { return m.tokens, nil }

// texts is a reader of documents in one script.
type texts struct {
	reader
	text string
}

func (r *texts) Document(_ context.Context, _ files.UserID, _ string, _ files.File, limit int) (string, int, error) {
	all := []rune(strings.Repeat(r.text, 1+20_000/len([]rune(r.text))))
	return string(all[:limit]), len(all), nil
}

// Four documents in a script of which a character has several tokens, and one
// word: the model is asked, with the beginnings of all four.
func TestDocumentsOfScriptsWithManyTokens(t *testing.T) {
	for script, text := range map[string]string{
		"Amharic": "ሰላም ለዓለም ሁሉም ሰው ", "Tibetan": "བཀྲ་ཤིས་བདེ་ལེགས། ", "Burmese": "မင်္ဂလာပါ ကမ္ဘာလောက ", "Khmer": "សួស្តីពិភពលោក ", "Sinhala": "ආයුබෝවන් ලෝකය ", "English": "Hello world. ",
	} {
		for _, model := range []string{"unknown-model", "gpt-4o-mini", "gpt-3.5-turbo"} {
			t.Run(script+" "+model, func(t *testing.T) {
				w := newWorld(t, chat.Options{Reader: &texts{text: text}, Model: model})
				var fs []files.File
				for i := range 4 {
					fs = append(fs, w.save(anna, fmt.Sprintf("%d.pdf", i), []byte(pdfHead+strings.Repeat("x", i))))
				}
				w.run(w.turn("compare", fs...))
				got := w.last().LastUser()
				for _, f := range fs {
					if !strings.Contains(got, "[Text of \""+f.Name) || strings.Count(got, strings.TrimSpace(text)) < 20 {
						t.Errorf("%s is not in %.300q", f.Name, got)
					}
				}
			})
		}
	}
}

// The answer of a model that is not in the catalog has a bound; a known model has
// its own. Within a small window the bound is smaller: TestServersWindow.
func TestUnknownModelsAnswerHasABound(t *testing.T) {
	for model, want := range map[string]int{"unknown-model": 16_000, "gpt-5.4": 0} {
		w := newWorld(t, chat.Options{Model: model})
		w.run(w.turn("hi"))
		if got := w.last().MaxTokens; got != want {
			t.Errorf("%s: %d", model, got)
		}
	}
}

// What the server says of its window is what requests have, and where nothing
// fits into it, the person reads how it is made larger.
func TestServersWindow(t *testing.T) {
	w := newWorld(t, chat.Options{Model: "local"})
	w.server.Answer = func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "OK.", NoUsage: true} }
	w.model = windowed{w.model, 8000}
	w.start()
	for range 12 {
		w.run(w.turn(strings.Repeat("some words of a long conversation ", 150)))
	}
	n := 0
	for _, m := range w.last().Messages {
		n += len(m.Text) / 4
	}
	if n > 9000 || n < 3000 {
		t.Errorf("about %d tokens were sent", n)
	}
	if got := w.last().MaxTokens; got == 0 || got > 8000 {
		t.Errorf("the answer may have %d tokens", got)
	}
	for _, tokens := range []int{300, 500} {
		w.model = windowed{w.model, tokens}
		w.start()
		_, err := w.Run(t.Context(), w.turn("hi"), nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), fmt.Sprint(tokens)[:1]) || !strings.Contains(fault.Message(err), "num_ctx") || !strings.Contains(fault.Message(err), "-c") {
			t.Errorf("%d: %v", tokens, err)
		}
	}
}

// A server that refuses even a short request, and names its window.
func TestWindowThatTheServerNames(t *testing.T) {
	w := newWorld(t, chat.Options{Model: "local"})
	w.server.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Status: 400, Body: `{"error":{"message":"request (3612 tokens) exceeds the available context size (2048 tokens), try increasing it","type":"exceed_context_size_error","code":400,"n_prompt_tokens":3612,"n_ctx":2048}}`}
	}
	_, err := w.Run(t.Context(), w.turn("hi"), nil)
	if msg := fault.Message(err); !fault.Is(err, fault.Invalid) || !strings.Contains(msg, "2,048") || !strings.Contains(msg, "-c") {
		t.Errorf("%v", err)
	}
	if n := len(w.server.Requests()); n > 4 {
		t.Errorf("%d requests", n)
	}
}

// Attachments that overflow the window end in an answer.
func TestAttachmentsThatOverflow(t *testing.T) {
	w := newWorld(t, chat.Options{Model: "local", Reader: &texts{text: "Numbers 1234.56 and words. "}})
	w.model = windowed{w.model, 8192}
	w.server.Window = 20_000 // bytes
	w.start()
	var fs []files.File
	for i := range 4 {
		fs = append(fs, w.save(anna, fmt.Sprintf("%d.pdf", i), []byte(pdfHead+strings.Repeat("x", i))))
	}
	if res, events := w.run(w.turn("Summarise them.", fs...)); res.Text != "OK." {
		t.Errorf("%+v\n%s", res, events)
	}
	_, err := w.Run(t.Context(), w.turn(strings.Repeat("Summarise them. ", 4000), fs...), nil)
	if msg := fault.Message(err); !fault.Is(err, fault.TooLarge) || !strings.Contains(msg, "0.pdf, 1.pdf, 2.pdf, 3.pdf") {
		t.Errorf("%v", err)
	}
}

// The counts of a server teach what its model's tokens are.
func TestCountsAreCalibrated(t *testing.T) {
	w := newWorld(t, chat.Options{Model: "qwen3"})
	w.model = windowed{w.model, 12_000}
	w.start()
	sent := func() int {
		n := 0
		for _, m := range w.last().Messages {
			n += len(m.Text)
		}
		return n
	}
	row := "1234.5678,0.0004711,99.125\n"
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		n := 0
		for _, m := range r.Messages {
			n += len(m.Text)
		}
		return llmtest.Reply{Text: "OK.", Usage: &llm.Usage{Input: n / 2, Output: 2}}
	}
	for range 12 {
		w.run(w.turn(strings.Repeat(row, 100)))
	}
	// A token has two characters there: 9,000 tokens have about 18,000.
	if got := sent(); got > 20_000 || got < 8_000 {
		t.Errorf("%d characters were sent, %d tokens", got, got/2)
	}
}
