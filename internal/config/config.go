// Package config reads the program's settings from the environment and a .env
// file. Every setting is a field of [Config], whose tags hold its variable,
// default, allowed values and description; .env.example is made from them.
package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // TIMEZONE works on systems without a database of zones
	"unicode/utf8"

	"github.com/joho/godotenv"
)

//go:generate go run ./generate ../../.env.example ../../docs/settings.md

// Secret is a value that is never printed.
type Secret string

const redacted = "[redacted]"

// String returns a placeholder; so does every other way of printing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString, MarshalText and LogValue hide the value as String does.
func (s Secret) GoString() string             { return strconv.Quote(s.String()) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(s.String()) }

// Reveal returns the value itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// URL is an address that may hold a password or a key. It is printed without
// what may be one.
type URL string

// String returns the scheme and the host; so does every other way of printing.
func (u URL) String() string {
	scheme, rest, ok := strings.Cut(string(u), "://")
	if !ok {
		scheme, rest = "", string(u)
	} else {
		scheme += "://"
	}
	host, more := rest, false
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, more = rest[:i], true
		if strings.Contains(rest[i:], "@") { // perhaps all of it is a password
			return scheme + redacted
		}
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = redacted + "@" + host[i+1:]
	} else if !ok && host != "" && !strings.ContainsAny(host, ".:") {
		host = redacted // no address at all: perhaps a key
	}
	if host == "" {
		return scheme
	}
	if more {
		host += "/…"
	}
	return scheme + host
}

// GoString, MarshalText and LogValue hide what String hides.
func (u URL) GoString() string             { return strconv.Quote(u.String()) }
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
func (u URL) LogValue() slog.Value         { return slog.StringValue(u.String()) }

// Reveal returns the address itself, for the one place that needs it.
func (u URL) Reveal() string { return string(u) }

