package chat_test

import (
	"context"
	"errors"
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

func TestUsageIsKeptByUserModelAndDay(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	w := newWorld(t, chat.Options{Now: func() time.Time { return now }})
	w.server.Push(
		llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}, Usage: &llm.Usage{Input: 100, Cached: 60, Output: 20, Reasoning: 5}},
		llmtest.Reply{Text: "Done.", Usage: &llm.Usage{Input: 200, Cached: 100, Output: 30}},
		llmtest.Reply{Text: "No usage reported.", NoUsage: true},
	)
	res, _ := w.run(w.turn("one"))
	if want := (llm.Usage{Input: 300, Cached: 160, Output: 50, Reasoning: 5}); res.Usage != want {
		t.Errorf("the turn took %+v", res.Usage)
	}
	b := w.turn("two")
	b.User = bert
	if res, _ = w.run(b); !res.Usage.Estimated || res.Usage.Input < 500 || res.Usage.Output == 0 {
		t.Errorf("the estimate is %+v", res.Usage)
	}
	now = now.Add(time.Hour) // the next day
	w.run(w.turn("three"))

	us, err := w.Usage(t.Context(), ledger.Query{ByDay: true, ByUser: true, ByModel: true, ByConversation: true})
	if err != nil || len(us) != 3 || us[0].Conversation != b.Conversation || b.Conversation == "" {
		t.Fatalf("%+v, %v", us, err)
	}
	if u := us[1]; u.User != anna || u.Day != "2026-11-22" || u.Requests != 2 || u.Input != 300 || u.Cached != 160 || u.Output != 50 || u.Estimated != 0 {
		t.Errorf("%+v", u)
	}
	if u := us[0]; u.User != bert || u.Estimated != 1 {
		t.Errorf("%+v", u)
	}
	if u := us[2]; u.Day != "2026-11-23" || u.Model != "test-model" {
		t.Errorf("%+v", u)
	}
}

func TestUsageOfFailures(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Status: 401})
	if _, err := w.Run(t.Context(), w.turn("refused"), nil); err == nil {
		t.Fatal("no error")
	}
	if us, err := w.Usage(t.Context(), ledger.Query{}); err != nil || len(us) != 0 {
		t.Errorf("a refused request counts: %+v, %v", us, err)
	}
	w.server.Push(llmtest.Reply{Text: "This was paid for but broke off", Cut: 3})
	if _, err := w.Run(t.Context(), w.turn("cut"), nil); err == nil {
		t.Fatal("no error")
	}
	if us, err := w.Usage(t.Context(), ledger.Query{}); err != nil || len(us) != 1 || us[0].Estimated != 1 || us[0].Output == 0 {
		t.Errorf("an answer that broke off: %+v, %v", us, err)
	}
}

func TestTokenBudget(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 48, 0, 0, time.UTC)
	zone := time.FixedZone("CET", 3600)
	w := newWorld(t, chat.Options{UserDailyTokens: 10_000, Now: func() time.Time { return now }, Location: zone})
	w.server.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "ok", Usage: &llm.Usage{Input: 4000, Output: 500}}
	}
	w.run(w.turn("one"))
	w.run(w.turn("two"))
	turn := w.turn("three")
	_, err := w.Run(t.Context(), turn, nil)
	if !fault.Is(err, fault.Exhausted) || len(w.server.Requests()) != 2 {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"Your daily budget is used up: 9,000 of 10,000 tokens", "It resets at 01:00 CET, in 3 h 12 min."} {
		if m := fault.Message(err); !strings.Contains(m, want) {
			t.Errorf("%q is missing in %q", want, m)
		}
	}
	b, err := w.Budget(t.Context(), anna)
	if err != nil || b.Today.Tokens() != 9000 || b.TokenLimit != 10_000 || !b.ResetsAt.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", b, err)
	}
	other := w.turn("mine is full")
	other.User = bert
	w.run(other)
	now = now.Add(4 * time.Hour)
	retry := w.turn("")
	retry.Replaces = turn.ID
	// Bert spoke after it: it is not the last one of the conversation any more.
	if _, err := w.Run(t.Context(), retry, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	w.run(w.turn("four"))
}

func TestCostsAndTheirBudgets(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, chat.Options{Model: "gpt-5.4-mini", UserDailyCost: ledger.Dollar / 10, GlobalDailyCost: ledger.Dollar / 4,
		Now: func() time.Time { return now }})
	w.server.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "ok", Usage: &llm.Usage{Input: 100_000, Cached: 40_000, Output: 1000}}
	}
	// 60,000 × $0.75/M + 40,000 × $0.075/M + 1,000 × $4.50/M
	const each = ledger.NanoDollars(45_000_000 + 3_000_000 + 4_500_000)
	if res, _ := w.run(w.turn("one")); res.Cost != each {
		t.Errorf("a turn costs %v, want %v", res.Cost, each)
	}
	w.run(w.turn("two"))
	_, err := w.Run(t.Context(), w.turn("three"), nil)
	if !fault.Is(err, fault.Exhausted) || !strings.Contains(fault.Message(err), "Your daily budget is used up: $0.11 of $0.10 are spent, and this takes about $0.00") {
		t.Errorf("%v", err)
	}
	for i, u := range []files.UserID{bert, bert, 1, 2} {
		turn := w.turn("mine")
		turn.User, turn.Conversation = u, turn.ID
		_, err = w.Run(t.Context(), turn, nil)
		if i < 3 && err != nil {
			t.Errorf("user %d: %v", u, err)
		}
	}
	if !fault.Is(err, fault.Exhausted) || !strings.Contains(fault.Message(err), "all users of this bot share") {
		t.Errorf("%v", err)
	}
	us, err := w.Usage(t.Context(), ledger.Query{ByModel: true})
	if err != nil || len(us) != 1 || us[0].Cost != 5*each || us[0].Unpriced != 0 {
		t.Errorf("%+v, %v", us, err)
	}
	// One answer may not cost more than its bound.
	w.opts = chat.Options{Model: "gpt-5.4-mini", MaxTurnCost: ledger.Dollar / 10}
	w.start()
	w.server.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "Step.", Calls: []llm.ToolCall{python("", "1")}, Usage: &llm.Usage{Input: 100_000, Cached: 40_000, Output: 1000}}
	}
	if res, events := w.run(w.turn("loop")); res.Cost != 2*each || !strings.Contains(events, "costs more than the $0.10 that one answer may cost") {
		t.Errorf("%+v\n%s", res, events)
	}
	if n := w.last().MaxTokens; n < 500 || n > 22_000 {
		t.Errorf("the output is bounded to %d tokens", n)
	}
}

