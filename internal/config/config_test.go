package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/config"
)

func parse(t *testing.T, env map[string]string) (config.Config, error) {
	t.Helper()
	return config.Parse(func(name string) string { return env[name] })
}

func TestDefaults(t *testing.T) {
	c, err := parse(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Expiration != 48 || c.MaxFiles != 20 || c.CodeTimeout != 300 || c.TimeZone != "UTC" || c.LogLevel != "INFO" ||
		c.DataDir != "./data" || c.MaxUpload != 50 || c.MaxSend != 25 || c.MaxStorage != 1024 || c.Pool != 2 ||
		c.Idle != 10*time.Minute || c.HibernateMB != 512 || c.Packages != "ask" || c.MaxToolRounds != 12 {
		t.Errorf("defaults: %+v", c)
	}
	if c.Location() != time.UTC {
		t.Errorf("location %v", c.Location())
	}
}

func TestValues(t *testing.T) {
	c, err := parse(t, map[string]string{
		"ADMIN_ID": "12, 34", "FILE_EXPIRATION_HOURS": "-1", "TIMEZONE": "Asia/Tokyo", "LOG_LEVEL": "debug",
		"USER_DAILY_BUDGET_USD": "0.25", "MODELS": "gpt-5.4, gpt-4o", "SANDBOX_IDLE": "90s", "PACKAGES": "off",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.AdminIDs) != 2 || c.AdminIDs[1] != 34 || c.Expiration != -1 || c.Location().String() != "Asia/Tokyo" ||
		c.Level() != slog.LevelDebug || c.UserDailyBudget != 250_000_000 || len(c.Models) != 2 || c.Idle != 90*time.Second {
		t.Errorf("%+v", c)
	}
}

// A wrong value is refused with its variable, itself, and what is allowed; all
// of them at once.
func TestWrongValuesAreNamed(t *testing.T) {
	cases := map[string][2]string{ // variable: value, part of what is allowed
		"FILE_EXPIRATION_HOURS":  {"0", "-1 for ever"},
		"MAX_FILES_PER_USER":     {"-3", "at least 0"},
		"CODE_EXECUTION_TIMEOUT": {"soon", "whole number"},
		"TIMEZONE":               {"Mars/Olympus", "IANA"},
		"LOG_LEVEL":              {"LOUD", "DEBUG, INFO"},
		"ADMIN_ID":               {"@joe", "ids"},
		"OPENAI_BASE_URL":        {"localhost:11434", "http://"},
		"USER_DAILY_BUDGET_USD":  {"1e3", "dollars"},
		"SANDBOX_IDLE":           {"10", "10m"},
		"PACKAGES":               {"sure", "curated"},
		"MAX_UPLOAD_MB":          {"501", "at most 500"},
		"LISTEN":                 {"8080", "host:port"},
		"PUBLIC_URL":             {"https://files.example.com", "it needs LISTEN"},
	}
	env := map[string]string{}
	for name, c := range cases {
		env[name] = c[0]
	}
	_, err := parse(t, env)
	if err == nil {
		t.Fatal("accepted")
	}
	for name, c := range cases {
		found := false
		for line := range strings.Lines(err.Error()) {
			found = found || strings.HasPrefix(line, name+" is ") && strings.Contains(line, fmt.Sprintf("%q", c[0])) && strings.Contains(line, c[1])
		}
		if !found {
			t.Errorf("%s=%s is not explained in:\n%v", name, c[0], err)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, err := parse(t, map[string]string{"DISCORD_TOKEN": "hunter2", "OPENAI_API_KEY": "sk-hunter2",
		"MONGODB_URI": "mongodb://u:hunter2@h/db", "BUCKET_URL": "s3://b?secret=hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c, "t", c.DiscordToken)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c.OpenAIKey, c.OpenAIKey), string(data), log.String()} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("printed: %s", s)
		}
	}
	if c.DiscordToken.Reveal() != "hunter2" {
		t.Error("Reveal lost the value")
	}
}

func TestIsSecret(t *testing.T) {
	for name, want := range map[string]bool{"DISCORD_TOKEN": true, "OPENAI_API_KEY": true, "MONGODB_URI": true, "BUCKET_URL": true, "LISTEN": false, "HOME": false, "": false} {
		if config.IsSecret(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestEnvFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte("\ufeffMAX_UPLOAD_MB=7\nTIMEZONE='Europe/Berlin'\nexport LOG_LEVEL=WARNING\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAX_UPLOAD_MB", "8")
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	lookup, err := config.Lookup(file)
	if v, ok := lookup("TIMEZONE"); err != nil || !ok || v != "Europe/Berlin" {
		t.Errorf("%q %v %v", v, ok, err)
	}
	if _, ok := lookup("NOT_THERE"); ok {
		t.Error("found what is not there")
	}
	if c.MaxUpload != 8 || c.TimeZone != "Europe/Berlin" || c.Level() != slog.LevelWarn {
		t.Errorf("%+v", c)
	}
	if _, err := config.Load(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("a missing file: %v", err)
	}
	for text, line := range map[string]string{
		"DISCORD_TOKEN hunter2\n\x00":                      "line 1 of",
		"A=1\n# c\nDISCORD_TOKEN hunter2\nB=2\n":           "line 3 of",
		"A=\"two\nlines\"\nB=1\nhunter2\n":                 "line 4 of",
		"A=1\nDISCORD_TOKEN=\"hunter2\nB=2\nC=3\n":         "line 2 of",
		"\nOPENAI_API_KEY='hunter2\n":                      "line 2 of",
		"A=1\r\nhunter2 is here\r\nB=2\r\n":                "line 2 of",
		"\xff\xfeA\x00=\x00hunter2":                        "is not in UTF-8",
		strings.Repeat("A=1\n", 300) + "no sign hunter2\n": "line 301 of",
	} {
		os.WriteFile(file, []byte(text), 0o600)
		if _, err := config.Load(file); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), line) {
			t.Errorf("a malformed file %q: %v, want %q", text, err, line)
		}
	}
}

// An address may hold a password or a key: nothing prints it, a sentence about a
// wrong value neither.
func TestURLsArePrintedWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "https://files.example.com": "https://files.example.com", "localhost:11434": "localhost:11434",
		"https://me:hunter2@index.example.com/simple": "https://[redacted]@index.example.com/…", "https://index.example.com/hunter2/simple": "https://index.example.com/…",
		"https://h.example.com?key=hunter2": "https://h.example.com/…", "https://a:hunter2@b@h.example.com": "https://[redacted]@h.example.com",
		"sk-hunter2": "[redacted]", "me:hunter2@host": "[redacted]@host",
		"https://me:hun/ter2@host/x": "https://[redacted]", "https://me:hun?ter2@host": "https://[redacted]", "https://me:a@hun/ter2@host": "https://[redacted]",
	} {
		if got := config.URL(text).String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, name := range []string{"OPENAI_BASE_URL", "UV_DEFAULT_INDEX", "PUBLIC_URL", "BUCKET_URL", "MONGODB_URI", "NATS_URL"} {
		for _, wrong := range []string{"ftp://u:hunter2@h/x", "hunter2", "https://u:hunter2@[::1", "u:hunter2@h/hunter2?hunter2"} {
			c, err := parse(t, map[string]string{name: wrong})
			data, _ := json.Marshal(c)
			if s := fmt.Sprint(err) + fmt.Sprintf("%+v %#v", c, c) + string(data); strings.Contains(s, "hunter2") {
				t.Errorf("%s=%s printed: %s", name, wrong, err)
			}
		}
	}
}

// What may change is taken, the rest is named; what is the same is neither.
func TestTake(t *testing.T) {
	old, err := parse(t, map[string]string{"LOG_LEVEL": "debug", "DATA_DIR": "/a", "ADMIN_ID": "1", "TIMEZONE": "Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	next, err := parse(t, map[string]string{"LOG_LEVEL": "warn", "DATA_DIR": "/b", "ADMIN_ID": "1, 2", "OPENAI_API_KEY": "sk-x"})
	if err != nil {
		t.Fatal(err)
	}
	now, taken, waiting := old.Take(next)
	if fmt.Sprint(taken, waiting) != "[ADMIN_ID LOG_LEVEL] [OPENAI_API_KEY DATA_DIR TIMEZONE]" {
		t.Error(taken, waiting)
	}
	if now.LogLevel != "WARN" || now.DataDir != "/a" || len(now.AdminIDs) != 2 || now.OpenAIKey != "" || now.Location().String() != "Asia/Tokyo" {
		t.Errorf("%+v", now)
	}
	if _, taken, waiting = now.Take(now); len(taken)+len(waiting) > 0 {
		t.Error(taken, waiting)
	}
}

// What libraries read in the environment may stand in the file; the environment wins,
// and our own settings stay out of it.
func TestExport(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte("ATTACHE_TEST_A=file\nATTACHE_TEST_B=file\nDISCORD_TOKEN=secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ATTACHE_TEST_A", "environment")
	t.Setenv("DISCORD_TOKEN", "")
	os.Unsetenv("DISCORD_TOKEN")
	t.Setenv("ATTACHE_TEST_B", "")
	os.Unsetenv("ATTACHE_TEST_B") // both are restored after the test
	if err := config.Export(file); err != nil {
		t.Fatal(err)
	}
	if got := os.Getenv("ATTACHE_TEST_A") + " " + os.Getenv("ATTACHE_TEST_B") + " " + os.Getenv("DISCORD_TOKEN"); got != "environment file " {
		t.Errorf("%q", got)
	}
}

func TestExampleIsCurrent(t *testing.T) {
	for path, want := range map[string]string{".env.example": config.Example(), "docs/settings.md": config.Table()} {
		got, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is out of date: go generate ./internal/config", path)
		}
	}
}
