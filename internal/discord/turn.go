package discord

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// answer answers one question: it saves the attachments, asks the engine, and
// shows what comes. Whatever happens, somebody who waits gets at least a sentence.
func (b *Bot) answer(ctx context.Context, q *question) {
	if ctx.Err() != nil {
		b.sorry(q, context.Cause(ctx))
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	typing := b.startTyping(ctx, q.channel())
	defer typing()
	b.join(ctx, q.channel())

	turn := chat.Turn{
		ID: q.turnID(), User: q.user(), UserName: nameIn(q.msg.Author, q.msg.Member),
		Conversation: b.conversation(ctx, q.msg), Replaces: q.replaces,
	}
	var problems []string
	var saved []files.File
	if !q.same {
		turn.Text, saved, problems = b.prepare(ctx, q)
		turn.Files = saved
		if strings.TrimSpace(turn.Text) == "" {
			b.hint(ctx, q, len(saved) > 0, problems)
			return
		}
	}
	a := newAnswer(b, q, typing)
	a.problems = problems
	turn.Ask = a.ask
	ended := b.running.start(q, cancel)
	defer ended()
	res, err := b.run(ctx, turn, a)
	ended()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	a.finish(res, err)
}

// run asks the engine. A crash is an error like others.
func (b *Bot) run(ctx context.Context, t chat.Turn, a *answer) (res chat.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), fault.Internal, "")
		}
	}()
	return b.engine.Run(ctx, t, a.event)
}

// prepare reads a question and saves its attachments, which it confirms.
func (b *Bot) prepare(ctx context.Context, q *question) (text string, saved []files.File, problems []string) {
	p, problems := b.read(ctx, q.msg)
	text = p.text
	var attachments []dg.Attachment
	for _, a := range p.attachments {
		if f, ok := q.saved[a.ID]; ok {
			if _, err := b.files.Get(ctx, f.User, f.ID); err == nil {
				saved = append(saved, f)
				continue
			}
		}
		attachments = append(attachments, a)
	}
	if len(attachments) > 0 {
		all := b.save(ctx, q.msg, q.user(), attachments)
		if confirmation := b.confirmation(all); confirmation != "" {
			if err := b.say(ctx, q.channel(), q.msg.ID, confirmation); err != nil {
				b.unheard(ctx, q, err)
			}
		}
		for i, s := range all {
			if s.err == nil {
				saved = append(saved, s.saved.File)
				q.saved[attachments[i].ID] = s.saved.File
			}
		}
		if lost := notSaved(all, fault.Message); lost != "" && text != "" {
			text += "\n\n" + lost
		}
	}
	if p.quote != "" && text != "" {
		text = "[" + p.quote + "]\n\n" + text
	}
	return text, saved, problems
}

// hint says what to do next to a message without a question.
func (b *Bot) hint(ctx context.Context, q *question, saved bool, problems []string) {
	text := strings.Join(problems, "\n")
	switch {
	case text != "":
		text = "⚠️ " + text
	case saved || len(q.msg.Attachments) > 0:
		return // the confirmation is the answer
	default:
		text = "👋 Ask me anything, or attach a file and say what you want to know about it. `/help` shows what I can do."
	}
	if err := b.say(ctx, q.channel(), q.msg.ID, text); err != nil {
		b.unheard(ctx, q, err)
	}
}

// sorry says one sentence about an error, although the bot may be closing.
func (b *Bot) sorry(q *question, err error) {
	sentence := b.explain(err, "answering")
	if sentence == "" {
		return
	}
	ctx, cancel := b.detached(10 * time.Second)
	defer cancel()
	if err := b.say(ctx, q.channel(), q.msg.ID, "⚠️ "+sentence); err != nil {
		b.unheard(ctx, q, err)
	}
}

// unheard is for what can't be said where somebody asked: if the bot may not
// write there, they are told by direct message.
func (b *Bot) unheard(ctx context.Context, q *question, err error) {
	b.log.Warn("a message can't be sent", "channel", q.channel(), "error", err)
	if !fault.Is(err, fault.Denied) || q.msg.GuildID == nil {
		return
	}
	dm, err := b.api.DM(ctx, q.msg.Author.ID)
	if err == nil {
		_, err = b.api.Send(ctx, dm, client.Post{Text: "🔇 I may not write in <#" + q.channel().String() + ">. Somebody who manages the server can give me the permissions **View Channel**, **Send Messages**, **Attach Files** and **Read Message History** there."})
	}
	if err != nil {
		b.log.Debug("nor by direct message", "error", err)
	}
}

// startTyping shows that the bot is at work until the function returned is
// called, or ctx ends.
func (b *Bot) startTyping(ctx context.Context, channel snowflake.ID) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	b.background("typing", func(context.Context) {
		for ctx.Err() == nil {
			if err := b.api.Typing(ctx, channel); err != nil && !errors.Is(err, context.Canceled) {
				b.log.Debug("no typing indicator", "error", err)
				return
			}
			_ = sleep(ctx, 8*time.Second) // it lasts ten
		}
	})
	return cancel
}

// running are the turns that can be stopped, by their question's message.
type running struct {
	mu    sync.Mutex
	turns map[snowflake.ID]runningTurn
}

type runningTurn struct {
	user files.UserID
	stop context.CancelCauseFunc
}

// errStopped ends a turn whose user had enough.
var errStopped = fault.New(fault.Canceled, "You stopped this answer.")

func (r *running) start(q *question, stop context.CancelCauseFunc) (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turns == nil {
		r.turns = map[snowflake.ID]runningTurn{}
	}
	r.turns[q.msg.ID] = runningTurn{q.user(), stop}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.turns, q.msg.ID)
	}
}

// stop ends a turn of the user, if it runs.
func (r *running) stop(prompt snowflake.ID, user files.UserID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.turns[prompt]
	if !ok || t.user != user {
		return false
	}
	t.stop(errStopped)
	return true
}

func (r *running) has(prompt snowflake.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.turns[prompt]
	return ok
}
