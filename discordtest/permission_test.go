package discordtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

func (sc *scene) want(what string, code int, r reply) {
	sc.t.Helper()
	if r.code() != code || code == 0 && r.Status >= 300 {
		sc.t.Errorf("%s: got %d %s", what, r.Status, r.Raw)
	}
}

func TestReadHistory(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.NoRateLimits = true
	m := must(sc.anna.Send(sc.general, "hi"))(t)
	messages := fmt.Sprintf("/channels/%d/messages", sc.general.ID)
	one := fmt.Sprintf("%s/%d", messages, m.ID)
	sc.general.Deny(ReadHistory)
	sc.want("reply", 160002, sc.post(fmt.Sprintf(`{"content":"c","message_reference":{"message_id":"%d"}}`, m.ID)))
	sc.want("message", 0, sc.post(`{"content":"c"}`))
	sc.want("one message", 50013, sc.do("GET", one, nil))
	sc.want("reaction", 50013, sc.do("PUT", one+"/reactions/%F0%9F%91%8D/@me", nil))
	if r := sc.do("GET", messages, nil); string(r.Raw) != "[]" {
		t.Errorf("list: %s", r.Raw)
	}
	sc.general.Allow(ReadHistory)
	sc.general.Deny(AddReactions | EmbedLinks)
	sc.want("first reaction", 50013, sc.do("PUT", one+"/reactions/%F0%9F%91%8D/@me", nil))
	if err := sc.anna.React(m, "👍"); err != nil {
		t.Fatal(err)
	}
	sc.want("joining a reaction", 0, sc.do("PUT", one+"/reactions/%F0%9F%91%8D/@me", nil))
	sc.want("embed", 50013, sc.post(`{"embeds":[{"title":"t"}]}`))
}

// Discord refuses what is too much of something: edits of old messages, reactions, people in a thread.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	thread := must(sc.anna.StartThread(must(sc.anna.Send(sc.general, "hi"))(t), "talk"))(t)
	m := sc.post(`{"content":"c"}`)
	path := fmt.Sprintf("/channels/%d/messages/%s", sc.general.ID, m.Body["id"])
	for i := range 4 {
		sc.want("young message", 0, sc.do("PATCH", path, fmt.Sprintf(`{"content":"%d"}`, i)))
	}
	sc.Advance(2 * time.Hour)
	for i := range 3 {
		sc.want("old message", 0, sc.do("PATCH", path, fmt.Sprintf(`{"content":"%d old"}`, i)))
	}
	if r := sc.do("PATCH", path, `{"content":"d"}`); r.Status != 429 || r.code() != 30046 || r.Header.Get("Via") == "" {
		t.Errorf("got %d %s", r.Status, r.Raw)
	}
	sc.want("its deletion", 0, sc.do("DELETE", path, nil))
	sc.Advance(time.Minute)

	id, _ := strconv.ParseUint(sc.post(`{"content":"c"}`).Body["id"].(string), 10, 64)
	told, _ := sc.Message(ID(id))
	for i := range 20 {
		if err := sc.anna.React(told, string(rune('😀'+i))); err != nil {
			t.Fatal(err)
		}
	}
	reactions := fmt.Sprintf("/channels/%d/messages/%d/reactions/", sc.general.ID, id)
	sc.want("another reaction", 30010, sc.do("PUT", reactions+url.PathEscape("👍")+"/@me", nil))
	sc.Advance(time.Second)
	sc.want("joining one", 0, sc.do("PUT", reactions+url.PathEscape("😀")+"/@me", nil))

	for len(thread.members) < 1000 {
		u := sc.AddUser(fmt.Sprint("user", len(thread.members)))
		sc.guild.AddMember(u)
		must(u.Send(thread, "hi"))(t)
	}
	sc.want("joining a full thread", 30033, sc.do("PUT", fmt.Sprintf("/channels/%d/thread-members/@me", thread.ID), nil))
	sc.want("writing there", 0, sc.do("POST", fmt.Sprintf("/channels/%d/messages", thread.ID), `{"content":"c"}`))
}

