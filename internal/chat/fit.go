package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

const (
	fewTurns  = 30        // read for a prompt, whatever they hold
	manyTurns = 200       // read if the few hold little
	littleLen = 256 << 10 // bytes of text
)

// readHistory reads the latest turns of the conversation.
func (r *run) readHistory(ctx context.Context) ([]Record, error) {
	few, err := r.e.store.History(ctx, r.turn.Conversation, fewTurns)
	if err != nil || len(few) < fewTurns {
		return few, err
	}
	size := 0
	for _, h := range few {
		for _, m := range h.Messages {
			size += len(m.Text())
		}
	}
	if size > littleLen {
		return few, nil
	}
	return r.e.store.History(ctx, r.turn.Conversation, manyTurns)
}

// wrapUp asks for the end of an answer that took all its steps.
const wrapUp = "You have used all the steps that one answer may take. Answer now with what you have, and say what is missing."

// pastTurn is an earlier turn as the prompt shows it.
type pastTurn struct {
	messages []llm.Message
	size     int // tokens; 0: not counted yet
}

// setPast makes the history ready for prompts. Turns that failed before the
// model said anything are left out.
func (r *run) setPast(history []Record) {
	for _, h := range history {
		ms := h.Messages
		if h.State == Interrupted && len(ms) > 0 && (ms[len(ms)-1].Role != llm.Assistant || len(ms[len(ms)-1].Calls) > 0) {
			// A crash wrote no mark.
			ms = append(slices.Clip(ms), llm.Text(llm.Assistant, interrupted("", "")))
		}
		if len(ms) > 1 {
			r.past = append(r.past, pastTurn{messages: r.withPictures(shortenResults(ms, maxOldText))})
		}
	}
}

// fit composes the messages of the next request so that they fit into the
// window, and returns the size of the request in tokens. What does not fit is
// left out in this order: the oldest turns, each as a whole; the middle of this
// turn's tool results and of its documents, the images, and its oldest rounds,
// each call with its result.
func (r *run) fit(last bool) ([]llm.Message, int, error) {
	m := r.e.meter(r.model)
	frame := m.messages([]llm.Message{r.system, r.context}) + m.tools(r.tools)
	var tail []llm.Message
	if last {
		tail = []llm.Message{llm.Text(llm.System, wrapUp)}
		frame += m.messages(tail)
	}
	room := r.window - frame

	turn := r.withPictures(r.rec.Messages)
	size := m.messages(turn)
	for limit := maxOldText; size > room && limit >= 200; limit /= 2 {
		turn = shortenResults(turn, limit)
		size = m.messages(turn)
	}
	for limit := 8 * maxOldText; size > room && limit >= 200; limit /= 2 {
		turn = shortenDocuments(turn, limit)
		size = m.messages(turn)
	}
	if size > room {
		turn = withoutImages(turn)
		size = m.messages(turn)
	}
	for size > room {
		if turn = withoutOldestRound(turn); turn == nil {
			return nil, 0, r.tooLarge(size, frame)
		}
		size = m.messages(turn)
	}

	first := len(r.past)
	for ; first > 0; first-- {
		p := &r.past[first-1]
		if p.size == 0 {
			p.size = m.messages(p.messages)
		}
		if size+p.size > room {
			break
		}
		size += p.size
	}
	out := []llm.Message{r.system}
	for _, p := range r.past[first:] {
		out = append(out, p.messages...)
	}
	out = append(out, r.context)
	out = append(out, turn...)
	out = append(out, tail...)
	return onlyUsefulNames(out), frame + size, nil
}

// tooLarge says why a message does not fit: where even a short one would not, it
// is the model's window; else it is the message, and its attachments are named.
func (r *run) tooLarge(size, frame int) error {
	err := fault.New(fault.TooLarge, "That message is too long for the model. Attach it as a file instead, and I'll read it with code.")
	if len(r.turn.Files) > 0 {
		var names []string
		for _, f := range r.turn.Files {
			names = append(names, f.Name)
		}
		err = fault.New(fault.TooLarge, "That message is too long for the model, together with %s. Shorten the message, or choose a model that reads more.", strings.Join(names, ", "))
	}
	if size < shortMessage || frame > r.window {
		return r.e.tooSmall(err, r.served)
	}
	return err
}

// shortMessage is how many tokens a message may have that fits everywhere.
const shortMessage = 1000

// withPictures puts the pictures that the prompt shows into messages.
func (r *run) withPictures(ms []llm.Message) []llm.Message {
	out := slices.Clone(ms)
	for i, m := range out {
		if !hasImage(m) {
			continue
		}
		out[i].Parts = slices.Clone(m.Parts)
		for k, p := range m.Parts {
			if p.Image == nil {
				continue
			}
			if shown := r.images[p.Image.FileID]; shown != nil {
				out[i].Parts[k] = llm.Part{Image: shown}
			} else {
				out[i].Parts[k] = llm.Part{Text: "\n[The image " + p.Image.FileID + " is not shown here.]"}
			}
		}
	}
	return out
}

func hasImage(m llm.Message) bool {
	return slices.ContainsFunc(m.Parts, func(p llm.Part) bool { return p.Image != nil })
}

// onlyUsefulNames takes the names away in place where only one person speaks.
func onlyUsefulNames(ms []llm.Message) []llm.Message {
	names := map[string]bool{}
	for _, m := range ms {
		if m.Name != "" {
			names[m.Name] = true
		}
	}
	if len(names) < 2 {
		for i := range ms {
			ms[i].Name = ""
		}
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
		if !hasImage(m) {
			continue
		}
		out[i].Parts = slices.Clone(m.Parts)
		for k, p := range m.Parts {
			if p.Image != nil {
				out[i].Parts[k] = llm.Part{Text: "\n[The image " + p.Image.FileID + " is not shown here.]"}
			}
		}
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
