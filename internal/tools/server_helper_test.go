package tools_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A 1×1 picture.
const pixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x56\xc7\x2f\x0d\x00\x00\x00\x00IEND\xaeB`\x82"

type textIn struct {
	Text string `json:"text" jsonschema:"What to say."`
}

// realServer is a server as its developers write one, with the official SDK.
func realServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	say := func(text string) *mcp.CallToolResult {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
	}
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Says it."}, func(_ context.Context, _ *mcp.CallToolRequest, in textIn) (*mcp.CallToolResult, any, error) {
		return say(in.Text), nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "sum"}, func(_ context.Context, _ *mcp.CallToolRequest, in struct {
		A, B int
	}) (*mcp.CallToolResult, struct{ Sum int }, error) {
		return nil, struct{ Sum int }{in.A + in.B}, nil
	})
	raw := func(name string, h func(ctx context.Context, args json.RawMessage) (*mcp.CallToolResult, error)) {
		s.AddTool(&mcp.Tool{Name: name, InputSchema: map[string]any{"type": "object"}}, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return h(ctx, r.Params.Arguments)
		})
	}
	raw("args", func(_ context.Context, args json.RawMessage) (*mcp.CallToolResult, error) {
		return say(string(args)), nil
	})
	raw("env", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		return say(strings.Join(os.Environ(), "\n")), nil
	})
	raw("mixed", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{
			&mcp.TextContent{Text: "first"}, &mcp.ImageContent{Data: []byte(pixel), MIMEType: "image/png"},
			&mcp.AudioContent{Data: []byte("RIFF\x24\x00\x00\x00WAVEfmt "), MIMEType: "audio/wav"},
			&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "file:///x/..%2f..%2fevil%0aname.bin", Blob: []byte("\x00\x01bytes")}},
			&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "doc://1", Text: "a document"}},
			&mcp.ResourceLink{URI: "https://h/2", Name: "linked"}, &mcp.TextContent{Text: "last"},
		}}, nil
	})
	raw("big", func(_ context.Context, args json.RawMessage) (*mcp.CallToolResult, error) {
		var in struct{ N int }
		json.Unmarshal(args, &in)
		return say(strings.Repeat("x", in.N)), nil
	})
	raw("slow", func(ctx context.Context, args json.RawMessage) (*mcp.CallToolResult, error) {
		in := struct{ Seconds float64 }{60}
		json.Unmarshal(args, &in)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(in.Seconds * float64(time.Second))):
		}
		return say("at last"), nil
	})
	raw("crash", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		fmt.Fprintln(os.Stderr, "fatal: everything is lost")
		os.Exit(7)
		return nil, nil
	})
	raw("fail", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		res := say("no such city")
		res.IsError = true
		return res, nil
	})
	raw("refuse", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		return nil, &jsonrpc.Error{Code: -32602, Message: "not like\nthis"}
	})
	raw("grow", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) {
		raw("grown", func(context.Context, json.RawMessage) (*mcp.CallToolResult, error) { return say("grown up"), nil })
		s.RemoveTools("fail")
		return say("growing"), nil
	})
	raw("fetch", func(ctx context.Context, args json.RawMessage) (*mcp.CallToolResult, error) {
		var in struct {
			URL  string
			Deep []map[string]string
		}
		json.Unmarshal(args, &in)
		text := string(args)
		for _, u := range []string{in.URL, in.Deep[0]["url"]} {
			resp, err := http.Get(u)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			text += fmt.Sprintf("\n%d %s", resp.StatusCode, body)
		}
		return say(text), nil
	})
	return s
}

// serveTest is a server as a process, of a sort.
func serveTest(how string) {
	if path := os.Getenv("STARTS"); path != "" {
		f, _ := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		fmt.Fprintln(f, os.Getpid())
		f.Close()
	}
	how, arg, _ := strings.Cut(how, ":")
	switch how {
	case "real":
		realServer().Run(context.Background(), &mcp.StdioTransport{})
	case "mute": // never says a word
		io.Copy(io.Discard, os.Stdin)
	case "stubborn": // and does not even leave
		exec.Command("/bin/sh", "-c", "trap '' TERM; sleep 1000").Start()
		time.Sleep(time.Hour)
	case "exit":
		fmt.Fprintln(os.Stderr, "error: MISSING_KEY is not set")
		os.Exit(3)
	case "garbage":
		for _, line := range []string{"hello\n", "{\"jsonrpc\":\n", "[[[[", strings.Repeat("[", 1<<20), "{}\n", "\x00\xff"} {
			os.Stdout.WriteString(line)
		}
		io.Copy(io.Discard, os.Stdin)
	case "flood": // never ends a line
		line := []byte(strings.Repeat("x", 1<<16))
		os.Stdout.WriteString(`{"jsonrpc":"2.0","id":1,"result":"`)
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				return
			}
		}
	case "many": // tools, each with a description of that many bytes
		var count, size int
		fmt.Sscanf(arg, "%d,%d", &count, &size)
		var list []string
		for i := range count {
			list = append(list, fmt.Sprintf(`{"name":"t%d","description":"%s","inputSchema":{"type":"object"}}`, i, strings.Repeat("d", size)))
		}
		scripted(`{"tools/list":{"tools":[` + strings.Join(list, ",") + `]}}`)
	case "scripted":
		scripted(arg)
	}
}

// scripted is a server by hand: arg is JSON with the result of each method.
// "hang" as a result is none at all; "deaf" stops reading, "flood" answers
// with bytes without end, "crash" ends the process.
func scripted(arg string) {
	var results map[string]json.RawMessage
	if err := json.Unmarshal([]byte(arg), &results); err != nil {
		panic(err)
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
		}
		json.Unmarshal(line, &m)
		result, known := results[m.Method]
		switch {
		case m.ID == nil:
		case string(result) == `"hang"`:
		case string(result) == `"deaf"`:
			time.Sleep(time.Hour)
		case string(result) == `"crash"`:
			os.Exit(9)
		case string(result) == `"flood"`:
			serveTest("flood")
		case known:
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", m.ID, result)
		case m.Method == "initialize":
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"x","version":"1"}}}`+"\n", m.ID)
		default:
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"not found"}}`+"\n", m.ID)
		}
	}
}
