package tools_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/tools"
)

func expand(name string) (string, error) {
	switch name {
	case "TOKEN":
		return "hunter2", nil
	case "DISCORD_TOKEN":
		return "", errors.New("is a secret")
	}
	return "", errors.New("is not set")
}

func TestServers(t *testing.T) {
	got, err := tools.ParseServers([]byte(`
# MCP servers
servers:
  git-hub:
    command: npx
    args: [-y, "@scope/server", "--port", 8080, "a $${b} ${TOKEN}"]
    env: {GITHUB_TOKEN: "x${TOKEN}y${TOKEN}", EMPTY: , DEBUG: 1}
    tools: [search, get]
    timeout: 2m
  docs:
    url: https://docs.example/mcp?a=b
    headers:
      Authorization: Bearer ${TOKEN}
    files: true
`), expand)
	must(t, err)
	want := []tools.ServerConfig{
		{Name: "git-hub", Command: "npx", Args: []string{"-y", "@scope/server", "--port", "8080", "a ${b} hunter2"},
			Env: map[string]string{"GITHUB_TOKEN": "xhunter2yhunter2", "EMPTY": "", "DEBUG": "1"}, Tools: []string{"search", "get"}, Timeout: 2 * time.Minute},
		{Name: "docs", URL: "https://docs.example/mcp?a=b", Headers: map[string]string{"Authorization": "Bearer hunter2"}, Timeout: time.Minute, Files: true},
	}
	for i, c := range [][2]string{
		{"sh: hunter2: not found; xhunter2yhunter2", "sh: [redacted]: not found; [redacted]"},
		{`Post "https://docs.example/mcp?a=b": 401 Bearer hunter2 hunter2`, `Post "https://docs.example": 401 [redacted] [redacted]`},
	} {
		if text := got[i].Scrub(c[0]); text != c[1] {
			t.Errorf("%q", text)
		}
	}
	if got = tools.Plain(got); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, empty := range []string{"", "# nothing\n", "servers:\n", "servers: {}\n", "---\n"} {
		if got, err := tools.ParseServers([]byte(empty), expand); err != nil || len(got) != 0 {
			t.Errorf("%q: %v %v", empty, got, err)
		}
	}
}

