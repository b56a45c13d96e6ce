package chat_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const anna, bert files.UserID = 4242, 777

// world is an engine with everything around it real but the model's server
// and the tools, which are scripted.
type world struct {
	*chat.Engine
	t      testing.TB
	server *llmtest.Server
	tools  *chattest.Tools
	files  *files.Service
	bucket *blob.Bucket
	store  chat.Store
	db     string
	model  llm.Model
	opts   chat.Options
	turns  int
}

func newWorld(t testing.TB, o chat.Options) *world {
	t.Helper()
	w := &world{t: t, server: &llmtest.Server{}, tools: &chattest.Tools{}, opts: o, bucket: memblob.OpenBucket(nil)}
	t.Cleanup(func() { w.bucket.Close() })
	w.db = filepath.Join(t.TempDir(), "attache.db")
	m, err := client.New("", client.Options{BaseURL: w.server.Start(t), Model: "test-model", Backoff: time.Millisecond, Idle: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	w.model = m
	w.start()
	return w
}

// start makes the engine, as a start of the program does.
func (w *world) start() {
	w.t.Helper()
	db, err := sqlite.Open(w.t.Context(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = sqlite.NewChats(db)
	w.files = files.New(sqlite.NewFiles(db, "test"), w.bucket, files.Options{})
	e := chat.New(w.model, w.store, w.files, w.tools, w.opts)
	w.Engine = e
	w.t.Cleanup(func() {
		e.Close(context.Background())
		db.Close()
	})
}

// transcript collects events as lines.
type transcript struct {
	mu    sync.Mutex
	lines []string
}

func (tr *transcript) emit(ev chat.Event) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	switch ev := ev.(type) {
	case chat.TextDelta:
		if n := len(tr.lines); n > 0 && strings.HasPrefix(tr.lines[n-1], "text: ") {
			tr.lines[n-1] += ev.Text
			return
		}
		tr.lines = append(tr.lines, "text: "+ev.Text)
	case chat.ToolStarted:
		tr.lines = append(tr.lines, fmt.Sprintf("start: %d %s", ev.Round, ev.Call.Arguments))
	case chat.ToolStatus:
		tr.lines = append(tr.lines, "status: "+ev.Status.String())
	case chat.ToolOutput:
		tr.lines = append(tr.lines, "output: "+ev.Text)
	case chat.ToolEnded:
		tr.lines = append(tr.lines, fmt.Sprintf("end: %v %d files", ev.Result.Failed, len(ev.Files)))
	case chat.Notice:
		tr.lines = append(tr.lines, "notice: "+ev.Text)
	}
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return strings.Join(tr.lines, "\n")
}

// turn makes a turn of Anna's with a fresh id.
func (w *world) turn(text string, fs ...files.File) chat.Turn {
	w.turns++
	return chat.Turn{ID: fmt.Sprintf("m%d", w.turns), User: anna, UserName: "Anna", Conversation: "dm:anna", Text: text, Files: fs}
}

// run runs a turn that should succeed.
func (w *world) run(t chat.Turn) (chat.Result, string) {
	w.t.Helper()
	var tr transcript
	res, err := w.Run(w.t.Context(), t, tr.emit)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, &tr)
	}
	return res, tr.String()
}

// save keeps a file of a user.
func (w *world) save(user files.UserID, name string, content []byte) files.File {
	w.t.Helper()
	saved, err := w.files.Save(w.t.Context(), files.Upload{User: user, Name: name, Size: int64(len(content)), Body: strings.NewReader(string(content))})
	if err != nil {
		w.t.Fatal(err)
	}
	return saved.File
}

// last returns the last request that the model got.
func (w *world) last() llmtest.Request {
	w.t.Helper()
	rs := w.server.Requests()
	if len(rs) == 0 {
		w.t.Fatal("the model got no request")
	}
	return rs[len(rs)-1]
}

func python(id, code string) llm.ToolCall {
	return llmtest.Call(id, "execute_python_code", map[string]string{"code": code})
}

func TestAnswersAndRemembers(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Text: "Hello Anna, how can I help?"}, llmtest.Reply{Text: "You said hi."})
	res, events := w.run(w.turn("hi"))
	if res.Text != "Hello Anna, how can I help?" || res.Rounds != 1 || res.Model != "test-model" || events != "text: "+res.Text {
		t.Errorf("%+v\n%s", res, events)
	}
	w.run(w.turn("What did I say?"))
	ms := w.last().Messages
	var got []string
	for _, m := range ms {
		got = append(got, m.Role+": "+strings.SplitN(m.Text, "\n", 2)[0])
	}
	want := []string{"system: You are Attaché", "user: hi", "assistant: Hello Anna, how can I help?", "system: It is ", "user: What did I say?"}
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("prompt %q, want %q", got, want)
		}
	}
	// Another conversation knows nothing of it.
	other := w.turn("hi")
	other.Conversation = "dm:bert"
	w.run(other)
	if n := len(w.last().Messages); n != 3 {
		t.Errorf("another conversation has %d messages", n)
	}
}

