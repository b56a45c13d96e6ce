// Package chattest is the contract of chat.Store: a suite that every
// implementation passes.
package chattest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
)

// Store runs the suite. Open returns an empty store.
func Store(t *testing.T, open func(t *testing.T) chat.Store) {
	for name, test := range map[string]func(*testing.T, chat.Store){
		"Keeps":          keeps,
		"Claim":          claims,
		"Conversations":  conversations,
		"BeginOnce":      beginOnce,
		"BeginRace":      beginRace,
		"SaveOnlyRuns":   saveOnlyRuns,
		"History":        history,
		"Replace":        replace,
		"ReplaceRace":    replaceRace,
		"Clear":          clears,
		"Recover":        recovers,
		"RecoverForgets": recoverForgets,
		"Forget":         forgets,
		"Models":         models,
		"Canceled":       canceled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

var base = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func at(i int) time.Time { return base.Add(time.Duration(i) * time.Microsecond) }

func turn(i int, conversation string) chat.Record {
	return chat.Record{
		ID: fmt.Sprintf("turn-%d", i), Conversation: conversation, User: 7, Instance: "a", State: chat.Running,
		Started: at(i), Messages: []llm.Message{llm.Text(llm.User, fmt.Sprintf("question %d", i))},
	}
}

func begin(t *testing.T, s chat.Store, r chat.Record) {
	t.Helper()
	if err := s.Begin(t.Context(), r, ""); err != nil {
		t.Fatal(err)
	}
}

// add keeps a turn that is done.
func add(t *testing.T, s chat.Store, r chat.Record) chat.Record {
	t.Helper()
	begin(t, s, r)
	r.State, r.Ended = chat.Done, r.Started.Add(time.Second)
	r.Messages = append(r.Messages, llm.Text(llm.Assistant, "answer to "+r.ID))
	if err := s.Save(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func ids(t *testing.T, s chat.Store, conversation string) string {
	t.Helper()
	turns, err := s.History(t.Context(), conversation, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range turns {
		out = append(out, strings.TrimPrefix(r.ID, "turn-"))
	}
	return strings.Join(out, " ")
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("error %v, want one of kind %v", err, k)
	}
}

func same(t *testing.T, got, want chat.Record) {
	t.Helper()
	g, w := got, want
	g.Messages, w.Messages = nil, nil
	if !reflect.DeepEqual(g, w) || !reflect.DeepEqual(content(t, got.Messages), content(t, want.Messages)) {
		t.Errorf("kept  %+v\nwanted %+v", got, want)
	}
}

// content is what messages hold: a store may write the JSON that they keep of
// a server in another way, and hide nothing of it.
func content(t *testing.T, ms []llm.Message) any {
	t.Helper()
	var v any
	b, err := json.Marshal(ms)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keeps(t *testing.T, s chat.Store) {
	r := chat.Record{
		ID: "1234567890123456789", Conversation: "discord:ch:99/é", User: 1<<63 - 1, Instance: "host", State: chat.Running,
		Model: "openai/gpt-5-mini", Started: at(1),
		Messages: []llm.Message{
			{Role: llm.User, Name: "Anna \u202e'\"; DROP TABLE turns; --", Parts: []llm.Part{
				{Text: "\x00 $where .a 漢字 🐍\r\n\u2028"},
				{Image: &llm.Image{FileID: "7_1_0123abcd", MIME: "image/png", Width: 3, Height: 4}}}},
			{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "c", Name: "f", Arguments: `{"a": not json`}}, Model: "m/x",
				Kept: &llm.Kept{Tokens: 7, Fields: map[string]json.RawMessage{"reasoning_content": json.RawMessage(`"<é> \u0000 漢字"`), "$where.a": json.RawMessage(`[{"x":1e3}]`)},
					Calls: []map[string]json.RawMessage{nil, {"extra_content": json.RawMessage(`{"google":{"thought_signature":"EjQ="}}`)}},
					Items: []json.RawMessage{json.RawMessage(`{"type":"reasoning"}`)}, Blocks: []json.RawMessage{json.RawMessage(`{"type":"thinking"}`)}}},
			{Role: llm.FromTool, CallID: "c", Parts: []llm.Part{{Text: strings.Repeat("x", 100_000)}},
				Run: &llm.Run{Code: "print('é')", Output: "é\n", Elapsed: 12345 * time.Microsecond, Packages: []string{"geopandas 1.1.0"}, Failed: true, Error: "Boom",
					Tables: []table.Table{{Columns: []string{"é", "$a.b"}, Rows: [][]string{{"1", "\x00"}, {}}, TotalRows: 9, File: "7_1_0123abcd"}}}},
		},
	}
	begin(t, s, r)
	got, err := s.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, r)
	r.State, r.Model, r.Ended = chat.Failed, "m", at(99)
	r.Messages = append(r.Messages, llm.Text(llm.Assistant, "end"))
	if err := s.Save(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	turns, err := s.History(t.Context(), r.Conversation, 10)
	if err != nil || len(turns) != 1 {
		t.Fatalf("%d turns, %v", len(turns), err)
	}
	same(t, turns[0], r)
	_, err = s.Get(t.Context(), "absent")
	wantKind(t, err, fault.NotFound)
}

func claims(t *testing.T, s chat.Store) {
	c := turn(1, "c")
	c.Messages = nil
	if n := race(20, func(int) error { return s.Claim(t.Context(), c) }); n != 1 {
		t.Errorf("one id was claimed %d times", n)
	}
	add(t, s, turn(2, "c"))
	wantKind(t, s.Claim(t.Context(), turn(2, "c")), fault.Exists)
	if _, err := s.Get(t.Context(), c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a claim can be read: %v", err)
	}
	if got := ids(t, s, "c"); got != "2" {
		t.Errorf("a claim is in the history: %q", got)
	}
	// Only who claimed may go on.
	for _, other := range []chat.Record{{Instance: "b", User: 7}, {Instance: "a", User: 8}} {
		r := turn(1, "c")
		r.Instance, r.User = other.Instance, other.User
		wantKind(t, s.Begin(t.Context(), r, ""), fault.Exists)
	}
	r := turn(1, "d") // the conversation may turn out to be another one
	if err := s.Begin(t.Context(), r, ""); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, r)
	wantKind(t, s.Begin(t.Context(), r, ""), fault.Exists)

	// A claim that is released stays known, one that began is not released.
	if err := s.Claim(t.Context(), turn(3, "c")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"turn-3", "turn-3", r.ID, "absent"} {
		if err := s.Release(t.Context(), id); err != nil {
			t.Errorf("release %s: %v", id, err)
		}
	}
	wantKind(t, s.Claim(t.Context(), turn(3, "c")), fault.Exists)
	wantKind(t, s.Begin(t.Context(), turn(3, "c"), ""), fault.Exists)
	if _, err := s.Get(t.Context(), r.ID); err != nil {
		t.Errorf("a running turn was released: %v", err)
	}

	// A claim that a crash left behind is told about, and does no harm after that.
	if err := s.Claim(t.Context(), turn(4, "c")); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(t.Context(), at(1000)); err != nil { // of what ended only
		t.Fatal(err)
	}
	turns, err := s.Recover(t.Context(), "a", at(-1000))
	if err != nil || len(turns) != 2 || turns[1].ID != "turn-4" || turns[1].State != chat.Interrupted || turns[1].User != 7 || turns[1].Conversation != "c" {
		t.Errorf("recovered %+v, %v", turns, err)
	}
	if got := ids(t, s, "c"); got != "" {
		t.Errorf("a turn without a message is in the history: %q", got)
	}
	again := turn(5, "c")
	if err := s.Begin(t.Context(), again, "turn-4"); err != nil {
		t.Errorf("an interrupted claim can't be run again: %v", err)
	}
}

func conversations(t *testing.T, s chat.Store) {
	say := func(i int, conversation string, user files.UserID, text string) {
		t.Helper()
		r := turn(i, conversation)
		r.User, r.Messages = user, []llm.Message{llm.Text(llm.User, text)}
		add(t, s, r)
	}
	say(1, "web/1/a", 7, "Sales of 100%_ in \"Köln\"")
	say(2, "web/1/b", 7, "The weather")
	say(3, "discord/c", 8, "Bert's question")
	say(4, "discord/c", 7, "Anna joins in")
	say(5, "web/1/a", 7, "and now per month")
	say(6, "web/1/d", 7, "gone")
	if err := s.Clear(t.Context(), "web/1/d"); err != nil {
		t.Fatal(err)
	}
	if err := s.Claim(t.Context(), turn(7, "web/1/e")); err != nil {
		t.Fatal(err)
	}
	find := func(q chat.ConversationQuery) string {
		t.Helper()
		list, err := s.Conversations(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range list {
			out = append(out, fmt.Sprintf("%s=%s(%d)", c.ID, c.Title, c.Turns))
		}
		return strings.Join(out, " ")
	}
	const a, b, c = `web/1/a=Sales of 100%_ in "Köln"(2)`, "web/1/b=The weather(1)", "discord/c=Bert's question(2)"
	for _, test := range []struct {
		q    chat.ConversationQuery
		want string
	}{
		{chat.ConversationQuery{User: 7}, a + " " + b},
		{chat.ConversationQuery{User: 8}, c},
		{chat.ConversationQuery{User: 9}, ""},
		{chat.ConversationQuery{User: 7, Prefix: "discord/"}, ""},
		{chat.ConversationQuery{User: 7, Prefix: "web_1/"}, ""},
		{chat.ConversationQuery{User: 7, Prefix: "web/1/"}, a + " " + b},
		{chat.ConversationQuery{User: 7, Search: "WEATHER"}, b},
		{chat.ConversationQuery{User: 7, Search: "per month"}, a},
		{chat.ConversationQuery{User: 7, Search: "answer to turn-2"}, b},
		{chat.ConversationQuery{User: 7, Search: "0%_"}, a},
		{chat.ConversationQuery{User: 7, Search: "1%0"}, ""},
		{chat.ConversationQuery{User: 7, Limit: 1}, a},
		{chat.ConversationQuery{User: 7, Offset: 1}, b},
		{chat.ConversationQuery{User: 7, Offset: 9}, ""},
	} {
		if got := find(test.q); got != test.want {
			t.Errorf("%+v: %q, want %q", test.q, got, test.want)
		}
	}
	list, err := s.Conversations(t.Context(), chat.ConversationQuery{User: 7, Limit: 1})
	if err != nil || len(list) != 1 || !list[0].Started.Equal(at(1)) || !list[0].Updated.Equal(at(5)) {
		t.Errorf("%+v, %v", list, err)
	}
	for conversation, want := range map[string]files.UserID{"web/1/a": 7, "discord/c": 8, "web/1/d": 0, "web/1/e": 0, "absent": 0} {
		if got, err := s.Began(t.Context(), conversation); err != nil || got != want {
			t.Errorf("%s was begun by %d, %v", conversation, got, err)
		}
	}
	for _, title := range []string{"Umsätze", "Umsätze 2"} {
		if err := s.Rename(t.Context(), "web/1/b", title); err != nil {
			t.Fatal(err)
		}
	}
	if got := find(chat.ConversationQuery{User: 7, Search: "ätze"}); got != "web/1/b=Umsätze 2(1)" {
		t.Errorf("renamed: %q", got)
	}
	if err := s.Rename(t.Context(), "web/1/b", ""); err != nil {
		t.Fatal(err)
	}
	if got := find(chat.ConversationQuery{User: 7}); got != a+" "+b {
		t.Errorf("without a name: %q", got)
	}
}

func beginOnce(t *testing.T, s chat.Store) {
	first := add(t, s, turn(1, "c"))
	again := turn(1, "another")
	again.User = 8
	wantKind(t, s.Begin(t.Context(), again, ""), fault.Exists)
	got, err := s.Get(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, first)
	// A dropped turn was answered as well.
	if err := s.Clear(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.Begin(t.Context(), turn(1, "c"), ""), fault.Exists)
}

// race runs do in n goroutines and returns how many had no error.
func race(n int, do func(i int) error) int {
	var ok atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if do(i) == nil {
				ok.Add(1)
			}
		})
	}
	all.Wait()
	return int(ok.Load())
}