func TestUnknownModelHasNoPrice(t *testing.T) {
	w := newWorld(t, chat.Options{UserDailyCost: 1})
	if res, _ := w.run(w.turn("hi")); res.Cost != 0 {
		t.Errorf("%+v", res)
	}
	us, err := w.Usage(t.Context(), ledger.Query{})
	if err != nil || us[0].Unpriced != 1 {
		t.Errorf("%+v, %v", us, err)
	}
}

// A budget that ends in the middle of a turn ends the turn with a sentence.
func TestBudgetEndsInTheMiddle(t *testing.T) {
	w := newWorld(t, chat.Options{UserDailyTokens: 10_000})
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "Step.", Calls: []llm.ToolCall{python("", "1")}, Usage: &llm.Usage{Input: 4000, Output: 500}}
	}
	res, events := w.run(w.turn("work"))
	if len(w.server.Requests()) != 2 || res.Text != "Step.\n\nStep." || !strings.Contains(events, "notice: Your daily budget is used up") {
		t.Errorf("%d requests, %q\n%s", len(w.server.Requests()), res.Text, events)
	}
}

func TestOneTurnIsBounded(t *testing.T) {
	w := newWorld(t, chat.Options{MaxTurnTokens: 20_000, MaxRounds: 1000})
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{python("", "1")}, Usage: &llm.Usage{Input: 4000, Output: 500}}
	}
	res, events := w.run(w.turn("loop"))
	if n := len(w.server.Requests()); n != 4 || res.Usage.Input+res.Usage.Output > 20_000 || !strings.Contains(events, "more than the 20,000 tokens that one answer may take") {
		t.Errorf("%d requests\n%s", n, events)
	}
	// Near its end the answer itself is bounded.
	if first, last := w.server.Requests()[0].MaxTokens, w.last().MaxTokens; first < 15_000 || first > 19_800 || last < 500 || last > 4500 {
		t.Errorf("the output is bounded to %d, at last %d", first, last)
	}
	small := newWorld(t, chat.Options{MaxTurnTokens: 100})
	if _, err := small.Run(t.Context(), small.turn("hi"), nil); !fault.Is(err, fault.TooLarge) || len(small.server.Requests()) != 0 {
		t.Errorf("%v", err)
	}
}

// Turns at the same time can't pass a budget together that each alone would
// not.
func TestBudgetHoldsForTurnsAtOnce(t *testing.T) {
	w := newWorld(t, chat.Options{UserDailyTokens: 10_000})
	w.server.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "ok", Wait: 20 * time.Millisecond, Usage: &llm.Usage{Input: 700, Output: 300}}
	}
	var all sync.WaitGroup
	var ok atomic.Int64
	for range 30 {
		turn := w.turn("hi")
		turn.Conversation = turn.ID
		all.Go(func() {
			switch _, err := w.Run(t.Context(), turn, nil); {
			case err == nil:
				ok.Add(1)
			case !fault.Is(err, fault.Exhausted):
				t.Error(err)
			}
		})
	}
	all.Wait()
	b, err := w.Budget(t.Context(), anna)
	if err != nil || b.Today.Tokens() > 10_000 || ok.Load() < 2 {
		t.Errorf("%d turns took %d tokens, %v", ok.Load(), b.Today.Tokens(), err)
	}
}

// brokenUsage is a store that takes no usage for a while.
type brokenUsage struct {
	chat.Store
	broken atomic.Bool
}

func (b *brokenUsage) AddUsage(ctx context.Context, u ledger.Usage) error {
	if b.broken.Load() {
		return errors.New("the disk is gone")
	}
	return b.Store.AddUsage(ctx, u)
}

func TestUsageOutlivesAStoreThatFails(t *testing.T) {
	w := newWorld(t, chat.Options{})
	store := &brokenUsage{Store: w.store}
	e := chat.New(w.model, store, w.files, w.tools, chat.Options{})
	w.Engine = e
	store.broken.Store(true)
	w.run(w.turn("one"))
	w.run(w.turn("two"))
	store.broken.Store(false)
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	us, err := e.Usage(t.Context(), ledger.Query{})
	if err != nil || len(us) != 1 || us[0].Requests != 2 {
		t.Errorf("%+v, %v", us, err)
	}
}