func TestArchivedAndLocked(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.NoRateLimits = true
	thread := must(sc.anna.StartThread(must(sc.anna.Send(sc.general, "hi"))(t), "talk"))(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	g := sc.connect(IntentGuilds | IntentGuildMessages)
	messages := fmt.Sprintf("/channels/%d/messages", thread.ID)
	own := func() string {
		r := sc.do("POST", messages, `{"content":"c"}`)
		sc.want("post", 0, r)
		return fmt.Sprintf("%s/%s", messages, r.Body["id"])
	}
	first, second := own(), own()

	thread.Archive(false)
	sc.want("edit", 50083, sc.do("PATCH", first, `{"content":"d"}`))
	sc.want("reaction", 50083, sc.do("PUT", first+"/reactions/%F0%9F%91%8D/@me", nil))
	sc.want("member", 50083, sc.do("PUT", fmt.Sprintf("/channels/%d/thread-members/%d", thread.ID, ben.ID), nil))
	sc.want("delete", 0, sc.do("DELETE", first, nil))
	own() // opens it again
	if r := sc.do("GET", fmt.Sprintf("/channels/%d", thread.ID), nil); r.Body["thread_metadata"].(map[string]any)["archived"] != false {
		t.Errorf("still archived: %s", r.Raw)
	}
	g.until("THREAD_UPDATE") // archived
	g.until("THREAD_UPDATE") // open

	thread.Archive(true)
	for what, r := range map[string]reply{
		"post": sc.do("POST", messages, `{"content":"c"}`), "edit": sc.do("PATCH", second, `{"content":"d"}`), "delete": sc.do("DELETE", second, nil),
	} {
		sc.want(what+" in a locked archive", 50083, r)
	}
	if _, err := ben.Send(thread, "hi"); err == nil {
		t.Error("ben writes into a locked thread")
	}
	thread.Allow(ManageThreads)
	own()
	thread.Deny(ManageThreads)
	thread.Lock()
	sc.want("locked: post", 160005, sc.do("POST", messages, `{"content":"c"}`))
	sc.want("locked: edit", 160005, sc.do("PATCH", second, `{"content":"d"}`))
	sc.want("locked: delete", 0, sc.do("DELETE", second, nil))
}

func TestPrivateChannel(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	owner, ben := sc.anna, sc.AddUser("ben")
	carl := sc.AddUser("carl")
	sc.guild.AddMember(ben)
	sc.guild.AddMember(carl)
	g := sc.connect(IntentGuilds | IntentGuildMessages)
	staff := sc.guild.AddChannel("staff")
	staff.Private(ben)
	if e := g.until("CHANNEL_UPDATE"); e["id"] != staff.ID.String() || len(e["permission_overwrites"].([]any)) != 3 {
		t.Errorf("got %v", e)
	}
	for u, want := range map[*User]bool{owner: true, ben: true, carl: false} {
		if _, err := u.Send(staff, "hi"); (err == nil) != want {
			t.Errorf("%s: %v", u.Username, err)
		}
	}
	thread := must(ben.StartThread(must(ben.Send(staff, "secret"))(t), "more"))(t)
	if _, err := carl.Send(thread, "hi"); err == nil {
		t.Error("carl sees a thread of a channel that he does not see")
	}
	r := sc.do("GET", fmt.Sprintf("/channels/%d", staff.ID), nil)
	if len(r.Body["permission_overwrites"].([]any)) != 3 {
		t.Errorf("got %s", r.Raw)
	}
	staff.Deny(ViewChannel)
	if e := g.until("CHANNEL_DELETE"); e["id"] != staff.ID.String() {
		t.Errorf("got %v", e)
	}
}

func TestSlowmode(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	sc.general.Slowmode(time.Minute)
	must(ben.Send(sc.general, "one"))(t)
	if _, err := ben.Send(sc.general, "two"); err == nil {
		t.Error("ben writes twice in a minute")
	}
	must(sc.anna.Send(sc.general, "owners are free"))(t)
	must(sc.anna.Send(sc.general, "of it"))(t)
	sc.want("a bot", 0, sc.post(`{"content":"one"}`))
	sc.want("a bot", 0, sc.post(`{"content":"two"}`))
	sc.Advance(2 * time.Minute)
	must(ben.Send(sc.general, "two"))(t)
	if r := sc.do("GET", fmt.Sprintf("/channels/%d", sc.general.ID), nil); r.Body["rate_limit_per_user"] != 60. {
		t.Errorf("got %s", r.Raw)
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	g := sc.connect(IntentGuilds | IntentGuildMessages)
	m := must(ben.Send(sc.general, "hi"))(t)
	if err := sc.anna.Delete(m); err != nil { // the owner
		t.Fatal(err)
	}
	if e := g.until("MESSAGE_DELETE"); e["id"] != m.ID.String() {
		t.Errorf("got %v", e)
	}
	if err := ben.Delete(must(sc.anna.Send(sc.general, "hi"))(t)); err == nil {
		t.Error("ben deletes what anna said")
	}
	a, b := must(ben.Send(sc.general, "a"))(t), must(ben.Send(sc.general, "b"))(t)
	sc.want("bulk", 0, sc.do("POST", fmt.Sprintf("/channels/%d/messages/bulk-delete", sc.general.ID), fmt.Sprintf(`{"messages":["%d","%d"]}`, a.ID, b.ID)))
	if e := g.until("MESSAGE_DELETE_BULK"); len(e["ids"].([]any)) != 2 {
		t.Errorf("got %v", e)
	}
}

func TestOtherBotsAndPreviews(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	status := sc.AddUser("status")
	status.Bot = true
	sc.guild.AddMember(status)
	m := must(status.SendEmbeds(sc.general, "", Embed{Title: "Payments are down", Fields: []EmbedField{{Name: "since", Value: "09:12"}}}))(t)
	r := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), nil).message(t)
	if len(r.Embeds) != 1 || r.Embeds[0].Type != "rich" || !r.Author.Bot {
		t.Errorf("got %+v", r)
	}
	m = must(sc.general.Webhook("GitHub", sc.Bot().Mention()+" pushed", Embed{Title: "1 commit"}))(t)
	r = sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), nil).message(t)
	if r.WebhookID == 0 || r.Author.Username != "GitHub" || !r.Author.Bot || len(r.Embeds) != 1 || len(r.Mentions) != 1 {
		t.Errorf("got %+v", r)
	}
	if _, err := sc.anna.SendEmbeds(sc.general, "", Embed{Title: "x"}); err == nil {
		t.Error("a person sends an embed")
	}
	m = must(sc.anna.Send(sc.general, "https://example.com"))(t)
	if err := sc.Unfurl(m, Embed{Title: "Example", Provider: &EmbedAuthor{Name: "Example Inc."}}); err != nil {
		t.Fatal(err)
	}
	if r := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), nil); r.Status != http.StatusOK {
		t.Errorf("got %s", r.Raw)
	}
	suppressed := sc.post(`{"content":"https://example.com","flags":4}`).message(t)
	if err := sc.Unfurl(suppressed, Embed{Title: "Example"}); err == nil {
		t.Error("a preview where embeds are suppressed")
	}
}

