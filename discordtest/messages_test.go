package discordtest

import (
	"fmt"
	"strings"
	"testing"
)

func TestMessageLife(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sent := sc.post(`{"content":"one"}`).message(t)
	path := fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, sent.ID)
	if got := sc.do("GET", path, nil).message(t); got.Content != "one" || got.EditedTimestamp != nil || got.Author.ID != sc.Bot().ID {
		t.Errorf("got %+v", got)
	}
	if got := sc.do("PATCH", path, `{"content":"two","embeds":[{"title":"T","fields":[{"name":"n","value":"v"}]}]}`).message(t); got.Content != "two" || got.EditedTimestamp == nil || len(got.Embeds) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := sc.do("PATCH", path, `{"content":null}`).message(t); got.Content != "" || len(got.Embeds) != 1 {
		t.Errorf("null content is empty content: %+v", got)
	}
	history := sc.History(sent.ID)
	if len(history) != 3 || history[0].Message.Content != "one" || history[1].Message.Content != "two" || len(history[0].Message.Embeds) != 0 {
		t.Errorf("history: %+v", history)
	}
	if r := sc.do("DELETE", path, nil); r.Status != 204 {
		t.Errorf("delete: %d %s", r.Status, r.Raw)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if r := sc.do(method, path, nil); r.Status != 404 || r.code() != 10008 {
			t.Errorf("%s after delete: %d %s", method, r.Status, r.Raw)
		}
	}
	if m, ok := sc.Message(sent.ID); !ok || !m.Deleted {
		t.Errorf("deleted message: %+v", m)
	}
	theirs := must(sc.anna.Send(sc.general, "mine"))(t)
	if r := sc.do("PATCH", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, theirs.ID), `{"content":"no"}`); r.Status != 403 || r.code() != 50005 {
		t.Errorf("editing another's message: %d %s", r.Status, r.Raw)
	}
}

