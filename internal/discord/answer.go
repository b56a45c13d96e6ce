package discord

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
)

// An answer is what people see of a turn: messages that are edited while it
// runs. The engine calls event; one goroutine shows, at its own pace, what there
// is by then.
type answer struct {
	b      *Bot
	q      *question
	typing func() // ends the typing indicator
	began  time.Time

	mu       sync.Mutex
	problems []string
	parts    []compose.Part
	calls    []*working
	round    int
	notes    []string
	code     bool // some ran
	made     []files.File
	asking   bool

	asked map[string]snowflake.ID // messages with questions, by the questions' ids

	wake  chan struct{} // has room for one
	ended chan struct{}
	shown sync.WaitGroup

	// Of the goroutine that shows, then of finish.
	sent []sent
	lost []client.Upload // that Discord did not take, without a word
	gone bool            // it can't or must not be shown any more
	shut error           // why the bot may not write where it was asked: the answer goes on, and comes by direct message
}

// working is a call that runs.
type working struct {
	id     string
	status llm.ToolStatus
	began  time.Time
}

// sent is a message that shows a part of the answer.
type sent struct {
	id  snowflake.ID
	key string // of what it shows
}

func newAnswer(b *Bot, q *question, typing func()) *answer {
	a := &answer{b: b, q: q, typing: typing, began: time.Now(), asked: map[string]snowflake.ID{}, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	a.shown.Go(func() {
		defer client.Rescue(b.log, "showing an answer")
		a.show()
	})
	return a
}

// problem adds a sentence about a part of the question, to be shown below the answer.
func (a *answer) problem(sentence string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problems = append(a.problems, sentence)
}

// drop ends an answer that shows nothing.
func (a *answer) drop() {
	close(a.ended)
	a.shown.Wait()
	a.typing()
	a.b.setOpen(a.q, false)
}

// event takes in what the engine emits.
func (a *answer) event(e chat.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e := e.(type) {
	case chat.TextDelta:
		if n := len(a.parts); n == 0 || a.parts[n-1].Table != nil || a.parts[n-1].Text == "" {
			a.parts = append(a.parts, compose.Part{Text: e.Text})
		} else {
			a.parts[n-1].Text += e.Text
		}
	case chat.ToolStarted:
		a.breakText()
		a.round = e.Round
		a.calls = append(a.calls, &working{id: e.Call.ID, status: llm.StatusOf(e.Call), began: time.Now()})
	case chat.ToolStatus:
		for _, c := range a.calls {
			if c.id == e.CallID {
				c.status, c.began = e.Status, time.Now()
			}
		}
	case chat.ToolEnded:
		a.toolEnded(e)
	case chat.Notice:
		a.note("ℹ️ " + e.Text)
	default:
		return
	}
	a.poke()
}

func (a *answer) toolEnded(e chat.ToolEnded) {
	for i, c := range a.calls {
		if c.id == e.Call.ID {
			a.calls = append(a.calls[:i], a.calls[i+1:]...)
			break
		}
	}
	for _, n := range e.Result.Notes {
		a.note("ℹ️ " + n.In(a.q.lang))
	}
	for _, t := range e.Result.Tables {
		a.parts = append(a.parts, compose.Part{Table: &t})
	}
	a.code = a.code || e.Result.Run != nil
	a.made = append(a.made, e.Files...)
	a.breakText()
}

// breakText makes the next text a part of its own.
func (a *answer) breakText() {
	if n := len(a.parts); n > 0 && a.parts[n-1].Table == nil && a.parts[n-1].Text != "" {
		a.parts = append(a.parts, compose.Part{})
	}
}

func (a *answer) note(line string) {
	line = strings.Join(strings.Fields(line), " ")
	for _, n := range a.notes {
		if n == line {
			return
		}
	}
	a.notes = append(a.notes, line)
}

func (a *answer) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// status is the line below an answer that is still worked on.
func (a *answer) status(now time.Time) string {
	l := a.q.lang
	var s string
	switch n := len(a.calls); {
	case a.asking:
		s = "❓ " + l.T("Waiting for your answer")
	case n == 0 && len(a.parts) > 0 && a.parts[len(a.parts)-1].Text != "":
		return "-# ✍️ …"
	case n == 0:
		s = "💭 " + l.T("Thinking")
	default:
		s = a.calls[n-1].line(l, now)
	}
	if a.round > 1 {
		s += " · 🔁 " + l.T("step %d", a.round)
	}
	return "-# " + s
}

func (w *working) line(l *locale.Language, now time.Time) string {
	return fmt.Sprintf("%s %s · %s", w.status.Emoji(), escape(brief.Chars(w.status.Text(l), 80)), l.Measure(strconv.Itoa(int(now.Sub(w.began).Seconds()))+" s"))
}

// maxMessages is how many messages an answer has; the rest is a file.
const maxMessages = 3

// statusRoom is kept free in a message for the lines below the text.
const statusRoom = 200

// show shows the answer until the turn ends.
func (a *answer) show() {
	tune := a.b.opts.tune
	ctx := a.b.ctx
	wait := func(d time.Duration) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-a.ended:
			return false
		}
	}
	for pause := tune.settle; ; pause = tune.edits {
		tick := time.NewTimer(tune.status)
		select {
		case <-a.wake:
		case <-tick.C:
		case <-a.ended:
			tick.Stop()
			return
		}
		tick.Stop()
		if len(a.sent) == 0 && !wait(pause) {
			return
		}
		posts := a.unfinished()
		if len(posts) == 0 || a.gone || a.shut != nil {
			continue
		}
		changed, err := a.sync(posts)
		if err != nil {
			a.fail(ctx, err)
		}
		if changed && !wait(tune.edits) {
			return
		}
	}
}

