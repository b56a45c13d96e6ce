package discord

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/filemanager"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
)

// frontEnd is what the model and the sentences know of Discord.
var frontEnd = &chat.FrontEnd{
	Name: "a chat on Discord",
	Markup: "Write the Markdown that Discord shows: **bold**, *italics*, `code`, code blocks, > quotes, lists, and headings of one to three #." +
		" It shows no Markdown tables, no LaTeX, no HTML and no embedded images: put a table into a code block, with aligned columns of at most 60 characters together." +
		" Where next questions suggest themselves, you may end with up to three short ones (at most 70 characters each) that the user could ask, each on a line that begins with [?]; they become buttons.",
	Hints: map[fault.Hint]string{
		fault.FreeSpace:       locale.Key("Delete some with /files, then send it again."),
		fault.OtherModel:      locale.Key("/model shows others."),
		fault.NewConversation: locale.Key("/reset starts a new one."),
	},
	Clock: func(t time.Time) string { return markdown.Time(t, markdown.Clock) },
}

// explain makes the one sentence that somebody sees about an error; "" for what
// needs none. Doing says for the log what was tried.
func (b *Bot) explain(l *locale.Language, err error, doing string) string {
	return b.assistant.Explain(err, doing, frontEnd.In(l))
}

// languageOf is the language of those who read the answer to a question.
func (b *Bot) languageOf(q *question) *locale.Language {
	if q.by != nil && q.private {
		return q.by.Lang
	}
	return b.heard.At(q.msg.GuildID, q.msg.Author.ID)
}

// explainAll makes the sentences about errors.
func (b *Bot) explainAll(l *locale.Language, errs []error, doing string) (out []string) {
	for _, err := range errs {
		if sentence := b.explain(l, err, doing); sentence != "" {
			out = append(out, sentence)
		}
	}
	return out
}

// active are the questions that are being answered or wait for that, by their
// message.
type active struct {
	mu        sync.Mutex
	questions map[snowflake.ID]*question
	closed    bool
}

func (a *active) add(q *question) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	if a.questions == nil {
		a.questions = map[snowflake.ID]*question{}
	}
	a.questions[q.msg.ID] = q
	return true
}

func (a *active) remove(q *question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.questions[q.msg.ID] == q {
		delete(a.questions, q.msg.ID)
	}
}

// get returns the question of a message, or nil.
func (a *active) get(prompt snowflake.ID) *question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.questions[prompt]
}

// all returns the questions.
func (a *active) all() []*question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Values(a.questions))
}

// close refuses further questions.
func (a *active) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
}

// interrupt ends all turns.
func (a *active) interrupt(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, q := range a.questions {
		q.turn.Interrupt(cause)
	}
}

// ask gives a question to the assistant, and shows what comes. It must not take
// long.
func (b *Bot) ask(q *question) {
	q.lang = b.languageOf(q)
	var err error
	q.turn, err = b.assistant.Ask(assistant.Request{
		ID: q.turnID(), User: q.user(), UserName: nameIn(q.msg.Author, q.msg.Member), FrontEnd: frontEnd.In(q.lang),
		Read: func(ctx context.Context, anew bool) (assistant.Message, error) {
			if q.late != nil || q.passed {
				return assistant.Message{}, q.late
			}
			return b.read(ctx, q, anew)
		}, Replaces: q.replaces, After: b.goesOn(q.msg), Again: q.missed || q.again != "" && q.by == nil,
	})
	if err != nil {
		b.background("refusing", func(ctx context.Context) { b.sorry(q, "⚠️ ", err) })
		return
	}
	if !b.active.add(q) {
		q.turn.Interrupt(assistant.ErrClosing)
	}
	q.shown = make(chan struct{})
	b.answering.Go(func() {
		defer close(q.shown)
		defer client.Rescue(b.log, "question")
		defer b.active.remove(q)
		b.follow(q)
	})
}