// TestRefused has what Discord refuses: each with its code, and as a violation.
func TestRefused(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	long := func(n int) string { return strings.Repeat("x", n) }
	button := func(id string) string {
		return fmt.Sprintf(`{"type":2,"style":1,"label":"b","custom_id":%q}`, id)
	}
	row := func(inner string) string {
		return `{"content":"c","components":[{"type":1,"components":[` + inner + `]}]}`
	}
	option := func(i int) string { return fmt.Sprintf(`{"label":"o%d","value":"v%d"}`, i, i) }
	options := func(n int) string {
		all := []string{}
		for i := range n {
			all = append(all, option(i))
		}
		return `{"type":3,"custom_id":"s","options":[` + strings.Join(all, ",") + `]}`
	}
	for name, test := range map[string]struct {
		body, path string
		code       int
	}{
		"content too long":     {`{"content":"` + long(2001) + `"}`, "content", 50035},
		"empty":                {`{"content":"  "}`, "", 50006},
		"no json":              {`{"content":`, "", 50109},
		"11 embeds":            {`{"embeds":[` + strings.TrimSuffix(strings.Repeat(`{"title":"a"},`, 11), ",") + `]}`, "embeds", 50035},
		"embed title":          {`{"embeds":[{"title":"` + long(257) + `"}]}`, "embeds.0.title", 50035},
		"embed description":    {`{"embeds":[{"description":"` + long(4097) + `"}]}`, "embeds.0.description", 50035},
		"embed field value":    {`{"embeds":[{"fields":[{"name":"n","value":"` + long(1025) + `"}]}]}`, "embeds.0.fields.0.value", 50035},
		"embed empty field":    {`{"embeds":[{"fields":[{"name":"n","value":""}]}]}`, "embeds.0.fields.0.value", 50035},
		"embed empty":          {`{"embeds":[{"color":1}]}`, "embeds.0", 50035},
		"embeds over 6000":     {`{"embeds":[{"description":"` + long(3001) + `"},{"description":"` + long(3000) + `"}]}`, "embeds", 50035},
		"embed link":           {`{"embeds":[{"title":"a","url":"javascript:alert(1)"}]}`, "embeds.0.url", 50035},
		"button without id":    {row(`{"type":2,"style":1,"label":"b"}`), "components.0.components.0.custom_id", 50035},
		"button long id":       {row(button(long(101))), "components.0.components.0.custom_id", 50035},
		"button without label": {row(`{"type":2,"style":1,"custom_id":"a"}`), "components.0.components.0", 50035},
		"button long label":    {row(`{"type":2,"style":1,"custom_id":"a","label":"` + long(81) + `"}`), "components.0.components.0.label", 50035},
		"link with id":         {row(`{"type":2,"style":5,"custom_id":"a","label":"b","url":"https://a.b"}`), "components.0.components.0.custom_id", 50035},
		"same id twice":        {row(button("a") + "," + button("a")), "components.0.components.1.custom_id", 50035},
		"6 buttons":            {row(button("1") + "," + button("2") + "," + button("3") + "," + button("4") + "," + button("5") + "," + button("6")), "components.0.components", 50035},
		"empty row":            {row(``), "components.0.components", 50035},
		"26 options":           {row(options(26)), "components.0.components.0.options", 50035},
		"no options":           {row(options(0)), "components.0.components.0.options", 50035},
		"same value twice":     {row(`{"type":3,"custom_id":"s","options":[` + option(1) + `,` + option(1) + `]}`), "components.0.components.0.options.1.value", 50035},
		"menu and button":      {row(options(1) + "," + button("a")), "components.0.components", 50035},
		"text display in v1":   {`{"content":"c","components":[{"type":10,"content":"t"}]}`, "components.0.type", 50035},
		"v2 with content":      {`{"content":"c","flags":32768,"components":[{"type":10,"content":"t"}]}`, "content", 50035},
		"v2 41 components":     {`{"flags":32768,"components":[` + strings.TrimSuffix(strings.Repeat(`{"type":10,"content":"t"},`, 41), ",") + `]}`, "components", 50035},
		"v2 text over 4000":    {`{"flags":32768,"components":[{"type":10,"content":"` + long(4000) + `"},{"type":10,"content":"x"}]}`, "components", 50035},
		"v2 missing file":      {`{"flags":32768,"components":[{"type":13,"file":{"url":"attachment://a.csv"}}]}`, "components.0.file.url", 50035},
		"unknown attachment":   {`{"content":"c","attachments":[{"id":7}]}`, "attachments.0.id", 50035},
		"mentions twice":       {`{"content":"c","allowed_mentions":{"parse":["users"],"users":["1"]}}`, "allowed_mentions", 50035},
		"reply to nothing":     {`{"content":"c","message_reference":{"message_id":"1"}}`, "message_reference", 50035},
	} {
		r := sc.post(test.body)
		if r.Status != 400 || r.code() != test.code {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
			continue
		}
		at := r.Body["errors"]
		for key := range strings.SplitSeq(test.path, ".") {
			if key != "" {
				inner, _ := at.(map[string]any)
				at = inner[key]
			}
		}
		if inner, _ := at.(map[string]any); test.path != "" && inner["_errors"] == nil {
			t.Errorf("%s: no error at %s: %s", name, test.path, r.Raw)
		}
		if len(sc.Violations()) == 0 {
			t.Errorf("%s: no violation", name)
		}
		sc.ForgetViolations()
	}
	if n := len(sc.Messages(sc.general)); n != 0 {
		t.Errorf("%d messages were sent all the same", n)
	}
}

