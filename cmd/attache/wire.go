package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/trace"
	"github.com/attachebot/attache/internal/transcribe"
	"github.com/attachebot/attache/tokens"
)

// The parts of the program, each opened with what it needs and closed by
// Main.Close in the reverse order.

// log returns the logger of a command: lines on standard error.
func (m *Main) log(level slog.Leveler) *slog.Logger {
	return slog.New(trace.Log(slog.NewTextHandler(m.Stderr, &slog.HandlerOptions{Level: level})))
}

// quiet is the level of commands that talk to a person: only what is wrong,
// unless LOG_LEVEL asks for more.
func (m *Main) quiet() slog.Level {
	return quiet(m.Config.Level())
}

func quiet(l slog.Level) slog.Level {
	if l != slog.LevelInfo {
		return l
	}
	return slog.LevelError
}

// logLevel is the level of serve's log: without Discord, a person at a terminal
// reads it.
func logLevel(c config.Config) slog.Level {
	if c.DiscordToken == "" {
		return quiet(c.Level())
	}
	return c.Level()
}

// openDataDir makes DATA_DIR and claims a name in it, once.
func (m *Main) openDataDir(ctx context.Context) (owner string, err error) {
	if m.owner != "" {
		return m.owner, nil
	}
	if err := m.enterDataDir(ctx); err != nil {
		return "", err
	}
	dir := m.Config.DataDir
	id, err := instanceID(dir)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable, "The data folder %s can't be written: %v.", dir, err)
	}
	m.owner = fmt.Sprintf("%s-%d", id, m.process.Number())
	return m.owner, nil
}

// enterDataDir makes this process one of those that share DATA_DIR, once. Who has
// what of it is in a database of its own: what the machine has is apart from what
// several machines share.
func (m *Main) enterDataDir(ctx context.Context) error {
	if m.process != nil {
		return nil
	}
	owners := filepath.Join(m.Config.DataDir, "owners")
	if err := os.MkdirAll(owners, 0o700); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The data folder %s can't be made: %v.", m.Config.DataDir, err)
	}
	db, err := sqlite.Open(ctx, filepath.Join(owners, "owners.db"))
	if err != nil {
		return err
	}
	m.onClose(db.Close)
	store, err := sqlite.NewCluster(db)
	if err != nil {
		return err
	}
	if m.process, err = cluster.NewProcess(ctx, store, owners); err != nil {
		return err
	}
	m.onClose(m.process.Close)
	return nil
}

// instanceID names this data folder among those that share a database. The name
// is made once, as a whole.
func instanceID(dir string) (string, error) {
	const length = 16
	path := filepath.Join(dir, "instance")
	data, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(data)); len(id) == length {
		return id, nil
	}
	publish := os.Link // does not replace the name that another process has just made
	if err == nil {
		publish = os.Rename // it is damaged
	}
	var b [length / 2]byte
	rand.Read(b[:])
	id := hex.EncodeToString(b[:])
	f, err := os.CreateTemp(dir, ".instance-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(id + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	if err = publish(f.Name(), path); errors.Is(err, os.ErrExist) {
		data, err = os.ReadFile(path)
		id = strings.TrimSpace(string(data))
	}
	return id, err
}

// stores are the adapters of one database.
type stores struct {
	files files.Store
	chats chat.Store
	owner string
}

func (m *Main) openStores(ctx context.Context) (stores, error) {
	owner, err := m.openDataDir(ctx)
	if err != nil {
		return stores{}, err
	}
	if m.Config.MongoURI != "" {
		return m.openMongo(ctx, owner)
	}
	db, err := sqlite.Open(ctx, filepath.Join(m.Config.DataDir, "attache.db"))
	if err != nil {
		return stores{}, err
	}
	m.onClose(db.Close)
	m.notes = sqlite.NewNotes(db)
	if m.shared, err = sqlite.NewCluster(db); err != nil {
		return stores{}, err
	}
	return stores{files: sqlite.NewFiles(db, owner), chats: sqlite.NewChats(db), owner: owner}, nil
}

func (m *Main) openMongo(ctx context.Context, owner string) (stores, error) {
	db, err := mongo.Open(ctx, m.Config.MongoURI.Reveal())
	if err != nil {
		return stores{}, err
	}
	m.onClose(db.Close)
	fs, err := mongo.NewFiles(ctx, db, owner)
	if err != nil {
		return stores{}, err
	}
	if m.Config.MongoTimes == "iso" {
		fs.WriteISO()
	}
	m.notes = mongo.NewNotes(db)
	if m.shared, err = mongo.NewCluster(ctx, db); err != nil {
		return stores{}, err
	}
	chats, err := mongo.NewChats(ctx, db)
	return stores{files: fs, chats: chats, owner: owner}, err
}