// follow shows a turn to its end. Whatever happens, somebody who waits gets at
// least a sentence.
func (b *Bot) follow(q *question) {
	var a *answer
	var problems []string
	saved, ended := false, false
	defer func() {
		if a != nil && !ended { // the bot was killed
			a.drop()
		}
	}()
	for _, e := range q.turn.Follow(b.base, 0) {
		switch e := e.(type) {
		case assistant.Queued:
			q.waits.Do(func() { b.background("waiting", func(ctx context.Context) { b.showWaiting(ctx, q) }) })
		case assistant.Started:
			b.unmark(q)
			b.setOpen(q, true)
			typing := func() {}
			if q.late == nil && !q.passed {
				typing = b.startTyping(q.channel())
			}
			defer typing()
			b.join(b.base, q.channel())
			a = newAnswer(b, q, typing)
		case assistant.Saved:
			saved = true
			b.confirmSaved(q, e.Attachments)
		case assistant.Problem:
			problems = append(problems, e.Sentence)
			a.problem(e.Sentence)
		case assistant.Asked:
			a.ask(b.base, e.Question)
		case assistant.Answered:
			a.answered(b.base, e)
		case assistant.Ended:
			ended = true
			b.end(q, a, e, saved, problems)
		case chat.Waiting:
			b.background("waiting", func(ctx context.Context) { b.markWaiting(ctx, q) })
		case chat.Begun:
			b.unmark(q)
		case chat.Event:
			a.event(e)
		}
	}
}

// end shows how a turn ended. A is nil if it has not begun.
func (b *Bot) end(q *question, a *answer, e assistant.Ended, saved bool, problems []string) {
	b.unmark(q)
	switch {
	case e.Nothing:
		if !q.passed {
			b.hint(q, saved, problems)
		}
		a.drop()
	case a != nil:
		a.finish(e.Result, e.Err)
	case errors.Is(e.Err, assistant.ErrStopped), fault.Is(e.Err, fault.Exists): // deleted, or answered before
	case fault.Is(e.Err, fault.Exhausted):
		b.sorry(q, "🐢 ", e.Err)
	default:
		b.sorry(q, "⚠️ ", e.Err)
	}
}

// confirmSaved tells what became of a question's attachments.
func (b *Bot) confirmSaved(q *question, all []assistant.Saving) {
	ctx, cancel := b.detached(time.Minute)
	defer cancel()
	if text := b.confirmation(q.lang, all); text != "" {
		if len(all) == 1 && all[0].Err == nil && b.around.Plain(q.msg) == "" && q.msg.ReferencedMessage == nil {
			id := string(all[0].Saved.ID)
			told, err := b.send(ctx, q, client.Post{Text: text, ReplyTo: q.msg.ID, Rows: []dg.LayoutComponent{interact.Row(
				interact.Button(dg.ButtonStylePrimary, "📊", q.lang.T("Analyze"), interact.NewID(actAnalyze, q.user(), id)),
				filemanager.PreviewButton(q.lang, q.user(), all[0].Saved.ID))}})
			q.told = append(q.told, told.ID)
			if err != nil {
				b.unheard(ctx, q, err)
			}
			return
		}
		ids, err := b.sayAll(ctx, q, q.msg.ID, text)
		q.told = append(q.told, ids...)
		if err != nil {
			b.unheard(ctx, q, err)
		}
	}
}

// hint says what to do next to a message without a question.
func (b *Bot) hint(q *question, saved bool, problems []string) {
	text := strings.Join(problems, "\n")
	switch {
	case text != "":
		text = "⚠️ " + text
	case saved || len(q.msg.Attachments) > 0:
		return // the confirmation is the answer
	default:
		text = "👋 " + q.lang.T("Ask me anything, or attach a file and say what you want to know about it. `/help` shows what I can do.")
	}
	ctx, cancel := b.detached(time.Minute)
	defer cancel()
	if err := b.say(ctx, q, q.msg.ID, text); err != nil {
		b.unheard(ctx, q, err)
	}
}

// sorry says one sentence about an error, although the bot may be closing.
func (b *Bot) sorry(q *question, mark string, err error) {
	sentence := b.explain(q.lang, err, "answering")
	if sentence == "" {
		return
	}
	b.setOpen(q, true)
	ctx, cancel := b.detached(10 * time.Second)
	defer cancel()
	unsaid := b.say(ctx, q, q.msg.ID, mark+sentence)
	if unsaid != nil {
		b.unheard(ctx, q, unsaid)
	}
	if !client.MayPass(unsaid) {
		b.setOpen(q, false)
	}
}