// Config is all settings. The groups are those of .env.example. Those that are live
// are taken while serve runs, see [Config.Take].
type Config struct {
	DiscordToken Secret   `env:"DISCORD_TOKEN" group:"Discord" doc:"Token of the bot (Discord's developer portal, Bot). Without it, serve opens a page in the browser."`
	AdminIDs     []uint64 `env:"ADMIN_ID" live:"yes" doc:"Discord ids of the people who see everybody's usage, separated by commas."`

	OpenAIKey     Secret        `env:"OPENAI_API_KEY" group:"Model" doc:"Key of an OpenAI-compatible server. Without key and base URL, the built-in offline model answers."`
	OpenAIBaseURL URL           `env:"OPENAI_BASE_URL" kind:"url" doc:"Base URL of another OpenAI-compatible server, such as http://localhost:11434/v1 for Ollama."`
	OpenAIModel   string        `env:"OPENAI_MODEL" live:"yes" default:"gpt-5.4-mini" doc:"The model that answers unless a user chose another."`
	Models        []string      `env:"MODELS" live:"yes" doc:"Models that users may choose from, separated by commas. Empty: all that the server lists."`
	ModelAPI      string        `env:"OPENAI_API" default:"auto" oneof:"auto chat responses messages" doc:"How the server is spoken to: chat completions, the Responses API, or Anthropic's Messages API. auto: by the address, the model, and what the server says."`
	Effort        string        `env:"REASONING_EFFORT" default:"default" oneof:"default none minimal low medium high xhigh max" doc:"How long models reason that let one choose. default: as the model does by itself."`
	FirstByte     time.Duration `env:"MODEL_TIMEOUT" default:"0s" min:"0s" doc:"How long a model may take until its answer begins, such as 3m or 1h. 0s: 3 minutes, and 30 for a server in a private network, which reads the whole prompt first."`
	MaxToolRounds int           `env:"MAX_TOOL_ROUNDS" live:"yes" default:"12" min:"1" max:"100" doc:"How often the model may call tools before it must answer."`
	MaxRequest    int           `env:"MAX_REQUEST_TOKENS" live:"yes" default:"0" min:"0" doc:"Tokens of one request at most, for servers that cut longer ones without a word (Ollama's num_ctx). 0: what the model's window holds."`
	PricesFile    string        `env:"PRICES_FILE" live:"yes" doc:"JSON file whose prices override and add to the built-in ones (own format or litellm's)."`
	Tokenizers    []string      `env:"TOKENIZERS" live:"yes" doc:"Files to count the tokens of open models with, separated by commas: a model's name, = and the path of its tokenizer.json; qwen3*=… for all that begin so."`
	VoiceModel    string        `env:"VOICE_MODEL" default:"auto" doc:"The model that turns voice messages into text, on the same server (/audio/transcriptions). auto: gpt-4o-mini-transcribe at OpenAI, whisper-1 elsewhere. off: none."`
	SystemPrompt  string        `env:"SYSTEM_PROMPT" live:"yes" doc:"Text added to the instructions that the model gets."`

	UserDailyBudget   Dollars `env:"USER_DAILY_BUDGET_USD" live:"yes" default:"0" doc:"What one user may cost a day (UTC), in dollars. 0: no limit."`
	UserDailyTokens   int64   `env:"USER_DAILY_TOKENS" live:"yes" default:"0" min:"0" doc:"How many tokens one user may use a day (UTC). 0: no limit."`
	GlobalDailyBudget Dollars `env:"GLOBAL_DAILY_BUDGET_USD" live:"yes" default:"0" doc:"What all users together may cost a day (UTC), in dollars. 0: no limit."`

	AllowedUsers    []uint64 `env:"ALLOWED_USERS" live:"yes" group:"Who may use it" doc:"Discord ids of users; when any of the three ALLOWED lists is set, only what it names is answered."`
	AllowedRoles    []uint64 `env:"ALLOWED_ROLES" live:"yes" doc:"Ids of roles, likewise."`
	AllowedChannels []uint64 `env:"ALLOWED_CHANNELS" live:"yes" doc:"Ids of channels, likewise."`
	BlockedUsers    []uint64 `env:"BLOCKED_USERS" live:"yes" doc:"Ids of users who are never answered."`
	BlockedRoles    []uint64 `env:"BLOCKED_ROLES" live:"yes" doc:"Ids of roles, likewise."`
	BlockedChannels []uint64 `env:"BLOCKED_CHANNELS" live:"yes" doc:"Ids of channels, likewise."`

	PingAfter time.Duration `env:"PING_AFTER" live:"yes" default:"30s" min:"0s" doc:"Whoever waited so long for an answer in Discord is mentioned in a message when it is there, such as 30s or 2m. 0s: never."`
	Threads   string        `env:"THREADS" live:"yes" default:"own" oneof:"mention own all" doc:"What is answered in Discord's threads that the bot was called into: messages that mention it; also all of those in its own threads, and where one person writes; everything."`

	FetchLinks string `env:"FETCH_LINKS" live:"yes" default:"ask" oneof:"off own ask" doc:"Which links are fetched from the public internet and saved as files: none; those in a person's own words; also others, such as those that a file or the model brings up, after the person has seen the whole link and said yes."`

	DataDir      string `env:"DATA_DIR" default:"./data" group:"Storage" doc:"Folder of everything that is kept: database, files, sessions, the Python environment."`
	MongoURI     Secret `env:"MONGODB_URI" doc:"MongoDB instead of the built-in SQLite, such as mongodb://localhost:27017/attache."`
	MongoTimes   string `env:"MONGODB_TIMES" default:"date" oneof:"date iso" doc:"How MongoDB keeps the times of files: as dates, or as the ISO strings that scripts for an older bot read. Both are read."`
	BucketURL    Secret `env:"BUCKET_URL" doc:"Where the bytes of files are: file:///path, s3://bucket?region=…, gs://bucket or azblob://container. Empty: DATA_DIR/user_files."`
	Expiration   int    `env:"FILE_EXPIRATION_HOURS" live:"yes" alias:"FILES_EXPIRATION_HOURS" default:"48" kind:"hours" doc:"Hours that a file is kept; -1: for ever. A change applies to files saved from then on."`
	MadeExpiry   int    `env:"GENERATED_EXPIRATION_HOURS" live:"yes" default:"24" min:"0" doc:"Hours that a file made by code is kept, if that is less, unless its user presses Keep. 0: as uploads."`
	History      int    `env:"HISTORY_DAYS" live:"yes" default:"365" min:"0" doc:"Days that a conversation's messages are kept. 0: for ever."`
	MaxFiles     int    `env:"MAX_FILES_PER_USER" live:"yes" default:"20" min:"0" doc:"How many files that they uploaded one user may keep. 0: no limit."`
	MaxGenerated int    `env:"MAX_GENERATED_PER_USER" live:"yes" default:"200" min:"0" doc:"How many files made by code one user may keep; then the oldest of them go. 0: no limit."`
	MaxStorage   int    `env:"MAX_STORAGE_PER_USER_MB" live:"yes" default:"1024" min:"0" doc:"Megabytes that one user's uploads may take, and as many the files made by code. 0: no limit."`
	MaxUpload    int    `env:"MAX_UPLOAD_MB" live:"yes" default:"50" min:"1" max:"500" doc:"Megabytes of one file."`
	MaxSend      int    `env:"MAX_DOWNLOAD_MB" live:"yes" default:"25" min:"1" max:"500" doc:"Megabytes of a file that is sent back through Discord, which may allow less."`

	CodeTimeout int           `env:"CODE_EXECUTION_TIMEOUT" default:"300" min:"1" max:"3600" group:"Python sandbox" doc:"Seconds that one piece of code may run; starts and installations do not count."`
	Python      string        `env:"PYTHON" doc:"The Python (3.11 or newer) that the environment is made from. Empty: the first one on PATH."`
	PythonDir   string        `env:"PYTHON_DIR" doc:"Folder of that environment, which may be read-only once setup has made it. Empty: DATA_DIR/python."`
	Runsc       string        `env:"RUNSC" doc:"Path of gVisor's runsc, beside which there is gvisor-bin. Empty: beside this program."`
	Pool        int           `env:"SANDBOX_POOL" default:"2" min:"0" max:"64" doc:"Sandboxes that are kept ready (about 150 MB each)."`
	MaxSandbox  int           `env:"SANDBOX_MAX" default:"8" min:"1" max:"1000" doc:"Sandboxes that exist at most; further requests queue."`
	Idle        time.Duration `env:"SANDBOX_IDLE" default:"10m" min:"1s" doc:"A session without use is stored on disk after this time, such as 90s, 10m or 1h."`
	HibernateMB int           `env:"SANDBOX_HIBERNATE_MB" default:"512" min:"1" doc:"Megabytes of a session that is stored whole; of a larger one, only the variables that can be pickled."`
	RewindMB    int           `env:"REWIND_MB" default:"0" min:"0" doc:"Megabytes on disk for what sessions were after each earlier answer, of which one person's may take a quarter; the oldest go first. No front end offers to go back to one yet. 0: nothing is kept."`
	Packages    string        `env:"PACKAGES" default:"ask" oneof:"off curated ask any" doc:"Which missing Python packages are installed: none, well-known ones, those and others after asking the user, or all."`
	Index       URL           `env:"UV_DEFAULT_INDEX" kind:"url" doc:"The package index. Empty: https://pypi.org/simple."`

	ClusterListen string `env:"CLUSTER_LISTEN" group:"Several machines" kind:"address" doc:"host:port at which serve takes workers on other machines, such as :4222. Empty: code runs on this machine alone."`
	NATSURL       Secret `env:"NATS_URL" doc:"Where serve finds the workers instead: tls://host:4222 of another serve on the same database, or a NATS server with its user in the URL."`
	SessionsURL   Secret `env:"SESSIONS_URL" doc:"A bucket, as for BUCKET_URL and another than that, to which stored sessions go too: they go on from there when the machine that had them is gone. Empty: they stay where they were stored."`
	Invitation    Secret `env:"WORKER_INVITE" doc:"The line that attache worker joins by, made by attache worker invite."`

	ToolsDir     string `env:"TOOLS_DIR" group:"Tools" doc:"Folder of Python files whose typed functions become tools. Empty: DATA_DIR/tools, if it is there."`
	ToolsFile    string `env:"TOOLS_FILE" doc:"YAML file of MCP servers. Empty: DATA_DIR/tools.yaml, if it is there."`
	WebListen    string `env:"WEB_LISTEN" kind:"address" doc:"host:port of the page in the browser. Empty: without DISCORD_TOKEN 127.0.0.1:8080, with it there is no page."`
	WebURL       URL    `env:"WEB_URL" kind:"url" doc:"URL that leads to WEB_LISTEN from outside, such as https://attache.example.com or https://example.com/attache, where a proxy stands before it."`
	ClientID     string `env:"DISCORD_CLIENT_ID" doc:"With it and DISCORD_CLIENT_SECRET (Discord's developer portal, OAuth2), people who use the bot sign in at WEB_URL with Discord. Register the redirect there: WEB_URL and /in/discord/back."`
	ClientSecret Secret `env:"DISCORD_CLIENT_SECRET" doc:"The client secret of that page; not the bot's token."`
	Listen       string `env:"LISTEN" kind:"address" doc:"host:port at which serve gives out files by signed links. Empty: 127.0.0.1 and any free port, and only if a server in TOOLS_FILE has files: true."`
	PublicURL    URL    `env:"PUBLIC_URL" kind:"url" doc:"URL that leads to LISTEN from outside, such as https://files.example.com. With it, files that are too large for Discord are given as links."`

	MetricsListen string `env:"METRICS_LISTEN" kind:"address" group:"Watching" doc:"host:port of /healthz, /readyz and /metrics, such as 127.0.0.1:9090. Everybody who reaches it may read them. Empty: none."`

	Language string `env:"LANGUAGE" default:"auto" kind:"language" group:"Other" doc:"Language of what people read, such as de or pt-BR. auto: each in their own, as far as it is known. A list as systems set it (en_US:en) is auto."`
	TimeZone string `env:"TIMEZONE" default:"UTC" kind:"zone" doc:"IANA time zone of the times shown, such as Europe/Berlin."`
	LogLevel string `env:"LOG_LEVEL" live:"yes" default:"INFO" oneof:"DEBUG INFO WARN WARNING ERROR" doc:"How much is logged."`

	location *time.Location
}

