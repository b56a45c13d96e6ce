package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
)

// said enters a turn as a front end left it: a question, code that made a file, an
// answer.
func (s *site) said(id, conversation string, user files.UserID, ask string, made files.ID, answer string, at time.Time) {
	s.t.Helper()
	r := chat.Record{ID: id, Conversation: conversation, User: user, Instance: "test", State: chat.Running, Started: at, Messages: []llm.Message{
		{Role: llm.User, Parts: []llm.Part{{Text: ask}}},
		{Role: llm.FromTool, CallID: "a", Parts: []llm.Part{{Text: "3 rows"}}, Run: &llm.Run{Code: "df.plot()", Output: "3 rows", Elapsed: time.Second, Files: []string{string(made)},
			Tables: []table.Table{{Columns: []string{"of"}, Rows: [][]string{{ask}}}}}},
		{Role: llm.Assistant, Parts: []llm.Part{{Text: answer}}},
	}}
	if err := s.chats.Begin(s.t.Context(), r, ""); err != nil {
		s.t.Fatal(err)
	}
	r.State, r.Ended = chat.Done, at.Add(time.Second)
	if err := s.chats.Save(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
}

// inDiscord makes a site whose anna and bert talked to the bot in Discord.
func inDiscord(t *testing.T) (s *site, d *discordtest.Server, anna, bert *discordtest.User) {
	s, d = discordSite(t, nil)
	anna, bert = d.AddUser("anna"), d.AddUser("bert")
	a, b := files.UserID(anna.ID), files.UserID(bert.ID)
	now := time.Now().UTC().Truncate(time.Microsecond)
	chart := s.saveFor(a, "revenue.png", chartPNG(600, 300))
	theirs := s.saveFor(b, "berts.png", chartPNG(60, 30))
	s.said("discord/5/50", "discord/chain/5/50", a, "How did revenue grow?", chart.ID, "It **doubled**.", now.Add(-3*time.Minute))
	s.said("discord/5/51", "discord/chain/5/50", b, "Is that berts?", theirs.ID, "Berts answer", now.Add(-2*time.Minute))
	s.said("discord/5/52/2", "discord/chain/5/50", a, "And in May?", chart.ID, "It fell.", now.Add(-time.Minute))
	s.said("discord/5/53/2", "discord/chain/5/50", a, "And in June?", chart.ID, "It rose.", now.Add(-50*time.Second))
	s.said("discord/9/90", "discord/dm/9", b, "Berts secret", theirs.ID, "A secret", now)
	s.said("discord/7/70", "discord/thread/7", a, "<img src=x onerror=alert(1)>", chart.ID, "<script>alert(1)</script>", now.Add(-time.Hour))
	return s, d, anna, bert
}

func (s *site) saveFor(user files.UserID, name string, data []byte) files.File {
	s.t.Helper()
	f, err := s.files.Save(s.t.Context(), files.Upload{User: user, Name: name, Body: strings.NewReader(string(data)), Generated: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return f.File
}

// as signs a person of Discord in.
func (s *site) as(u *discordtest.User) *person {
	s.t.Helper()
	p := s.person()
	code, err := u.Authorize(p.toDiscord("/"), true)
	if err != nil {
		s.t.Fatal(err)
	}
	if status, text := p.back(code); status != http.StatusOK {
		s.t.Fatal(status, text)
	}
	return p
}

// lend gives a browser the cookies of a person.
func (p *person) lend(ctx context.Context) {
	p.t.Helper()
	at, _ := url.Parse(p.site.origin)
	for _, c := range p.http.Jar.Cookies(at) {
		if _, err := chromedp.Call(ctx, cdp.SetCookie, cdp.SetCookieParams{Name: c.Name, Value: c.Value, URL: p.site.origin + "/"}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// Who signs in with Discord finds in the browser what they talked about there.
func TestBrowserDiscordConversations(t *testing.T) {
	s, _, anna, _ := inDiscord(t)
	p := s.as(anna)
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.origin+"/"))
	p.lend(ctx)
	do(t, ctx, chromedp.Navigate(s.origin+"/conversations"))
	seen(t, ctx, "her conversations, the last one first", `[...document.querySelectorAll('.list a')].map(a => a.innerText).join('|') === 'How did revenue grow?|<img src=x onerror=alert(1)>'`)
	seen(t, ctx, "where they are", `document.querySelector('.list small').innerText.endsWith('Discord')`)
	do(t, ctx, chromedp.Click(`.list a`))
	seen(t, ctx, "the answer", `document.querySelector('.turn strong')?.innerText === 'doubled'`)
	seen(t, ctx, "her three questions", `document.querySelectorAll('.turn').length === 3 && new Set([...document.querySelectorAll('.turn')].map(t => t.id)).size === 3`)
	seen(t, ctx, "the chart", `(i => i && i.complete && i.naturalWidth === 600)(document.querySelector('figure img'))`)
	seen(t, ctx, "where it goes on", `document.body.innerText.includes('This conversation goes on in Discord.') && !document.getElementById('q')`)
	if text := eval[string](t, ctx, `document.body.innerText`); strings.Contains(text, "bert") {
		t.Errorf("what another said: %s", text)
	}
	do(t, ctx, chromedp.Click(`summary`), chromedp.Click(`[data-copy]`))
	seen(t, ctx, "that the code is copied, or why not", `document.getElementById('say').innerText !== ''`)
	if v := eval[[]string](t, ctx, `violations`); len(v) > 0 || eval[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`) {
		t.Errorf("the policy or the width: %q", v)
	}
	shot(t, ctx, "discord-conversation-390")
	do(t, ctx, chromedp.Navigate(s.origin+"/c/discord-thread-7"))
	seen(t, ctx, "tags as text", `document.querySelector('.ask').innerText === '<img src=x onerror=alert(1)>'`)
}

// A conversation of Discord is of who began it, and can be renamed and deleted here,
// not gone on with.
func TestDiscordConversations(t *testing.T) {
	s, _, anna, bert := inDiscord(t)
	a, b := s.as(anna), s.as(bert)
	at := "/c/discord-chain-5-50"
	if status, text, _ := b.do("GET", "/conversations", nil); status != 200 || strings.Contains(text, "revenue") || !strings.Contains(text, "Berts secret") {
		t.Errorf("Bert's list: %d %s", status, text)
	}
	for _, c := range []string{at, "/c/discord-thread-7", "/c/discord-dm-1", "/c/discord-dm-5-50-1", "/c/discord-x-1", "/c/discord-", "/c/discord-chain-5-50%2f51"} {
		if status, text, _ := b.do("GET", c, nil); status != http.StatusNotFound {
			t.Errorf("Bert at %s: %d %s", c, status, text)
		}
	}
	for what, want := range map[string]int{"/rename": http.StatusNotFound, "/delete": http.StatusForbidden} {
		if status, _, _ := b.do("POST", at+what, url.Values{"title": {"taken"}}); status != want {
			t.Errorf("Bert's %s: %d", what, status)
		}
	}
	for _, what := range []string{"/ask", "/t/50/stop", "/t/50/retry"} {
		if status, _, _ := a.do("POST", at+what, url.Values{"q": {"x"}}); status != http.StatusNotFound {
			t.Errorf("going on by %s: %d", what, status)
		}
	}
	if status, _, _ := a.do("GET", at+"/events", nil); status != http.StatusNotFound {
		t.Errorf("its stream: %d", status)
	}
	for who, want := range map[*person]int{a: http.StatusOK, b: http.StatusNotFound, s.person(): http.StatusUnauthorized} {
		if status, text, _ := who.do("GET", at+"/t/discord-5-52-2/table/0/rows", nil); status != want || (status == http.StatusOK) != strings.Contains(text, `"rows":[["And in May?"]]`) {
			t.Errorf("a table of hers: %d %s", status, text)
		}
	}
	if status, text, _ := a.do("GET", at+"/t/discord-5-51/table/0/rows", nil); status != http.StatusNotFound {
		t.Errorf("a table of Bert's, in her conversation: %d %s", status, text)
	}
	if status, text, _ := a.do("GET", "/conversations?q=May", nil); status != 200 || strings.Count(text, "/rename") != 1 {
		t.Errorf("searching: %d %s", status, text)
	}
	a.do("POST", at+"/rename", url.Values{"title": {"Growth"}})
	if _, text, _ := a.do("GET", "/conversations", nil); !strings.Contains(text, ">Growth</a>") {
		t.Errorf("renamed: %s", text)
	}
	a.do("POST", at+"/delete", url.Values{})
	if status, _, _ := a.do("GET", at, nil); status != http.StatusNotFound {
		t.Errorf("deleted: %d", status)
	}
	// Whoever has to sign in first comes back to the conversation.
	if _, text, _ := s.person().do("GET", "/c/discord-dm-9", nil); !strings.Contains(text, "next=%2fc%2fdiscord-dm-9") {
		t.Errorf("signing in: %s", text)
	}
}
