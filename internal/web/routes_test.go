package web

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// Every route that there is, asked with another's ids in all its places, by a
// session, by a token and by a stranger: nothing of theirs comes out, and nothing
// of theirs changes. Anna has everything that a route can name, a question that
// waits for her included.
func TestEveryRouteWithOthersIDs(t *testing.T) {
	s, d := discordSite(t, nil)
	anna, mallory := d.AddUser("anna"), d.AddUser("mallory")
	her := files.UserID(anna.ID)
	a, m := s.as(anna), s.as(mallory)
	file := s.saveFor(her, "secret.csv", []byte("secret,b\n1,2\n"))
	page := s.saveFor(her, "secret.html", []byte("<script>secret</script>"))
	upload := a.begin("secret.bin", 10)
	s.said("discord/7/70", "discord/thread/7", her, "secret", file.ID, "secret", time.Now().Add(-time.Hour))
	answered := make(chan bool, 1)
	s.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		if c.ID == "table" {
			return llm.ToolResult{Output: "ok", Tables: []table.Table{{Columns: []string{"secret"}, Rows: [][]string{{"secret"}}}}}
		}
		yes, err := h.Ask(ctx, locale.Later("May **secret** be installed?"))
		answered <- yes && err == nil
		return llm.ToolResult{Output: "ok"}
	}
	call := func(id string) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{{ID: id, Name: "execute_python_code", Arguments: `{"code":"secret"}`}}}
	}
	s.model.Push(call("table"), llmtest.Reply{Text: "secret"}, call("ask"), llmtest.Reply{Text: "done"})
	a.ask("abc", "secret one")
	history, err := s.chats.History(t.Context(), conversationID(her, "abc"), 5)
	if err != nil || len(history) != 1 {
		t.Fatal(history, err)
	}
	turn := history[0].ID[strings.LastIndexByte(history[0].ID, '/')+1:]
	if status, _, _ := a.do("POST", "/c/abc/ask", url.Values{"q": {"secret two"}}); status != http.StatusNoContent {
		t.Fatal(status)
	}
	var question string
	for end := time.Now().Add(time.Minute); question == "" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if all := s.a.Questions(her); len(all) > 0 {
			question = all[0].ID
		}
	}
	hers, err := s.api.Make(t.Context(), her, "secret")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.api.Make(t.Context(), files.UserID(mallory.ID), "mine")
	if err != nil {
		t.Fatal(err)
	}

	places := map[string][]string{
		"id": {string(file.ID), string(page.ID)}, "conv": {"abc", "discord-thread-7"}, "turn": {turn, "discord-7-70"}, "table": {"0"},
		"question": {question}, "upload": {upload[strings.LastIndexByte(upload, '/')+1:]},
	}
	form := url.Values{"q": {"x"}, "id": {string(file.ID)}, "step": {"2"}, "a": {"yes"}, "hash": {hashOf(t, s, her)}, "title": {"taken"}, "name": {"taken"},
		"replaces": {conversationID(her, "abc") + "/" + turn}, "all": {"1"}, "user": {her.String()}}
	place := regexp.MustCompile(`\{([a-z]+)\}`)
	tried := 0
	try := func(who string, p *person, pattern string, headers ...string) {
		method, path, _ := strings.Cut(pattern, " ")
		paths := []string{strings.ReplaceAll(path, "{$}", "")}
		for _, name := range place.FindAllStringSubmatch(path, -1) {
			values := places[name[1]]
			if strings.HasPrefix(path, "/api/v1/questions/") {
				values = places["question"]
			}
			if values == nil {
				t.Fatalf("%s: nobody said what %s is", pattern, name[0])
			}
			var more []string
			for _, have := range paths {
				for _, v := range values {
					more = append(more, strings.Replace(have, name[0], v, 1))
				}
			}
			paths = more
		}
		for _, at := range paths {
			if strings.HasPrefix(at, "/out") { // who goes on must stay in
				continue
			}
			tried++
			if strings.HasSuffix(at, "/events") {
				status, text := p.first(at, headers...)
				if strings.Contains(text, "secret") {
					t.Errorf("%s: %s %s: %d %s", who, method, at, status, text)
				}
				continue
			}
			status, text, h := p.do(method, at+"?"+form.Encode(), form, append(headers, "Sec-Fetch-Dest", "iframe")...)
			if strings.Contains(strings.ReplaceAll(text+fmt.Sprint(h), "secret one", ""), "secret") || status >= 500 {
				t.Errorf("%s: %s %s: %d %v %s", who, method, at, status, h, text)
			}
		}
	}
	var all []string
	for _, routes := range []map[string]func(*visit) error{s.pageRoutes(), s.scriptRoutes(), s.apiRoutes()} {
		for pattern := range routes {
			all = append(all, pattern)
		}
	}
	for _, pattern := range all {
		try("a session", m, pattern)
		try("a token", s.person(), pattern, "Authorization", "Bearer "+theirs)
		try("a session with her token's beginning", m, pattern, "Authorization", "Bearer "+hers[:len(hers)-1])
		try("a stranger", s.person(), pattern)
	}
	if tried < 4*len(all) {
		t.Errorf("%d requests for %d routes", tried, len(all))
	}

	for _, f := range []files.File{file, page} {
		now, err := s.files.Get(t.Context(), her, f.ID)
		if err != nil || now.Name != f.Name || !now.ExpiresAt.Equal(f.ExpiresAt) || now.Generated != f.Generated {
			t.Errorf("her file is now %+v, %v", now, err)
		}
	}
	for _, conv := range []string{"abc", "discord-thread-7"} {
		list, err := s.listed(t.Context(), her, "")
		if err != nil || !strings.Contains(fmt.Sprint(list), conv) || strings.Contains(fmt.Sprint(list), "taken") {
			t.Errorf("her conversations: %v %v", list, err)
		}
	}
	if list, _ := s.listed(t.Context(), files.UserID(mallory.ID), "secret"); len(list) != 0 {
		t.Errorf("the other's conversations have hers: %v", list)
	}
	if offset := a.offset(upload); offset != "0" {
		t.Errorf("her upload is at %q", offset)
	}
	if one, err := s.api.Find(t.Context(), hers); err != nil || one.User != her {
		t.Errorf("her token: %v %v", one, err)
	}
	if status, _, _ := a.do("POST", "/answer/"+question, url.Values{"a": {"yes"}}); status != http.StatusNoContent || !<-answered {
		t.Errorf("her question was answered, or her answer stopped: %d", status)
	}
}