// What is wrong is said with its line and what is allowed, all of it at once.
func TestWrongServers(t *testing.T) {
	for text, want := range map[string]string{
		"servers:\n  a:\n    comand: x\n":                                        "line 3: a.comand is not known; allowed are command, args, env, or url, headers, and tools, timeout, files",
		"server:\n  a: {command: x}\n":                                           `line 1: "server" is not known; only servers is allowed here`,
		"servers: [a]\n":                                                         "line 1: servers must be a mapping",
		"- a\n":                                                                  "line 1: the file must be a mapping with servers:",
		"servers:\n  a: npx\n":                                                   "line 2: a must be a mapping with command or url",
		"servers:\n  a:\n    args: []\n":                                         "line 2: a needs either command or url",
		"servers:\n  a: {}\n":                                                    "line 2: a needs either command or url",
		"servers:\n  a: {command: x, url: 'http://h/'}\n":                        "line 2: a needs either command or url",
		"servers:\n  a: {url: 'http://h/', env: {A: b}}\n":                       "args and env are not allowed",
		"servers:\n  a: {command: x, headers: {A: b}}\n":                         "headers is not allowed",
		"servers:\n  a: {command: ''}\n":                                         "line 2: a.command must be a text",
		"servers:\n  a: {command: }\n":                                           "a.command must be a text",
		"servers:\n  a: {command: [x]}\n":                                        "a.command must be a text",
		"servers:\n  a: {command: \"x\\0y\"}\n":                                  "a.command has a NUL",
		"servers:\n  a: {url: docs.example}\n":                                   "a.url must begin with http:// or https://",
		"servers:\n  a: {url: 'https://u:hunter2@h/'}\n":                         "a.url has a password in it",
		"servers:\n  a: {url: 'https://h/', headers: {'A B': c}}\n":              "a.headers.A B is no HTTP header",
		"servers:\n  a: {url: 'https://h/', headers: {A: \"x\\ny\"}}\n":          "a.headers.A is no HTTP header",
		"servers:\n  a: {command: x, env: {'A=B': c}}\n":                         "a.env.A=B is no variable",
		"servers:\n  a: {command: x, env: [A]}\n":                                "a.env must be a mapping",
		"servers:\n  a:\n    command: x\n    env:\n      T: ${NONE}\n":           "line 5: a.env.T: ${NONE} is not set",
		"servers:\n  a:\n    command: x\n    args: ['${DISCORD_TOKEN}']\n":       "line 4: a.args: ${DISCORD_TOKEN} is a secret",
		"servers:\n  a: {command: x, args: ['${A-B}']}\n":                        `"${A-B}" is no variable`,
		"servers:\n  a: {command: x, args: ['${A']}\n":                           `"${A" is no variable`,
		"servers:\n  a: {command: x, timeout: 60}\n":                             "a.timeout must be a time from 1s to 1h, such as 30s",
		"servers:\n  a: {command: x, timeout: 2h}\n":                             "a.timeout must be",
		"servers:\n  a: {command: x, files: sure}\n":                             "a.files must be true or false",
		"servers:\n  a: {command: x, tools: []}\n":                               "a.tools names no tool",
		"servers:\n  a: {command: x, tools: search}\n":                           "a.tools must be a list",
		"servers:\n  a b: {command: x}\n":                                        `"a b" is no name of a server; allowed are 1 to 32 letters`,
		"servers:\n  a__b: {command: x}\n":                                       "is no name of a server",
		"servers:\n  a: {command: x}\n  a: {command: y}\n":                       "line 3: a is there twice",
		"servers:\n  a: {command: x, command: y}\n":                              "command is there twice",
		"servers:\n  a: &a {command: x}\n  b:\n    <<: *a\n    command: y\n":     "line 4: b has a key that is no text",
		"servers:\n  a: {command: x\n":                                           "line ",
		"servers:\n\ta: x\n":                                                     "line ",
		"a: 1\n---\nb: 2\n":                                                      "only one document",
		"servers:\n  a: {command: " + strings.Repeat("x", 9000) + "}\n":          "must be a text of 1 to 8192 bytes",
		"servers: {" + strings.Repeat("a: {command: x},", 300) + "}":             "more than 200 entries",
		"servers:\n  a: {command: x, args: [" + strings.Repeat("x,", 300) + "]}": "a.args must be a list of at most 200",
	} {
		_, err := tools.ParseServers([]byte(text), expand)
		if msg := fault.Message(err); !fault.Is(err, fault.Invalid) || !strings.Contains(msg, want) {
			t.Errorf("%.100s\ngot  %q\nwant %q", text, msg, want)
		}
	}
	_, err := tools.ParseServers([]byte("servers:\n  a: {comand: x}\n  b: {url: y}\n  c: {timeout: z, command: x}\n"), expand)
	if n := strings.Count(fault.Message(err), "\n"); n != 3 { // a twice
		t.Errorf("%v", err)
	}
}

func TestServersAnchors(t *testing.T) {
	got, err := tools.ParseServers([]byte("servers:\n  a: {command: x, env: &e {A: b}}\n  b: {command: y, env: *e}\n"), expand)
	must(t, err)
	if got[1].Env["A"] != "b" {
		t.Errorf("%+v", got)
	}
	// Aliases of aliases multiply nothing.
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	if _, err := tools.ParseServers([]byte(bomb+"servers: *j\n"), expand); err == nil {
		t.Error("accepted")
	}
}

// Any file is read or refused, and no value of a variable is told.
func FuzzServers(f *testing.F) {
	f.Add("servers:\n  a:\n    command: npx\n    args: ['${TOKEN}', x]\n    env: {A: '${TOKEN}'}\n    timeout: 3s\n")
	f.Add("servers:\n  b:\n    url: http://h/${TOKEN}\n    headers: {A: b}\n    files: true\n    tools: [x]\n")
	f.Add("servers: &a\n  x: *a\n")
	f.Add("? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "hunter2") {
			return
		}
		list, err := tools.ParseServers([]byte(text), expand)
		if err == nil {
			for _, s := range list {
				if s.Name == "" || (s.Command == "") == (s.URL == "") || s.Timeout < time.Second {
					t.Errorf("%q: %+v", text, s)
				}
			}
			return
		}
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