// Dollars is an amount of money in billionths of a dollar.
type Dollars int64

// Load reads the settings from the environment, which wins, and from the file
// envFile if it exists. The error lists every wrong value: the variable, what
// it is and what is allowed.
func Load(envFile string) (Config, error) {
	lookup, err := Lookup(envFile)
	if err != nil {
		return Config{}, err
	}
	return Parse(func(name string) string {
		v, _ := lookup(name)
		return v
	})
}

// Lookup returns what finds a variable in the environment, which wins, or in
// the file envFile if it exists.
func Lookup(envFile string) (func(name string) (string, bool), error) {
	fromFile, err := readFile(envFile)
	if err != nil {
		return nil, err
	}
	return func(name string) (string, bool) {
		if v, ok := os.LookupEnv(name); ok {
			return v, true
		}
		v, ok := fromFile[name]
		return v, ok
	}, nil
}

// readFile returns what a .env file sets: nothing if it does not exist.
func readFile(envFile string) (map[string]string, error) {
	text, err := os.ReadFile(envFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", envFile, cmp.Or(errors.Unwrap(err), err))
	}
	if !utf8.Valid(text) { // the terminal of Windows writes UTF-16
		return nil, fmt.Errorf("%s is not in UTF-8: save it in that encoding", envFile)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // the editor of Windows writes it
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, fmt.Errorf("line %d of %s is not of the form NAME=value, or a quote in it has no end", badLine(string(text)), envFile)
	}
	return values, nil
}

