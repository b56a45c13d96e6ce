package discordtest

import (
	"fmt"
	"testing"
)

// installable registers a command and a message command, for guilds and users, everywhere.
func (sc *scene) installable() {
	sc.t.Helper()
	r := sc.do("PUT", fmt.Sprintf("/applications/%d/commands", sc.ApplicationID()), `[
		{"name":"ask","description":"Ask","integration_types":[0,1],"contexts":[0,1,2],"options":[{"type":11,"name":"file","description":"A file"}]},
		{"name":"Ask Attaché","type":3,"integration_types":[0,1],"contexts":[0,1,2]},
		{"name":"files","description":"Your files","integration_types":[0],"contexts":[0,1]}
	]`)
	if r.Status != 200 {
		sc.t.Fatalf("commands: %d %s", r.Status, r.Raw)
	}
}

func TestUserInstalled(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.NoRateLimits = true
	sc.installable()
	ctx := Context(t)
	bert := sc.AddUser("bert")
	g := sc.connect(everything)
	group := sc.AddGroup("weekend", sc.anna, bert)
	said := must(bert.Send(group, "17 % of 340?", File{Name: "a.csv", Data: []byte("1")}))(t)
	if _, err := sc.anna.ContextMenu(said, "Ask Attaché"); err == nil {
		t.Error("offered before it is installed")
	}
	sc.anna.Install()
	if _, err := sc.anna.Command(group, "files"); err == nil {
		t.Error("a command for guilds is offered in a group")
	}

	it := must(sc.anna.ContextMenu(said, "Ask Attaché"))(t)
	e := g.until("INTERACTION_CREATE")
	owners := e["authorizing_integration_owners"].(map[string]any)
	if e["context"] != 2. || len(owners) != 1 || owners["1"] != sc.anna.ID.String() || e["user"] == nil || e["guild_id"] != nil {
		t.Errorf("got %v", e)
	}
	target := e["data"].(map[string]any)["resolved"].(map[string]any)["messages"].(map[string]any)[said.ID.String()].(map[string]any)
	if target["content"] != "17 % of 340?" || len(target["attachments"].([]any)) != 1 {
		t.Errorf("got %v", target)
	}
	sc.want("reading the group", 50001, sc.do("GET", fmt.Sprintf("/channels/%d/messages", group.ID), nil))
	sc.answer(it, `{"type":4,"data":{"content":"57.8"}}`)
	m, err := it.AwaitMessage(ctx)
	if err != nil || m.Type != TypeContextMenu || m.Reference == nil || m.Reference.MessageID != said.ID {
		t.Errorf("%+v %v", m, err)
	}
	for range 5 {
		sc.want("follow-up", 0, sc.hook("POST", it, "", `{"content":"more"}`))
	}
	sc.want("sixth follow-up", 40094, sc.hook("POST", it, "", `{"content":"more"}`))

	// a guild without the bot
	other := sc.AddGuild("Elsewhere")
	other.AddMember(bert) // its owner
	other.AddMember(sc.anna)
	other.RemoveMember(sc.Bot())
	g.until("GUILD_DELETE")
	square := other.Channel("general")
	it = must(sc.anna.Command(square, "ask", Opt("file", File{Name: "b.csv", Data: []byte("2")})))(t)
	if e := g.until("INTERACTION_CREATE"); e["context"] != 0. || e["guild_id"] != other.ID.String() || e["authorizing_integration_owners"].(map[string]any)["0"] != nil {
		t.Errorf("got %v", e)
	}
	sc.answer(it, `{"type":4,"data":{"content":"public"}}`)
	if m, err := it.AwaitMessage(ctx); err != nil || m.EphemeralTo != 0 {
		t.Errorf("%+v %v", m, err)
	}
	sc.want("reading a guild without the bot", 50001, sc.do("GET", fmt.Sprintf("/channels/%d/messages", square.ID), nil))
	other.Deny(UseExternalApps)
	it = must(sc.anna.Command(square, "ask"))(t)
	sc.answer(it, `{"type":4,"data":{"content":"hushed"}}`)
	if m, err := it.AwaitMessage(ctx); err != nil || m.EphemeralTo != sc.anna.ID {
		t.Errorf("%+v %v", m, err)
	}

	// both
	it = must(sc.anna.Command(sc.general, "ask"))(t)
	if e := g.until("INTERACTION_CREATE"); len(e["authorizing_integration_owners"].(map[string]any)) != 1 {
		t.Errorf("got %v", e) // the hushed one
	}
	if e := g.until("INTERACTION_CREATE"); len(e["authorizing_integration_owners"].(map[string]any)) != 2 {
		t.Errorf("got %v", e)
	}
	sc.answer(it, `{"type":4,"data":{"content":"c"}}`)
	it = must(sc.anna.Command(sc.anna.DM(), "files"))(t)
	if e := g.until("INTERACTION_CREATE"); e["context"] != 1. || e["authorizing_integration_owners"].(map[string]any)["0"] != "0" {
		t.Errorf("got %v", e)
	}
	sc.answer(it, `{"type":4,"data":{"content":"c"}}`)
}

