package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/config"
)

// A name in .env that resembles a setting is told, with the setting.
func TestUnknown(t *testing.T) {
	for name, meant := range map[string]string{
		"OPENAI_KEY":             "OPENAI_API_KEY",
		"OPENAI_API_KEYS":        "OPENAI_API_KEY",
		"DISCORD_BOT_TOKEN":      "DISCORD_TOKEN",
		"MAX_FILES":              "MAX_FILES_PER_USER",
		"openai_base_url":        "OPENAI_BASE_URL",
		"TIME_ZONE":              "TIMEZONE",
		"FILE_EXPIRATION":        "FILE_EXPIRATION_HOURS",
		"FILE_EXPIRY_HOURS":      "FILE_EXPIRATION_HOURS",
		"MONGO_URI":              "MONGODB_URI",
		"FILES_EXPIRATION_HOURS": "", // an alias
		"TIMEZONE":               "",
		"GITHUB_TOKEN":           "",
		"PATH":                   "",
		"COMPOSE_PROJECT_NAME":   "",
		"WEATHER_API_KEY":        "",
	} {
		file := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(file, []byte(name+"=1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.Unknown(file)
		if err != nil {
			t.Fatal(err)
		}
		if meant == "" && len(got) > 0 || meant != "" && (len(got) != 1 || !strings.Contains(got[0], "is "+meant+" meant?")) {
			t.Errorf("%s: %q, want %q", name, got, meant)
		}
		if strings.Contains(strings.Join(got, ""), "=1") {
			t.Error("a value is shown")
		}
	}
	if got, err := config.Unknown(filepath.Join(t.TempDir(), "none")); err != nil || len(got) > 0 {
		t.Errorf("of no file: %q, %v", got, err)
	}
}

// The specification's own table writes the name in the plural.
func TestAlias(t *testing.T) {
	c, err := parse(t, map[string]string{"FILES_EXPIRATION_HOURS": "-1"})
	if err != nil || c.Expiration != -1 {
		t.Errorf("%d, %v", c.Expiration, err)
	}
	c, err = parse(t, map[string]string{"FILES_EXPIRATION_HOURS": "-1", "FILE_EXPIRATION_HOURS": "24"})
	if err != nil || c.Expiration != 24 {
		t.Errorf("%d, %v", c.Expiration, err)
	}
	if !slices.Contains(strings.Fields(config.Example()), "#FILE_EXPIRATION_HOURS=48") {
		t.Error("the example has lost the setting")
	}
}
