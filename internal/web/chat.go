package web

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/web/markdown"
)

// examples are questions for who has no file at hand.
var examples = []string{locale.Key("Analyze this data."), locale.Key("How many rows does it have?"), locale.Key("Show the mean of each column as a bar chart")}

// shownTurns is how many turns of a conversation its page has.
const shownTurns = 50

var convName = regexp.MustCompile(`^[a-z0-9]{1,40}$`)

// conv returns the conversation that a request names.
func (v *visit) conv() (string, error) {
	conv := v.r.PathValue("conv")
	if !convName.MatchString(conv) {
		return "", fault.New(fault.NotFound, "There is no such conversation of yours.")
	}
	return conv, nil
}

// newChat begins a conversation. It has an address of its own from the start, so
// that a reload goes on with it.
func (s *Server) newChat(v *visit) error {
	http.Redirect(v.w, v.r, s.base+"/c/"+strings.ToLower(rand.Text()[:16]), http.StatusSeeOther)
	return nil
}

// showChat renders a conversation: what the history has, and what runs.
func (s *Server) showChat(v *visit) error {
	conv, err := v.anyConv()
	if err != nil {
		return err
	}
	if discordConv.MatchString(conv) {
		return s.showDiscord(v, conv)
	}
	history, err := s.a.History(v.r.Context(), v.user, conversationID(v.user, conv), shownTurns)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	t := s.talkOf(v.user, conv)
	t.mu.Lock()
	defer t.mu.Unlock()
	live := map[string]bool{}
	for _, show := range t.turns {
		live[show.ID] = true
	}
	var turns []*shownTurn
	for _, r := range history {
		if !live[r.ID] && r.State != chat.Running {
			turns = append(turns, s.past(v, conv, r))
		}
	}
	turns = append(turns, t.turns...)
	if n := len(turns); n > 0 && len(t.turns) == 0 {
		turns[n-1].Last = true
	}
	var chips []chip
	for _, f := range t.pending {
		chips = append(chips, s.chip(v, conv, f))
	}
	here := ""
	if len(turns) == 0 {
		here = "chat"
	}
	var asks []string
	for _, key := range examples {
		asks = append(asks, v.T(key))
	}
	s.render(v.w, v.lang, "chat", s.frame(v.lang, here, titleOf(v, turns), map[string]any{
		"Scripts": []string{"app.js", "copy.js", "upload.js", "table.js", "chart.js"}, "Conv": conv, "After": t.dropped + len(t.patches), "Turns": turns, "Examples": asks, "Pending": chips,
	}))
	return nil
}

// listTitle writes the title of a conversation, something that can be seen and
// clicked in any case.
func listTitle(title string, most int) string {
	title = strings.TrimSpace(asked(title))
	if !strings.ContainsFunc(title, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	}) {
		return "…"
	}
	return brief.Chars(title, most)
}

func titleOf(v *visit, turns []*shownTurn) string {
	if len(turns) == 0 {
		return v.T("New question")
	}
	return brief.Chars(turns[0].Ask, 60)
}

// past shows a turn of the history.
func (s *Server) past(v *visit, conv string, r chat.Record) *shownTurn {
	show := s.newShown(v.lang, conv, r.ID, "")
	show.Running = false
	for _, m := range r.Messages {
		key := show.next()
		switch {
		case m.Role == llm.User:
			show.Ask = asked(m.Text())
		case m.Role == llm.Assistant && strings.TrimSpace(m.Text()) != "":
			show.Blocks = append(show.Blocks, template.HTML(fragment(v.lang, "text", map[string]any{"Key": key, "HTML": markdown.HTML(m.Text())})))
		case m.Run != nil:
			c := &call{Key: key, Code: m.Run.Code, Output: withError(m.Run.Output, m.Run.Error), State: ran(v.lang, llm.ToolResult{Run: m.Run, Failed: m.Run.Failed})}
			show.Blocks = append(show.Blocks, template.HTML(fragment(v.lang, "code", c)))
			for _, one := range m.Run.Tables {
				show.Blocks = append(show.Blocks, template.HTML(s.tableHTML(show, one)))
			}
			for _, id := range m.Run.Files {
				if f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(id)); err == nil {
					show.Blocks = append(show.Blocks, template.HTML(s.madeHTML(v.lang, show.next(), f)))
				}
			}
		}
	}
	return show
}

// attached is how the history names a file of a message.
var attached = regexp.MustCompile(`\[Attached: id \S+ ("(?:[^"\\]|\\.)*")[^\n]*\]`)

