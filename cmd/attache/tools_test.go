package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// lineServer is an MCP server with a tool that counts the lines behind a URL.
func lineServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "lines", Version: "1"}, nil)
	say := func(text string) *mcp.CallToolResult {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
	}
	mcp.AddTool(s, &mcp.Tool{Name: "lines", Description: "Counts lines."}, func(_ context.Context, _ *mcp.CallToolRequest, in struct {
		URL string `json:"url"`
	}) (*mcp.CallToolResult, any, error) {
		resp, err := http.Get(in.URL)
		if err != nil {
			return nil, nil, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return say(fmt.Sprintf("%d lines at %s", strings.Count(string(body), "\n"), in.URL)), nil, err
	})
	mcp.AddTool(s, &mcp.Tool{Name: "environ"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return say(strings.Join(os.Environ(), "; ")), nil, nil
	})
	return s
}

// toolServer is lineServer as a program; with an argument, it ends at once.
func toolServer() {
	if len(os.Args) > 1 {
		fmt.Fprintf(os.Stderr, "fatal: %s is not set\n", os.Args[1])
		os.Exit(1)
	}
	os.WriteFile(os.Getenv("PID_FILE"), []byte(strconv.Itoa(os.Getpid())), 0o600)
	lineServer().Run(context.Background(), &mcp.StdioTransport{})
}

const toolsPy = `
def total(file_id: str, column: str) -> dict:
    """Sum up a column of a table.

    Args:
        file_id: The table.
        column: The column.
    """
    return {"total": float(load_file(file_id)[column].sum())}

def secrets() -> list[str]:
    """What is in the environment."""
    import os
    return sorted(os.environ)

def large() -> str:
    """Makes a large file."""
    with open("large.csv", "w") as f:
        f.write("a,b\n" * 500_000)
    return "made it"

def untyped(a):
    return a
`

// toolBot is the bot with Python tools, two good MCP servers and a broken one.
type toolBot struct {
	*bot
	last time.Time // when somebody said something
	pid  string    // file with the process id of the one that is a process
}

func serveTools(t *testing.T) *toolBot {
	far := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return lineServer() }, nil))
	t.Cleanup(far.Close)
	t.Cleanup(far.CloseClientConnections)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &toolBot{pid: filepath.Join(dir, "pid")}
	yaml := fmt.Sprintf("servers:\n  near:\n    command: %[1]s/toolserver\n    env: {PID_FILE: %[2]q, OWN: '${TOOL_KEY}'}\n    files: true\n"+
		"  far:\n    url: %[3]s\n    files: true\n  broken:\n    command: %[1]s/toolserver\n    args: ['${TOOL_KEY}']\n", dir, b.pid, far.URL)
	if err := errors.Join(
		os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "py"), 0o755),
		os.Symlink(self, filepath.Join(dir, "toolserver")),
		os.WriteFile(filepath.Join(dir, "py", "sales.py"), []byte(toolsPy), 0o644),
		os.WriteFile(filepath.Join(dir, "py", "broken.py"), []byte("def f(:\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "tools.yaml"), []byte(yaml), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	b.bot = serve(t, map[string]string{"TOOLS_DIR": filepath.Join(dir, "py"), "TOOLS_FILE": filepath.Join(dir, "tools.yaml"), "TOOL_KEY": "the-key-of-a-tool",
		"LISTEN": addr, "PUBLIC_URL": "http://" + addr, "MAX_DOWNLOAD_MB": "1"})
	for _, want := range []string{"server=near tools=2", "server=far tools=2", `msg="Python tools" files=2 tools=3`, "server=broken"} {
		for end := time.Now().Add(time.Minute); !strings.Contains(b.log.String(), want); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%q is not logged:\n%s", want, b.log)
			}
		}
	}
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "RESULT " + r.Last().Text}
		}
		call := regexp.MustCompile(`CALL (\S+) (.*)`).FindStringSubmatch(r.LastUser())
		if call == nil {
			return llmtest.Reply{Text: "Fine."}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", call[1], json.RawMessage(call[2]))}}
	}
	return b
}

// call makes the model call a tool for a user and returns what it then says.
func (b *toolBot) call(u *discordtest.User, tool, args string) string {
	b.t.Helper()
	time.Sleep(time.Until(b.last.Add(2600 * time.Millisecond))) // three messages in five seconds are taken
	b.last = time.Now()
	m, err := u.Send(u.DM(), "CALL "+tool+" "+args)
	if err != nil {
		b.t.Fatal(err)
	}
	reply, err := b.AwaitMessage(discordtest.Context(b.t), u.DM(), discordtest.FromBot, discordtest.After(m), discordtest.Contains("RESULT "))
	if err != nil {
		b.t.Fatalf("%s: %v", tool, err)
	}
	return reply.Text()
}

