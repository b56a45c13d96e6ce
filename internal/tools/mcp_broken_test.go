package tools_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/attachebot/attache/internal/tools"
)

// However a server is broken, the program and the other servers go on, nobody
// waits, and it is said once what is wrong.
func TestBrokenServers(t *testing.T) {
	list := func(tools string) string { return `scripted:{"tools/list":` + tools + `}` }
	cases := map[string][2]string{ // name: how, what is said
		"mute":      {"mute", "it does not answer"},
		"exit":      {"exit", "it ended; it said: error: MISSING_KEY is not set"},
		"garbage":   {"garbage", "its answer makes no sense: "},
		"flood":     {"flood", "its answer makes no sense: "},
		"stubborn":  {"stubborn", "it does not answer"},
		"no-list":   {list(`"hang"`), "it does not answer"},
		"list-text": {list(`"tools"`), "its answer makes no sense: "},
		"list-num":  {list(`{"tools":5}`), "its answer makes no sense: "},
		"list-big":  {list(`"flood"`), "its answer makes no sense: "},
		"list-die":  {list(`"crash"`), "it ended"},
		"hello":     {`scripted:{"initialize":{"protocolVersion":"1.0"}}`, "unsupported protocol version"},
		"hello-num": {`scripted:{"initialize":7}`, "its answer makes no sense: "},
	}
	var configs []tools.ServerConfig
	for name, c := range cases {
		configs = append(configs, process(t, name, c[0]))
	}
	configs = append(configs, tools.ServerConfig{Name: "absent", Command: "/no/such/program", Timeout: time.Second}, process(t, "good", "real"))
	cases["absent"] = [2]string{"", "it can't be started"}
	r := newServerRig(t, configs...)

	// A turn in the meantime has what is there, at once.
	await(t, "the good one", func() bool { return strings.HasPrefix(names(r.box, alice), "good__") })
	for range 20 {
		began := time.Now()
		for _, name := range strings.Fields(names(r.box, alice)) {
			if !strings.HasPrefix(name, "good__") {
				t.Errorf("a tool of a broken server: %s", name)
			}
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("asking for the tools took %v", d)
		}
		succeed(t, call(r.box, alice, "good__echo", `{"text":"x"}`))
		time.Sleep(50 * time.Millisecond)
	}
	r.servers.Wait(t.Context())
	for _, s := range r.servers.Status() {
		c, broken := cases[s.Name]
		if !broken {
			continue
		}
		if (s.Name == "flood" || s.Name == "list-big") && s.Err != nil && s.Err.Error() == "it does not answer" {
			continue // a slow machine: too much did not come in time
		}
		if s.Err == nil || s.Tools != 0 || !strings.Contains(s.Err.Error(), c[1]) || strings.Contains(s.Err.Error(), "\n") || len(s.Err.Error()) > 1000 {
			t.Errorf("%s: %+v", s.Name, s)
		}
	}
	for _, name := range []string{"mute", "exit", "absent"} {
		if n := strings.Count(r.log.String(), "server="+name+" "); n != 1 {
			t.Errorf("%s: said %d times", name, n)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapInuse > 600<<20 {
		t.Errorf("%d MB of memory", m.HeapInuse>>20)
	}
}

// A server that never answers the newest protocol's first message is spoken to
// in the older one.
func TestOldServer(t *testing.T) {
	r := newServerRig(t, process(t, "old", `scripted:{"server/discover":"hang","tools/list":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]},`+
		`"tools/call":{"content":[{"type":"text","text":"as ever"}]}}`))
	await(t, "the tool", func() bool { return names(r.box, alice) == "old__a" })
	succeed(t, call(r.box, alice, "old__a", ""), "as ever")
}

// Tools are taken one by one.
func TestNonsenseTools(t *testing.T) {
	const object = `{"type":"object","properties":{}}`
	listing := []string{
		`null`, `{"name":"ok","inputSchema":` + object + `}`, `{"name":"ok","inputSchema":` + object + `}`, `{"name":"","inputSchema":` + object + `}`,
		`{"name":"none"}`, `{"name":"text","inputSchema":"object"}`, `{"name":"list","inputSchema":[1]}`, `{"name":"string","inputSchema":{"type":"string"}}`,
		`{"name":"wrong","inputSchema":{"type":"object","properties":{"a":{"type":"strng"}}}}`,
		`{"name":"ref","inputSchema":{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}}`,
		`{"name":"huge","inputSchema":{"type":"object","description":"` + strings.Repeat("x", 70_000) + `"}}`,
		`{"name":"odd","inputSchema":{"type":"object","properties":{"a b":{"type":"string"}}}}`,
		`{"name":"either","inputSchema":{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}},"oneOf":[{"required":["a"]}],"anyOf":[{}],"allOf":[{}],"not":{"required":["x"]},"enum":[{}]}}`,
		`{"name":"a.b/c d","inputSchema":` + object + `}`, `{"name":"a_b_c_d","inputSchema":` + object + `}`, `{"name":"a:b:c:d","inputSchema":` + object + `}`,
		`{"name":"` + strings.Repeat("l", 100) + `1","inputSchema":` + object + `}`, `{"name":"` + strings.Repeat("l", 100) + `2","inputSchema":` + object + `}`,
		`{"name":"é","inputSchema":{"type":"object","properties":{"a":{"type":"array"}}},"description":"` + strings.Repeat("é", 8000) + `"}`,
		`{"name":"old","inputSchema":{"type":"object","properties":{"a":{"type":"array","items":[{"type":"string"}],"pattern":"(?=x)"}},"$schema":"http://json-schema.org/draft-07/schema#"}}`,
	}
	how := `scripted:{"tools/list":{"tools":[` + strings.Join(listing, ",") + `]}}`
	r := newServerRig(t, process(t, "s", how)).connected(t)
	got := strings.Fields(names(r.box, alice))
	seen := map[string]bool{}
	for _, name := range got {
		if seen[name] || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			t.Errorf("name %q", name)
		}
		seen[name] = true
	}
	if len(got) != 10 || !seen["s__ok"] || !seen["s__none"] || !seen["s__a_b_c_d"] || !seen["s__old"] {
		t.Errorf("%d: %q", len(got), got)
	}
	problems := r.servers.Status()[0].Problems
	for _, want := range []string{`the tool "ok" is listed twice`, "a tool has no name", `"text" is not used: its parameters are no JSON object`, `"list" is not used`,
		`"string" is not used: its parameters are not of type object`, `"wrong" is not used: its parameters are no valid JSON Schema`, `"ref" is not used`, `"huge" is not used: its parameters take`, `"odd" is not used: models refuse the name of its parameter "a b"`} {
		if !strings.Contains(strings.Join(problems, "\n"), want) {
			t.Errorf("%q is not said:\n%s", want, strings.Join(problems, "\n"))
		}
	}
	if got := string(specOf(t, r.box, "s__either").Parameters); got != `{"properties":{"a":{"anyOf":[{"type":"string"}]}},"type":"object"}` {
		t.Errorf("%s", got)
	}
	spec := specOf(t, r.box, "s___")
	if !json.Valid(spec.Parameters) || !strings.Contains(string(spec.Parameters), `"items":{}`) || len(spec.Description) > 8<<10 {
		t.Errorf("%s", spec.Parameters)
	}
}

// A server that lists without end is cut off.
func TestEndlessList(t *testing.T) {
	page := `{"tools":[{"name":"a","inputSchema":{"type":"object"}}],"nextCursor":"more"}`
	r := newServerRig(t, process(t, "s", `scripted:{"tools/list":`+page+`}`)).connected(t)
	if got := names(r.box, alice); got != "s__a" {
		t.Error(got)
	}
	all := process(t, "s", "many:10000,10")
	other := process(t, "other", "real")
	r = newServerRig(t, all, other).connected(t)
	if got := strings.Fields(names(r.box, alice)); len(got) != 128 { // that a model takes
		t.Errorf("%d tools", len(got))
	}
	if p := r.servers.Status()[0].Problems; len(p) != 1 || p[0] != "only its first 128 tools are used" {
		t.Errorf("%q", p)
	}
	// Tools that would fill every request are left out, of one server and of all.
	wide := []tools.ServerConfig{process(t, "w1", "many:100,5000"), process(t, "w2", "many:100,5000"), process(t, "w3", "many:5,5000")}
	r = newServerRig(t, wide...).connected(t)
	size := 0
	for _, s := range r.box.Tools(t.Context(), alice) {
		size += len(s.Name) + len(s.Description) + len(s.Parameters)
	}
	if p := r.servers.Status()[0].Problems; size > 256<<10 || size < 240<<10 || len(p) == 0 || !strings.Contains(p[0], "it takes more than 128 KB of every request") {
		t.Errorf("%d bytes; %q", size, p)
	}
	// Descriptions of a megabyte are cut, and what is too much altogether is refused.
	long, tooLong := process(t, "s", "many:5,1000000"), process(t, "too-long", "many:50,1000000")
	r = newServerRig(t, long, tooLong)
	r.servers.Wait(t.Context())
	if d := specOf(t, r.box, "s__t0").Description; len(d) > 8<<10 || !strings.HasSuffix(d, "d…") {
		t.Errorf("%d bytes", len(d))
	}
	if s := r.servers.Status()[1]; s.Err == nil || s.Tools != 0 || len(s.Err.Error()) > 400 {
		t.Errorf("%+v", s)
	}
}

// Answers to calls that make no sense are failures of these calls.
func TestNonsenseAnswers(t *testing.T) {
	for _, answer := range []string{`null`, `7`, `"text"`, `[]`, `{"content":7}`, `{"content":[{"type":"dream"}]}`, `{"content":[null]}`,
		`{"content":[{"type":"image","data":"%%%"}]}`, `"flood"`, `"crash"`, `"hang"`, `"deaf"`, `{"content":[{"type":"resource"}]}`, `{"content":[]}`, `{}`} {
		cfg := process(t, "s", `scripted:{"tools/list":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]},"tools/call":`+answer+`}`)
		cfg.Timeout = time.Second
		r := newServerRig(t, cfg).connected(t)
		began := time.Now()
		res := call(r.box, alice, "s__a", `{"x":"`+strings.Repeat("y", 200_000)+`"}`) // more than a pipe holds
		if answer == `"deaf"` {                                                       // the next call has nobody who reads it
			res = call(r.box, alice, "s__a", `{"x":"`+strings.Repeat("y", 200_000)+`"}`)
		}
		empty := answer == `{"content":[{"type":"resource"}]}` || answer == `{"content":[]}` || answer == `{}` || answer == `null`
		if res.Failed == empty || strings.Count(res.ForModel(), "\n") > 0 || res.ForModel() == "" || time.Since(began) > 15*time.Second {
			t.Errorf("%s: after %v %+v", answer, time.Since(began), res)
		}
		// It comes back, and so does the tool.
		await(t, "the tool", func() bool { return names(r.box, alice) == "s__a" })
		r.servers.Close()
	}
}

// A server that hangs is noticed after a call and started again.
func TestHangingServer(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	cfg := process(t, "s", `scripted:{"tools/list":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]},"tools/call":"deaf"}`)
	cfg.Timeout, cfg.Env["STARTS"] = 200*time.Millisecond, starts
	r := newServerRig(t, cfg).connected(t)
	fail(t, call(r.box, alice, "s__a", ""), "did not answer within 200ms")
	await(t, "a second start", func() bool { data, _ := os.ReadFile(starts); return strings.Count(string(data), "\n") == 2 })
	if !strings.Contains(r.log.String(), "it stopped answering") {
		t.Errorf("log: %s", r.log)
	}
}

// Names are unique, allowed, and do not depend on the order of the list.
func FuzzToolNames(f *testing.F) {
	f.Add("a.b", "a_b", "a:b")
	f.Add(strings.Repeat("x", 70), strings.Repeat("x", 71), "")
	f.Add("é", "è", "_")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if a == b || b == c || a == c {
			return
		}
		one := tools.ToolNames("server", &mcp.Tool{Name: a}, &mcp.Tool{Name: b}, &mcp.Tool{Name: c})
		two := tools.ToolNames("server", &mcp.Tool{Name: c}, &mcp.Tool{Name: a}, &mcp.Tool{Name: b})
		if one[0] != two[1] || one[1] != two[2] || one[2] != two[0] {
			t.Errorf("%q %q", one, two)
		}
		if one[0] == one[1] || one[1] == one[2] || one[0] == one[2] {
			t.Errorf("%q %q %q → %q", a, b, c, one)
		}
		for _, n := range one {
			if len(n) > 64 || !strings.HasPrefix(n, "server__") || strings.Trim(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
				t.Errorf("%q", n)
			}
		}
	})
}

// Whatever a server lists as a schema is refused or a JSON object.
func FuzzObjectSchema(f *testing.F) {
	for _, s := range []string{`{}`, `{"type":"object"}`, `null`, `{"properties":{"a":{"type":"array"}}}`, `{"$ref":"#"}`, `{"type":"object","properties":{"a":{"$ref":"#/properties/a"}}}`, `{"$id":"http://x/","$schema":7}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			return
		}
		out, err := tools.ObjectSchema(v)
		if err != nil {
			return
		}
		var got struct {
			Type       string
			Properties map[string]any
		}
		if json.Unmarshal(out, &got) != nil || got.Type != "object" || got.Properties == nil {
			t.Errorf("%s → %s", text, out)
		}
	})
}
