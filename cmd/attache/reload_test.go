package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
)

// Settings are changed while the bot runs: limits, who may use it, prices; wrong ones
// change nothing, and those that wait for a restart are named.
func TestReload(t *testing.T) {
	b := serve(t, map[string]string{"OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}) // the built-in model
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	asked := 0
	question := func() discordtest.Message {
		t.Helper()
		asked++
		data := fmt.Sprintf("%s2024-01-%02d,West,70\n", salesCSV, 5+asked) // the same file is not saved twice
		m, err := anna.Send(anna.DM(), "Analyze this data", discordtest.File{Name: "sales.csv", Data: []byte(data)})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	answered := func(after discordtest.Message, want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, want := range []string{want, "🔁 Retry"} { // which stands at the end of an answer
			if _, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.After(after), discordtest.Contains(want)); err != nil {
				for _, m := range b.Messages(anna.DM()) {
					t.Log(m.Text())
				}
				t.Fatal(err)
			}
		}
	}
	logged := func(want string) {
		t.Helper()
		t.Logf("awaiting %q in the log", want)
		eventually(t, func() bool { return strings.Contains(b.log.String(), want) })
	}
	write := func(lines string) {
		t.Helper()
		if err := os.WriteFile(b.env, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	answered(question(), "amount")

	write("MAX_UPLOAD_MB=1\nMAX_FILES_PER_USER=1\n")
	logged(`changed settings are taken" file=none settings="MAX_FILES_PER_USER MAX_UPLOAD_MB"`)
	answered(question(), "You have 1 of 1 files")

	// All of it is wrong when a part is.
	write("MAX_FILES_PER_USER=20\nMAX_UPLOAD_MB=much\n")
	logged(`nothing is changed" file=none error="Some settings are wrong: MAX_UPLOAD_MB is \"much\": it must be a whole number`)
	answered(question(), "You have 1 of 1 files")

	// Told to, it does not wait until it looks.
	write("MAX_FILES_PER_USER=20\nSANDBOX_MAX=9\nOPENAI_API_KEY=sk-from-the-file\nBLOCKED_USERS=" + anna.ID.String() + "\n")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	logged(`settings="BLOCKED_USERS MAX_FILES_PER_USER MAX_UPLOAD_MB"`)
	logged(`changed settings wait for a restart" file=none settings=SANDBOX_MAX`)
	ignored := question()

	// A file that is gone opens the bot to nobody.
	if err := os.Rename(b.env, b.env+".away"); err != nil {
		t.Fatal(err)
	}
	logged("the file is gone")
	write("LOG_LEVEL=ERROR\n")
	logged(`settings="BLOCKED_USERS LOG_LEVEL"`)
	last := question()
	answered(last, "amount")
	for _, m := range b.Messages(anna.DM()) {
		if discordtest.FromBot(m) && discordtest.After(ignored)(m) && !discordtest.After(last)(m) {
			t.Errorf("somebody who is blocked was answered: %s", m.Text())
		}
	}
	if strings.Contains(b.log.String(), "sk-from") {
		t.Error("a secret of the file is in the log")
	}
}

// PRICES_FILE is read anew at SIGHUP, also where its name is the same.
func TestReloadPrices(t *testing.T) {
	dir := t.TempDir()
	prices := filepath.Join(dir, "prices.json")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	price := func(usd string) string {
		return `{"house-model":{"input_cost_per_token":` + usd + `,"output_cost_per_token":` + usd + `,"max_input_tokens":1000}}`
	}
	t.Setenv("DATA_DIR", dir)
	t.Setenv("PRICES_FILE", prices)
	write(prices, price("1e-6"))
	log := &lockedBuilder{}
	m := &Main{Stdin: strings.NewReader(""), Stdout: log, Stderr: log, EnvFile: filepath.Join(dir, ".env")}
	var err error
	if m.Config, err = m.load(); err != nil {
		t.Fatal(err)
	}
	is := func(want string) {
		t.Helper()
		p, ok := m.chatOptions().Catalog.Model("house-model").Price(time.Now())
		if !ok || p.Input.FloatString(1) != want {
			t.Errorf("%v, %+v; want %s\n%s", ok, p, want, log)
		}
	}
	logger := m.log(m.Config.Level())
	m.reload(logger)
	is("1.0")
	write(prices, price("2e-6"))
	m.reload(logger)
	is("2.0")
	write(prices, "{")
	m.reload(logger)
	is("2.0")
	if !strings.Contains(log.String(), "PRICES_FILE") {
		t.Error(log)
	}
}
