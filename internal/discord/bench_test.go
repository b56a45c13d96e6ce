package discord

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/disgoorg/snowflake/v2"
	"go.uber.org/goleak"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	llmclient "github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = flag.Set("test.parallel", "12") // stories mostly wait
	}
	const shard = "github.com/disgoorg/disgo/gateway.(*gatewayImpl)."
	goleak.VerifyTestMain(m,
		// A shard that is closed between two attempts to connect ends with the next one, up to 10 s later.
		goleak.IgnoreTopFunction(shard+"doReconnect"),
		// One that is closed just after Discord's Hello ends with its second heartbeat.
		goleak.IgnoreTopFunction(shard+"heartbeat"))
}

// bench is Discord with people in it, and a bot with everything behind it: the
// file service and the engine on SQLite, a scripted model and scripted tools.
type bench struct {
	*discordtest.Server
	t         testing.TB
	ctx       context.Context
	model     *llmtest.Server
	tools     *chattest.Tools
	files     *files.Service
	engine    *chat.Engine
	assistant *assistant.Assistant
	bot       *Bot
	guild     *discordtest.Guild
	general   *discordtest.Channel
	anna      *discordtest.User
	bert      *discordtest.User

	set    setup
	dir    string
	bucket *blob.Bucket
	openai *llmclient.Client
	db     *sqlite.DB
	killed bool // its end is not expected to be a good one
}

// setup bends a bench.
type setup struct {
	discord Options
	files   files.Options
	chat    chat.Options
	server  func(*discordtest.Server)
	model   func(*llmtest.Server)
	engine  func(assistant.Engine) assistant.Engine // in place of the bench's own

	assistant assistant.Options
	noStart   bool
	alone     bool // no other test runs beside
}

func newBench(t testing.TB, set setup) *bench {
	t.Helper()
	if p, ok := t.(*testing.T); ok && !set.alone {
		p.Parallel()
	}
	w := &bench{t: t, Server: discordtest.New(t), ctx: discordtest.Context(t), model: &llmtest.Server{}, tools: &chattest.Tools{}, set: set, dir: t.TempDir()}
	if set.server != nil {
		set.server(w.Server)
	}
	if set.model != nil {
		set.model(w.model)
	}
	var err error
	if w.bucket, err = fileblob.OpenBucket(w.dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.bucket.Close() })
	w.openai, err = llmclient.New("", llmclient.Options{BaseURL: w.model.Start(t), Model: "test-model", Backoff: time.Millisecond, Idle: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.openai.Close() })
	w.guild = w.AddGuild("Acme")
	w.anna, w.bert = w.AddUser("anna"), w.AddUser("bert")
	w.guild.AddMember(w.AddUser("owner"))
	w.guild.AddMember(w.anna)
	w.guild.AddMember(w.bert)
	w.general = w.guild.Channel("general")
	t.Cleanup(w.shutDown)
	if folder := os.Getenv("ATTACHE_SCENES"); folder != "" {
		t.Cleanup(func() { w.shoot(folder) })
	}
	if !set.noStart {
		w.start()
	}
	return w
}