// TestAccepted has the same limits from below.
func TestAccepted(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	for _, body := range []string{
		`{"content":"` + strings.Repeat("é", 2000) + `"}`,
		`{"embeds":[{"description":"` + strings.Repeat("x", 4096) + `","footer":{"text":"` + strings.Repeat("x", 1904) + `"}}]}`,
		`{"content":"c","components":[{"type":1,"components":[{"type":2,"style":5,"label":"l","url":"https://a.b"},{"type":2,"style":4,"emoji":{"name":"🗑️"},"custom_id":"x"}]}]}`,
		`{"flags":32768,"components":[{"type":17,"accent_color":255,"components":[{"type":10,"content":"# Title"},{"type":14},{"type":9,"components":[{"type":10,"content":"t"}],"accessory":{"type":2,"style":2,"label":"x","custom_id":"y"}}]}]}`,
		`{"content":"c","message_reference":{"message_id":"1","fail_if_not_exists":false}}`,
	} {
		if r := sc.post(body); r.Status != 200 {
			t.Errorf("%.100s: %d %s", body, r.Status, r.Raw)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	check := func(what string, status, code int, r reply) {
		t.Helper()
		if r.Status != status || r.code() != code {
			t.Errorf("%s: got %d %s", what, r.Status, r.Raw)
		}
	}
	sc.general.Deny(AttachFiles)
	check("files", 403, 50013, sc.post(multi(`{"content":"c"}`, "a.txt", "x")))
	posted := sc.post(`{"content":"c"}`).message(t)
	check("files by an edit", 403, 50013, sc.do("PATCH", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, posted.ID), multi(`{"content":"c"}`, "a.txt", "x")))
	sc.general.Deny(SendMessages)
	check("sending", 403, 50013, sc.post(`{"content":"c"}`))
	check("typing", 403, 50013, sc.do("POST", fmt.Sprintf("/channels/%d/typing", sc.general.ID), nil))
	sc.general.Deny(ViewChannel)
	check("seeing", 403, 50001, sc.do("GET", fmt.Sprintf("/channels/%d", sc.general.ID), nil))
	sc.general.Allow(ViewChannel | SendMessages | AttachFiles)
	check("allowed", 200, 0, sc.post(`{"content":"c"}`))
	check("unknown channel", 404, 10003, sc.do("GET", "/channels/1", nil))

	ben := sc.AddUser("ben") // shares no guild with the bot
	send := func(u *User) reply {
		return sc.do("POST", fmt.Sprintf("/channels/%d/messages", u.DM().ID), `{"content":"c"}`)
	}
	check("no mutual guild", 403, 50278, send(ben))
	check("direct message", 200, 0, send(sc.anna))
	sc.anna.CloseDMs()
	check("closed", 403, 50007, send(sc.anna))
	sc.anna.OpenDMs()
	check("open again", 200, 0, send(sc.anna))
	if n := sc.InvalidRequests(); n != 7 {
		t.Errorf("%d invalid requests, want the 7 answers 403", n)
	}
	opened := sc.do("POST", "/users/@me/channels", fmt.Sprintf(`{"recipient_id":"%d"}`, sc.anna.ID))
	if opened.Body["id"] != sc.anna.DM().ID.String() {
		t.Errorf("DM channel: %s", opened.Raw)
	}
	sc.client.CloseIdleConnections()
}

func TestPings(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	role := sc.guild.AddRole("staff", 0xff0000, 0)
	original := must(sc.anna.Send(sc.general, "question"))(t)
	text := fmt.Sprintf("@everyone %s %s `%s`", sc.anna.Mention(), role.Mention(), sc.Bot().Mention())
	for allowed, want := range map[string]Pings{
		``: {Everyone: true, Users: []ID{sc.anna.ID}, Roles: []ID{role.ID}},
		`,"allowed_mentions":{"replied_user":false}`:                                                                  {},
		`,"allowed_mentions":{"parse":[]}`:                                                                            {},
		`,"allowed_mentions":{"parse":["users"]}`:                                                                     {Users: []ID{sc.anna.ID}},
		fmt.Sprintf(`,"allowed_mentions":{"roles":["%d"]}`, role.ID):                                                  {Roles: []ID{role.ID}},
		fmt.Sprintf(`,"message_reference":{"message_id":"%d"},"allowed_mentions":{"parse":[]}`, original.ID):          {},
		fmt.Sprintf(`,"message_reference":{"message_id":"%d"},"allowed_mentions":{"replied_user":true}`, original.ID): {Users: []ID{sc.anna.ID}},
	} {
		m := sc.post(fmt.Sprintf(`{"content":%q%s}`, text, allowed)).message(t)
		got, _ := sc.Message(m.ID)
		if fmt.Sprint(got.Pings) != fmt.Sprint(want) {
			t.Errorf("%s: pings %+v, want %+v", allowed, got.Pings, want)
		}
		if m.MentionEveryone != want.Everyone || len(m.Mentions) != len(want.Users) || len(m.MentionRoles) != len(want.Roles) {
			t.Errorf("%s: wire: %+v", allowed, m)
		}
	}
	sc.commands()
	it := must(sc.anna.Command(sc.general, "files"))(t)
	sc.answer(it, fmt.Sprintf(`{"type":4,"data":{"content":%q}}`, text))
	if res, err := it.Await(Context(t)); err != nil || fmt.Sprint(res.Message.Pings) != fmt.Sprint(Pings{Users: []ID{sc.anna.ID}}) {
		t.Errorf("an answer to an interaction pings users only: %+v %v", res.Message, err)
	}
	// an edit pings nobody
	m := sc.post(`{"content":"quiet"}`).message(t)
	sc.do("PATCH", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), fmt.Sprintf(`{"content":%q}`, text))
	if got, _ := sc.Message(m.ID); !got.Pings.None() {
		t.Errorf("edit pinged %+v", got.Pings)
	}
}