func beginRace(t *testing.T, s chat.Store) {
	if n := race(20, func(int) error { return s.Begin(t.Context(), turn(1, "c"), "") }); n != 1 {
		t.Errorf("one id was begun %d times", n)
	}
}

func saveOnlyRuns(t *testing.T, s chat.Store) {
	wantKind(t, s.Save(t.Context(), turn(1, "c")), fault.NotFound)
	done := add(t, s, turn(2, "c"))
	late := done
	late.State, late.Messages = chat.Failed, nil
	wantKind(t, s.Save(t.Context(), late), fault.NotFound)
	got, err := s.Get(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, done)
	// While it runs it may be saved many times.
	r := turn(3, "c")
	begin(t, s, r)
	for i := range 3 {
		r.Messages = append(r.Messages, llm.Text(llm.Assistant, fmt.Sprint(i)))
		if err := s.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if got, err = s.Get(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	same(t, got, r)
}

func history(t *testing.T, s chat.Store) {
	if got := ids(t, s, "c"); got != "" {
		t.Errorf("an unknown conversation has %q", got)
	}
	for _, i := range []int{3, 1, 5, 2} { // entered out of order
		add(t, s, turn(i, "c"))
	}
	add(t, s, turn(4, "other"))
	begin(t, s, turn(6, "c")) // running
	if got := ids(t, s, "c"); got != "1 2 3 5" {
		t.Errorf("history is %q", got)
	}
	turns, err := s.History(t.Context(), "c", 2)
	if err != nil || len(turns) != 2 || turns[0].ID != "turn-3" || turns[1].ID != "turn-5" {
		t.Errorf("the last two are %v, %v", turns, err)
	}
}

func replace(t *testing.T, s chat.Store) {
	add(t, s, turn(1, "c"))
	add(t, s, turn(2, "c"))
	add(t, s, turn(3, "other"))

	wantKind(t, s.Begin(t.Context(), turn(10, "c"), "absent"), fault.NotFound)
	wantKind(t, s.Begin(t.Context(), turn(10, "c"), "turn-3"), fault.NotFound) // of another conversation
	foreign := turn(10, "c")
	foreign.User = 8
	wantKind(t, s.Begin(t.Context(), foreign, "turn-2"), fault.NotFound)
	wantKind(t, s.Begin(t.Context(), turn(10, "c"), "turn-1"), fault.Invalid) // not the last
	wantKind(t, s.Begin(t.Context(), turn(1, "c"), "turn-2"), fault.Exists)
	if got := ids(t, s, "c"); got != "1 2" {
		t.Errorf("refused calls changed the history to %q", got)
	}
	if _, err := s.Get(t.Context(), "turn-10"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a refused turn is kept: %v", err)
	}

	r := turn(10, "c")
	if err := s.Begin(t.Context(), r, "turn-2"); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, s, "c"); got != "1" {
		t.Errorf("while it runs again: %q", got)
	}
	wantKind(t, s.Begin(t.Context(), turn(11, "c"), "turn-10"), fault.Invalid)  // running
	wantKind(t, s.Begin(t.Context(), turn(11, "c"), "turn-2"), fault.NotFound)  // dropped before
	wantKind(t, s.Begin(t.Context(), turn(2, "c"), ""), fault.Exists)           // answered before
	if _, err := s.Get(t.Context(), "turn-2"); !fault.Is(err, fault.NotFound) { // its text is gone
		t.Errorf("a dropped turn can be read: %v", err)
	}
	r.State, r.Ended = chat.Interrupted, at(20)
	if err := s.Save(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(t.Context(), turn(12, "c"), "turn-10"); err != nil {
		t.Errorf("an interrupted turn can't be run again: %v", err)
	}
}

func replaceRace(t *testing.T, s chat.Store) {
	add(t, s, turn(1, "c"))
	if n := race(10, func(i int) error { return s.Begin(t.Context(), turn(10+i, "c"), "turn-1") }); n != 1 {
		t.Errorf("one turn was replaced %d times", n)
	}
	turns, err := s.Recover(t.Context(), "a", base)
	if err != nil || len(turns) != 1 {
		t.Errorf("%d turns run, %v", len(turns), err)
	}
}

func clears(t *testing.T, s chat.Store) {
	add(t, s, turn(1, "c"))
	add(t, s, turn(2, "other"))
	running := turn(3, "c")
	begin(t, s, running)
	if err := s.Clear(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, s, "c") + ids(t, s, "other"); got != "2" {
		t.Errorf("left: %q", got)
	}
	running.State = chat.Done
	wantKind(t, s.Save(t.Context(), running), fault.NotFound)
	if got := ids(t, s, "c"); got != "" {
		t.Errorf("a turn of before the reset came back: %q", got)
	}
	if err := s.Clear(t.Context(), "c"); err != nil {
		t.Errorf("twice: %v", err)
	}
	add(t, s, turn(4, "c"))
	if got := ids(t, s, "c"); got != "4" {
		t.Errorf("after a reset: %q", got)
	}
}

func recovers(t *testing.T, s chat.Store) {
	add(t, s, turn(1, "c"))
	mine, theirs, old := turn(2, "c"), turn(3, "d"), turn(-5, "e")
	theirs.Instance, old.Instance = "b", "b"
	old.Messages = append(old.Messages, llm.Text(llm.Assistant, "half an ans"))
	for _, r := range []chat.Record{mine, theirs, old} {
		begin(t, s, r)
	}
	turns, err := s.Recover(t.Context(), "a", at(0))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range turns {
		got = append(got, r.ID)
		if r.State != chat.Interrupted || len(r.Messages) == 0 || r.Conversation == "" {
			t.Errorf("recovered %+v", r)
		}
	}
	if strings.Join(got, " ") != "turn--5 turn-2" {
		t.Errorf("recovered %q", got)
	}
	if turns, err = s.Recover(t.Context(), "a", at(0)); err != nil || len(turns) != 0 {
		t.Errorf("a second time: %v, %v", turns, err)
	}
	if got := ids(t, s, "c"); got != "1 2" {
		t.Errorf("history is %q", got)
	}
	if r, err := s.Get(t.Context(), "turn-2"); err != nil || r.State != chat.Interrupted || r.Ended.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	theirs.State = chat.Done
	if err := s.Save(t.Context(), theirs); err != nil {
		t.Errorf("another program's turn: %v", err)
	}
}

func recoverForgets(t *testing.T, s chat.Store) {
	add(t, s, turn(1, "c"))
	add(t, s, turn(2, "d"))
	if err := s.Clear(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recover(t.Context(), "a", base.AddDate(0, 0, 6)); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.Begin(t.Context(), turn(1, "c"), ""), fault.Exists)
	if _, err := s.Recover(t.Context(), "a", base.AddDate(0, 0, 8)); err != nil {
		t.Fatal(err)
	}
	begin(t, s, turn(1, "c"))
	if got := ids(t, s, "d"); got != "2" {
		t.Errorf("history is %q", got)
	}
}

func forgets(t *testing.T, s chat.Store) {
	for i := range 250 {
		add(t, s, turn(i, "c"))
	}
	add(t, s, turn(501, "dropped"))
	begin(t, s, turn(502, "c"))
	for i := range 3 {
		add(t, s, turn(1000+i, "c"))
	}
	if err := s.Clear(t.Context(), "dropped"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Forget(t.Context(), at(1001)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, s, "c"); got != "1001 1002" {
		t.Errorf("history is %q", got)
	}
	if r, err := s.Get(t.Context(), "turn-502"); err != nil || r.State != chat.Running {
		t.Errorf("the running turn is %+v, %v", r, err)
	}
	begin(t, s, turn(501, "dropped")) // not known any more
}

func models(t *testing.T, s chat.Store) {
	want := func(user files.UserID, model string) {
		t.Helper()
		if got, err := s.ModelOf(t.Context(), user); err != nil || got != model {
			t.Errorf("the model of %v is %q, %v; want %q", user, got, err, model)
		}
	}
	set := func(user files.UserID, model string) {
		t.Helper()
		if err := s.SetModel(t.Context(), user, model); err != nil {
			t.Fatal(err)
		}
	}
	want(7, "")
	set(7, "gpt-5-mini")
	set(1<<63-1, "other")
	set(7, "openai/o3")
	want(7, "openai/o3")
	want(1<<63-1, "other")
	set(7, "")
	set(7, "")
	want(7, "")
}

func canceled(t *testing.T, s chat.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, s.Begin(ctx, turn(1, "c"), ""), fault.Canceled)
	_, err := s.History(ctx, "c", 1)
	wantKind(t, err, fault.Canceled)
	begin(t, s, turn(1, "c"))
}