// unheard falls back to a direct message when the bot may not post in the
// channel where somebody asked: one an hour, else to a reaction.
func (b *Bot) unheard(ctx context.Context, q *question, err error) {
	b.log.Warn("sending a message", "channel", q.channel(), "error", err)
	if !fault.Is(err, fault.Denied) || q.msg.GuildID == nil {
		return
	}
	if last, told := b.muted.Get(q.channel()); told && b.opts.Now().Sub(last) < time.Hour {
		b.mark(ctx, q, "🔇", true)
		return
	}
	b.muted.Put(q.channel(), b.opts.Now())
	unsaid := err
	dm, err := b.api.DM(ctx, q.msg.Author.ID)
	if err == nil {
		text := q.lang.T("I may not write in %s. Somebody who manages the server can give me the permissions **View Channel**, **Send Messages**, **Attach Files** and **Read Message History** there.", "<#"+q.channel().String()+">")
		if client.Closed(unsaid) {
			text = q.lang.T("The thread %s is closed, so I can't answer there. Somebody who manages threads can open it again.", "<#"+q.channel().String()+">")
		}
		_, err = b.api.Send(ctx, dm, client.Post{Text: "🔇 " + text})
	}
	if err != nil {
		b.log.Debug("sending a direct message", "error", err)
		b.mark(ctx, q, "🔇", true)
	}
}

// startTyping shows that the bot is at work until the function returned is
// called.
func (b *Bot) startTyping(channel snowflake.ID) (stop func()) {
	ctx, cancel := context.WithCancel(b.base)
	b.answering.Go(func() {
		defer client.Rescue(b.log, "typing")
		for ctx.Err() == nil {
			if err := b.api.Typing(ctx, channel); err != nil && !errors.Is(err, context.Canceled) {
				b.log.Debug("showing the typing indicator", "error", err)
				return
			}
			_ = sleep(ctx, 8*time.Second) // it lasts ten
		}
	})
	return cancel
}

// showWaiting marks a question that waits, unless its turn comes at once.
func (b *Bot) showWaiting(ctx context.Context, q *question) {
	if sleep(ctx, 300*time.Millisecond) != nil {
		return
	}
	q.marking.Lock()
	defer q.marking.Unlock()
	if q.turn.Waits() && !q.begun {
		q.marked = true
		b.mark(ctx, q, "⏳", true)
	}
}

// markWaiting marks a question that waits for somebody else's, unless its turn
// comes at once.
func (b *Bot) markWaiting(ctx context.Context, q *question) {
	q.marking.Lock()
	q.begun = false
	q.marking.Unlock()
	if sleep(ctx, 300*time.Millisecond) != nil {
		return
	}
	q.marking.Lock()
	defer q.marking.Unlock()
	if !q.begun && !q.marked {
		q.marked = true
		b.mark(ctx, q, "⏳", true)
	}
}

// unmark takes the hourglass off a question.
func (b *Bot) unmark(q *question) {
	q.marking.Lock()
	defer q.marking.Unlock()
	q.begun = true
	if q.marked {
		q.marked = false
		ctx, cancel := b.detached(client.Timeout)
		defer cancel()
		b.mark(ctx, q, "⏳", false)
	}
}

// mark puts a reaction under a question, or takes it away. That it may be
// forbidden does not matter.
func (b *Bot) mark(ctx context.Context, q *question, emoji string, on bool) {
	if err := b.api.React(ctx, q.channel(), q.msg.ID, emoji, on); err != nil {
		b.log.Debug("reacting to a message", "error", err)
	}
}

// edited takes in the new text of a question that waits, and tells whether
// there was one.
func (b *Bot) edited(m dg.Message) bool {
	q := b.active.get(m.ID)
	if q == nil || !q.turn.Waits() {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.msg.Content, q.msg.Attachments, q.msg.Mentions = m.Content, m.Attachments, m.Mentions
	return true
}

// goesOn tells whether a message replies to the bot, or to a question that is being
// answered.
func (b *Bot) goesOn(m dg.Message) bool {
	to := m.ReferencedMessage
	return to != nil && (to.Author.ID == b.self() || b.active.get(to.ID) != nil)
}

// placeGone stops what is worked on for questions whose place is gone: the channel was
// deleted, or the bot removed from the server. What was made by then stays in the files
// of who asked.
func (b *Bot) placeGone(of func(*question) bool) {
	for _, q := range b.active.all() {
		if of(q) {
			q.nowhere.Store(true)
			q.turn.Interrupt(assistant.ErrStopped)
		}
	}
}

// onDelete drops a question that was deleted: if it is being answered, the
// answer is stopped and withdrawn.
func (b *Bot) onDelete(id snowflake.ID) {
	if q := b.active.get(id); q != nil {
		q.deleted.Store(true)
		q.turn.Interrupt(assistant.ErrStopped)
	}
}
