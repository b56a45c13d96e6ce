package web

import (
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
)

// The page of usage has days, models and conversations with links to them, and what
// is left of the budget. An admin sees of whom a conversation is, and never its title.
func TestUsageByConversation(t *testing.T) {
	s := newSiteWith(t, ServerOptions{}, assistant.Options{Admins: []files.UserID{1}}, files.Options{})
	p := s.person()
	p.signIn()
	now := time.Now()
	s.said("web/1/abc/1", "web/1/abc", 1, "My <b>salaries</b>", "", "Fine.", now)
	s.said("web/2/xyz/1", "web/2/xyz", 2, "A secret of two", "", "Fine.", now)
	for _, u := range []ledger.Usage{
		{User: 1, Conversation: "web/1/abc", Model: "model-a", Requests: 2, Input: 1000, Output: 234, Cost: 2e9},
		{User: 1, Conversation: "web/1/gone", Model: "model-b", Requests: 1, Input: 5, Cost: 1e9},
		{User: 1, Model: "whisper", Requests: 1, Cost: 1e6},
		{User: 2, Conversation: "web/2/xyz", Model: "model-a", Requests: 1, Input: 77777, Cost: 9e9},
	} {
		u.Day = ledger.Day(now)
		if err := s.chats.(ledger.Store).AddUsage(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	_, text, _ := p.do("GET", "/usage", nil)
	for _, want := range []string{`<a href="/c/abc">My &lt;b&gt;salaries&lt;/b&gt;</a></td><td class="number">1,234</td><td class="number">$2.00</td><td class="number">2</td>`,
		"Not in the list (web)", "In no conversation", "<td>model-b</td>", ledger.Day(now) + "</span><meter"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing: %s", want, text)
		}
	}
	for _, never := range []string{"secret of two", "77,777", "xyz"} {
		if strings.Contains(text, never) {
			t.Errorf("another's %s is shown", never)
		}
	}
	_, text, _ = p.do("GET", "/usage?all=1", nil)
	for _, want := range []string{"2 • web/2/xyz", "77,777", "1 • web/1/abc"} {
		if !strings.Contains(text, want) {
			t.Errorf("everybody's: %s is missing: %s", want, text)
		}
	}
	for _, never := range []string{"secret of two", "salaries"} {
		if strings.Contains(text, never) {
			t.Errorf("everybody's: the title %s is shown", never)
		}
	}
}

func TestBudgetLines(t *testing.T) {
	v := &visit{}
	resets := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	for want, b := range map[string]*ledger.Budget{
		"": {ResetsAt: resets},
		"$0.25 of $1.00 • $0.75 left | resets at 00:00 UTC":         {Today: ledger.Usage{Cost: 25e7}, CostLimit: 1e9, ResetsAt: resets},
		"$1.50 of $1.00 • $0.00 left | resets at 00:00 UTC":         {Today: ledger.Usage{Cost: 15e8}, CostLimit: 1e9, ResetsAt: resets},
		"1,500 of 10,000 tokens • 8,500 left | resets at 00:00 UTC": {Today: ledger.Usage{Input: 1000, Output: 500}, TokenLimit: 10000, ResetsAt: resets},
	} {
		if got := strings.Join(v.budget(b), " | "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if v.budget(nil) != nil {
		t.Error("a budget of everybody")
	}
}
