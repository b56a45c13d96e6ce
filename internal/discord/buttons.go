package discord

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// answered is what is remembered of a finished answer.
type answered struct {
	q    *question
	code bool // there is some to show

	next    []string   // questions that it suggests
	passing bool       // its files are kept less long than uploads
	tables  []files.ID // of tables that are shown as pictures: CSV
	hush    bool       // it stands in a thread where the bot reads along with several people
	page    string     // address in the browser of what is too large for a message; "": nothing is, or there is no browser

	mu       sync.Mutex
	messages []snowflake.ID // that show it
	pictures bool           // the one with the buttons is a message of pictures
	made     []files.ID     // by its code
	message  snowflake.ID   // the one with the buttons; 0 if there is none yet
	content  string         // of the prompt that it answers
	offered  bool           // to run the edited question
}

// pressedStop ends a turn. What came before stays.
func (b *Bot) pressedStop(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	if q := b.active.get(id.Snowflake(0)); q != nil && q.turn.Stop(it.UserID) {
		return it.Acknowledge(ctx)
	}
	// It ended meanwhile, or the bot was restarted: the button has no meaning any more.
	if err := it.SetRows(ctx, nil); err != nil {
		return err
	}
	return it.Reply(ctx, client.Post{Text: it.Lang.T("I am not working on that answer any more.")})
}

// pressedCSV gives a table that is shown as a picture to whoever can see it.
func (b *Bot) pressedCSV(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	f, err := b.assistant.Files().Get(ctx, id.User, files.ID(id.Arg(0)))
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "I no longer have that table. Ask me for it again.")
	}
	if err != nil {
		return err
	}
	return it.Reply(ctx, client.Post{Files: []client.Upload{b.files.Upload(b.base, f)}})
}

// pressedKeep keeps the files that an answer made as if they were uploaded.
func (b *Bot) pressedKeep(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	var made []files.ID
	if e, ok := b.answers.Get(id.Snowflake(0)); ok && e.q.again == id.Arg(1) {
		made = e.made
	} else {
		runs, err := b.assistant.Code(ctx, id.User, turnID(it.ChannelID(), id.Snowflake(0), id.Arg(1)))
		if err != nil {
			return err
		}
		for _, r := range runs {
			for _, f := range r.Files {
				made = append(made, files.ID(f))
			}
		}
	}
	kept := []files.File{}
	for _, one := range made {
		f, err := b.assistant.Files().Keep(ctx, it.UserID, one)
		switch {
		case err == nil:
			kept = append(kept, f)
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	if len(kept) == 0 {
		return fault.New(fault.NotFound, "The files of this answer are gone.")
	}
	return it.Reply(ctx, client.Post{Text: "🔖 " + it.Lang.T("%d files", len(kept)) + ": " + lifetime(it.Lang, kept[0])})
}

// pressedCode shows the code that an answer rests on, to whoever can read the answer.
func (b *Bot) pressedCode(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	runs, err := b.assistant.Code(ctx, id.User, turnID(it.ChannelID(), id.Snowflake(0), id.Arg(1)))
	if err != nil {
		return err
	}
	return it.Reply(ctx, compose.Code(it.Lang, runs))
}

// pressedRetry runs a question again, or the edited one. Question and
// conversation are found in the channel, never taken from the button.
func (b *Bot) pressedRetry(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	prompt := id.Snowflake(0)
	if q := b.active.get(prompt); q != nil && !q.turn.Over() {
		return fault.New(fault.Exists, "That question is being answered right now.")
	}
	m, err := b.api.Message(ctx, it.ChannelID(), prompt)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "The question is gone, so I can't run it again.")
	}
	if err != nil {
		return err
	}
	if m.Author.ID != snowflake.ID(it.UserID) {
		return fault.New(fault.Denied, "Only the person who asked can use that.")
	}
	m.GuildID = it.GuildID()
	if member := it.Member(); member != nil {
		m.Member = &member.Member
	}
	q := newQuestion(m)
	q.again = it.ID().String()
	q.replaces = turnID(m.ChannelID, m.ID, id.Arg(1))
	q.same = id.Action == actRetry
	e, known := b.answers.Get(prompt)
	if !b.pressed.Put("again/"+id.Arg(0)+"/"+id.Arg(1), true) { // pressed twice
		return fault.New(fault.Exists, "That question is being answered right now.")
	}
	rows := []dg.LayoutComponent(nil)
	if known && e.q.again == id.Arg(1) && e.code {
		rows = []dg.LayoutComponent{interact.Row(interact.Button(dg.ButtonStyleSecondary, "📜", it.Lang.T("Code"), interact.NewID(actCode, it.UserID, id.Arg(0), id.Arg(1))))}
	}
	q.old = &replaced{messages: []snowflake.ID{i.Message.ID}}
	if known && e.q.again == id.Arg(1) {
		e.mu.Lock()
		q.old.messages, q.old.made = append(q.old.messages, e.messages...), slices.Concat(e.made, e.tables)
		e.mu.Unlock()
	}
	err = it.SetRows(ctx, rows)
	b.ask(q)
	return err
}