func TestModalWithFiles(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.installable()
	g := sc.connect(everything)
	it := must(sc.anna.Command(sc.general, "ask"))(t)
	g.until("INTERACTION_CREATE")
	sc.want("modal", 0, sc.answer(it, `{"type":9,"data":{"custom_id":"m","title":"Ask","components":[
		{"type":10,"content":"What do you want to know?"},
		{"type":18,"label":"Question","component":{"type":4,"custom_id":"question","style":2}},
		{"type":18,"label":"Files","description":"Up to three","component":{"type":19,"custom_id":"files","min_values":0,"max_values":3,"required":false}},
		{"type":18,"label":"Kinds","component":{"type":3,"custom_id":"kinds","max_values":2,"options":[{"label":"Table","value":"t"},{"label":"Chart","value":"c"}]}},
		{"type":18,"label":"Public","component":{"type":23,"custom_id":"public"}}]}}`))
	values := map[string]string{"question": "Why?", "kinds": "Table\nChart", "public": "true"}
	four := []File{{Name: "1"}, {Name: "2"}, {Name: "3"}, {Name: "4"}}
	if _, err := sc.anna.Submit(it, values, four...); err == nil {
		t.Error("four files where three are taken")
	}
	must(sc.anna.Submit(it, values, File{Name: "a.csv", Data: []byte("id\n1\n")}, File{Name: "b.png", Data: []byte(pngOf(4, 3))}))(t)
	data := g.until("INTERACTION_CREATE")["data"].(map[string]any)
	field := func(i int) map[string]any {
		return data["components"].([]any)[i].(map[string]any)["component"].(map[string]any)
	}
	ids := field(2)["values"].([]any)
	if field(1)["value"] != "Why?" || len(ids) != 2 || fmt.Sprint(field(3)["values"]) != "[t c]" || field(4)["value"] != true {
		t.Fatalf("got %v", data)
	}
	attachments := data["resolved"].(map[string]any)["attachments"].(map[string]any)
	a := attachments[ids[0].(string)].(map[string]any)
	if a["filename"] != "a.csv" || a["ephemeral"] != true || a["size"] != 5. {
		t.Errorf("got %v", a)
	}
	res, err := sc.client.Get(a["url"].(string))
	if err != nil || res.StatusCode != 200 {
		t.Errorf("%v %v", res, err)
	} else {
		res.Body.Close()
	}
	for _, bad := range []string{
		`{"type":19,"custom_id":"files"}`,
		`{"type":18,"label":"L","component":{"type":19,"custom_id":"files","max_values":11}}`,
		`{"type":18,"label":"L","component":{"type":19,"custom_id":"files","min_values":0}}`,
		`{"type":18,"label":"L","component":{"type":2,"style":1,"label":"b","custom_id":"b"}}`,
		`{"type":18,"label":"L"}`,
	} {
		it := must(sc.anna.Command(sc.general, "ask"))(t)
		if r := sc.answer(it, fmt.Sprintf(`{"type":9,"data":{"custom_id":"m","title":"Ask","components":[%s]}}`, bad)); r.code() != 50035 {
			t.Errorf("%s: %s", bad, r.Raw)
		}
	}
	sc.ForgetViolations()
}

func TestComponentsV2(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.NoRateLimits = true
	post := func(components string, files ...string) reply {
		return sc.post(multi(`{"flags":32768,"components":[`+components+`]}`, files...))
	}
	text := `{"type":10,"content":"t"}`
	gallery := `{"type":12,"items":[{"media":{"url":"attachment://a.png"},"description":"Sales by month"}]}`
	r := post(`{"type":17,"components":[`+text+`,`+gallery+`,{"type":14}]},{"type":13,"file":{"url":"attachment://b.csv"}}`, "a.png", pngOf(4, 3), "b.csv", "1")
	sc.want("gallery and file", 0, r)
	if m := r.message(t); len(m.Attachments) != 0 || m.Components[0].Components[1].Items[0].Description != "Sales by month" {
		t.Errorf("got %s", r.Raw)
	}
	sent, _ := sc.Message(r.message(t).ID)
	if !HasFile(sent) || len(sent.Files) != 2 || sent.Files[0].Description != "Sales by month" || string(sent.Files[1].Bytes()) != "1" {
		t.Errorf("files: %+v", sent.Files)
	}
	path := fmt.Sprintf("/channels/%d/messages/%s", sc.general.ID, r.Body["id"])
	sc.want("edit", 0, sc.do("PATCH", path, `{"components":[`+text+`],"attachments":[]}`))
	sc.want("text in it", 50035, sc.do("PATCH", path, `{"content":"c"}`))
	sc.ForgetViolations()
	for name, bad := range map[string]string{
		"empty gallery":           `{"type":12,"items":[]}`,
		"missing file":            gallery,
		"container in container":  `{"type":17,"components":[{"type":17,"components":[` + text + `]}]}`,
		"section without aside":   `{"type":9,"components":[` + text + `]}`,
		"four texts in a section": `{"type":9,"components":[` + text + `,` + text + `,` + text + `,` + text + `],"accessory":{"type":2,"style":1,"label":"b","custom_id":"b"}}`,
		"thumbnail alone":         `{"type":11,"media":{"url":"https://example.com/a.png"}}`,
		"file from the web":       `{"type":13,"file":{"url":"https://example.com/a.csv"}}`,
		"spacing":                 `{"type":14,"spacing":3}`,
		"upload in a message":     `{"type":18,"label":"L","component":{"type":19,"custom_id":"f"}}`,
		"scheme":                  `{"type":12,"items":[{"media":{"url":"file:///etc/passwd"}}]}`,
	} {
		if r := post(bad); r.code() != 50035 {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
	}
	sc.ForgetViolations()
	sc.want("a file that nothing shows", 0, post(text, "a.png", pngOf(4, 3)))
	sc.forgive("shown by no component")
}