// badLine returns the number of the line at which the text of a .env file is wrong.
// The line itself is not told: it may be a secret.
func badLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}

// Parse reads the settings from lookup, which returns "" for what is not set.
func Parse(lookup func(string) string) (Config, error) {
	var c Config
	var errs []error
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		text := strings.TrimSpace(lookup(name))
		if alias := f.Tag.Get("alias"); text == "" && alias != "" {
			text = strings.TrimSpace(lookup(alias))
		}
		if text == "" {
			text = f.Tag.Get("default")
		}
		if err := set(v.Field(i), f.Tag, text); err != nil {
			shown := strconv.Quote(text)
			switch v.Field(i).Type() {
			case reflect.TypeFor[Secret]():
				shown = redacted
			case reflect.TypeFor[URL]():
				shown = strconv.Quote(URL(text).String())
			}
			errs = append(errs, fmt.Errorf("%s is %s: %w", name, shown, err))
		}
	}
	if c.PublicURL != "" && c.Listen == "" {
		errs = append(errs, fmt.Errorf("PUBLIC_URL is %q: it needs LISTEN, the address that it leads to", c.PublicURL.String()))
	}
	if c.WebURL != "" && c.WebListen == "" {
		errs = append(errs, fmt.Errorf("WEB_URL is %q: it needs WEB_LISTEN, the address that it leads to", c.WebURL.String()))
	}
	if (c.ClientID != "") != (c.ClientSecret != "") || c.ClientSecret != "" && c.WebURL == "" {
		errs = append(errs, errors.New("DISCORD_CLIENT_ID, DISCORD_CLIENT_SECRET and WEB_URL are needed together, so that people sign in with Discord"))
	}
	c.location, _ = time.LoadLocation(c.TimeZone)
	return c, errors.Join(errs...)
}