func (m *Main) openFiles(ctx context.Context, st stores, log *slog.Logger) (*files.Service, error) {
	b, err := m.openBucket(ctx)
	if err != nil {
		return nil, err
	}
	o := m.fileOptions()
	o.Live, o.Dir, o.Abort, o.Log = m.fileOptions, b.Dir, b.Abort, log
	fs := files.New(m.metrics.Files(st.files), b.Bucket, o)
	return fs, fs.Recover(ctx)
}

// openPython prepares the environment, if need be, and opens the sandbox.
func (m *Main) openPython(ctx context.Context, log *slog.Logger, progress io.Writer) (*gvisor.Host, error) {
	h, err := m.openHost(ctx, log, progress)
	if err != nil {
		return nil, err
	}
	m.onStop(stopTime, h.Close)
	return h, nil
}

// openHost is openPython for a caller that closes the sandbox itself.
func (m *Main) openHost(ctx context.Context, log *slog.Logger, progress io.Writer) (_ *gvisor.Host, err error) {
	defer func() { err = stopped(ctx, err) }()
	if err := fewFiles(); err != nil {
		return nil, err
	}
	py, err := m.preparePython(ctx, progress)
	if err != nil {
		return nil, err
	}
	m.discord.Fonts = py.Fonts()
	dir, err := m.toolsDir()
	if err != nil {
		return nil, err
	}
	keep := time.Duration(m.Config.Expiration) * time.Hour
	if err := m.enterDataDir(ctx); err != nil {
		return nil, err
	}
	return gvisor.Open(ctx, filepath.Join(m.Config.DataDir, "sandbox"), m.runsc(), py, gvisor.Options{
		Process: m.process, Limits: sandbox.Limits{Time: time.Duration(m.Config.CodeTimeout) * time.Second},
		Pool: m.Config.Pool, Max: m.Config.MaxSandbox, Idle: m.Config.Idle, Keep: keep,
		Hibernate: int64(m.Config.HibernateMB) << 20, Rewind: int64(m.Config.RewindMB) << 20, TimeZone: m.Config.TimeZone,
		Packages: wheels.Policy(m.Config.Packages), Index: m.Config.Index.Reveal(), Tools: dir, Log: log, Progress: progress,
	})
}

// preparePython prepares the environment, if need be.
func (m *Main) preparePython(ctx context.Context, progress io.Writer) (*wheels.Python, error) {
	dir := cmp.Or(m.Config.PythonDir, filepath.Join(m.Config.DataDir, "python"))
	return wheels.PreparePython(ctx, dir, m.Config.Python, m.Config.Index.Reveal(), progress)
}

// stopped makes of what failed after the program was stopped no fault of the machine:
// a Python that was ended while it was asked is none that is missing.
func stopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fault.Wrap(err, fault.Canceled, "")
	}
	return err
}

// runsc returns the path of gVisor's command: beside this program, unless
// RUNSC says otherwise.
func (m *Main) runsc() string {
	if m.Config.Runsc != "" {
		return m.Config.Runsc
	}
	self, err := os.Executable()
	if err != nil {
		return "runsc"
	}
	return filepath.Join(filepath.Dir(self), "runsc")
}

// openModel returns the model that the settings name, or the built-in one.
func (m *Main) openModel() (llm.Model, error) {
	if m.builtin() {
		return builtin.Model{}, nil
	}
	c := m.Config
	effort := c.Effort
	if effort == "default" {
		effort = ""
	}
	return client.New(c.OpenAIKey.Reveal(), client.Options{
		BaseURL: c.OpenAIBaseURL.Reveal(), Model: c.OpenAIModel, API: llm.API(c.ModelAPI), Effort: effort, FirstByte: c.FirstByte,
	})
}

// ears are the client that listens to voice messages, or nil.
func (m *Main) ears() *transcribe.Client {
	c := m.Config
	if m.builtin() || c.VoiceModel == "off" {
		return nil
	}
	base, name := cmp.Or(c.OpenAIBaseURL.Reveal(), client.DefaultBaseURL), c.VoiceModel
	if name == "auto" {
		name = "whisper-1"
		if base == client.DefaultBaseURL {
			name = "gpt-4o-mini-transcribe"
		}
	}
	if u, err := url.Parse(base); err == nil && strings.Trim(u.Path, "/") == "" {
		base = strings.TrimRight(base, "/") + "/v1"
	}
	return transcribe.New(base, c.OpenAIKey.Reveal(), name)
}

func (m *Main) builtin() bool { return m.Config.OpenAIKey == "" && m.Config.OpenAIBaseURL == "" }

