package assistant

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Ask takes a message. It returns at once; what happens then are events of the
// turn. The turn's error, in [Ended], is of kind Exists if the message was
// claimed before, by this or another process: then there is nothing to show.
// Exhausted says that the person sent too many at a time; Canceled without a
// sentence that they were told so a moment ago. An error of Ask itself is
// [ErrClosing].
func (a *Assistant) Ask(r Request) (*Turn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosing
	}
	t := a.newTurn(r)
	a.turns[t.ID] = t
	if refusal := a.admit(t, time.Now()); refusal != nil {
		a.work.Go(func() {
			if t.take() == nil {
				a.release(t, refusal)
				t.end(Ended{Err: refusal})
			}
		})
		return t, nil
	}
	a.work.Go(func() { _ = t.take() })
	return t, nil
}

// Turn returns a turn that runs, waits, or has ended a moment ago.
func (a *Assistant) Turn(id string) (*Turn, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.turns[id]
	return t, ok
}

// Running returns the turns of a user in a conversation that have not ended, in
// the order of their coming.
func (a *Assistant) Running(user files.UserID, conversation string) []*Turn {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*Turn
	if l := a.lines[user]; l != nil {
		for _, t := range append(l.serving[:len(l.serving):len(l.serving)], l.waiting...) {
			if t.Conversation() == conversation && !t.Over() {
				out = append(out, t)
			}
		}
	}
	return out
}

// keepEnded is how many turns that ended can still be followed: by a page that
// was loaded again, or a second one.
const keepEnded = 200

// keep makes room for a turn that has ended.
func (a *Assistant) keep(t *Turn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = append(a.ended, t)
	for len(a.ended) > keepEnded {
		if old := a.ended[0]; a.turns[old.ID] == old {
			delete(a.turns, old.ID)
		}
		a.ended = a.ended[1:]
	}
}

// take claims the turn's message.
func (t *Turn) take() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 30*time.Second)
	defer cancel()
	t.claim = t.a.engine.Claim(ctx, t.ID, t.User, t.req.Conversation)
	close(t.claimed)
	if t.claim != nil {
		t.end(Ended{Err: t.claim})
	}
	return t.claim
}

// release gives up the claim of a message that needs no answer: err is why it gets
// none. If that fails, or if the program stops before the answer began, the next start
// tells the user that the answer was interrupted.
func (a *Assistant) release(t *Turn, err error) {
	if errors.Is(err, ErrClosing) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 10*time.Second)
	defer cancel()
	if err := a.engine.Release(ctx, t.ID); err != nil {
		a.log.Warn("releasing the claim of a message", "turn", t.ID, "error", err)
	}
}

// serve takes a turn from its claim to its end.
func (a *Assistant) serve(t *Turn) {
	<-t.claimed
	if t.claim != nil {
		return
	}
	if !t.start() {
		a.release(t, context.Cause(t.ctx))
		t.end(Ended{Err: context.Cause(t.ctx)})
		return
	}
	res, begun, err := a.answer(t)
	if err != nil && t.ctx.Err() != nil {
		err = context.Cause(t.ctx)
	}
	if !begun {
		a.release(t, err)
	}
	t.end(Ended{Result: res, Err: err, Nothing: err == nil && !begun})
}

// answer reads the message, saves what is attached, and runs the turn. A crash is
// an error like others. Begun tells whether the engine has the turn.
func (a *Assistant) answer(t *Turn) (res chat.Result, begun bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), fault.Internal, "")
		}
	}()
	m, saved, err := a.read(t)
	if err != nil {
		return res, false, err
	}
	if strings.TrimSpace(m.Text) == "" && !m.Same {
		return res, false, nil
	}
	var sharing llm.Sharing
	if sharing, err = a.share(t.ctx, t, m.Company); err == nil && m.Company != Alone {
		err = a.files.Bring(t.ctx, t.Conversation(), t.req.UserName, saved)
	}
	if err != nil {
		return res, false, err
	}
	if a.live().FetchLinks == OwnLinks || a.live().FetchLinks == AskLinks {
		m.Tools = append(m.Tools[:len(m.Tools):len(m.Tools)], a.fetchTool(t, m))
	}
	begun = true
	res, err = a.engine.Run(t.ctx, chat.Turn{
		ID: t.ID, User: t.User, UserName: t.req.UserName, Conversation: t.Conversation(), Model: t.req.Model, FrontEnd: t.req.FrontEnd,
		Text: m.Text, Files: saved, Replaces: t.req.Replaces, After: t.req.After, Ask: t.ask, Sharing: sharing, Tools: m.Tools,
	}, func(e chat.Event) { a.event(t, m.Company, e) })
	return res, begun, err
}

// event passes an event on. What code made in a conversation of several people
// is brought into it.
func (a *Assistant) event(t *Turn, with Company, e chat.Event) {
	if ended, ok := e.(chat.ToolEnded); ok && with != Alone && len(ended.Files) > 0 {
		if err := a.files.Bring(context.WithoutCancel(t.ctx), t.Conversation(), t.req.UserName, ended.Files); err != nil {
			a.log.Warn("sharing what code made", "turn", t.ID, "error", err)
		}
	}
	t.emit(e)
}

// read returns the message for the model, and its files, which it saves.
func (a *Assistant) read(t *Turn) (m Message, saved []files.File, err error) {
	m = t.req.Message
	anew := false
	if t.req.Replaces != "" && t.req.Read != nil {
		if _, err := a.engine.Runs(t.ctx, t.User, t.req.Replaces); fault.Is(err, fault.NotFound) {
			t.req.Replaces, anew = "", true
		}
	}
	if t.req.Read != nil {
		if m, err = t.req.Read(t.ctx, anew); err != nil {
			return m, nil, err
		}
	}
	if m.Conversation != "" {
		t.mu.Lock()
		t.req.Conversation = m.Conversation
		t.mu.Unlock()
	}
	for _, p := range m.Problems {
		t.emit(Problem{p})
	}
	saved = m.Files
	if len(m.Uploads) > 0 {
		all := a.Save(t.ctx, t.User, m.Uploads)
		if err := context.Cause(t.ctx); err != nil {
			return m, nil, err
		}
		t.emit(Saved{all})
		for _, s := range all {
			if s.Full != nil {
				t.emit(Problem{t.req.FrontEnd.Explain(s.Full) + " " + t.req.FrontEnd.T("Until then I read a copy of it, which lives as long as this conversation's Python session.")})
				break
			}
		}
		for _, s := range all {
			if s.Err == nil {
				saved = append(saved, s.Saved.File)
			}
		}
		if lost := notSaved(all); lost != "" && m.Text != "" {
			m.Text += "\n\n" + lost
		}
	}
	if m.Before != "" && m.Text != "" {
		m.Text = m.Before + "\n\n" + m.Text
	}
	return m, saved, nil
}
