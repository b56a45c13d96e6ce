// Package ledgertest holds the contract of ledger.Store.
package ledgertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/internal/ledger"
)

// Store runs the suite. Open returns an empty store.
func Store(t *testing.T, open func(t *testing.T) ledger.Store) {
	t.Run("Usage", func(t *testing.T) { usage(t, open(t)) })
	t.Run("UsageRace", func(t *testing.T) { usageRace(t, open(t)) })
}

func usage(t *testing.T, s ledger.Store) {
	rows := func(q ledger.Query) string {
		t.Helper()
		us, err := s.Usage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, u := range us {
			where := ""
			if u.Conversation != "" {
				where = " in " + u.Conversation
			}
			out = append(out, fmt.Sprintf("%s/%d/%s%s:%d,%d,%d,%d,%d,%d,%d,%d", u.Day, u.User, u.Model, where,
				u.Requests, u.Estimated, u.Unpriced, u.Input, u.Cached, u.Output, u.Reasoning, u.Cost))
		}
		return strings.Join(out, " ")
	}
	if got := rows(ledger.Query{}) + rows(ledger.Query{ByDay: true}); got != "" {
		t.Errorf("an empty store has %q", got)
	}
	for _, u := range []ledger.Usage{
		{User: 7, Model: "a", Day: "2026-03-01", Requests: 1, Estimated: 1, Unpriced: 1, Input: 10, Cached: 4, Output: 5, Reasoning: 2, Cost: 3},
		{User: 7, Model: "a", Day: "2026-03-01", Requests: 2, Input: 1 << 40, Output: 1, Cost: 1 << 60},
		{User: 7, Model: "b", Day: "2026-03-01", Requests: 1, Input: 1},
		{User: 7, Model: "a", Day: "2026-03-02", Requests: 1, Input: 2},
		{User: 8, Model: "a", Day: "2026-02-28", Requests: 1, Input: 3},
		{User: 10, Model: "a b", Conversation: "web/10/c", Day: "2025-01-01", Requests: 1, Input: 1},
		{User: 10, Model: "a b", Conversation: "web/10/c", Day: "2025-01-01", Requests: 1, Input: 2},
		{User: 10, Model: "a", Conversation: "b web/10/c", Day: "2025-01-01", Requests: 1, Input: 4},
		{User: 10, Model: "a b", Day: "2025-01-01", Requests: 1, Input: 8},
		{User: 11, Model: "a b", Conversation: "web/10/c", Day: "2025-01-01", Requests: 1, Input: 16},
	} {
		if err := s.AddUsage(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		q    ledger.Query
		want string
	}{
		{ledger.Query{User: 7, ByDay: true, ByModel: true}, fmt.Sprintf("2026-03-01/0/a:3,1,1,%d,4,6,2,%d 2026-03-01/0/b:1,0,0,1,0,0,0,0 2026-03-02/0/a:1,0,0,2,0,0,0,0", 1<<40+10, 1<<60+3)},
		{ledger.Query{ByUser: true, From: "2026-03-02"}, "/7/:1,0,0,2,0,0,0,0"},
		{ledger.Query{ByUser: true, From: "2026-01-01", To: "2026-02-28"}, "/8/:1,0,0,3,0,0,0,0"},
		{ledger.Query{From: "2026-03-02", To: "2026-03-02"}, "/0/:1,0,0,2,0,0,0,0"},
		{ledger.Query{User: 8}, "/0/:1,0,0,3,0,0,0,0"},
		{ledger.Query{User: 9}, ""},
		{ledger.Query{User: 10, ByConversation: true}, "/0/:1,0,0,8,0,0,0,0 /0/ in b web/10/c:1,0,0,4,0,0,0,0 /0/ in web/10/c:2,0,0,3,0,0,0,0"},
		{ledger.Query{User: 10, ByModel: true, ByConversation: true}, "/0/a in b web/10/c:1,0,0,4,0,0,0,0 /0/a b:1,0,0,8,0,0,0,0 /0/a b in web/10/c:2,0,0,3,0,0,0,0"},
		{ledger.Query{ByConversation: true, To: "2025-12-31"}, "/0/:1,0,0,8,0,0,0,0 /0/ in b web/10/c:1,0,0,4,0,0,0,0 /0/ in web/10/c:3,0,0,19,0,0,0,0"},
		{ledger.Query{ByUser: true, ByConversation: true, To: "2025-12-31"}, "/10/:1,0,0,8,0,0,0,0 /10/ in b web/10/c:1,0,0,4,0,0,0,0 /10/ in web/10/c:2,0,0,3,0,0,0,0 /11/ in web/10/c:1,0,0,16,0,0,0,0"},
		{ledger.Query{To: "2025-12-31"}, "/0/:5,0,0,31,0,0,0,0"},
		{ledger.Query{User: 10, ByDay: true}, "2025-01-01/0/:4,0,0,15,0,0,0,0"},
		{ledger.Query{ByDay: true, ByUser: true, ByModel: true, From: "2026-01-01", To: "2026-02-28"}, "2026-02-28/8/a:1,0,0,3,0,0,0,0"},
		{ledger.Query{ByModel: true, From: "2026-03-02"}, "/0/a:1,0,0,2,0,0,0,0"},
	} {
		if got := rows(c.q); got != c.want {
			t.Errorf("%+v:\n got %q\nwant %q", c.q, got, c.want)
		}
	}
}

func usageRace(t *testing.T, s ledger.Store) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.AddUsage(t.Context(), ledger.Usage{User: 7, Model: "a", Day: "2026-03-01", Requests: 1, Cost: 5}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	us, err := s.Usage(t.Context(), ledger.Query{})
	if err != nil || len(us) != 1 || us[0].Requests != 20 || us[0].Cost != 100 {
		t.Errorf("%+v, %v", us, err)
	}
}
