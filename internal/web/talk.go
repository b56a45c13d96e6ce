package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/web/markdown"
)

// patch changes a page: it appends to an element, replaces one, or adds text to
// one. "end" says that an answer is finished.
type patch struct {
	Op   string `json:"op"`
	To   string `json:"to"`
	HTML string `json:"html"`
}

// talk is a conversation that somebody looks at: the turns that ran since it was
// opened, as they are shown, and the patches that led there. Both change under
// one lock, so a page that was rendered at a number misses nothing after it.
type talk struct {
	mu      sync.Mutex
	turns   []*shownTurn
	patches []patch
	dropped int // number of the last patch that is not kept any more
	wake    chan struct{}
	pending []files.File // attached for the next question

	// Under Server.mu.
	used    time.Time
	viewers int // streams
}

// shownTurn is a turn as the page has it.
type shownTurn struct {
	Key, ID, Path string // element, turn, and where its buttons lead
	Ask, Status   string
	Blocks        []template.HTML
	Running, Last bool

	lang   *locale.Language // of who asked
	live   string           // Markdown of the last block, which still grows
	calls  map[string]*call
	files  map[string]bool
	tables []table.Table
}

// call is a tool's call as it is shown.
type call struct {
	Key, Code, Output, State string
	Open                     bool
	block                    int
}

// keptPatches bounds the log: who comes from before loads the page anew.
const keptPatches = 5000

func (t *talk) add(p patch) {
	t.patches = append(t.patches, p)
	if len(t.patches) > 2*keptPatches {
		t.dropped += len(t.patches) - keptPatches
		t.patches = append([]patch(nil), t.patches[len(t.patches)-keptPatches:]...)
	}
	close(t.wake)
	t.wake = make(chan struct{})
}

// after returns the patches after number n, the number of the last one, and what
// is closed when there are more.
func (t *talk) after(n int) (ps []patch, last int, wake <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last = t.dropped + len(t.patches)
	if n < t.dropped || n > last {
		return []patch{{Op: "reload"}}, last, t.wake
	}
	return t.patches[n-t.dropped:], last, t.wake
}

// block appends a block to a turn and to the page.
func (t *talk) block(s *shownTurn, html string) int {
	s.Blocks = append(s.Blocks, template.HTML(html))
	t.add(patch{"append", s.Key + "-blocks", html})
	return len(s.Blocks) - 1
}

func (t *talk) replace(s *shownTurn, i int, key, html string) {
	s.Blocks[i] = template.HTML(html)
	t.add(patch{"replace", key, html})
}

func (t *talk) status(s *shownTurn, text string) {
	if s.Status != text {
		s.Status = text
		t.add(patch{"replace", s.Key + "-status", fragment(s.lang, "status", s)})
	}
}

func (s *shownTurn) next() string { return fmt.Sprintf("%s-b%d", s.Key, len(s.Blocks)) }

// follow shows a turn to its end.
func (s *Server) follow(t *talk, show *shownTurn, turn *assistant.Turn) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("showing a turn", "turn", turn.ID, "panic", p)
		}
	}()
	for _, e := range turn.Follow(s.ctx, 0) {
		t.mu.Lock()
		s.show(t, show, turn, e)
		t.mu.Unlock()
	}
}

// show takes in one event. The talk is locked.
func (s *Server) show(t *talk, show *shownTurn, turn *assistant.Turn, e assistant.Event) {
	switch e := e.(type) {
	case assistant.Queued:
		t.status(show, show.lang.T("Waiting, place %d", e.Place))
	case chat.Waiting:
		t.status(show, show.lang.T("Waiting for another answer of this conversation"))
	case assistant.Started, chat.Begun:
		t.status(show, show.lang.T("Thinking")+" …")
	case chat.TextDelta:
		t.status(show, show.lang.T("Writing")+" …")
		s.text(t, show, e.Text)
	case chat.ToolStarted:
		s.endText(t, show)
		c := &call{Key: show.next(), Code: codeOf(e.Call), State: "🐍 " + llm.StatusOf(e.Call).Text(show.lang)}
		show.calls[e.Call.ID] = c
		c.block = t.block(show, fragment(show.lang, "code", c))
		t.status(show, llm.StatusOf(e.Call).Text(show.lang)+" …")
	case chat.ToolStatus:
		t.status(show, e.Status.Emoji()+" "+e.Status.Text(show.lang)+" …")
	case chat.ToolOutput:
		if c := show.calls[e.CallID]; c != nil && len(c.Output) < 100_000 {
			c.Output += e.Text
			show.Blocks[c.block] = template.HTML(fragment(show.lang, "code", c))
			t.add(patch{"text", c.Key + "-out", e.Text})
		}
	case chat.ToolEnded:
		s.toolEnded(t, show, e)
	case chat.Notice:
		t.block(show, fragment(show.lang, "notice", map[string]any{"Key": show.next(), "Text": "ℹ️ " + e.Text}))
	case assistant.Problem:
		t.block(show, fragment(show.lang, "problem", map[string]any{"Key": show.next(), "Text": e.Sentence}))
	case assistant.Asked:
		s.endText(t, show)
		t.block(show, fragment(show.lang, "question", map[string]any{"Base": s.base, "Key": "q" + e.Question.ID, "ID": e.Question.ID, "Text": plainBold(e.Question.Text.In(show.lang))}))
		t.status(show, "❓ "+show.lang.T("Waiting for your answer"))
	case assistant.Answered:
		key := "q" + e.Question.ID
		html := fragment(show.lang, "answered", map[string]any{"Key": key, "Text": plainBold(e.Question.Text.In(show.lang)), "Outcome": show.lang.T(outcomes[e.Outcome])})
		for i, b := range show.Blocks {
			if strings.Contains(string(b), `id="`+key+`"`) {
				t.replace(show, i, key, html)
			}
		}
	case assistant.Ended:
		s.ended(t, show, e)
	}
}