// unfinished is the answer as it is shown now; nothing if there is nothing yet.
func (a *answer) unfinished() []client.Post {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := compose.Draft(a.parts)
	if text == "" && len(a.calls) == 0 && a.round == 0 {
		return nil
	}
	chunks := markdown.Split(text, client.MaxContent-statusRoom)
	if len(chunks) == 0 {
		chunks = []string{""}
	}
	status := a.status(time.Now())
	if len(chunks) > maxMessages {
		chunks = chunks[:maxMessages]
		status = "-# ✍️ … " + a.q.lang.T("the rest comes as a file")
	}
	posts := make([]client.Post, len(chunks))
	for i, c := range chunks {
		posts[i].Text, posts[i].Passing = c, true
	}
	last := &posts[len(posts)-1]
	last.Text = strings.TrimSpace(last.Text + "\n" + status)
	last.Rows = []dg.LayoutComponent{interact.Row(interact.Button(dg.ButtonStyleSecondary, "⏹", a.q.lang.T("Stop"),
		interact.NewID(actStop, a.q.user(), a.q.msg.ID.String())))}
	return posts
}

// key is equal for posts that look the same. Files are never the same.
func keyOf(p client.Post) string {
	return fmt.Sprint(p.Text, "\x00", p.Rows, len(p.Files))
}

// sync changes the messages to what posts say, and tells whether anything changed.
// It ends what it began even while the bot closes: the id of each message that is
// sent must be known.
func (a *answer) sync(posts []client.Post) (changed bool, err error) {
	ctx, cancel := a.b.detached(2 * time.Minute)
	defer cancel()
	for i, p := range posts {
		switch key := keyOf(p); {
		case i >= len(a.sent):
			if i == 0 {
				p.ReplyTo = a.q.msg.ID
			}
			m, err := a.b.send(ctx, a.q, p)
			if err != nil {
				return true, err
			}
			a.typing()
			a.sent = append(a.sent, sent{m.ID, key})
			a.lost = append(a.lost, client.Lost(p, m)...)
			changed = true
		case a.sent[i].key != key:
			m, now, err := a.b.edit(ctx, a.q, a.sent[i].id, p)
			a.sent[i].id = now
			if err != nil {
				return true, err
			}
			a.lost = append(a.lost, client.Lost(p, m)...)
			a.sent[i].key = key
			changed = true
		}
	}
	for len(a.sent) > len(posts) {
		last := len(a.sent) - 1
		if err := a.b.remove(ctx, a.q, a.sent[last].id); err != nil {
			return true, err
		}
		a.sent = a.sent[:last]
		changed = true
	}
	return changed, nil
}

// fail decides what an error of Discord means for the answer.
func (a *answer) fail(ctx context.Context, err error) {
	switch fault.KindOf(err) {
	case fault.NotFound: // whoever deletes an answer does not want to see more of it
	case fault.Denied:
		if a.q.msg.GuildID != nil && !a.q.private {
			a.shut = err
			return
		}
		a.b.unheard(ctx, a.q, err)
	default:
		a.b.log.Warn("an answer can't be shown", "error", err)
		return
	}
	a.gone = true
	a.q.turn.Stop(a.q.user())
}