// asked writes a question of the history as its page does: with the names of files.
func asked(text string) string {
	return attached.ReplaceAllStringFunc(text, func(line string) string {
		name := attached.FindStringSubmatch(line)[1]
		if plain, err := strconv.Unquote(name); err == nil {
			name = plain
		}
		return "📎 " + name
	})
}

// newShown makes a turn for the page. Its key is an element's id.
func (s *Server) newShown(l *locale.Language, conv, turn, ask string) *shownTurn {
	name := turnName(conv, turn)
	return &shownTurn{Key: "t" + name, ID: turn, Path: s.base + "/c/" + conv + "/t/" + name, Ask: ask, Running: true, lang: l,
		calls: map[string]*call{}, files: map[string]bool{}}
}

// turnName names a turn in addresses.
func turnName(conv, id string) string {
	if discordConv.MatchString(conv) { // where the last part may be that of several
		return strings.ReplaceAll(id, "/", "-")
	}
	return id[strings.LastIndexByte(id, '/')+1:]
}

func turnID(user files.UserID, conv, name string) string {
	return conversationID(user, conv) + "/" + name
}

// ask takes a question. The page hears of it by its stream, as every other page
// of the conversation does.
func (s *Server) ask(v *visit) error {
	conv, err := v.conv()
	if err != nil {
		return err
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, 128<<10)
	if err := v.r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.TooLarge, "That question is too long. Attach the text as a file.")
	}
	text := strings.TrimSpace(v.r.PostFormValue("q"))
	replaces := v.r.PostFormValue("replaces")
	if replaces != "" && !strings.HasPrefix(replaces, conversationID(v.user, conv)+"/") {
		return fault.New(fault.Invalid, "That message is no longer in my history.")
	}
	t := s.talkOf(v.user, conv)
	t.mu.Lock()
	pending := t.pending
	t.pending = nil
	t.mu.Unlock()
	if text == "" && len(pending) == 0 {
		return fault.New(fault.Invalid, "Type a question.")
	}
	if text == "" {
		text = v.T("Analyze this data.")
	}
	err = s.begin(v, conv, text, assistant.Message{Text: text, Own: text, Files: pending}, replaces)
	if len(pending) == 0 {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.add(patch{"clear", "files", ""})
		return nil
	}
	t.pending = append(pending, t.pending...) // they stay attached
	return err
}