// Tools of all kinds get the asking user's files, and nobody else's; broken
// ones are said to be so and nothing more happens; nothing is left at the end.
func TestDiscordTools(t *testing.T) {
	before := goleak.IgnoreCurrent()
	b := serveTools(t)
	ctx := discordtest.Context(t)
	guild := b.AddGuild("Acme")
	anna, bert := b.AddUser("anna"), b.AddUser("bert")
	guild.AddMember(anna)
	guild.AddMember(bert)
	if _, err := anna.Send(anna.DM(), "Keep this", discordtest.File{Name: "sales.csv", Data: []byte(salesCSV)}); err != nil {
		t.Fatal(err)
	}
	saved, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.Contains("File saved! ID:"))
	if err != nil {
		t.Fatal(err)
	}
	id := savedID.FindStringSubmatch(saved.Text())[1]
	url := `{"url":"` + id + `"}`
	table := `{"file_id":"` + id + `","column":"amount"}`

	expect := func(u *discordtest.User, tool, args, want string) string {
		t.Helper()
		got := b.call(u, tool, args)
		if !strings.Contains(got, want) {
			t.Errorf("%s %s: %q is not in %q", tool, args, want, got)
		}
		return got
	}
	expect(anna, "total", table, `"total": 510.65`)
	near := expect(anna, "near__lines", url, "6 lines at http://")
	expect(anna, "far__lines", url, "6 lines at http://")
	for tool, args := range map[string]string{"total": table, "near__lines": url, "far__lines": url} {
		expect(bert, tool, args, "File not found or expired")
	}
	expect(anna, "broken__lines", url, "There is no tool named")
	expect(anna, "total", `{"file_id":5}`, "The arguments of total are wrong: ")

	// A link is what it is, or nothing.
	link := regexp.MustCompile(`http://\S+`).FindString(near)
	get := func(url string) (int, string) {
		t.Helper()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := get(link); status != 200 || body != salesCSV {
		t.Errorf("%s: %d %q", link, status, body)
	}
	parts := regexp.MustCompile(`^(http://.*/f/)(\d+)(_\d+_[0-9a-f]{8}\.)(\d+)(\..*)$`).FindStringSubmatch(link)
	if parts == nil {
		t.Fatalf("link %q", link)
	}
	until, _ := strconv.ParseInt(parts[4], 10, 64)
	for what, forged := range map[string]string{
		"another user": parts[1] + strconv.FormatUint(uint64(bert.ID), 10) + parts[3] + parts[4] + parts[5],
		"longer":       parts[1] + parts[2] + parts[3] + strconv.FormatInt(until+1, 10) + parts[5],
		"unsigned":     parts[1] + parts[2] + parts[3] + parts[4],
		"other key":    parts[1] + parts[2] + parts[3] + parts[4] + "." + strings.Repeat("A", 43),
		"bare id":      parts[1] + id,
	} {
		if status, body := get(forged); status != 404 || strings.TrimSpace(body) != "File not found or expired" {
			t.Errorf("%s: %d %q", what, status, body)
		}
	}
	if life := time.Until(time.Unix(until, 0)); life < 9*time.Minute || life > 10*time.Minute {
		t.Errorf("the link lives %v", life)
	}

	// What is too large for Discord is given as a link.
	time.Sleep(2600 * time.Millisecond)
	m, err := anna.Send(anna.DM(), "CALL large {}")
	if err != nil {
		t.Fatal(err)
	}
	large, err := b.AwaitMessage(discordtest.Context(t), anna.DM(), discordtest.FromBot, discordtest.After(m), discordtest.Contains("too large for Discord"))
	if err != nil {
		t.Fatal(err)
	}
	download := regexp.MustCompile(`\[download\]\(<(http://[^>]+/large\.csv)>\)`).FindStringSubmatch(large.Text())
	if download == nil {
		t.Fatalf("no link in %q", large.Text())
	}
	if status, body := get(download[1]); status != 200 || len(body) != 2_000_000 {
		t.Errorf("%d, %d bytes", status, len(body))
	}

	// Secrets of the bot are in no tool, and those of tools in no log.
	for _, tool := range []string{"near__environ", "secrets"} {
		got := b.call(anna, tool, "{}")
		for _, secret := range []string{"DISCORD_TOKEN", "OPENAI_API_KEY", "sk-secret-key", b.Token(), "TOOL_KEY"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: %s is in %q", tool, secret, got)
			}
		}
	}
	expect(anna, "near__environ", "{}", "OWN=[redacted]") // it has the key, and the model does not
	if log := b.log.String(); strings.Contains(log, "the-key-of-a-tool") || !strings.Contains(log, "it said: fatal: [redacted] is not set") ||
		!strings.Contains(log, "broken.py: line 1: SyntaxError") || !strings.Contains(log, "sales.py: line 22: untyped has the parameter a without a type") {
		t.Errorf("log: %s", log)
	}

	// An end is one: of the process, of its address, of all that ran.
	data, err := os.ReadFile(b.pid)
	pid, err2 := strconv.Atoi(string(data))
	if err := errors.Join(err, err2, b.stop()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v", pid, err)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(os.Getenv("PUBLIC_URL"), "http://"), time.Second); err == nil {
		t.Error("links are still served")
	}
	http.DefaultClient.CloseIdleConnections()
	// The doubles still run, and connections to them idle.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*Server).Serve"), goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
}