// hashOf is the hash of the one token of a user.
func hashOf(t *testing.T, s *site, user files.UserID) string {
	t.Helper()
	all, err := s.api.List(t.Context(), user)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0].Hash
}

// Requests that no browser sends are answered in time, in words, and turn into
// nothing else: HEAD has no body and comes to its end, nobody changes the protocol,
// ranges give no more than the file, and a name stays in its line.
func TestOddRequests(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	p.http.Timeout = 30 * time.Second
	content := strings.Repeat("0123456789", 1000)
	f := s.save("a.txt", []byte(content))
	table := s.save("a.csv", []byte("a,b\n1,2\n"))
	fill := strings.NewReplacer("{id}", string(table.ID), "{$}", "", "{conv}", "abc", "{turn}", "x", "{table}", "0", "{question}", "x", "{upload}", "1_x")
	for _, routes := range []map[string]func(*visit) error{s.pageRoutes(), s.scriptRoutes()} {
		for pattern := range routes {
			method, path, _ := strings.Cut(pattern, " ")
			if method != "GET" {
				continue
			}
			at := fill.Replace(path)
			if status, text, _ := p.do("HEAD", at, nil); status >= 500 || text != "" {
				t.Errorf("HEAD %s: %d %q", at, status, text)
			}
			if !strings.HasSuffix(at, "/events") {
				status, _, h := p.do("GET", at, nil, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA", "Expect", "100-continue")
				if status >= 500 || status == http.StatusSwitchingProtocols || h.Get("Upgrade") != "" {
					t.Errorf("GET %s upgraded: %d %v", at, status, h)
				}
			}
			for _, odd := range []string{"TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get"} {
				if status, _, _ := p.raw(odd + " " + at + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); status < 400 || status >= 500 {
					t.Errorf("%s %s: %d", odd, at, status)
				}
			}
		}
	}
	for _, rest := range []string{"/download", "/raw"} {
		for _, r := range []string{"bytes=-0", "bytes=0-18446744073709551615", "bytes=18446744073709551615-", "bytes=9-1", "bytes=-99999", "bytes=0-0,0-0,0-0", "bytes= 0-1 , 2-3", "bytes=0-,0-,0-,0-,0-,0-", "items=0-1", "bytes=a-b", "bytes=", "bytes=--1", "bytes=0x1-0x2", strings.Repeat("bytes=0-1,", 2000)} {
			status, text, _ := p.do("GET", "/files/"+string(f.ID)+rest, nil, "Range", r)
			if status >= 500 || len(text) > len(content)+6*200 {
				t.Errorf("%s %.30s: %d, %d bytes", rest, r, status, len(text))
			}
			if status, text, _ := p.do("GET", "/files/"+string(f.ID)+rest, nil, "Range", r, "If-Range", `"another"`); status != http.StatusOK || text != content {
				t.Errorf("%s %.30s of another version: %d, %d bytes", rest, r, status, len(text))
			}
		}
	}
	token, err := s.api.Make(t.Context(), 1, "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a\r\nSet-Cookie: x=1\r\n\r\n<script>.csv", "a\x00b.csv", `..\..\x.csv`, "../../etc/passwd", "a\";filename*=utf-8''evil.html", strings.Repeat("x", 3000) + ".csv", "\u202egpj.exe", "CON", " . ", "\xff\xfe.csv"} {
		status, text, _ := p.do("POST", "/api/v1/files?name="+url.QueryEscape(name), url.Values{"x": {name}}, "Authorization", "Bearer "+token)
		if status != http.StatusCreated {
			t.Errorf("%q: %d %s", name, status, text)
			continue
		}
		_, id, _ := strings.Cut(text, `"id":"`)
		id, _, _ = strings.Cut(id, `"`)
		_, _, h := p.do("GET", "/files/"+id+"/download", nil)
		how, named, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if err != nil || how != "attachment" || len(named) != 1 || named["filename"] != files.SafeName(named["filename"]) || h.Get("Set-Cookie") != "" {
			t.Errorf("%q is sent as %q %v %v", name, how, named, err)
		}
	}
}
