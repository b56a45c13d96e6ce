package llm

import (
	"slices"
	"sync"
	"time"
)

// A lack is a set of things that a model or its server cannot do.
type lack uint32

const (
	lackStreamOptions lack = 1 << iota
	lackMaxCompletionTokens
	lackMaxTokens
	lackUser
	lackToolChoice
	lackTools
	lackImages
	lackSystem      // no system message at all
	lackOrder       // system messages at the beginning only, and the roles alternate
	lackStream      // the answer comes as a whole
	lackEffort      // no reasoning_effort
	lackAdaptive    // Messages: how long to reason is a number of tokens, not an effort
	lackReasoning   // effort "none" is what makes tools possible
	lackKept        // what came beside the text is not taken back
	lackBareCalls   // calls are taken back only with what came beside them
	lackOldCalls    // no calls of earlier requests at all
	lackIDs         // ids of calls are nine letters and digits
	lackChat        // no chat completions: the Responses API
	lackResponses   // no Responses API
	lackInclude     // of the Responses API: no encrypted reasoning
	preferMaxTokens // the older name of the output limit is tried first
	thinksUnopened  // thoughts come as text that only an end tag ends
	thinksApart     // they don't: an answer was seen whole
)

// limits is what requests to a model go without.
type limits struct {
	lack      lack
	left      []Unsupported // tools, images or single tools, with the reason
	maxTools  int           // 0: any number
	maxOutput int           // tokens; 0: any number
}

func (l limits) with(o limits) limits {
	l.lack |= o.lack
	l.left = append(slices.Clip(l.left), o.left...)
	if o.maxTools > 0 {
		l.maxTools = o.maxTools
	}
	if o.maxOutput > 0 {
		l.maxOutput = o.maxOutput
	}
	return l
}

func (l limits) has(x lack) bool { return l.lack&x != 0 }

// limitParam returns the name of the output limit to send, or "".
func (l limits) limitParam() string {
	names := []string{"max_completion_tokens", "max_tokens"}
	if l.has(preferMaxTokens) {
		slices.Reverse(names)
	}
	for _, n := range names {
		if n == "max_tokens" && !l.has(lackMaxTokens) || n != "max_tokens" && !l.has(lackMaxCompletionTokens) {
			return n
		}
	}
	return ""
}

// output returns the output limit of a request, or 0.
func (l limits) output(req Request) int {
	if l.maxOutput > 0 && req.MaxOutput > l.maxOutput {
		return l.maxOutput
	}
	return req.MaxOutput
}

// tools returns the tools of a request that are sent.
func (l limits) tools(req Request) []Tool {
	if l.has(lackTools) {
		return nil
	}
	var out []Tool
	for _, t := range req.Tools {
		leftOut := slices.ContainsFunc(l.left, func(u Unsupported) bool { return u.What == OneTool && u.Tool == t.Name })
		if !leftOut && (l.maxTools == 0 || len(out) < l.maxTools) {
			out = append(out, t)
		}
	}
	return out
}

// unsupported tells what of req was left out that a person would miss.
func (l limits) unsupported(req Request) []Unsupported {
	var out []Unsupported
	why := func(all ...What) Unsupported {
		for _, u := range l.left {
			if slices.Contains(all, u.What) {
				return u
			}
		}
		return Unsupported{What: all[0]}
	}
	if l.has(lackImages) && hasImages(req.Messages) {
		out = append(out, why(Images, TheseImages))
	}
	if len(req.Tools) == 0 {
		return out
	}
	if l.has(lackTools) {
		return append([]Unsupported{why(Tools)}, out...)
	}
	sent := l.tools(req)
	for _, t := range req.Tools {
		if slices.ContainsFunc(sent, func(s Tool) bool { return s.Name == t.Name }) {
			continue
		}
		u := Unsupported{What: OneTool, Tool: t.Name, Reason: "more tools than the server takes"}
		for _, known := range l.left {
			if known.Tool == t.Name {
				u = known
			}
		}
		out = append(out, u)
	}
	return out
}

// memory keeps what refusals told about models of one server: what was found
// out is remembered when the request without it has succeeded, and each of it
// is forgotten after a while, since servers are changed and gateways choose
// anew.
type memory struct {
	now func() time.Time // nil: time.Now

	mu     sync.Mutex
	models map[string][]learned
}

// learned is one thing that a model goes without.
type learned struct {
	limits limits
	at     time.Time
}

const (
	// lackMemory is how long a lack is remembered.
	lackMemory = time.Hour
	// missMemory is how long those are that a person would miss.
	missMemory = 10 * time.Minute
)

func (m *memory) time() time.Time {
	if m.now == nil {
		return time.Now()
	}
	return m.now()
}

func (l learned) fresh(now time.Time) bool {
	keep := lackMemory
	if l.limits.has(lackTools|lackImages) || len(l.limits.left) > 0 || l.limits.maxTools > 0 {
		keep = missMemory
	}
	return now.Sub(l.at) < keep
}

func (m *memory) limits(model string) limits {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all limits
	for _, l := range m.models[model] {
		if l.fresh(m.time()) {
			all = all.with(l.limits)
		}
	}
	return all
}

func (m *memory) learn(model string, found []limits) {
	if len(found) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Names come from users: forget all rather than grow without bound.
	if m.models == nil || len(m.models) > 1000 {
		m.models = map[string][]learned{}
	}
	now := m.time()
	kept := slices.DeleteFunc(m.models[model], func(l learned) bool { return !l.fresh(now) })
	for _, f := range found {
		kept = append(kept, learned{f, now})
	}
	m.models[model] = kept[max(0, len(kept)-100):]
}
