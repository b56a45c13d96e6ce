package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/tools"
	"github.com/attachebot/attache/internal/web"
)

// process is the configuration of this test binary as a server.
func process(t testing.TB, name, how string) tools.ServerConfig {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	return tools.ServerConfig{Name: name, Command: self, Env: map[string]string{"ATTACHE_TEST_SERVER": how}, Timeout: 20 * time.Second}
}

// serverRig is a box with the tools of servers.
type serverRig struct {
	files   *files.Service
	links   *web.Links
	servers *tools.Servers
	box     *tools.Box
	log     *testLog
}

func newServerRig(t *testing.T, list ...tools.ServerConfig) *serverRig {
	t.Helper()
	tools.QuickServers(t.Cleanup)
	r := &serverRig{files: newFiles(t, files.Options{}), log: new(testLog)}
	var err error
	r.links, err = web.Open(t.TempDir(), r.files, web.Options{})
	must(t, err)
	t.Cleanup(func() { r.links.Close() })
	r.servers = tools.NewServers(list, r.files, r.links, r.log.logger())
	t.Cleanup(func() { r.servers.Close() })
	r.box = tools.New(r.log.logger())
	r.box.AddSource(r.servers)
	return r
}

func (r *serverRig) connected(t *testing.T) *serverRig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r.servers.Wait(ctx)
	for _, s := range r.servers.Status() {
		if s.Err != nil {
			t.Fatalf("%s: %v\n%s", s.Name, s.Err, r.log)
		}
	}
	return r
}

func TestServerProcess(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", "hunter2-discord")
	t.Setenv("OPENAI_API_KEY", "hunter2-openai")
	t.Setenv("LANG", "C.UTF-8")
	cfg := process(t, "test", "real")
	cfg.Env["OWN"] = "mine"
	r := newServerRig(t, cfg).connected(t)

	list := strings.Fields(names(r.box, alice))
	if !slices.Contains(list, "test__echo") || len(list) != 12 {
		t.Errorf("tools: %q", list)
	}
	spec := specOf(t, r.box, "test__echo")
	var schema map[string]any
	must(t, json.Unmarshal(spec.Parameters, &schema))
	if spec.Description != "Says it." || schema["type"] != "object" || schema["properties"].(map[string]any)["text"].(map[string]any)["description"] != "What to say." {
		t.Errorf("%s %s", spec.Description, spec.Parameters)
	}
	var status llm.ToolStatus
	res := r.box.Call(t.Context(), alice, "c", llm.ToolCall{Name: "test__echo", Arguments: `{"text":"hällo\n😀"}`}, llm.ToolHooks{Status: func(s llm.ToolStatus) { status = s }})
	if succeed(t, res); res.ForModel() != "hällo\n😀" || status != (llm.ToolStatus{State: llm.ToolRunning, Detail: "test__echo"}) {
		t.Errorf("%q %q", res.ForModel(), status)
	}
	if res = succeed(t, call(r.box, alice, "test__sum", `{"A":2,"B":3}`)); res.ForModel() != `{"Sum":5}` {
		t.Errorf("structured, once: %q", res.ForModel())
	}
	// Arguments arrive as they were written.
	if res = succeed(t, call(r.box, alice, "test__args", `{"n":12345678901234567890,"f":1.50,"x":{"y":[null,true,"<&>"]}}`)); !strings.Contains(res.ForModel(), `"n":12345678901234567890`) ||
		!strings.Contains(res.ForModel(), `"f":1.50`) || !strings.Contains(res.ForModel(), `[null,true,`) {
		t.Errorf("%s", res.ForModel())
	}
	fail(t, call(r.box, alice, "test__args", `[1]`), "must be a JSON object")
	fail(t, call(r.box, alice, "test__args", `null`), "must be a JSON object")
	fail(t, call(r.box, alice, "test__echo", `{"text":5}`), "text")
	fail(t, call(r.box, alice, "test__fail", ``), "no such city")
	fail(t, call(r.box, alice, "test__refuse", ``), "The tool server test refused the call: ")

	// Of our environment it has PATH, HOME and LANG.
	var got []string
	for line := range strings.Lines(succeed(t, call(r.box, alice, "test__env", ``)).ForModel()) {
		name, _, _ := strings.Cut(line, "=")
		got = append(got, name)
	}
	slices.Sort(got)
	if strings.Join(got, " ") != "ATTACHE_TEST_SERVER HOME LANG OWN PATH" {
		t.Errorf("environment: %q", got)
	}
	if strings.Contains(r.log.String(), "hunter2") {
		t.Errorf("log: %s", r.log)
	}
}

