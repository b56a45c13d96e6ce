package refusal

import (
	"slices"

	"github.com/attachebot/attache/internal/llm"
)

// A lack is a set of things that a model or its server cannot do.
type Lack uint32

const (
	LackStreamOptions Lack = 1 << iota
	LackMaxCompletionTokens
	LackMaxTokens
	LackUser
	LackToolChoice
	LackTools
	LackImages
	LackSystem      // no system message at all
	LackOrder       // system messages at the beginning only, and the roles alternate
	LackStream      // the answer comes as a whole
	LackEffort      // no reasoning_effort
	LackAdaptive    // Messages: how long to reason is a number of tokens, not an effort
	LackReasoning   // effort "none" is what makes tools possible
	LackKept        // what came beside the text is not taken back
	LackBareCalls   // calls are taken back only with what came beside them
	LackOldCalls    // no calls of earlier requests at all
	LackIDs         // ids of calls are nine letters and digits
	LackChat        // no chat completions: the Responses API
	LackResponses   // no Responses API
	LackInclude     // of the Responses API: no encrypted reasoning
	PreferMaxTokens // the older name of the output limit is tried first
	ThinksUnopened  // thoughts come as text that only an end tag ends
	ThinksApart     // they don't: an answer was seen whole
)

// Limits is what requests to a model go without.
type Limits struct {
	Lack      Lack
	left      []llm.Unsupported // tools, images or single tools, with the reason
	maxTools  int               // 0: any number
	maxOutput int               // tokens; 0: any number
}

// With returns l and o together; numbers are those of o.
func (l Limits) With(o Limits) Limits {
	l.Lack |= o.Lack
	l.left = append(slices.Clip(l.left), o.left...)
	if o.maxTools > 0 {
		l.maxTools = o.maxTools
	}
	if o.maxOutput > 0 {
		l.maxOutput = o.maxOutput
	}
	return l
}

// Has reports whether one of x is left out.
func (l Limits) Has(x Lack) bool { return l.Lack&x != 0 }

// LimitParam returns the name of the output limit to send, or "".
func (l Limits) LimitParam() string {
	names := []string{"max_completion_tokens", "max_tokens"}
	if l.Has(PreferMaxTokens) {
		slices.Reverse(names)
	}
	for _, n := range names {
		if n == "max_tokens" && !l.Has(LackMaxTokens) || n != "max_tokens" && !l.Has(LackMaxCompletionTokens) {
			return n
		}
	}
	return ""
}

// Output returns the output limit of a request, or 0.
func (l Limits) Output(req llm.Request) int {
	if l.maxOutput > 0 && (req.MaxOutput == 0 || req.MaxOutput > l.maxOutput) {
		return l.maxOutput
	}
	return req.MaxOutput
}

// Tools returns the tools of a request that are sent.
func (l Limits) Tools(req llm.Request) []llm.Tool {
	if l.Has(LackTools) {
		return nil
	}
	var out []llm.Tool
	for _, t := range req.Tools {
		leftOut := slices.ContainsFunc(l.left, func(u llm.Unsupported) bool { return u.What == llm.OneTool && u.Tool == t.Name })
		if !leftOut && (l.maxTools == 0 || len(out) < l.maxTools) {
			out = append(out, t)
		}
	}
	return out
}

// Unsupported tells what of req was left out that a person would miss.
func (l Limits) Unsupported(req llm.Request) []llm.Unsupported {
	var out []llm.Unsupported
	why := func(all ...llm.What) llm.Unsupported {
		for _, u := range l.left {
			if slices.Contains(all, u.What) {
				return u
			}
		}
		return llm.Unsupported{What: all[0]}
	}
	if l.Has(LackImages) && hasImages(req.Messages) {
		out = append(out, why(llm.Images, llm.TheseImages))
	}
	if len(req.Tools) == 0 {
		return out
	}
	if l.Has(LackTools) {
		return append([]llm.Unsupported{why(llm.Tools)}, out...)
	}
	sent := l.Tools(req)
	for _, t := range req.Tools {
		if slices.ContainsFunc(sent, func(s llm.Tool) bool { return s.Name == t.Name }) {
			continue
		}
		u := llm.Unsupported{What: llm.OneTool, Tool: t.Name, Reason: "more tools than the server takes"}
		for _, known := range l.left {
			if known.Tool == t.Name {
				u = known
			}
		}
		out = append(out, u)
	}
	return out
}
