package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/table"
)

// A conversation is the same page after a restart: text, code, its output and error,
// tables, files. Small tables can still be sorted and downloaded.
func TestAnswerComesBack(t *testing.T) {
	s := newSite(t, ServerOptions{})
	small := table.Table{Columns: []string{"month", "<b>sales</b>"}, Rows: [][]string{{"May", "10"}, {"June", "9"}, {"<script>", "100"}}}
	s.tools.Handle = func(ctx context.Context, user files.UserID, conversation string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		if c.ID == "b" {
			return llm.ToolResult{Failed: true, Error: "Traceback:\nKeyError: 'x'", Run: &llm.Run{Code: "df.plot()", Output: "looking\n"}, Tables: []table.Table{small}}
		}
		res := s.makes(ctx, user, conversation, c, h)
		whole := s.saveFor(user, "whole.csv", []byte("n\n3\n1\n2\n"))
		res.Tables = append(res.Tables, table.Table{Columns: []string{"n"}, Rows: [][]string{{"3"}}, TotalRows: 3, File: string(whole.ID)})
		return res
	}
	call := func(id string) llmtest.Reply {
		return llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{{ID: id, Name: llm.PythonTool, Arguments: `{"code":"df.plot()"}`}}}
	}
	s.model.Push(call("a"), call("b"), llmtest.Reply{Text: "It **grew**."})
	p := s.person()
	p.signIn()
	p.ask("abc", "How did it go?")
	log := func(p *person) string {
		_, page, _ := p.do("GET", "/c/abc", nil)
		_, page, _ = strings.Cut(page, `<div id="log"`)
		page, _, _ = strings.Cut(page, `<p id="say"`)
		return page
	}
	before := log(p)
	later := p.again(ServerOptions{})
	if after := log(later); after != before || strings.Count(before, "<data-table") != 3 || !strings.Contains(before, "KeyError") {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	sources := regexp.MustCompile(`data-src="([^"]+)"`).FindAllStringSubmatch(before, -1)
	for _, who := range []*person{p, later} {
		for i, want := range []string{`[["Mai","\u003cscript\u003ealert(1)\u003c/script\u003e"]]`, `[["2","x"],["10","y"]]`, `[["June","9"],["May","10"],["\u003cscript\u003e","100"]]`} {
			if status, text, _ := who.do("GET", sources[i][1]+fmt.Sprintf("/rows?sort=%d", i/2), nil); status != http.StatusOK || !strings.Contains(text, `"rows":`+want) {
				t.Errorf("table %d: %d %s", i, status, text)
			}
		}
		if status, text, _ := who.do("GET", sources[2][1]+"/csv", nil); status != http.StatusOK || text != "month,<b>sales</b>\r\nMay,10\r\nJune,9\r\n<script>,100\r\n" {
			t.Errorf("%d %q", status, text)
		}
		for _, at := range []string{"3", "-1", "x"} {
			if status, _, _ := who.do("GET", strings.TrimSuffix(sources[2][1], "/2")+"/"+at+"/rows", nil); status != http.StatusNotFound {
				t.Errorf("table %s: %d", at, status)
			}
		}
	}
}