func TestToolRounds(t *testing.T) {
	w := newWorld(t, chat.Options{})
	chart := w.save(anna, "chart.png", []byte("\x89PNG\r\n\x1a\n"))
	w.tools.Handle = func(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Status(llm.ToolStatus{State: llm.ToolRunning})
		h.Output("4")
		return llm.ToolResult{Output: "4\n", Files: []string{string(chart.ID), "1_1_00000000"}}
	}
	w.server.Push(
		llmtest.Reply{Text: "Let me compute.", Calls: []llm.ToolCall{python("a", "2+2")}},
		llmtest.Reply{Calls: []llm.ToolCall{python("b", "3+3"), python("c", "4+4")}},
		llmtest.Reply{Text: "It is 4."},
	)
	res, events := w.run(w.turn("2+2?"))
	if res.Text != "Let me compute.\n\nIt is 4." || res.Rounds != 3 || len(res.Files) != 3 {
		t.Errorf("%+v", res)
	}
	want := `text: Let me compute.
start: 1 {"code":"2+2"}
status: Running Python
output: 4
end: false 1 files
start: 2 {"code":"3+3"}
status: Running Python
output: 4
end: false 1 files
start: 2 {"code":"4+4"}
status: Running Python
output: 4
end: false 1 files
text: It is 4.`
	if events != want {
		t.Errorf("events:\n%s", events)
	}
	// The rounds are in the history of the next turn.
	w.run(w.turn("Sure?"))
	if n := len(w.last().Messages); n != 10 {
		t.Errorf("%d messages: %+v", n, w.last().Messages)
	}
}

func TestAnswersAtMostOnce(t *testing.T) {
	w := newWorld(t, chat.Options{})
	turn := w.turn("hi")
	w.run(turn)
	w.start() // of the program
	if _, err := w.Run(t.Context(), turn, nil); !fault.Is(err, fault.Exists) {
		t.Errorf("err = %v", err)
	}
	if n := len(w.server.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestBuiltinModelEndToEnd(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.model = builtin.Model{}
	w.start()
	f := w.save(anna, "sales.csv", []byte("a,b\n1,2\n"))
	other := w.save(anna, "other.csv", []byte("c\n1\n"))
	res, _ := w.run(w.turn("Analyze this data", f))
	if !strings.Contains(res.Text, "OPENAI_API_KEY") || !strings.Contains(res.Text, string(f.ID)) || strings.Contains(res.Text, string(other.ID)) {
		t.Errorf("%q", res.Text)
	}
	if calls := w.tools.Calls(); len(calls) != 1 || !strings.Contains(calls[0], "analyze_data_file('"+string(f.ID)+"', 'comprehensive')") {
		t.Errorf("calls: %q", calls)
	}
	if us, err := w.Usage(t.Context(), ledger.Query{}); err != nil || len(us) != 0 {
		t.Errorf("usage of the built-in model: %+v, %v", us, err)
	}
}