// Pictures and other bytes become the asking user's files.
func TestServerResults(t *testing.T) {
	r := newServerRig(t, process(t, "test", "real")).connected(t)
	res := succeed(t, call(r.box, bob, "test__mixed", ""), "first\n\n", "doc://1\na document", "linked", "https://h/2", "last", "Saved for the user and sent: ")
	var got []string
	for _, id := range res.Files {
		f, data := content(t, r.files, bob, id)
		got = append(got, fmt.Sprintf("%s %s %d %v", f.Name, f.Kind, len(data), f.Generated))
		if _, err := r.files.Get(t.Context(), alice, files.ID(id)); err == nil {
			t.Error("alice has it as well")
		}
	}
	if want := fmt.Sprintf("mixed_1.png image %d true, mixed_2.wav", len(pixel)); !strings.HasPrefix(strings.Join(got, ", "), want) || len(got) != 3 || !strings.HasPrefix(got[2], "evil name.bin ") {
		t.Errorf("%q", got)
	}
	// Long texts are cut, and said to be.
	res = succeed(t, call(r.box, alice, "test__big", `{"n":1000000}`), "bytes are left out]")
	if len(res.ForModel()) > 201_000 {
		t.Errorf("%d bytes", len(res.ForModel()))
	}
	// Files that can't be saved are named.
	full := newFiles(t, files.Options{MaxUpload: 1})
	s := tools.NewServers([]tools.ServerConfig{process(t, "test", "real")}, full, nil, r.log.logger())
	defer s.Close()
	s.Wait(t.Context())
	box := tools.New(r.log.logger())
	box.AddSource(s)
	res = succeed(t, call(box, bob, "test__mixed", ""), "mixed_1.png was not saved: mixed_1.png is too large: a file may have at most 1 B.")
	if len(res.Files) != 0 {
		t.Errorf("%v", res.Files)
	}
}

// With files, ids become links of the asking user's; nobody else's id leaves
// the program.
func TestServerFiles(t *testing.T) {
	cfg := process(t, "test", "real")
	cfg.Files = true
	r := newServerRig(t, cfg).connected(t)
	if d := specOf(t, r.box, "test__echo").Description; !strings.Contains(d, "the id of one of the user's files") {
		t.Errorf("%q", d)
	}
	hers := save(t, r.files, alice, "sales.csv", "a,b\n")
	args := func(id string) string {
		return fmt.Sprintf(`{"url":%q,"deep":[{"url":"file:%s"}],"other":"about %s"}`, id, id, id)
	}
	res := succeed(t, call(r.box, alice, "test__fetch", args(string(hers.ID))), "200 a,b", `"other":"about `+string(hers.ID)+`"`, "http://127.0.0.1:")
	if strings.Count(res.ForModel(), "200 a,b") != 2 {
		t.Errorf("%s", res.ForModel())
	}
	for what, id := range map[string]string{
		"another user's": string(hers.ID), "unknown": string(hers.ID[:len(hers.ID)-8]) + "00000000", "nobody's": "1_1_00000000",
	} {
		if res := call(r.box, bob, "test__args", `{"a":["`+id+`"]}`); !res.Failed || res.ForModel() != "Error (not found): File not found or expired" {
			t.Errorf("%s: %+v", what, res)
		}
		fail(t, call(r.box, bob, "test__args", `{"a":{"b":"file:`+id+`"}}`), "File not found or expired")
	}
	fail(t, call(r.box, alice, "test__args", `{"a":"file:sales.csv"}`), "File not found or expired")
	must(t, r.files.Delete(t.Context(), alice, hers.ID))
	fail(t, call(r.box, alice, "test__fetch", args(string(hers.ID))), "File not found or expired")
	// What is no id stays what it is.
	for _, text := range []string{"file:///etc/hosts", "1_2", "https://h/1_1_00000000", "x 1_1_00000000", ""} {
		data, _ := json.Marshal(map[string]string{"a": text})
		if res := succeed(t, call(r.box, alice, "test__args", string(data))); res.ForModel() != string(data) {
			t.Errorf("%q: %s", text, res.ForModel())
		}
	}

	// Without files, an id is a text.
	r = newServerRig(t, process(t, "test", "real")).connected(t)
	succeed(t, call(r.box, bob, "test__args", `{"a":"`+string(hers.ID)+`"}`), `"a":"`+string(hers.ID)+`"`)
}