var outcomes = map[assistant.Outcome]string{
	assistant.Yes: locale.Key("✅ Yes."), assistant.No: locale.Key("❌ No."), assistant.TimedOut: locale.Key("⌛ There was no answer in time."), assistant.Withdrawn: locale.Key("⏹️ That is not needed any more."),
}

func plainBold(s string) string { return strings.ReplaceAll(s, "**", "") }

// text adds words to the paragraph that grows; a finished one is rendered.
func (s *Server) text(t *talk, show *shownTurn, words string) {
	if show.live == "" {
		words = strings.TrimLeft(words, "\n")
		if words == "" {
			return
		}
		t.block(show, fragment(show.lang, "live", map[string]any{"Key": show.next(), "Text": ""}))
	}
	show.live += words
	i := len(show.Blocks) - 1
	key := fmt.Sprintf("%s-b%d", show.Key, i)
	show.Blocks[i] = template.HTML(fragment(show.lang, "live", map[string]any{"Key": key, "Text": show.live}))
	t.add(patch{"text", key, words})
	if cut := paragraphEnd(show.live); cut > 0 {
		rest := show.live[cut:]
		show.live = show.live[:cut]
		s.endText(t, show)
		s.text(t, show, rest)
	}
}

// paragraphEnd returns where the text after the last whole part begins: behind an
// empty line that is not inside a block of code, and not before a list's next item
// or a row of a table. 0: there is none.
func paragraphEnd(md string) int {
	if strings.Count(md, "```")%2 == 1 {
		return 0
	}
	i := strings.LastIndex(md, "\n\n")
	if i < 0 {
		return 0
	}
	rest := strings.TrimLeft(md[i+2:], "\n")
	if rest == "" || strings.ContainsAny(rest[:1], "-*+ \t|0123456789>") {
		return 0
	}
	return len(md) - len(rest)
}

// endText renders the paragraph that grew.
func (s *Server) endText(t *talk, show *shownTurn) {
	if show.live == "" {
		return
	}
	i := len(show.Blocks) - 1
	for i >= 0 && !strings.HasPrefix(string(show.Blocks[i]), `<div class="text"`) {
		i--
	}
	key := fmt.Sprintf("%s-b%d", show.Key, i)
	t.replace(show, i, key, fragment(show.lang, "text", map[string]any{"Key": key, "HTML": markdown.HTML(show.live)}))
	show.live = ""
}

func (s *Server) toolEnded(t *talk, show *shownTurn, e chat.ToolEnded) {
	if c := show.calls[e.Call.ID]; c != nil {
		if r := e.Result.Run; r != nil {
			c.Output = r.Output
		}
		c.State = ran(show.lang, e.Result)
		c.Output = withError(c.Output, e.Result.Error)
		t.replace(show, c.block, c.Key, fragment(show.lang, "code", c))
	}
	for _, n := range e.Result.Notes {
		t.block(show, fragment(show.lang, "notice", map[string]any{"Key": show.next(), "Text": "ℹ️ " + n.In(show.lang)}))
	}
	for _, one := range e.Result.Tables {
		t.block(show, s.tableHTML(show, one))
	}
	for _, f := range e.Files {
		s.made(t, show, f)
	}
	t.status(show, show.lang.T("Thinking")+" …")
}

func withError(output, text string) string {
	if text == "" {
		return output
	}
	return strings.TrimSpace(output + "\n" + text)
}