// Location is TimeZone.
func (c Config) Location() *time.Location {
	if c.location == nil {
		return time.UTC
	}
	return c.location
}

// Level is LogLevel for slog.
func (c Config) Level() slog.Level {
	switch c.LogLevel {
	case "DEBUG":
		return slog.LevelDebug
	case "WARN", "WARNING":
		return slog.LevelWarn
	case "ERROR":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func set(v reflect.Value, tag reflect.StructTag, text string) error {
	switch v.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		low, _ := time.ParseDuration(tag.Get("min"))
		if err != nil || d < low {
			return fmt.Errorf("it must be a time of at least %s, such as 90s, 10m or 1h", low)
		}
		v.SetInt(int64(d))
		return nil
	case Dollars:
		d, ok := parseDollars(text)
		if !ok {
			return errors.New("it must be an amount of dollars such as 0.50 or 20, with at most 9 decimals")
		}
		v.SetInt(int64(d))
		return nil
	case []uint64:
		list, err := parseIDs(text)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(list))
		return nil
	case []string:
		v.Set(reflect.ValueOf(split(text)))
		return nil
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return setInt(v, tag, text)
	default:
		return setString(v, tag, text)
	}
}

func setInt(v reflect.Value, tag reflect.StructTag, text string) error {
	if tag.Get("kind") == "hours" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 && n != -1 || n > 24*365*100 {
			return errors.New("it must be a positive whole number of hours, or -1 for ever")
		}
		v.SetInt(int64(n))
		return nil
	}
	allowed := "a whole number"
	low, high := int64(-1<<62), int64(1<<62)
	if s := tag.Get("min"); s != "" {
		low, _ = strconv.ParseInt(s, 10, 64)
		allowed += " of at least " + s
	}
	if s := tag.Get("max"); s != "" {
		high, _ = strconv.ParseInt(s, 10, 64)
		allowed += " and at most " + s
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return errors.New("it must be " + allowed)
	}
	v.SetInt(n)
	return nil
}

func setString(v reflect.Value, tag reflect.StructTag, text string) error {
	if list := tag.Get("oneof"); list != "" {
		if list == strings.ToUpper(list) {
			text = strings.ToUpper(text)
		}
		for _, one := range strings.Fields(list) {
			if text == one {
				v.SetString(text)
				return nil
			}
		}
		return fmt.Errorf("it must be one of %s", strings.Join(strings.Fields(list), ", "))
	}
	switch tag.Get("kind") {
	case "url":
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("it must be a URL that begins with http:// or https://")
		}
	case "address":
		_, port, err := net.SplitHostPort(text)
		if _, err2 := strconv.ParseUint(port, 10, 16); text != "" && (err != nil || err2 != nil) {
			return errors.New("it must be host:port or :port, such as 127.0.0.1:8080")
		}
	case "language":
		if strings.ContainsAny(text, "_:.") || text == "" { // what gettext reads, not meant for us
			text = "auto"
		}
	case "zone":
		if _, err := time.LoadLocation(text); err != nil || text == "Local" {
			return errors.New("it must be an IANA time zone such as UTC or Europe/Berlin")
		}
	}
	v.SetString(text)
	return nil
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' || r == '\n' })
}

func parseIDs(text string) ([]uint64, error) {
	var list []uint64
	for _, s := range split(text) {
		id, err := strconv.ParseUint(s, 10, 64)
		if err != nil || id == 0 {
			return nil, errors.New("it must be Discord ids (numbers), separated by commas")
		}
		list = append(list, id)
	}
	return list, nil
}

func parseDollars(text string) (Dollars, bool) {
	r, ok := new(big.Rat).SetString(text)
	if !ok || strings.ContainsAny(text, "/eE") {
		return 0, false
	}
	r.Mul(r, big.NewRat(1_000_000_000, 1))
	if !r.IsInt() || r.Sign() < 0 || !r.Num().IsInt64() {
		return 0, false
	}
	return Dollars(r.Num().Int64()), true
}

// IsSecret tells whether a variable is a setting whose value is never shown.
func IsSecret(name string) bool {
	return slices.ContainsFunc(settings(), func(f reflect.StructField) bool {
		return f.Tag.Get("env") == name && f.Type == reflect.TypeFor[Secret]()
	})
}
