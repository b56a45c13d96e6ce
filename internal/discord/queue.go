package discord

import (
	"context"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/files"
)

const (
	maxBurst   = 3 // messages of one user in tuning.burst
	maxWaiting = 3 // questions of one user, beside the one that is answered
)

// queue gives each user one turn at a time, in the order of their messages.
type queue struct {
	b *Bot

	mu      sync.Mutex
	users   map[files.UserID]*line
	pending map[snowflake.ID]*question // those that wait, by their message
	closed  bool
	all     sync.WaitGroup
}

// line is the questions of one user.
type line struct {
	waiting []*question
	busy    bool
	times   []time.Time // of the last messages
	warned  time.Time
}

// add queues a question, or answers that there are too many.
func (q *queue) add(one *question) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if q.users == nil {
		q.users, q.pending = map[files.UserID]*line{}, map[snowflake.ID]*question{}
	}
	now := time.Now()
	l := q.users[one.user()]
	if l == nil {
		l = &line{}
		q.users[one.user()] = l
		q.forget(now)
	}
	one.received = now
	burst := q.b.opts.tune.burst
	l.times = since(l.times, now.Add(-burst))
	switch {
	case one.again == "" && len(l.times) >= maxBurst:
		q.refuse(l, one, now, "That was fast: I take 3 messages in 5 seconds, and leave out the others. Please send them again in a moment.")
		return
	case len(l.waiting) >= maxWaiting:
		q.refuse(l, one, now, "3 questions of yours are waiting already. Please send this one again when I have answered them.")
		return
	}
	l.times = append(l.times, now)
	l.waiting = append(l.waiting, one)
	q.pending[one.msg.ID] = one
	if l.busy {
		q.b.background("waiting", func(ctx context.Context) { q.wait(ctx, one) })
		return
	}
	l.busy = true
	q.all.Go(func() { q.serve(l) })
}

// refuse tells why a message is not answered, once for a burst of them.
func (q *queue) refuse(l *line, one *question, now time.Time, sentence string) {
	b := q.b
	if now.Sub(l.warned) < 2*b.opts.tune.burst {
		return
	}
	l.warned = now
	b.background("refusing", func(ctx context.Context) {
		if err := b.say(ctx, one.channel(), one.msg.ID, "🐢 "+sentence); err != nil {
			b.log.Debug("a refusal can't be sent", "error", err)
		}
	})
}

// serve answers the questions of one user until none is left.
func (q *queue) serve(l *line) {
	for {
		q.mu.Lock()
		if len(l.waiting) == 0 {
			l.busy = false
			q.mu.Unlock()
			return
		}
		one := l.waiting[0]
		l.waiting = l.waiting[1:]
		delete(q.pending, one.msg.ID)
		gone := one.gone
		q.mu.Unlock()
		if gone {
			continue
		}
		func() {
			defer q.b.rescue("question")
			one.marking.Lock()
			if one.marked {
				ctx, cancel := q.b.detached(client.Timeout)
				q.b.mark(ctx, one, "⏳", false)
				cancel()
			}
			one.marking.Unlock()
			q.b.answer(q.b.ctx, one)
		}()
	}
}

// wait shows that a question waits, unless its turn comes at once.
func (q *queue) wait(ctx context.Context, one *question) {
	if sleep(ctx, 300*time.Millisecond) != nil {
		return
	}
	one.marking.Lock()
	defer one.marking.Unlock()
	q.mu.Lock()
	waits := q.pending[one.msg.ID] == one
	q.mu.Unlock()
	if waits {
		one.marked = true
		q.b.mark(ctx, one, "⏳", true)
	}
}

// mark puts a reaction under a question, or takes it away. That it may be
// forbidden does not matter.
func (b *Bot) mark(ctx context.Context, q *question, emoji string, on bool) {
	if err := b.api.React(ctx, q.channel(), q.msg.ID, emoji, on); err != nil {
		b.log.Debug("no reaction", "error", err)
	}
}

// edited takes in the new text of a question that waits, and tells whether
// there was one.
func (q *queue) edited(m dg.Message) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.pending[m.ID]
	if one == nil {
		return false
	}
	one.msg.Content, one.msg.Attachments, one.msg.Mentions = m.Content, m.Attachments, m.Mentions
	return true
}

// deleted drops a question that waits.
func (q *queue) deleted(id snowflake.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one := q.pending[id]; one != nil {
		one.gone = true
	}
}

// forget drops lines that are not used any more.
func (q *queue) forget(now time.Time) {
	if len(q.users)%1000 != 0 {
		return
	}
	for user, l := range q.users {
		if !l.busy && len(since(l.times, now.Add(-time.Minute))) == 0 {
			delete(q.users, user)
		}
	}
}

// close refuses further questions.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// idle returns when no question is left.
func (q *queue) idle() { q.all.Wait() }