// A server that ends in a call ends nothing else, and comes back.
func TestServerCrash(t *testing.T) {
	cfg := process(t, "test", "real")
	starts := filepath.Join(t.TempDir(), "starts")
	cfg.Env["STARTS"] = starts
	r := newServerRig(t, cfg, process(t, "other", "real")).connected(t)
	for range 3 {
		fail(t, call(r.box, alice, "test__crash", ""), "Error (unavailable): The tool server test ended during the call")
		succeed(t, call(r.box, alice, "test__echo", `{"text":"back"}`), "back")
		succeed(t, call(r.box, alice, "other__echo", `{"text":"never away"}`))
	}
	data, err := os.ReadFile(starts)
	must(t, err)
	if n := strings.Count(string(data), "\n"); n != 4 {
		t.Errorf("%d starts", n)
	}
	if !strings.Contains(r.log.String(), "it said: fatal: everything is lost") {
		t.Errorf("log: %s", r.log)
	}
}

// A call ends in time whatever the server does, also when the user stops it.
func TestServerSlow(t *testing.T) {
	cfg := process(t, "test", "real")
	cfg.Timeout = 300 * time.Millisecond
	starts := filepath.Join(t.TempDir(), "starts")
	cfg.Env["STARTS"] = starts
	r := newServerRig(t, cfg).connected(t)
	began := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			fail(t, call(r.box, alice, "test__slow", ""), "Error (unavailable): The tool server test did not answer within 300ms.")
		})
	}
	all.Wait()
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
	time.Sleep(500 * time.Millisecond)
	succeed(t, call(r.box, alice, "test__echo", `{"text":"x"}`))
	if data, _ := os.ReadFile(starts); strings.Count(string(data), "\n") != 1 {
		t.Errorf("a server that lives was ended: %q", data)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	fail(t, r.box.Call(ctx, alice, "c", llm.ToolCall{Name: "test__slow"}, llm.ToolHooks{}), "Error (canceled): The call was stopped.")
}

// What a server announces is taken over.
func TestServerListChanged(t *testing.T) {
	r := newServerRig(t, process(t, "test", "real")).connected(t)
	succeed(t, call(r.box, alice, "test__grow", ""))
	await(t, "the change", func() bool {
		return strings.Contains(names(r.box, alice), "test__grown") && !strings.Contains(names(r.box, alice), "test__fail")
	})
	succeed(t, call(r.box, alice, "test__grown", ""), "grown up")
	fail(t, call(r.box, alice, "test__fail", ""), "There is no tool named")
}

// Only the tools that are allowed are there.
func TestServerAllowed(t *testing.T) {
	cfg := process(t, "test", "real")
	cfg.Tools = []string{"sum", "echo", "missing"}
	r := newServerRig(t, cfg).connected(t)
	if got := names(r.box, alice); got != "test__echo test__sum" {
		t.Errorf("%s", got)
	}
	fail(t, call(r.box, alice, "test__crash", ""), "There is no tool named")
	if s := r.servers.Status()[0]; len(s.Problems) != 1 || s.Problems[0] != `there is no tool "missing"` || s.Tools != 2 {
		t.Errorf("%+v", s)
	}
}

// A stop ends the processes, and all that they started.
func TestServersClose(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	cfg, stubborn := process(t, "test", "real"), process(t, "stubborn", "stubborn")
	stubborn.Env["STARTS"] = starts
	cfg.Env["STARTS"] = starts
	r := newServerRig(t, cfg, stubborn)
	await(t, "the call can run", func() bool { return strings.Contains(names(r.box, alice), "test__slow") })
	done := make(chan llm.ToolResult, 1)
	go func() { done <- call(r.box, alice, "test__slow", "") }()
	await(t, "both run", func() bool { data, _ := os.ReadFile(starts); return strings.Count(string(data), "\n") >= 2 })
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	must(t, r.servers.Close())
	must(t, r.servers.Close())
	if d := time.Since(began); d > 9*time.Second {
		t.Errorf("took %v", d)
	}
	select {
	case res := <-done:
		fail(t, res, "Error (")
	case <-time.After(5 * time.Second):
		t.Error("a call still runs")
	}
	data, _ := os.ReadFile(starts)
	for _, pid := range strings.Fields(string(data)) {
		await(t, "process "+pid+" and its group are gone", func() bool { return !groupLives(pid) })
	}
	if got := names(r.box, alice); strings.Contains(got, "stubborn") {
		t.Error(got)
	}
}

// groupLives tells whether a process of a group is left.
func groupLives(pgid string) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(data), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == pgid && f[0] != "Z" {
			return true
		}
	}
	return false
}
