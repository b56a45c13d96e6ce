package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// echoes are the forms in which servers echo what they were sent.
func echoes(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), string(quoted), fmt.Sprintf("%q", string(quoted)), "user:" + secret, secret + ":user",
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte("user:" + secret)), base64.StdEncoding.EncodeToString([]byte(secret + ":user"))}
}

// leaks returns the forms of a secret that stand in a text.
func leaks(text, secret string) (found []string) {
	for _, form := range append(echoes(secret), strings.Trim(fmt.Sprintf("%+q", secret), `"`)) {
		if strings.Contains(text, strings.TrimRight(form, "=")) {
			found = append(found, form)
		}
	}
	return found
}

// Whatever setting holds a secret, no error, log line, result of a tool or word of a
// model's server has it, in whatever form it is echoed.
func TestNoSettingLeaks(t *testing.T) {
	const secret = "hunter2+Ab/c~9"
	t.Cleanup(func() { fault.Redact(func(s string) string { return s }) })
	fields, n := reflect.TypeFor[config.Config](), 0
	for i := range fields.NumField() {
		f := fields.Field(i)
		name := f.Tag.Get("env")
		var values []string
		switch escaped := url.QueryEscape(secret); f.Type {
		case reflect.TypeFor[config.Secret]():
			values = []string{secret, "s3://b?secret_key=" + escaped, "tls://user:" + escaped + "@host:4222"}
		case reflect.TypeFor[config.URL]():
			values = []string{"https://user:" + escaped + "@host/simple", "https://" + escaped + "@host/", "https://host/x?token=" + escaped, "https://host/" + escaped + "/simple"}
		}
		for _, value := range values {
			n++
			c, _ := config.Parse(func(of string) string {
				if of == name {
					return value
				}
				return ""
			})
			var out bytes.Buffer
			m := &Main{Stderr: &out, Stdout: &out, Config: c, EnvFile: filepath.Join(t.TempDir(), ".env")}
			m.hideSecrets()
			for _, form := range append(echoes(secret), value) {
				err := fmt.Errorf("outer: %w", fault.Wrap(errors.New("cause "+form), fault.Unavailable, "It said %s.", form))
				m.log(slog.LevelInfo).Warn("asking", "error", err, "also", []string{form}, "cause", errors.New(form))
				m.exit(err)
				m.exit(errors.New(form))
				d := &diagnosis{m: m}
				d.warn("row", form)
				d.print()
				out.WriteString(fault.Message(err) + fault.In(err, fmt.Sprintf) + errors.Unwrap(err).Error())
				res := toolsWithoutSecrets{echoTools{text: form}, m.secrets}.Call(t.Context(), 1, "c", llm.ToolCall{}, llm.ToolHooks{})
				reply, _ := withoutSecrets{echoModel{text: form}, m.secrets}.Generate(t.Context(), llm.Request{}, nil)
				fmt.Fprintf(&out, "%+v %+v %+v", res, *res.Run, reply)
			}
			if found := leaks(out.String(), secret); len(found) > 0 {
				t.Errorf("%s=%s: %q stand in\n%s", name, value, found, out.String())
			}
		}
	}
	if n < 20 {
		t.Fatalf("only %d values were tried", n)
	}
}

// A setting whose name tells that it is secret, or an address, is of a type that
// hides it.
func TestSecretsHaveTheirType(t *testing.T) {
	like := regexp.MustCompile(`TOKEN$|KEY|SECRET|PASSWORD|URL$|URI$|INVITE|INDEX`)
	fields := reflect.TypeFor[config.Config]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		name := f.Tag.Get("env")
		hides := f.Type == reflect.TypeFor[config.Secret]() || f.Type == reflect.TypeFor[config.URL]()
		if (like.MatchString(name) || f.Tag.Get("kind") == "url") && !hides {
			t.Errorf("%s is a %s: it may hold a secret", name, f.Type)
		}
	}
}

// The program's own way: a model's server that refuses and echoes the request's
// header, and a tool's secret under a name of its own.
func TestEchoOfAServer(t *testing.T) {
	const secret = "sk+hunter2/Ab~9"
	t.Cleanup(func() { fault.Redact(func(s string) string { return s }) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": "The header " + strings.Join(echoes(r.Header.Get("Authorization")[7:]), " and ") + " is wrong."}})
		w.WriteHeader(http.StatusBadRequest)
		w.Write(body)
	}))
	defer server.Close()
	for name, value := range map[string]string{"OPENAI_API_KEY": secret, "OPENAI_BASE_URL": server.URL, "DATA_DIR": t.TempDir(), "RUNSC": "/nowhere/runsc", "PYTHON": "/nowhere/python3", "LOG_LEVEL": "DEBUG"} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, EnvFile: filepath.Join(t.TempDir(), ".env")}
	m.exit(m.Run(t.Context(), []string{"chat", "hello"}))
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if found := leaks(out.String(), secret); len(found) > 0 || !strings.Contains(out.String(), "is wrong") {
		t.Errorf("%q stand in\n%s", found, out.String())
	}
}

type echoTools struct {
	chat.Toolbox
	text string
}

func (e echoTools) Call(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
	list := func() []string { return []string{e.text} }
	return llm.ToolResult{Output: e.text, Error: e.text, Values: list(), Warnings: list(), Notes: []locale.Message{locale.Plain(e.text)}, Run: &llm.Run{Output: e.text},
		Tables: []table.Table{{Columns: list(), Rows: [][]string{list()}}}}
}

type echoModel struct {
	llm.Model
	text string
}

func (e echoModel) Generate(context.Context, llm.Request, func(string)) (llm.Reply, error) {
	return llm.Reply{Unsupported: []llm.Unsupported{{Reason: e.text}}}, nil
}
