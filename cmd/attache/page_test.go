package main

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/assistant/assistanttest"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/files"
)

// A Discord account alone signs nobody in: only who uses the bot, or is named.
func TestWhoMaySignIn(t *testing.T) {
	w := assistanttest.New(t, assistant.Options{}, files.Options{})
	if _, err := w.Files.Save(t.Context(), files.Upload{User: 1, Name: "a.csv", Body: strings.NewReader("a\n1\n")}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config config.Config
		user   files.UserID
		may    bool
	}{
		"has files":                    {config.Config{}, 1, true},
		"a stranger":                   {config.Config{}, 2, false},
		"blocked, with files":          {config.Config{BlockedUsers: []uint64{1}}, 1, false},
		"an admin":                     {config.Config{AdminIDs: []uint64{2}}, 2, true},
		"allowed":                      {config.Config{AllowedUsers: []uint64{2}}, 2, true},
		"not allowed, with files":      {config.Config{AllowedUsers: []uint64{2}}, 1, false},
		"roles are allowed, has files": {config.Config{AllowedUsers: []uint64{2}, AllowedRoles: []uint64{9}}, 1, true},
		"blocked and allowed":          {config.Config{AllowedUsers: []uint64{2}, BlockedUsers: []uint64{2}}, 2, false},
	} {
		m := &Main{Config: c.config}
		if err := m.maySignIn(t.Context(), w.Assistant, c.user); (err == nil) != c.may {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where there is a desktop, its browser opens what leads to the page and signs in,
// once. Others on the machine, who see what programs are called with, get no code.
func TestPageOpensOnTheDesktop(t *testing.T) {
	bin, data := t.TempDir(), t.TempDir()
	called := filepath.Join(bin, "called")
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte("#!/bin/sh\necho \"$@\" > '"+called+".new'\nmv '"+called+".new' '"+called+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("WAYLAND_DISPLAY", "")
	code := regexp.MustCompile(`(http://[0-9.:]+)/#t=(\w+)`)
	open := func() (*Main, []string) {
		w := assistanttest.New(t, assistant.Options{}, files.Options{})
		var out strings.Builder
		m := &Main{Config: config.Config{WebListen: "127.0.0.1:0", DataDir: data}, Stderr: &out, notes: w.Notes}
		if err := m.openPage(t.Context(), service{assistant: w.Assistant, log: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		return m, code.FindStringSubmatch(out.String())
	}
	in := func(at []string) int {
		jar, _ := cookiejar.New(nil)
		res, err := (&http.Client{Jar: jar}).PostForm(at[1]+"/in", url.Values{"t": {at[2]}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}

	t.Setenv("DISPLAY", "")
	way := filepath.Join(data, "open.html")
	if m, printed := open(); printed == nil {
		t.Error("no address was printed")
	} else if _, err := os.Stat(way); err == nil {
		t.Error("a file was written where there is no desktop")
	} else if err := m.Close(); err != nil {
		t.Error(err)
	}
	t.Setenv("DISPLAY", ":0")
	if err := os.WriteFile(way, []byte("of before"), 0o644); err != nil {
		t.Fatal(err)
	}
	m, printed := open()
	var args []byte
	for end := time.Now().Add(time.Minute); args == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		args, _ = os.ReadFile(called)
	}
	if got := strings.TrimSpace(string(args)); got != way {
		t.Errorf("xdg-open got %q", got)
	}
	f, err := os.Open(way)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("its mode: %v %v", st.Mode(), err)
	}
	text, _ := io.ReadAll(f)
	led := code.FindStringSubmatch(html.UnescapeString(string(text)))
	if led == nil || led[2] == printed[2] {
		t.Fatalf("the file: %s", text)
	}
	if first, again, other := in(led), in(led), in(printed); first != http.StatusOK || again != http.StatusForbidden || other != http.StatusOK {
		t.Errorf("signing in: %d, again %d, by what was printed %d", first, again, other)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(way); !os.IsNotExist(err) {
		t.Errorf("the file is left: %v", err)
	}
}