// ran says how a call went.
func ran(l *locale.Language, r llm.ToolResult) string {
	took := ""
	if r.Run != nil {
		took = l.Measure(fmt.Sprintf("%.1f s", r.Run.Elapsed.Seconds()))
	}
	switch {
	case r.Failed && took == "":
		return "❌ " + l.T("Ran, with an error")
	case r.Failed:
		return "❌ " + l.T("Ran in %s, with an error", took)
	case took == "":
		return "🐍 " + l.T("Ran")
	}
	return "🐍 " + l.T("Ran in %s", took)
}

// made shows a file that code made.
func (s *Server) made(t *talk, show *shownTurn, f files.File) {
	if !show.files[string(f.ID)] {
		show.files[string(f.ID)] = true
		t.block(show, s.madeHTML(show.lang, show.next(), f))
	}
}

func (s *Server) madeHTML(l *locale.Language, key string, f files.File) string {
	if inline(f) {
		return fragment(l, "figure", map[string]any{"Base": s.base, "Key": key, "ID": f.ID, "Name": f.Name, "Alt": s.a.Alt(s.ctx, f), "Width": f.Width, "Height": f.Height})
	}
	return fragment(l, "made", map[string]any{"Base": s.base, "Key": key, "ID": f.ID, "Name": f.Name, "Emoji": f.Emoji(), "Size": l.Measure(files.Size(f.Size)), "Chart": s.draws(s.ctx, f)})
}

func (s *Server) ended(t *talk, show *shownTurn, e assistant.Ended) {
	s.endText(t, show)
	for _, f := range e.Result.Files {
		s.made(t, show, f)
	}
	status := ""
	switch sentence := s.a.Explain(e.Err, "answering in the browser", frontEnd.In(show.lang)); {
	case e.Err == nil && e.Nothing:
		status = show.lang.T("Saved. Ask something about it.")
	case e.Err == nil:
	case sentence == "":
		status = show.lang.T("Stopped.")
	default:
		t.block(show, fragment(show.lang, "problem", map[string]any{"Key": show.next(), "Text": "⚠️ " + sentence}))
		status = show.lang.T("Failed.")
	}
	show.Running, show.Last = false, true
	for _, other := range t.turns {
		if other != show && other.Last {
			other.Last = false
			t.add(patch{"replace", other.Key + "-status", fragment(other.lang, "status", other)})
		}
	}
	show.Status = status
	t.add(patch{"replace", show.Key + "-status", fragment(show.lang, "status", show)})
	t.add(patch{"end", show.Key, ""})
}

// talkOf returns the conversation that a page shows, with the user's name in it.
// The numbers of its patches go on from the time: a page that comes back with a
// number of before, of another talk of this name, loads anew.
func (s *Server) talkOf(user files.UserID, conv string) *talk {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := conversationID(user, conv)
	t := s.talks[id]
	if t == nil {
		s.forgetTalks()
		t = &talk{wake: make(chan struct{}), dropped: int(time.Now().UnixMilli())}
		s.talks[id] = t
	}
	t.used = time.Now()
	return t
}

// watch is talkOf for a stream, until it calls leave.
func (s *Server) watch(user files.UserID, conv string) (t *talk, leave func()) {
	t = s.talkOf(user, conv)
	look := func(by int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.viewers += by
		t.used = time.Now()
	}
	look(1)
	return t, func() { look(-1) }
}

// first is the number before the first patch that is kept.
func (t *talk) first() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// idle tells whether nothing is lost when a talk is dropped: nobody looks, nothing
// runs in it, and if it has anything, that was a while ago. Server.mu is held.
func (t *talk) idle(now time.Time) bool {
	if t.viewers > 0 || !t.mu.TryLock() { // it is being changed
		return false
	}
	defer t.mu.Unlock()
	most := time.Minute
	if len(t.turns)+len(t.pending) > 0 {
		most = 10 * time.Minute
	}
	running := slices.ContainsFunc(t.turns, func(s *shownTurn) bool { return s.Running })
	return !running && now.Sub(t.used) > most
}

// forgetTalks drops those that are idle, now and then. s.mu is held.
func (s *Server) forgetTalks() {
	now := time.Now()
	if len(s.talks) < maxTalks || now.Sub(s.forgot) < time.Second {
		return
	}
	s.forgot = now
	maps.DeleteFunc(s.talks, func(_ string, t *talk) bool { return t.idle(now) })
}

// endTalk forgets a conversation. Pages that show it load anew.
func (s *Server) endTalk(user files.UserID, conv string) {
	id := conversationID(user, conv)
	s.mu.Lock()
	t := s.talks[id]
	delete(s.talks, id)
	s.mu.Unlock()
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.add(patch{Op: "reload"})
	}
}

func codeOf(c llm.ToolCall) string {
	var args struct {
		Code string `json:"code"`
	}
	if json.Unmarshal([]byte(c.Arguments), &args) == nil && args.Code != "" {
		return args.Code
	}
	return c.Name + " " + c.Arguments
}