// start starts the bot, as a start of the program does.
func (w *bench) start() {
	w.t.Helper()
	db, err := sqlite.Open(w.ctx, filepath.Join(w.dir, "attache.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.db = db
	w.files = files.New(sqlite.NewFiles(db, "test"), w.bucket, w.set.files)
	w.engine = chat.New(w.openai, sqlite.NewChats(db), w.files, w.tools, w.set.chat)
	o := w.set.discord
	o.RESTURL, o.GatewayURL = w.RESTURL(), w.GatewayURL()
	o.CDNHosts = []string{strings.TrimPrefix(w.CDNURL(), "http://")}
	ao := w.set.assistant
	if ao.Interrupted, err = w.engine.Recover(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	o.Notes = sqlite.NewNotes(db)
	if _, isTest := w.t.(*testing.T); o.Log == nil && isTest {
		o.Log = slog.New(slog.NewTextHandler(testLog{w.t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	ao.Log, ao.Now = client.Discreet(cmp.Or(o.Log, slog.New(slog.DiscardHandler))), o.Now
	var engine assistant.Engine = w.engine
	if w.set.engine != nil {
		engine = w.set.engine(engine)
	}
	w.assistant = assistant.New(engine, w.files, ao)
	if w.bot, err = Open(w.ctx, w.Token(), w.assistant, o); err != nil {
		w.t.Fatal(err)
	}
}

// store is the metadata of the files, for another service on it.
func (w *bench) store() files.Store { return sqlite.NewFiles(w.db, "test") }

func (w *bench) chats() chat.Store { return sqlite.NewChats(w.db) }

// shutDown stops the bot, as an end of the program does.
func (w *bench) shutDown() {
	if w.bot == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.bot.Close(ctx); err != nil {
		w.t.Error(err)
	}
	w.assistant.Close(ctx)
	if err := w.engine.Close(ctx); err != nil && !w.killed {
		w.t.Error(err)
	}
	w.db.Close()
	w.bot = nil
}

// testLog writes a log to a test.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	defer func() { _ = recover() }() // a line after the test's end
	l.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// must takes the error of what a person does as the test's failure.
func must[T any](v T, err error) func(*bench) T {
	return func(w *bench) T {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		return v
	}
}

// ask sends a message that the bot answers, and returns the finished answer.
func (w *bench) ask(u *discordtest.User, c *discordtest.Channel, text string, fs ...discordtest.File) (question, answer discordtest.Message) {
	w.t.Helper()
	if c.Guild != nil && c.Parent == nil {
		text = w.Bot().Mention() + " " + text
	}
	question = must(u.Send(c, text, fs...))(w)
	return question, w.answerTo(question)
}

// answerTo waits for the finished answer to a question.
func (w *bench) answerTo(question discordtest.Message) discordtest.Message {
	w.t.Helper()
	return w.await(w.channelOf(question), discordtest.FromBot, discordtest.After(question), discordtest.HasButton("🔁 Retry"))
}

func (w *bench) channelOf(m discordtest.Message) *discordtest.Channel {
	c := w.Channel(m.ChannelID)
	if c == nil {
		w.t.Fatalf("no channel %d", m.ChannelID)
	}
	return c
}

func (w *bench) await(c *discordtest.Channel, conditions ...discordtest.Match) discordtest.Message {
	w.t.Helper()
	return must(w.AwaitMessage(w.ctx, c, conditions...))(w)
}

// contains fails the test unless a message shows all the texts.
func (w *bench) contains(m discordtest.Message, texts ...string) {
	w.t.Helper()
	for _, s := range texts {
		if !strings.Contains(m.Text(), s) {
			w.t.Errorf("%q is not in:\n%s", s, m.Text())
		}
	}
}

func (w *bench) lacks(m discordtest.Message, texts ...string) {
	w.t.Helper()
	for _, s := range texts {
		if strings.Contains(m.Text(), s) {
			w.t.Errorf("%q is in:\n%s", s, m.Text())
		}
	}
}

// save keeps a file of a user, as if it had been attached before.
func (w *bench) save(u *discordtest.User, name string, content []byte) files.File {
	w.t.Helper()
	saved := must(w.files.Save(w.ctx, files.Upload{User: files.UserID(u.ID), Name: name, Size: int64(len(content)), Body: bytes.NewReader(content)}))(w)
	return saved.File
}

func python(id, code string) llm.ToolCall {
	return llmtest.Call(id, "execute_python_code", map[string]string{"code": code})
}

// chart is a small picture with something on it.
func chart(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 120, 255})
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

var salesCSV = []byte("date,region,product,units,revenue\n2024-01-05,North,Widget,12,240.00\n2024-01-06,South,Gadget,7,350.00\n2024-01-07,North,Widget,9,180.00\n")

// delete deletes a message of the bot, as a moderator does.
func (w *bench) delete(m discordtest.Message) {
	w.t.Helper()
	if err := w.bot.api.Delete(w.ctx, snowflake.ID(m.ChannelID), snowflake.ID(m.ID)); err != nil {
		w.t.Fatal(err)
	}
}
