package chat_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// Many users at once, every fault of the server and of tools at random, users
// who stop, ask again, edit and reset, and restarts in between: every turn ends
// in an answer or in one sentence, none is answered twice, and no request is
// malformed (llmtest fails the test for one). CHAOS_SEED repeats a run.
func TestChaos(t *testing.T) {
	turns, users := 1000, 50
	if testing.Short() {
		turns, users = 240, 12
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("CHAOS_SEED=%d", seed)

	w := newWorld(t, chat.Options{MaxRounds: 3})
	w.server.Chaos = llmtest.Chaos{Seed: seed, Rate: 0.3}
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		if len(r.Body)%3 == 0 && r.ToolChoice != "none" {
			return llmtest.Reply{Text: "Let me compute.", Calls: []llm.ToolCall{python("", "print(1)"), python("same", "print(2)")}}
		}
		return llmtest.Reply{Text: "Here is the answer."}
	}
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Status(llm.ToolStatus{State: llm.ToolRunning})
		switch len(c.Arguments) % 5 {
		case 0:
			panic("a bug in a tool")
		case 1:
			return llm.ToolResult{Failed: true, Error: "Traceback: no"}
		}
		return llm.ToolResult{Output: strings.Repeat("output ", 500)}
	}

	c := &chaos{t: t, w: w, seed: seed}
	next := make([]int, users) // each user's next turn
	for wave := 0; slices.Min(next) < turns/users; wave++ {
		var all sync.WaitGroup
		for u := range users {
			all.Go(func() {
				for next[u] < turns/users && c.ask(u, next[u]) {
					next[u]++
				}
			})
		}
		if wave < 4 { // restart while they talk
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			w.server.Await(ctx, (wave+1)*turns/6)
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
			w.Close(ctx)
			cancel()
			all.Wait()
			w.start()
		}
		all.Wait()
		if left, err := w.Recover(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("after wave %d: %d turns are left running, %v", wave, len(left), err)
		}
	}
	t.Logf("%d answered, %d stopped, %d refused; %d requests", c.answered.Load(), c.stopped.Load(), c.refused.Load(), len(w.server.Requests()))
	c.sentences.Range(func(k, v any) bool { t.Logf("%4d %s", v.(*atomic.Int64).Load(), k); return true })
	if c.answered.Load() < int64(turns)/3 {
		t.Error("the run shows too little")
	}
	us, err := w.Usage(t.Context(), ledger.Query{})
	if err != nil || len(us) != 1 || us[0].Requests == 0 || us[0].Input == 0 {
		t.Errorf("usage %+v, %v", us, err)
	}
}

type chaos struct {
	t    *testing.T
	w    *world
	seed uint64

	answered, stopped, refused atomic.Int64
	sentences                  sync.Map // of failed turns, with their numbers
}

// ask runs a user's i-th turn, as an event that comes twice. It returns false
// if the engine is closing: the turn is for after the restart.
func (c *chaos) ask(u, i int) (ok bool) {
	r := rand.New(rand.NewPCG(c.seed, uint64(u*1000+i)))
	turn := chat.Turn{
		ID: fmt.Sprintf("u%d-%d", u, i), User: files.UserID(u + 1), UserName: fmt.Sprint("User ", u),
		Conversation: fmt.Sprint("channel ", u%20), Text: fmt.Sprint("question ", i, strings.Repeat(" x", r.IntN(200))), After: r.IntN(2) == 0,
	}
	if i > 0 && r.IntN(6) == 0 {
		turn.Replaces = fmt.Sprintf("u%d-%d", u, i-1)
		if r.IntN(2) == 0 {
			turn.Text = ""
		}
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	if r.IntN(8) == 0 {
		defer time.AfterFunc(time.Duration(r.IntN(30))*time.Millisecond, cancel).Stop()
	}
	var begun, closed atomic.Int64
	var twins sync.WaitGroup
	for range 2 {
		twins.Go(func() {
			var events int
			res, err := c.w.Run(ctx, turn, func(chat.Event) { events++ })
			switch {
			case fault.Is(err, fault.Exists):
				if events > 0 {
					c.t.Errorf("%s: a second answer is shown", turn.ID)
				}
				return
			case err != nil && fault.Message(err) == "I am about to restart. Please ask again in a minute.":
				closed.Add(1)
				return
			}
			begun.Add(1)
			switch {
			case err == nil:
				c.answered.Add(1)
				if res.Text == "" && res.Rounds == 0 {
					c.t.Errorf("%s: an answer of nothing: %+v", turn.ID, res)
				}
			case fault.Is(err, fault.Canceled):
				c.stopped.Add(1)
			case turn.Replaces != "" && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid)):
				c.refused.Add(1)
			case fault.Is(err, fault.Internal), fault.Message(err) == "":
				c.t.Errorf("%s: %v", turn.ID, err)
			default:
				n, _ := c.sentences.LoadOrStore(fault.Message(err), new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
			}
		})
	}
	twins.Wait()
	if closed.Load() == 2 {
		return false
	}
	// Twice only what was refused or stopped before it began.
	if n := begun.Load(); n < 1 || n > 1 && turn.Replaces == "" && ctx.Err() == nil {
		c.t.Errorf("%s ended %d times", turn.ID, n)
	}
	if r.IntN(20) == 0 {
		if err := c.w.Reset(c.t.Context(), turn.User, turn.Conversation); err != nil && !fault.Is(err, fault.Denied) {
			c.t.Error(err)
		}
	}
	return true
}