// openPrices returns the prices and windows of models: the built-in ones, and
// over them those of PRICES_FILE, and counts with the files of TOKENIZERS.
func openPrices(c config.Config) (*tokens.Catalog, error) {
	catalog := tokens.BuiltIn()
	for _, t := range c.Tokenizers {
		model, path, ok := strings.Cut(t, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "TOKENIZERS has %q: write a model's name, = and the path of its tokenizer.json.", t)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "TOKENIZERS: %s can't be read: %v.", path, cmp.Or(errors.Unwrap(err), err))
		}
		e, err := tokens.ReadTokenizer(path, data)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "TOKENIZERS: %s can't be used: %s.", path, strings.TrimPrefix(err.Error(), "tokens: "))
		}
		catalog = catalog.WithTokenizer(model, e)
	}
	if c.PricesFile == "" {
		return catalog, nil
	}
	data, err := os.ReadFile(c.PricesFile)
	if err == nil {
		catalog, err = catalog.With(data)
	}
	return catalog, fault.Wrap(err, fault.Invalid, "PRICES_FILE %s can't be used: %v.", c.PricesFile, err)
}

// serveAlone makes sure that one process serves a data folder.
func (m *Main) serveAlone(ctx context.Context) error {
	free, err := m.claimServe(ctx)
	if err == nil {
		m.onClose(func() error { free(); return nil })
	}
	return err
}

func (m *Main) claimServe(ctx context.Context) (free func(), err error) {
	if err := m.enterDataDir(ctx); err != nil {
		return nil, err
	}
	if free, err = m.process.Alone(ctx, "serve"); fault.Is(err, fault.Exists) {
		err = fault.Wrap(err, fault.Exists, "Another `attache serve` uses the data folder %s.", m.Config.DataDir)
	}
	return free, err
}

// sweepLease is how long after the end of a process that was killed another one
// goes on with its sweeps.
const sweepLease = time.Minute

// openAssistant opens everything behind a front end.
func (m *Main) openAssistant(ctx context.Context, log *slog.Logger, progress io.Writer) (*assistant.Assistant, *toolbox, error) {
	st, err := m.openStores(ctx)
	if err != nil {
		return nil, nil, err
	}
	fs, err := m.openFiles(ctx, st, log)
	if err != nil {
		return nil, nil, err
	}
	tb, err := m.openTools(ctx, fs, log, progress)
	if err != nil {
		return nil, nil, err
	}
	model, err := m.openModel()
	if err != nil {
		return nil, nil, err
	}
	catalog, err := openPrices(m.Config)
	if err != nil {
		return nil, nil, err
	}
	m.settings.Store(&settings{m.Config, catalog})
	o := m.chatOptions()
	o.Live, o.Location, o.Instance, o.Answered, o.Log = m.chatOptions, m.Config.Location(), st.owner, tb.keep, log
	if !m.builtin() {
		o.Reader = tb.python
	}
	if m.serving {
		o.Instance = "serve-" + st.owner[:strings.LastIndexByte(st.owner, '-')] // one at a time, whatever its owner's number
	}
	m.instance = o.Instance
	var engine *chat.Engine
	if m.serving {
		recoverOf := func(ctx context.Context, instance string) ([]chat.Record, error) {
			return engine.RecoverOf(ctx, instance)
		}
		if err := m.shareShards(ctx, recoverOf, log); err != nil {
			return nil, nil, err
		}
	}
	engine = chat.New(withoutSecrets{m.tracer.Model(m.metrics.Model(model)), m.secrets}, st.chats, fs, toolsWithoutSecrets{m.tracer.Toolbox(m.metrics.Toolbox(tb.Box)), m.secrets}, o)
	m.onStop(stopTime, engine.Close)
	ao := m.assistantOptions()
	ao.Live, ao.Log, ao.Viewer = m.assistantOptions, log, tb.python
	if ao.Ears = m.ears(); ao.Ears != nil {
		m.onClose(func() error { ao.Ears.Close(); return nil })
	}
	if m.serving {
		m.background(func(ctx context.Context) { cluster.Alone(ctx, m.shared, "sweep of files", sweepLease, fs.Run) })
		m.background(func(ctx context.Context) {
			cluster.Alone(ctx, m.shared, "sweep of conversations", sweepLease, engine.Forget)
		})
		if ao.Interrupted, err = engine.Recover(ctx); err != nil {
			return nil, nil, err
		}
	}
	a := assistant.New(m.tracer.Engine(m.metrics.Engine(engine)), fs, ao)
	m.onStop(answersTime, func(ctx context.Context) error {
		a.Close(ctx)
		return nil
	})
	return a, tb, nil
}