// TestNoEphemeralMessage shows that only answers to interactions can be ephemeral.
func TestNoEphemeralMessage(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	if m := sc.post(`{"content":"for all","flags":64}`).message(t); m.Flags != 0 {
		t.Errorf("flags %d", m.Flags)
	}
}

func TestNonce(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	a := sc.post(`{"content":"once","nonce":"n1","enforce_nonce":true}`).message(t)
	b := sc.post(`{"content":"once","nonce":"n1","enforce_nonce":true}`).message(t)
	c := sc.post(`{"content":"once","nonce":"n2","enforce_nonce":true}`).message(t)
	if a.ID != b.ID || a.ID == c.ID {
		t.Errorf("ids %d %d %d", a.ID, b.ID, c.ID)
	}
}

func TestListMessages(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	var ids []ID
	for i := range 5 {
		ids = append(ids, must(sc.anna.Send(sc.general, fmt.Sprint(i)))(t).ID)
	}
	for query, want := range map[string]string{
		"":                                       "43210",
		"?limit=2":                               "43",
		fmt.Sprintf("?before=%d", ids[2]):        "10",
		fmt.Sprintf("?after=%d&limit=1", ids[2]): "3",
		fmt.Sprintf("?around=%d&limit=3", ids[2]): "321",
	} {
		r := sc.do("GET", fmt.Sprintf("/channels/%d/messages%s", sc.general.ID, query), nil)
		got := ""
		for m := range strings.SplitSeq(string(r.Raw), `"content":"`) {
			if m[0] != '[' {
				got += m[:1]
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if r := sc.do("GET", fmt.Sprintf("/channels/%d/messages?limit=101", sc.general.ID), nil); r.code() != 50035 {
		t.Errorf("limit 101: %s", r.Raw)
	}
	sc.forgive("50035")
	r := sc.do("POST", fmt.Sprintf("/channels/%d/messages/bulk-delete", sc.general.ID), fmt.Sprintf(`{"messages":["%d","%d"]}`, ids[0], ids[1]))
	if r.Status != 204 || len(sc.Messages(sc.general)) != 3 {
		t.Errorf("bulk delete: %d %s", r.Status, r.Raw)
	}
}

func TestReactionsAndThreads(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	m := must(sc.anna.Send(sc.general, "hi"))(t)
	path := fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID)
	sc.do("PUT", path+"/reactions/%F0%9F%91%8D/@me", nil)
	if err := sc.anna.React(m, "👍"); err != nil {
		t.Fatal(err)
	}
	got, _ := sc.Message(m.ID)
	if len(got.Reactions) != 1 || got.Reactions[0].Count != 2 || !got.Reactions[0].Me {
		t.Errorf("reactions: %+v", got.Reactions)
	}
	if r := sc.do("GET", path, nil); r.Status != 200 { // validates reactions
		t.Errorf("%d", r.Status)
	}
	sc.do("DELETE", path+"/reactions/%F0%9F%91%8D/@me", nil)
	if got, _ := sc.Message(m.ID); got.Reactions[0].Me || got.Reactions[0].Count != 1 {
		t.Errorf("reactions: %+v", got.Reactions)
	}

	r := sc.do("POST", path+"/threads", `{"name":"Sales"}`)
	if r.Status != 201 || r.Body["id"] != m.ID.String() {
		t.Fatalf("thread: %d %s", r.Status, r.Raw)
	}
	if r := sc.do("POST", path+"/threads", `{"name":"Sales"}`); r.code() != 160004 {
		t.Errorf("second thread: %s", r.Raw)
	}
	if r := sc.do("POST", fmt.Sprintf("/channels/%d/messages", m.ID), `{"content":"in the thread"}`); r.Status != 200 {
		t.Errorf("message in thread: %s", r.Raw)
	}
	if r := sc.do("GET", path, nil).message(t); !r.Flags.Has(FlagHasThread) || r.Thread == nil {
		t.Errorf("starter: %+v", r)
	}
	thread := fmt.Sprintf("/channels/%d", m.ID)
	for _, step := range []struct{ method, path, body string }{
		{"PUT", thread + "/thread-members/@me", ""},
		{"PUT", fmt.Sprintf("%s/thread-members/%d", thread, sc.anna.ID), ""},
		{"GET", thread + "/thread-members?with_member=true", ""},
		{"GET", fmt.Sprintf("%s/thread-members/%d", thread, sc.anna.ID), ""},
		{"DELETE", fmt.Sprintf("%s/thread-members/%d", thread, sc.anna.ID), ""},
		{"PATCH", thread, `{"name":"Renamed","archived":true}`},
		{"GET", thread, ""},
		{"GET", fmt.Sprintf("/guilds/%d/threads/active", sc.guild.ID), ""},
		{"POST", fmt.Sprintf("/channels/%d/threads", sc.general.ID), `{"name":"alone","type":11}`},
		{"DELETE", thread, ""},
		{"GET", fmt.Sprintf("/guilds/%d", sc.guild.ID) + "?with_counts=true", ""},
		{"GET", fmt.Sprintf("/guilds/%d/channels", sc.guild.ID), ""},
		{"GET", fmt.Sprintf("/guilds/%d/roles", sc.guild.ID), ""},
		{"GET", fmt.Sprintf("/guilds/%d/members?limit=10", sc.guild.ID), ""},
		{"GET", fmt.Sprintf("/guilds/%d/members/%d", sc.guild.ID, sc.anna.ID), ""},
		{"GET", fmt.Sprintf("/users/%d", sc.anna.ID), ""},
		{"GET", "/users/@me", ""}, {"GET", "/users/@me/guilds", ""}, {"GET", "/gateway", ""}, {"GET", "/gateway/bot", ""},
		{"GET", "/applications/@me", ""}, {"GET", "/oauth2/applications/@me", ""},
	} {
		var body any
		if step.body != "" {
			body = step.body
		}
		if r := sc.do(step.method, step.path, body); r.Status >= 300 {
			t.Errorf("%s %s: %d %s", step.method, step.path, r.Status, r.Raw)
		}
	}
}

func TestNotModelled(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	if r := sc.do("POST", "/lobbies", `{}`); r.Status != 501 {
		t.Errorf("status %d", r.Status)
	}
	sc.forgive("POST /api/v10/lobbies: this route is not modelled")
	sc.post(`{"content":"c","contnet":"typo"}`)
	sc.forgive("contnet")
}
