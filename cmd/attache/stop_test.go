package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// A stop while a person is asked ends within the ten seconds that `docker stop`
// waits, and whoever was asked is told.
func TestStopWithAnOpenQuestion(t *testing.T) {
	b := serve(t, map[string]string{"SANDBOX_POOL": "0"})
	b.model.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"delete_file(list_user_files()[0]['file_id'])"}`)}}
	}
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	if _, err := anna.Send(anna.DM(), "Delete it.", discordtest.File{Name: "sales.csv", Data: []byte(salesCSV)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(discordtest.Context(t), 90*time.Second)
	defer cancel()
	if _, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.Contains("Are you sure you want to delete")); err != nil {
		for _, m := range b.Messages(anna.DM()) {
			t.Log(m.Text())
		}
		t.Fatal(err)
	}
	stopsInTime(t, b.stop)
	all := b.Messages(anna.DM())
	if !slices.ContainsFunc(all, func(m discordtest.Message) bool {
		return strings.Contains(m.Text(), "I had to stop for a moment, so this answer ends here")
	}) {
		for _, m := range all {
			t.Logf("%s", m.Text())
		}
		t.Error("whoever was asked is not told")
	}
}

// The same for who is asked in the browser, where the page is all there is; its
// open stream does not hold up the stop either.
func TestStopWithAnOpenQuestionInTheBrowser(t *testing.T) {
	var model llmtest.Server
	model.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"delete_file(list_user_files()[0]['file_id'])"}`)}}
	}
	data := dataDir(t)
	for name, value := range map[string]string{"OPENAI_BASE_URL": model.Start(t), "OPENAI_API_KEY": "sk-secret-key", "OPENAI_MODEL": "gpt-4o",
		"DATA_DIR": data, "RUNSC": gvisortest.Runsc(), "SANDBOX_POOL": "0", "WEB_LISTEN": "127.0.0.1:0", "DISCORD_TOKEN": ""} {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(file, []byte(salesCSV), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &lockedBuilder{}
	attache := func(ctx context.Context, args ...string) error {
		m := &Main{Stdin: strings.NewReader(""), Stdout: log, Stderr: log, EnvFile: filepath.Join(data, "none")}
		return errors.Join(m.Run(ctx, args), m.Close())
	}
	if err := attache(t.Context(), "files", "put", file); err != nil {
		t.Fatal(err, log)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- attache(ctx, "serve") }()
	defer stop()

	address := regexp.MustCompile(`(http://\S+)/#t=(\w+)`)
	await := func(what string, seen func() bool) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); !seen(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s did not come:\n%s", what, log)
			}
		}
	}
	await("the address", func() bool { return address.MatchString(log.String()) })
	found := address.FindStringSubmatch(log.String())
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	post := func(path string, form url.Values) {
		t.Helper()
		r, err := browser.PostForm(found[1]+path, form)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode >= 400 {
			t.Fatalf("%s: %s", path, r.Status)
		}
	}
	post("/in", url.Values{"t": {found[2]}})
	post("/c/abc/ask", url.Values{"q": {"Delete it."}})
	stream, err := browser.Get(found[1] + "/c/abc/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	shown := &lockedBuilder{}
	go io.Copy(shown, stream.Body)
	await("the question", func() bool { return strings.Contains(shown.String(), "Are you sure you want to delete") })
	stopsInTime(t, func() error {
		stop()
		return <-ended
	})
}

// An answer that runs on does not hold up the stop: it ends with what there is.
func TestStopWithARunningAnswer(t *testing.T) {
	b := serve(t, map[string]string{"SANDBOX_POOL": "0"})
	b.model.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"import time\ntime.sleep(600)"}`)}}
	}
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	if _, err := anna.Send(anna.DM(), "Wait."); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(discordtest.Context(t), 90*time.Second)
	defer cancel()
	if _, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.Contains("Running Python")); err != nil {
		t.Fatal(err)
	}
	stopsInTime(t, b.stop)
	if all := b.Messages(anna.DM()); !slices.ContainsFunc(all, func(m discordtest.Message) bool {
		return strings.Contains(m.Text(), "so this answer ends here")
	}) {
		for _, m := range all {
			t.Logf("%s", m.Text())
		}
		t.Error("whoever asked is not told")
	}
}

// stopsInTime stops within what `docker stop` waits.
func stopsInTime(t *testing.T, stop func() error) {
	t.Helper()
	began := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Logf("stopped after %s", took)
	}
}

// What is stopped while it asks a Python for its version says nothing false of that
// Python: it was ended, and is not missing.
func TestStopWhileGettingReady(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	python := filepath.Join(dir, "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\n: > '"+asked+"'\nexec sleep 600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]int{"serve": 0, "setup": 130, "doctor": 130} {
		t.Run(command, func(t *testing.T) {
			for name, value := range map[string]string{"PYTHON": python, "DATA_DIR": filepath.Join(dir, command), "PYTHON_DIR": filepath.Join(dir, "env"), "WEB_LISTEN": "127.0.0.1:0", "DISCORD_TOKEN": ""} {
				t.Setenv(name, value)
			}
			os.Remove(asked)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for ctx.Err() == nil {
					if _, err := os.Stat(asked); err == nil {
						cancel()
					}
					time.Sleep(10 * time.Millisecond)
				}
			}()
			out := &lockedBuilder{}
			m := &Main{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, EnvFile: filepath.Join(dir, "none")}
			err := m.Run(ctx, []string{command})
			status := m.exit(errors.Join(err, m.Close()))
			if text := out.String(); status != want || strings.Contains(text, "is needed") || strings.Contains(text, "does not run") {
				t.Errorf("status %d: %s", status, text)
			}
		})
	}
}