// begin gives a message to the assistant and shows its turn.
func (s *Server) begin(v *visit, conv, ask string, m assistant.Message, replaces string) error {
	_, err := s.start(v, conv, ask, m, replaces)
	if err == nil {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// start gives a message to the assistant. Every page of the conversation shows its
// turn.
func (s *Server) start(v *visit, conv, ask string, m assistant.Message, replaces string) (*assistant.Turn, error) {
	user := v.user
	name := strings.ToLower(rand.Text()[:20])
	turn, err := s.a.Ask(assistant.Request{
		ID: turnID(user, conv, name), User: user, Conversation: conversationID(user, conv), FrontEnd: v.frontEnd(),
		Message: m, Replaces: replaces, Again: replaces != "",
	})
	if err != nil {
		return nil, err
	}
	t := s.talkOf(user, conv)
	for _, f := range m.Files {
		ask += "\n📎 " + f.Name
	}
	show := s.newShown(v.lang, conv, turn.ID, ask)
	t.mu.Lock()
	if replaces != "" {
		for i, old := range t.turns {
			if old.ID == replaces {
				t.turns = append(t.turns[:i], t.turns[i+1:]...)
				break
			}
		}
		t.add(patch{"remove", "t" + replaces[strings.LastIndexByte(replaces, '/')+1:], ""})
	}
	if len(t.turns) == 0 {
		t.add(patch{"remove", "start", ""})
	}
	t.turns = append(t.turns, show)
	t.add(patch{"append", "log", fragment(show.lang, "turn", show)})
	t.mu.Unlock()
	s.work.Go(func() { s.follow(t, show, turn) })
	return turn, nil
}

func (s *Server) stopTurn(v *visit) error {
	conv, err := v.conv()
	if err != nil {
		return err
	}
	if turn, ok := s.a.Turn(turnID(v.user, conv, v.r.PathValue("turn"))); ok {
		turn.Stop(v.user)
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// retryTurn answers the last question again, in place of its answer.
func (s *Server) retryTurn(v *visit) error {
	conv, err := v.conv()
	if err != nil {
		return err
	}
	id := turnID(v.user, conv, v.r.PathValue("turn"))
	history, err := s.a.History(v.r.Context(), v.user, conversationID(v.user, conv), 1)
	if err != nil {
		return err
	}
	if len(history) == 0 || history[0].ID != id || len(history[0].Messages) == 0 {
		return fault.New(fault.Invalid, "Only the last message of a conversation can be run again.")
	}
	ask := asked(history[0].Messages[0].Text())
	return s.begin(v, conv, ask, assistant.Message{Same: true}, id)
}

// answer answers a question of a turn with yes or no.
func (s *Server) answer(v *visit) error {
	if err := s.a.Answer(v.user, v.r.PathValue("question"), v.r.PostFormValue("a") == "yes"); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// events streams the patches of a conversation from a number on.
func (s *Server) events(v *visit) error {
	conv, err := v.conv()
	if err != nil {
		return err
	}
	over, leave, ok := s.streams.enter(v.user)
	if !ok {
		v.w.Header().Set("Retry-After", "5")
		return fault.New(fault.Exhausted, "Too many pages are open. Close some, or try again in a moment.")
	}
	defer leave()
	at, notFrom := strconv.Atoi(v.r.FormValue("after"))
	if n, err := strconv.Atoi(v.r.Header.Get("Last-Event-ID")); err == nil && n > at {
		at, notFrom = n, nil
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	if v.r.Method == http.MethodHead {
		return nil
	}
	rc := http.NewResponseController(v.w)
	write := func(text string) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(30 * time.Second))
		if _, err := v.w.Write([]byte(text)); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
	if !write("retry: 300\n\n") {
		return nil
	}
	t, away := s.watch(v.user, conv)
	defer away()
	if notFrom != nil {
		at = t.first()
	}
	out := s.signedOut(v.r.Context())
	if !s.stillIn(v.r.Context()) { // it may have ended before somebody listened
		return nil
	}
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	for {
		ps, last, wake := t.after(at)
		if text := stream(ps, last-len(ps)); text != "" && !write(text) {
			return nil
		}
		at = last
		select {
		case <-v.r.Context().Done():
			return nil
		case <-s.ctx.Done():
			return nil
		case <-over:
			return nil
		case <-out:
			return nil
		case <-beat.C:
			if !s.stillIn(v.r.Context()) || !write(": \n\n") {
				return nil
			}
		case <-wake:
		}
	}
}

// stream writes patches as events, numbered from n+1 on. Words that wait for the
// same place go out as one.
func stream(ps []patch, n int) string {
	var b strings.Builder
	for i := 0; i < len(ps); i++ {
		p := ps[i]
		for p.Op == "text" && i+1 < len(ps) && ps[i+1].Op == "text" && ps[i+1].To == p.To && len(p.HTML) < 16<<10 {
			i++
			p.HTML += ps[i].HTML
		}
		data, err := json.Marshal(p)
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "id: %d\ndata: %s\n\n", n+i+1, data)
	}
	return b.String()
}

// conversations lists the user's, with a search.
func (s *Server) conversations(v *visit) error {
	query := strings.TrimSpace(v.r.FormValue("q"))
	list, err := s.listed(v.r.Context(), v.user, query)
	if err != nil {
		return err
	}
	type entry struct {
		Key, Title, When string
		Turns            int
		Discord          bool
	}
	var entries []entry
	for _, c := range list {
		entries = append(entries, entry{c.ID, listTitle(c.Title, 120), c.Updated.Format("2006-01-02 15:04"), c.Turns, discordConv.MatchString(c.ID)})
	}
	s.render(v.w, v.lang, "conversations", s.frame(v.lang, "conversations", v.T("Conversations"), map[string]any{"List": entries, "Query": query}))
	return nil
}

func (s *Server) rename(v *visit) error {
	conv, err := v.anyConv()
	if err == nil {
		err = s.a.Rename(v.r.Context(), v.user, conversationID(v.user, conv), brief.Chars(strings.TrimSpace(v.r.PostFormValue("title")), 200))
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, s.base+"/conversations", http.StatusSeeOther)
	return nil
}

func (s *Server) forget(v *visit) error {
	conv, err := v.anyConv()
	if err == nil {
		err = s.a.Reset(v.r.Context(), v.user, conversationID(v.user, conv))
	}
	if err != nil {
		return err
	}
	if !discordConv.MatchString(conv) {
		for _, turn := range s.a.Running(v.user, conversationID(v.user, conv)) {
			turn.Stop(v.user)
		}
	}
	s.endTalk(v.user, conv)
	http.Redirect(v.w, v.r, s.base+"/conversations", http.StatusSeeOther)
	return nil
}
