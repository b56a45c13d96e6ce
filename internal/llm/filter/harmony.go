package filter

import (
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/llm"
)

// The format of gpt-oss: messages with a head, which names a channel and whom the
// message is for, and a body. Servers that do not read it pass it on; others leave
// its tokens in the names of tools (vllm-project/vllm#32587, openai/harmony#114).

var (
	harmonyToken = regexp.MustCompile(`<\|(start|channel|message|end|return|call|constrain|recipient)\|>`)
	harmonyTo    = regexp.MustCompile(`\bto=([\w.:-]+)`)
	headWords    = regexp.MustCompile(`\s+(commentary|analysis|final|json|code)?[\s?]*$`)
	// strippedCall is a call whose tokens the server removed.
	strippedCall = regexp.MustCompile(`(?s)^(?:(?:assistant)?commentary)?\s*to=([\w.:-]+)\s*(?:<\|constrain\|>)?(?:code|json)?\s*(\{.*\})\s*$`)
	// strippedHead is how one begins.
	strippedHead = regexp.MustCompile(`^(?:(?:assistant)?commentary\s+)?to=(?:functions\.|python)`)
)

// harmonyName takes the tokens of a head out of the name of a tool.
func harmonyName(s string) string {
	i := strings.Index(s, "<|")
	if to := harmonyTo.FindStringSubmatch(s); to != nil {
		return to[1]
	}
	switch {
	case i > 0:
		s = s[:i]
	case i == 0:
		s = harmonyToken.ReplaceAllString(s, "")
	}
	return headWords.ReplaceAllString(strings.TrimSpace(s), "")
}

// readHarmony reads an answer: of its channels, only the final one and what
// introduces a call are for the person.
func readHarmony(s string, tools []llm.Tool) (text string, calls []llm.ToolCall) {
	head, body, inBody := "", "", false
	known := func(name string) bool {
		return name == "python" || slices.ContainsFunc(tools, func(t llm.Tool) bool { return t.Name == name })
	}
	finish := func() {
		role, _, _ := strings.Cut(head, "<|")
		name, forTool := "", false
		for _, m := range harmonyTo.FindAllStringSubmatch(head, -1) {
			n := CallName(m[1])
			if known(n) {
				name = n
			}
			forTool = forTool || n != "assistant" && n != "user"
		}
		switch {
		case !inBody:
			if !strings.Contains(head, "<|") && strings.TrimSpace(head) != "assistant" {
				text += head // between two messages
			}
		case strings.HasPrefix(role, "functions."), strings.HasPrefix(role, "tool"), strings.Contains(head, "analysis") && name == "":
		case name != "":
			calls = append(calls, llm.ToolCall{Name: name, Arguments: strings.TrimSpace(body)})
		case !forTool:
			text += body
		}
		head, body, inBody = "", "", false
	}
	for s != "" {
		at := harmonyToken.FindStringSubmatchIndex(s)
		if at == nil {
			at = []int{len(s), len(s), len(s), len(s)}
		}
		if inBody {
			body += s[:at[0]]
		} else {
			head += s[:at[0]]
		}
		switch token := s[at[2]:at[3]]; {
		case token == "message":
			inBody = true
		case token == "end", token == "return", token == "call":
			finish()
		case token == "":
		case inBody: // the next message, without an end of this one
			finish()
			fallthrough
		case token != "start":
			head += "<|" + token + "|>"
		case strings.TrimSpace(head) != "":
			finish()
		}
		s = s[at[1]:]
	}
	finish()
	return strings.TrimSpace(text), calls
}