// A gateway that was down knows no session any more, and what was said meanwhile is read by REST.
func TestGatewayOutage(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	g := sc.connect(IntentGuilds | IntentGuildMessages)
	sc.GatewayOutage(true)
	for err := error(nil); err == nil; {
		_, err = g.read()
	}
	if res, err := http.Get("http" + sc.GatewayURL()[2:] + "?v=10&encoding=json"); err != nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v %v", res, err)
	} else {
		res.Body.Close()
	}
	missed := must(sc.anna.Send(sc.general, "anybody?"))(t)
	sc.GatewayOutage(false)
	again := sc.dial(sc.GatewayURL(), "")
	again.send(opResume, map[string]any{"token": sc.Token(), "session_id": g.session, "seq": g.seq})
	if k := again.next(); k.Op != opInvalidSession || string(k.D) != "false" {
		t.Errorf("resumed: %+v", k)
	}
	sc.identify(again, everything)
	again.ready()
	r := sc.do("GET", fmt.Sprintf("/channels/%d/messages?after=%d", sc.general.ID, missed.ID-1), nil)
	var all []Message
	if err := json.Unmarshal(r.Raw, &all); err != nil || len(all) != 1 || all[0].Content != "anybody?" {
		t.Errorf("%v in %s", err, r.Raw)
	}
	http.DefaultClient.CloseIdleConnections()
}

// The application tells whether the intent is switched on, without a connection.
func TestApplicationFlags(t *testing.T) {
	t.Parallel()
	for _, off := range []Intents{0, IntentMessageContent} {
		s := New(t)
		s.DisallowedIntents = off
		r := sceneOn(t, s).do("GET", "/applications/@me", nil)
		if on := int(r.Body["flags"].(float64))&(1<<19) != 0; on != (off == 0) {
			t.Errorf("got %s", r.Raw)
		}
	}
}
