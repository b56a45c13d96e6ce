package chat

import (
	"slices"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

// maxHistory bounds the turns that are read for a prompt.
const maxHistory = 100

// wrapUp asks for the end of an answer that took all its steps.
const wrapUp = "You have used all the steps that one answer may take. Answer now with what you have, and say what is missing."

// fit composes the messages of the next request so that they fit into the
// window, and returns their size in tokens. What does not fit is left out in
// this order: the oldest turns, each as a whole; the middle of this turn's tool
// results, the images, and its oldest rounds, each call with its result.
func (r *run) fit(last bool) ([]llm.Message, int, error) {
	size := func(ms ...llm.Message) int { return r.e.meter(r.model).messages(ms) }
	room := r.window - size(r.system, r.context) - r.e.meter(r.model).tools(r.tools)

	turn := slices.Clone(r.rec.Messages)
	var tail []llm.Message
	if last {
		tail = append(tail, llm.Text(llm.System, wrapUp))
		room -= size(tail...)
	}
	for limit := maxOldText; size(turn...) > room && limit >= 200; limit /= 2 {
		turn = shortenResults(turn, limit)
	}
	if size(turn...) > room {
		turn = withoutImages(turn)
	}
	for size(turn...) > room {
		rest := withoutOldestRound(turn)
		if rest == nil {
			return nil, 0, fault.New(fault.TooLarge, "chat.Run",
				"That message is too long for the model. Attach it as a file instead, and I'll read it with code.")
		}
		turn = rest
	}
	room -= size(turn...)

	var past [][]llm.Message
	for i := len(r.history) - 1; i >= 0; i-- {
		ms := r.history[i].Messages
		if !answered(ms) {
			continue
		}
		ms = shortenResults(ms, maxOldText)
		n := size(ms...)
		if n > room {
			break
		}
		room -= n
		past = append(past, ms)
	}
	slices.Reverse(past)

	out := []llm.Message{r.system}
	for _, ms := range past {
		out = append(out, ms...)
	}
	out = append(out, r.context)
	out = append(out, turn...)
	out = append(out, tail...)
	out = r.dress(out)
	return out, size(out...) + r.e.meter(r.model).tools(r.tools), nil
}

// answered tells whether a turn has more than its question.
func answered(ms []llm.Message) bool { return len(ms) > 1 }

// dress gives messages their pictures, and takes the names away where only
// one person speaks.
func (r *run) dress(ms []llm.Message) []llm.Message {
	names := map[string]bool{}
	for _, m := range ms {
		if m.Role == llm.User {
			names[m.Name] = true
		}
	}
	for i, m := range ms {
		if len(names) < 2 {
			ms[i].Name = ""
		}
		if !slices.ContainsFunc(m.Parts, func(p llm.Part) bool { return p.Image != nil }) {
			continue
		}
		var parts []llm.Part
		for _, p := range m.Parts {
			if p.Image != nil {
				if shown := r.images[p.Image.FileID]; shown != nil {
					p.Image = shown
				} else {
					p = llm.Part{Text: "\n[The image " + p.Image.FileID + " is not shown here.]"}
				}
			}
			parts = append(parts, p)
		}
		ms[i].Parts = parts
	}
	return ms
}

func shortenResults(ms []llm.Message, limit int) []llm.Message {
	out := slices.Clone(ms)
	for i, m := range out {
		if m.Role == llm.FromTool && len(m.Text()) > limit+200 {
			out[i].Parts = []llm.Part{{Text: shorten(m.Text(), limit)}}
		}
	}
	return out
}

func withoutImages(ms []llm.Message) []llm.Message {
	out := slices.Clone(ms)
	for i, m := range out {
		out[i].Parts = slices.DeleteFunc(slices.Clone(m.Parts), func(p llm.Part) bool { return p.Image != nil })
	}
	return out
}

// withoutOldestRound leaves out the first message with calls and its results.
// It returns nil if there is none.
func withoutOldestRound(ms []llm.Message) []llm.Message {
	first := slices.IndexFunc(ms, func(m llm.Message) bool { return len(m.Calls) > 0 })
	if first < 0 {
		return nil
	}
	end := first + 1
	for end < len(ms) && ms[end].Role == llm.FromTool {
		end++
	}
	return slices.Concat(ms[:first], ms[end:])
}
