package assistant_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/assistant/assistanttest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	anna = files.UserID(7)
	bert = files.UserID(8)
)

// world is an assistant with everything behind it.
type world struct {
	*assistant.Assistant
	t     *testing.T
	model *llmtest.Server
	tools *chattest.Tools
	files *files.Service
	chats chat.Store
	n     atomic.Int64
}

func newWorld(t *testing.T, o assistant.Options) *world {
	w := assistanttest.New(t, o, files.Options{MaxFiles: 3})
	return &world{Assistant: w.Assistant, t: t, model: w.Model, tools: w.Tools, files: w.Files, chats: w.Chats}
}

func (w *world) request(text string) assistant.Request {
	return assistant.Request{ID: fmt.Sprint("test/", w.n.Add(1)), User: anna, Conversation: "c", Message: assistant.Message{Text: text}}
}

func (w *world) ask(r assistant.Request) *assistant.Turn {
	w.t.Helper()
	t, err := w.Ask(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) wait(t *assistant.Turn) assistant.Ended {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	e, err := t.Wait(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// await returns the first event of a type.
func await[E assistant.Event](w *world, t *assistant.Turn) (e E) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	for _, any := range t.Follow(ctx, 0) {
		if e, ok := any.(E); ok {
			return e
		}
	}
	w.t.Fatalf("there was no %T", e)
	return e
}

func upload(name, content string) assistant.Upload {
	return assistant.Upload{Name: name, Size: int64(len(content)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

// Any number of viewers see the same events, from any point on, and none twice.
func TestFollow(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	gate := make(chan struct{})
	w.model.Answer = func(llmtest.Request) llmtest.Reply {
		<-gate
		return llmtest.Reply{Text: strings.Repeat("word ", 200)}
	}
	turn := w.ask(w.request("hello"))
	var all sync.WaitGroup
	seen := make([][]string, 8)
	for i := range seen {
		all.Go(func() {
			at := 0
			for { // each of them comes and goes
				ctx, cancel := context.WithCancel(t.Context())
				for n, e := range turn.Follow(ctx, at) {
					if n != at+1 {
						t.Errorf("event %d after %d", n, at)
					}
					at = n
					seen[i] = append(seen[i], fmt.Sprintf("%T", e))
					if len(seen[i])%(7+i) == 0 {
						break
					}
				}
				cancel()
				if len(seen[i]) > 0 && seen[i][len(seen[i])-1] == "assistant.Ended" {
					return
				}
			}
		})
	}
	close(gate)
	all.Wait()
	for i := range seen {
		if strings.Join(seen[i], " ") != strings.Join(seen[0], " ") || len(seen[i]) < 4 {
			t.Errorf("viewer %d saw %q, viewer 0 %q", i, seen[i], seen[0])
		}
	}
	if got, ok := w.Turn(turn.ID); !ok || got != turn || !turn.Over() {
		t.Error("a turn that has just ended can't be found")
	}
	if e := w.wait(turn); e.Err != nil || !strings.HasPrefix(e.Result.Text, "word word") {
		t.Errorf("%+v", e)
	}
}

// A message is claimed before anything of it is read, saved or told.
func TestClaimFirst(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	r := w.request("once")
	r.Message.Uploads = []assistant.Upload{upload("a.csv", "a\n1\n")}
	if err := w.chats.Claim(t.Context(), chat.Record{ID: r.ID, Conversation: "c", User: anna, Instance: "another program"}); err != nil {
		t.Fatal(err)
	}
	r.Read = func(context.Context, bool) (assistant.Message, error) {
		t.Error("a message of another program's was read")
		return assistant.Message{}, nil
	}
	turn := w.ask(r)
	if e := w.wait(turn); !fault.Is(e.Err, fault.Exists) {
		t.Errorf("%+v", e)
	}
	if page, err := w.files.List(t.Context(), anna, files.Query{}); err != nil || page.Total != 0 {
		t.Errorf("%d files, %v", page.Total, err)
	}
	// The next message of the same person is answered.
	if e := w.wait(w.ask(w.request("next"))); e.Err != nil {
		t.Error(e.Err)
	}
}

func TestSavesAndTells(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	r := w.request("look")
	broken := assistant.Upload{Name: "b.csv", Open: func(context.Context) (io.ReadCloser, error) {
		return nil, fault.New(fault.Unavailable, "It can't be fetched.")
	}}
	crashing := assistant.Upload{Name: "c.csv", Open: func(context.Context) (io.ReadCloser, error) { panic("no") }}
	first := upload("a.csv", "a\n1\n")
	first.Key = "attachment-1"
	r.Message.Uploads = []assistant.Upload{first, broken, crashing}
	r.Message.Before, r.Message.Problems = "[In reply to bert: what?]", []string{"message.txt is gone."}
	turn := w.ask(r)
	saved := await[assistant.Saved](w, turn).Attachments
	if len(saved) != 3 || saved[0].Err != nil || saved[0].Known || !fault.Is(saved[1].Err, fault.Unavailable) || !fault.Is(saved[2].Err, fault.Internal) {
		t.Fatalf("%+v", saved)
	}
	if await[assistant.Problem](w, turn).Sentence != "message.txt is gone." {
		t.Error("the problem is not told")
	}
	w.wait(turn)
	asked := w.model.Requests()[0].LastUser()
	for _, part := range []string{"[In reply to bert: what?]\n\nlook\n\n", `[The attachment "b.csv" was not saved: It can't be fetched.]`, `[The attachment "c.csv" was not saved: `, "[Attached: id " + string(saved[0].Saved.ID)} {
		if !strings.Contains(asked, part) {
			t.Errorf("the model reads %q, without %q", asked, part)
		}
	}
	// The same attachment is the same file, as long as that is there.
	again := w.request("again")
	again.Message.Uploads = []assistant.Upload{first}
	known := await[assistant.Saved](w, w.ask(again)).Attachments[0]
	if !known.Known || known.Saved.ID != saved[0].Saved.ID {
		t.Errorf("%+v", known)
	}
	if err := w.files.Delete(t.Context(), anna, known.Saved.ID); err != nil {
		t.Fatal(err)
	}
	if s := w.Save(t.Context(), anna, []assistant.Upload{first})[0]; s.Known || s.Err != nil {
		t.Errorf("%+v", s)
	}
	if s := w.Save(t.Context(), bert, []assistant.Upload{first})[0]; s.Known || s.Saved.User != bert {
		t.Errorf("somebody else's: %+v", s)
	}
}

// Attachments without a word are saved, and there is nothing to answer.
func TestNothingToAnswer(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	r := w.request("  ")
	r.Message.Uploads = []assistant.Upload{upload("a.csv", "a\n1\n")}
	if e := w.wait(w.ask(r)); e.Err != nil || !e.Nothing {
		t.Errorf("%+v", e)
	}
	if n := len(w.model.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	if turns, err := w.chats.Recover(t.Context(), "", time.Now().Add(time.Hour)); err != nil || len(turns) != 0 {
		t.Errorf("it is told about at the next start: %+v, %v", turns, err)
	}
}

func TestAdmission(t *testing.T) {
	w := newWorld(t, assistant.Options{Burst: 4, BurstTime: time.Hour, Waiting: 2})
	gate := make(chan struct{})
	w.model.Answer = func(llmtest.Request) llmtest.Reply { <-gate; return llmtest.Reply{Text: "ok"} }
	one, two, three := w.ask(w.request("1")), w.ask(w.request("2")), w.ask(w.request("3"))
	await[assistant.Started](w, one)
	if q := await[assistant.Queued](w, three); q.Place != 2 {
		t.Errorf("place %d", q.Place)
	}
	four := w.ask(w.request("4"))
	if e := w.wait(four); !fault.Is(e.Err, fault.Exhausted) || !strings.Contains(fault.Message(e.Err), "2 questions of yours are waiting") {
		t.Errorf("%+v", e)
	}
	five := w.ask(w.request("5"))
	if e := w.wait(five); !fault.Is(e.Err, fault.Canceled) || w.Explain(e.Err, "x", nil) != "" {
		t.Errorf("told twice: %+v", e)
	}
	// Nobody else waits for that.
	other := w.request("other")
	other.User, other.Conversation = bert, "d"
	others := w.ask(other)
	await[assistant.Started](w, others)
	// Who waits may give up; another may not do it for them.
	if two.Stop(bert) || !two.Waits() || !two.Stop(anna) {
		t.Error("stopping")
	}
	if got := w.Running(anna, "c"); len(got) != 3 || got[0] != one {
		t.Errorf("%d run", len(got))
	}
	close(gate)
	if e := w.wait(two); !errors.Is(e.Err, assistant.ErrStopped) {
		t.Errorf("%+v", e)
	}
	for _, turn := range []*assistant.Turn{one, three, others} {
		if e := w.wait(turn); e.Err != nil || e.Result.Text != "ok" {
			t.Errorf("%+v", e)
		}
	}
	for range 9 {
		w.wait(w.ask(assistant.Request{ID: fmt.Sprint(w.n.Add(1)), User: anna, Conversation: "c", Message: assistant.Message{Text: "by a button"}, Again: true}))
	}
	if n := len(w.model.Requests()); n != 12 {
		t.Errorf("%d requests", n)
	}
}

func TestQuestions(t *testing.T) {
	w := newWorld(t, assistant.Options{AskTime: 500 * time.Millisecond})
	answers := make(chan string, 9)
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, err := h.Ask(ctx, locale.Later("May I?"))
		answers <- fmt.Sprint(yes, " ", fault.Message(err))
		return llm.ToolResult{}
	}
	asks := func() (*assistant.Turn, assistant.Question) {
		w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"1"}`}}}, llmtest.Reply{Text: "done"})
		turn := w.ask(w.request("go"))
		return turn, await[assistant.Asked](w, turn).Question
	}
	turn, q := asks()
	if q.User != anna || q.Text.Key != "May I?" || q.Turn != turn.ID || q.Conversation != "c" || len(w.Questions(anna)) != 1 || len(w.Questions(bert)) != 0 {
		t.Errorf("%+v", q)
	}
	if err := w.Answer(bert, q.ID, true); !fault.Is(err, fault.Denied) {
		t.Errorf("bert answered for anna: %v", err)
	}
	if err := w.Answer(anna, q.ID, true); err != nil {
		t.Error(err)
	}
	if err := w.Answer(anna, q.ID, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}
	if got := <-answers; got != "true " || await[assistant.Answered](w, turn).Outcome != assistant.Yes {
		t.Errorf("the tool got %q", got)
	}
	w.wait(turn)

	turn, q = asks()
	if got := <-answers; got != "false Nobody answered the question in time." || await[assistant.Answered](w, turn).Outcome != assistant.TimedOut {
		t.Errorf("the tool got %q", got)
	}
	if err := w.Answer(anna, q.ID, true); !fault.Is(err, fault.NotFound) || len(w.Questions(anna)) != 0 {
		t.Errorf("too late: %v", err)
	}
	w.wait(turn)

	turn, _ = asks()
	turn.Stop(anna)
	if <-answers; await[assistant.Answered](w, turn).Outcome != assistant.Withdrawn || !errors.Is(w.wait(turn).Err, assistant.ErrStopped) {
		t.Error("a stopped turn still asks")
	}
}

func TestClose(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	gate := make(chan struct{})
	defer close(gate)
	w.model.Answer = func(llmtest.Request) llmtest.Reply { <-gate; return llmtest.Reply{Text: "ok"} }
	one, two := w.ask(w.request("1")), w.ask(w.request("2"))
	await[assistant.Started](w, one)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	w.Close(ctx)
	for _, turn := range []*assistant.Turn{one, two} {
		if e := w.wait(turn); !errors.Is(e.Err, assistant.ErrClosing) || w.Explain(e.Err, "x", nil) == "" {
			t.Errorf("%+v", e)
		}
	}
	if _, err := w.Ask(w.request("3")); !errors.Is(err, assistant.ErrClosing) {
		t.Errorf("%v", err)
	}
	// What had not begun is told about by the next start, if nobody could be told now.
	if turns, err := w.chats.Recover(t.Context(), "", time.Now().Add(time.Hour)); err != nil || len(turns) != 1 || turns[0].ID != two.ID {
		t.Errorf("left over: %+v, %v", turns, err)
	}
}

// A program that stops waits for nobody's answer, and asks nothing more.
func TestCloseWithOpenQuestions(t *testing.T) {
	w := newWorld(t, assistant.Options{AskTime: time.Hour})
	told := make(chan error, 2)
	proceed := make(chan struct{})
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		if user == bert {
			<-proceed
		}
		_, err := h.Ask(ctx, locale.Later("May I?"))
		told <- err
		return llm.ToolResult{}
	}
	call := llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"1"}`}}}
	w.model.Push(call, call)
	asks := w.ask(w.request("asks"))
	await[assistant.Asked](w, asks)
	r := w.request("will ask")
	r.User, r.Conversation = bert, "d"
	will := w.ask(r)
	await[chat.ToolStarted](w, will)
	closed := make(chan struct{})
	go func() { w.Close(context.Background()); close(closed) }()
	if err := <-told; !errors.Is(err, assistant.ErrClosing) || await[assistant.Answered](w, asks).Outcome != assistant.Withdrawn {
		t.Errorf("the tool got %v", err)
	}
	if e := w.wait(asks); !errors.Is(e.Err, assistant.ErrClosing) {
		t.Errorf("%+v", e)
	}
	close(proceed)
	if e := w.wait(will); !errors.Is(e.Err, assistant.ErrClosing) {
		t.Errorf("%+v", e)
	}
	<-closed
	if n := len(w.model.Requests()); n != 2 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestCrashIsAnError(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	r := w.request("x")
	r.Read = func(context.Context, bool) (assistant.Message, error) { panic("a front end's fault") }
	e := w.wait(w.ask(r))
	if !fault.Is(e.Err, fault.Internal) || !strings.Contains(w.Explain(e.Err, "x", nil), "tell the operator this number") {
		t.Errorf("%+v", e)
	}
	if e := w.wait(w.ask(w.request("next"))); e.Err != nil {
		t.Error(e.Err)
	}
}

// Conversations, history, code and reset are for whoever began them.
func TestHistoryIsOnesOwn(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	ctx := t.Context()
	turn := w.ask(w.request("Sales of May"))
	w.wait(turn)
	list, err := w.Conversations(ctx, chat.ConversationQuery{User: anna})
	if err != nil || len(list) != 1 || list[0].Title != "Sales of May" {
		t.Fatalf("%+v, %v", list, err)
	}
	if turns, err := w.History(ctx, anna, "c", 10); err != nil || len(turns) != 1 || turns[0].ID != turn.ID {
		t.Errorf("%+v, %v", turns, err)
	}
	for what, err := range map[string]error{
		"history": second(w.History(ctx, bert, "c", 10)),
		"rename":  w.Rename(ctx, bert, "c", "mine"),
		"code":    second(w.Code(ctx, bert, turn.ID)),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s of somebody else's: %v", what, err)
		}
	}
	if err := w.Reset(ctx, bert, "c"); !fault.Is(err, fault.Denied) {
		t.Errorf("bert forgot anna's conversation: %v", err)
	}
	if err := w.Rename(ctx, anna, "c", "May"); err != nil {
		t.Error(err)
	}
	w.Save(ctx, anna, []assistant.Upload{upload("a.csv", "a\n1\n"), upload("b.csv", "b\n1\n")})
	if err := w.SetModel(ctx, anna, "test-model"); err != nil && !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if err := w.DeleteEverything(ctx, anna); err != nil {
		t.Fatal(err)
	}
	page, err := w.files.List(ctx, anna, files.Query{})
	list, err2 := w.Conversations(ctx, chat.ConversationQuery{User: anna})
	if err = errors.Join(err, err2); err != nil || page.Total+len(list) != 0 || len(w.tools.Resets()) != 1 {
		t.Errorf("left: %d files, %+v, %v, %q", page.Total, list, err, w.tools.Resets())
	}
}

func second[T any](_ T, err error) error { return err }

func TestHints(t *testing.T) {
	w := newWorld(t, assistant.Options{})
	f := &chat.FrontEnd{Hints: map[fault.Hint]string{fault.FreeSpace: "Press Delete."}}
	for i := range 3 {
		w.Save(t.Context(), anna, []assistant.Upload{upload(fmt.Sprint(i, ".csv"), fmt.Sprint(i))})
	}
	full := w.Save(t.Context(), anna, []assistant.Upload{upload("4.csv", "x")})[0].Full // and a copy is there for a while
	if got := w.Explain(full, "x", f); got != "You have 3 of 3 files, so this one was not saved. Press Delete." {
		t.Errorf("%q", got)
	}
	if got := w.Explain(full, "x", nil); got != "You have 3 of 3 files, so this one was not saved." {
		t.Errorf("%q", got)
	}
}