// editWindow is how long after it was sent an edit of a question counts.
const editWindow = 15 * time.Minute

// offerEdited puts a button under the answer to a question that was edited.
func (b *Bot) offerEdited(m dg.Message) {
	if b.opts.Now().Sub(m.ID.Time()) > editWindow {
		return
	}
	b.edits.Put(m.ID, m.Content) // for an answer that is not finished yet
	if e, ok := b.answers.Get(m.ID); ok {
		b.offer(e, m.Content)
	}
}

func (b *Bot) offer(e *answered, content string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if content == e.content || e.message == 0 {
		return
	}
	e.content = content
	if !e.offered {
		e.offered = true
		b.background("offering the edited question", func(ctx context.Context) { b.putButtons(ctx, e) })
	}
}

func (b *Bot) putButtons(ctx context.Context, e *answered) {
	var m dg.Message
	var err error
	if e.pictures {
		m, err = b.api.Message(ctx, e.q.channel(), e.message)
	}
	if err == nil {
		err = b.api.Do(ctx, client.Request{To: rest.UpdateMessage.Compile(nil, e.q.channel(), e.message),
			Body: object{"components": client.WithRows(m, e.rows(true))}})
	}
	if err != nil {
		b.log.Debug("the buttons can't be changed", "error", err)
	}
}

// ask puts a question of the turn to its user.
func (a *answer) ask(ctx context.Context, question assistant.Question) {
	b := a.b
	a.setAsking(true)
	id := func(choice string) interact.ID { return interact.NewID(actAnswer, question.User, question.ID, choice) }
	m, err := b.send(ctx, a.q, client.Post{Text: a.askedText(question), Ping: a.askedOf(question), ReplyTo: a.q.msg.ID, Rows: []dg.LayoutComponent{interact.Row(
		interact.Button(dg.ButtonStyleSuccess, "✅", a.q.lang.T("Yes"), id("yes")),
		interact.Button(dg.ButtonStyleSecondary, "❌", a.q.lang.T("No"), id("no")))}})
	if err != nil {
		b.log.Warn("asking a question", "error", err)
		_ = b.assistant.Answer(question.User, question.ID, false) // nobody can see it
		return
	}
	a.asked[question.ID] = m.ID
}

func (a *answer) askedText(q assistant.Question) string {
	to := ""
	if other := a.askedOf(q); other != 0 {
		to = fmt.Sprintf("<@%d> ", other)
	}
	return "❓ " + to + brief.Chars(q.Text.In(a.q.lang), 1500)
}

// askedOf is who a question is for, if not for who asked the turn's; or 0.
func (a *answer) askedOf(q assistant.Question) snowflake.ID {
	if q.User == a.q.user() {
		return 0
	}
	return snowflake.ID(q.User)
}

var outcomes = map[assistant.Outcome]string{
	assistant.Yes:       locale.Key("✅ Yes."),
	assistant.No:        locale.Key("❌ No."),
	assistant.TimedOut:  locale.Key("⌛ There was no answer in time."),
	assistant.Withdrawn: locale.Key("⏹️ That is not needed any more."),
}

// answered closes a question, unless a press of its buttons has done so.
func (a *answer) answered(ctx context.Context, e assistant.Answered) {
	a.setAsking(false)
	b := a.b
	message := a.asked[e.Question.ID]
	if _, here := b.pressed.Get(e.Question.ID); here || message == 0 {
		return
	}
	if _, _, err := b.edit(ctx, a.q, message, client.Post{Text: a.askedText(e.Question) + "\n-# " + a.q.lang.T(outcomes[e.Outcome])}); err != nil {
		b.log.Debug("closing a question", "error", err)
	}
}

func (a *answer) setAsking(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asking = on
	a.poke()
}

// pressedAnswer takes a yes or a no.
func (b *Bot) pressedAnswer(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	yes, outcome := id.Arg(1) == "yes", outcomes[assistant.No]
	if yes {
		outcome = outcomes[assistant.Yes]
	}
	b.pressed.Put(id.Arg(0), true)
	if err := b.assistant.Answer(it.UserID, id.Arg(0), yes); err != nil {
		outcome = locale.Key("⌛ This question has expired.")
	}
	return it.Update(ctx, client.Post{Text: i.Message.Content + "\n-# " + b.heard.Place(it.Interaction, it.Lang).T(outcome)})
}
