package discordtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// command registers /files and more with the REST API.
func (sc *scene) commands() {
	sc.t.Helper()
	r := sc.do("PUT", fmt.Sprintf("/applications/%d/commands", sc.ApplicationID()), `[
		{"name":"files","description":"Your files"},
		{"name":"model","description":"Choose a model","options":[{"type":3,"name":"name","description":"Its name","required":true,"autocomplete":true}]},
		{"name":"usage","description":"Usage","options":[{"type":1,"name":"total","description":"All","options":[
			{"type":4,"name":"days","description":"Days","min_value":1,"max_value":30},{"type":3,"name":"unit","description":"Unit","choices":[{"name":"Dollars","value":"usd"}]},
			{"type":6,"name":"who","description":"Whose"},{"type":11,"name":"file","description":"A file"},{"type":5,"name":"all","description":"All"}]}]},
		{"name":"admin","description":"For admins","default_member_permissions":"8","contexts":[0]},
		{"name":"Analyze","type":3}
	]`)
	if r.Status != 200 {
		sc.t.Fatalf("commands: %d %s", r.Status, r.Raw)
	}
}

func (sc *scene) answer(it *Interaction, body any) reply {
	sc.t.Helper()
	return sc.do("POST", fmt.Sprintf("/interactions/%d/%s/callback", it.ID, it.Token), body)
}

func (sc *scene) hook(method string, it *Interaction, path string, body any) reply {
	sc.t.Helper()
	return sc.do(method, fmt.Sprintf("/webhooks/%d/%s%s", sc.ApplicationID(), it.Token, path), body)
}

func TestCommandReply(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ctx := Context(t)
	sc.commands()
	it := must(sc.anna.Command(sc.general, "/files"))(t)
	if r := sc.answer(it, `{"type":4,"data":{"content":"none yet","flags":64}}`); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Raw)
	}
	res, err := it.Await(ctx)
	if err != nil || res.Type != ReplyMessage || res.Message.Type != TypeCommand || res.Message.EphemeralTo != sc.anna.ID {
		t.Errorf("%+v %v", res, err)
	}
	if r := sc.answer(it, `{"type":4,"data":{"content":"again"}}`); r.Status != 400 || r.code() != 40060 {
		t.Errorf("twice: %d %s", r.Status, r.Raw)
	}
	sc.forgive("40060")
	// the channel's own routes do not know the ephemeral message; the token does
	if r := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, res.Message.ID), nil); r.code() != 10008 {
		t.Errorf("ephemeral through the channel: %s", r.Raw)
	}
	if m := sc.hook("PATCH", it, "/messages/@original", `{"content":"edited"}`).message(t); m.Content != "edited" || m.Interaction.User.ID != sc.anna.ID {
		t.Errorf("%+v", m)
	}
	follow := sc.hook("POST", it, "", multi(`{"content":"more"}`, "a.txt", "a")).message(t)
	if follow.Type != TypeReply || follow.Reference.MessageID != res.Message.ID || follow.Flags.Has(FlagEphemeral) {
		t.Errorf("follow-up: %+v", follow)
	}
	if m := sc.hook("PATCH", it, "/messages/"+follow.ID.String(), `{"content":"changed"}`).message(t); m.Content != "changed" {
		t.Errorf("%+v", m)
	}
	if r := sc.hook("DELETE", it, "/messages/"+follow.ID.String(), nil); r.Status != 204 {
		t.Errorf("%d %s", r.Status, r.Raw)
	}
	if r := sc.hook("DELETE", it, "/messages/@original", nil); r.Status != 204 {
		t.Errorf("%d %s", r.Status, r.Raw)
	}
	if r := sc.hook("GET", it, "/messages/@original", nil); r.code() != 10008 {
		t.Errorf("%d %s", r.Status, r.Raw)
	}
}

func TestDeferred(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ctx := Context(t)
	sc.commands()
	it := must(sc.anna.Command(sc.general, "files"))(t)
	r := sc.do("POST", fmt.Sprintf("/interactions/%d/%s/callback?with_response=true", it.ID, it.Token), `{"type":5,"data":{"flags":64}}`)
	about, _ := r.Body["interaction"].(map[string]any)
	if r.Status != 200 || about["response_message_loading"] != true || about["response_message_ephemeral"] != true {
		t.Fatalf("%d %s", r.Status, r.Raw)
	}
	seen := sc.anna.Transcript(sc.general)
	if len(seen.Messages) != 1 || !seen.Messages[0].Thinking || !seen.Messages[0].Ephemeral || seen.Messages[0].Command != "/files" {
		t.Errorf("thinking: %+v", seen)
	}
	// the first follow-up is the answer, and stays ephemeral
	m := sc.hook("POST", it, "", `{"content":"done"}`).message(t)
	if fmt.Sprint(m.ID) != about["response_message_id"] || !m.Flags.Has(FlagEphemeral) || m.Flags.Has(FlagLoading) {
		t.Errorf("%+v", m)
	}
	got, err := it.AwaitMessage(ctx, Contains("done"))
	if err != nil || got.ID != m.ID {
		t.Errorf("%+v %v", got, err)
	}
	if n := len(sc.Messages(sc.general)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestInteractionTimes(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.commands()
	late := must(sc.anna.Command(sc.general, "files"))(t)
	inTime := must(sc.anna.Command(sc.general, "files"))(t)
	if r := sc.hook("POST", inTime, "", `{"content":"too early"}`); r.Status != 404 || r.code() != 10015 {
		t.Errorf("before the answer: %d %s", r.Status, r.Raw)
	}
	sc.answer(inTime, `{"type":5}`)
	sc.Advance(3*time.Second + time.Millisecond)
	if r := sc.answer(late, `{"type":5}`); r.Status != 404 || r.code() != 10062 {
		t.Errorf("late: %d %s", r.Status, r.Raw)
	}
	if _, err := late.Await(Context(t)); !errors.Is(err, ErrNoResponse) {
		t.Errorf("late: %v", err)
	}
	sc.Advance(14 * time.Minute)
	if r := sc.hook("PATCH", inTime, "/messages/@original", `{"content":"x"}`); r.Status != 200 {
		t.Errorf("after 14 minutes: %d %s", r.Status, r.Raw)
	}
	sc.Advance(time.Minute)
	if r := sc.hook("PATCH", inTime, "/messages/@original", `{"content":"x"}`); r.Status != 401 || r.code() != 50027 {
		t.Errorf("after 15 minutes: %d %s", r.Status, r.Raw)
	}
	if r := sc.do("POST", "/interactions/1/nonsense/callback", `{"type":5}`); r.code() != 10062 {
		t.Errorf("unknown: %s", r.Raw)
	}
}

func TestComponents(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	ctx := Context(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	sc.commands()
	open := must(sc.anna.Command(sc.general, "files"))(t)
	sc.answer(open, `{"type":4,"data":{"content":"list","flags":64,"components":[
		{"type":1,"components":[{"type":3,"custom_id":"file","placeholder":"Choose a file","options":[{"label":"a.csv","value":"1"},{"label":"b.csv","value":"2"}]}]},
		{"type":1,"components":[{"type":2,"style":4,"label":"Delete","emoji":{"name":"🗑️"},"custom_id":"delete"},{"type":2,"style":2,"label":"Off","custom_id":"off","disabled":true},{"type":2,"style":5,"label":"Docs","url":"https://example.org"}]}]}}`)
	list, err := open.AwaitMessage(ctx, HasButton("🗑️ Delete"))
	if err != nil {
		t.Fatal(err)
	}

	for what, try := range map[string]func() (*Interaction, error){
		"another's ephemeral message": func() (*Interaction, error) { return ben.Press(list, "Delete") },
		"a disabled button":           func() (*Interaction, error) { return sc.anna.Press(list, "Off") },
		"a link":                      func() (*Interaction, error) { return sc.anna.Press(list, "Docs") },
		"no such button":              func() (*Interaction, error) { return sc.anna.Press(list, "Nope") },
		"no such option":              func() (*Interaction, error) { return sc.anna.Choose(list, "file", "c.csv") },
		"two options of one":          func() (*Interaction, error) { return sc.anna.Choose(list, "file", "a.csv", "b.csv") },
		"no such menu":                func() (*Interaction, error) { return sc.anna.Choose(list, "other", "a.csv") },
	} {
		if it, err := try(); err == nil {
			t.Errorf("%s: %+v", what, it)
		}
	}

	choose := must(sc.anna.Choose(list, "", "b.csv"))(t)
	sc.answer(choose, `{"type":7,"data":{"content":"b.csv chosen"}}`)
	if m, err := choose.AwaitMessage(ctx); err != nil || m.ID != list.ID || m.Content != "b.csv chosen" || len(m.Components) != 2 {
		t.Errorf("%+v %v", m, err)
	}
	press := must(sc.anna.Press(list, "delete"))(t)
	sc.answer(press, `{"type":6}`)
	if m := sc.hook("PATCH", press, "/messages/@original", `{"content":"gone","components":[]}`).message(t); m.ID != list.ID || len(m.Components) != 0 {
		t.Errorf("%+v", m)
	}
	if _, err := press.AwaitMessage(ctx, Contains("gone")); err != nil {
		t.Error(err)
	}
	if _, err := sc.anna.Press(list, "Delete"); err == nil {
		t.Error("pressed a button that is gone")
	}
	forged := must(ben.Forge(list, Button, "delete"))(t)
	sc.answer(forged, `{"type":4,"data":{"content":"That is not yours.","flags":64}}`)
	if m, err := forged.AwaitMessage(ctx); err != nil || m.EphemeralTo != ben.ID || m.Reference.MessageID != list.ID {
		t.Errorf("%+v %v", m, err)
	}
	wrong := must(sc.anna.Forge(list, Button, "x"))(t)
	if r := sc.answer(wrong, `{"type":8,"data":{"choices":[]}}`); r.code() != 50035 {
		t.Errorf("choices for a button: %s", r.Raw)
	}
	sc.forgive("50035")
}

// TestExcused shows that answering twice is no violation when a fault was to blame.
func TestExcused(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.commands()
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	p.event("GUILD_CREATE")
	sc.Inject(Fault{On: "INTERACTION_CREATE", Duplicate: true})
	it := must(sc.anna.Command(sc.general, "files"))(t)
	p.event("INTERACTION_CREATE")
	p.event("INTERACTION_CREATE")
	sc.answer(it, `{"type":5}`)
	if r := sc.answer(it, `{"type":5}`); r.code() != 40060 {
		t.Errorf("%s", r.Raw)
	}
	lost := must(sc.anna.Command(sc.general, "files"))(t)
	sc.Inject(Fault{On: "/callback", Drop: true, AfterHandling: true})
	sc.try("POST", fmt.Sprintf("/interactions/%d/%s/callback?with_response=true", lost.ID, lost.Token), `{"type":5}`)
	if r := sc.answer(lost, `{"type":5}`); r.code() != 40060 {
		t.Errorf("%s", r.Raw)
	}
	sc.client.CloseIdleConnections()
}

func TestModal(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ctx := Context(t)
	sc.commands()
	it := must(sc.anna.Command(sc.general, "files"))(t)
	sc.answer(it, `{"type":9,"data":{"custom_id":"m","title":"Rename","components":[{"type":1,"components":[{"type":4,"custom_id":"name","label":"Name","style":1,"max_length":5}]},
		{"type":18,"label":"Why","component":{"type":4,"custom_id":"why","style":2,"required":false}}]}}`)
	res, err := it.Await(ctx)
	if err != nil || res.Modal == nil || res.Modal.Title != "Rename" {
		t.Fatalf("%+v %v", res, err)
	}
	for _, bad := range []map[string]string{{}, {"name": "longer"}, {"name": "a", "other": "b"}} {
		if _, err := sc.anna.Submit(it, bad); err == nil {
			t.Errorf("%v accepted", bad)
		}
	}
	sub := must(sc.anna.Submit(it, map[string]string{"name": "x.csv"}))(t)
	if r := sc.answer(sub, `{"type":9,"data":{"custom_id":"m","title":"t","components":[{"type":1,"components":[{"type":4,"custom_id":"n","label":"N","style":1}]}]}}`); r.code() != 50035 {
		t.Errorf("modal on modal: %s", r.Raw)
	}
	sc.forgive("50035")
	sc.answer(sub, `{"type":4,"data":{"content":"renamed"}}`)
	if m, err := sub.AwaitMessage(ctx); err != nil || m.Content != "renamed" {
		t.Errorf("%+v %v", m, err)
	}
}

func TestCommandOptions(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ctx := Context(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	sc.commands()
	file := File{Name: "a.csv", Data: []byte("1")}
	for what, try := range map[string]func() (*Interaction, error){
		"unknown":           func() (*Interaction, error) { return sc.anna.Command(sc.general, "nope") },
		"required missing":  func() (*Interaction, error) { return sc.anna.Command(sc.general, "model") },
		"no subcommand":     func() (*Interaction, error) { return sc.anna.Command(sc.general, "usage") },
		"out of range":      func() (*Interaction, error) { return sc.anna.Command(sc.general, "usage total", Opt("days", 31)) },
		"not a choice":      func() (*Interaction, error) { return sc.anna.Command(sc.general, "usage total", Opt("unit", "eur")) },
		"unknown option":    func() (*Interaction, error) { return sc.anna.Command(sc.general, "usage total", Opt("x", 1)) },
		"wrong type":        func() (*Interaction, error) { return sc.anna.Command(sc.general, "usage total", Opt("who", "ben")) },
		"not permitted":     func() (*Interaction, error) { return ben.Command(sc.general, "admin") },
		"not in DMs":        func() (*Interaction, error) { return sc.anna.Command(sc.anna.DM(), "admin") },
		"another's DMs":     func() (*Interaction, error) { return ben.Command(sc.anna.DM(), "files") },
		"no autocompletion": func() (*Interaction, error) { return sc.anna.Complete(sc.general, "usage total", "unit") },
	} {
		if it, err := try(); err == nil {
			t.Errorf("%s: %+v", what, it)
		}
	}
	must(sc.anna.Command(sc.general, "admin"))(t) // she owns the guild
	must(sc.anna.Command(sc.anna.DM(), "files"))(t)
	must(sc.anna.Command(sc.general, "usage total", Opt("days", 3), Opt("unit", "Dollars"), Opt("who", ben), Opt("file", file), Opt("all", true)))(t)

	it := must(sc.anna.Complete(sc.general, "model", "name", Opt("name", "gp")))(t)
	sc.answer(it, `{"type":8,"data":{"choices":[{"name":"GPT","value":"gpt"}]}}`)
	if res, err := it.Await(ctx); err != nil || len(res.Choices) != 1 || res.Choices[0].Value != "gpt" {
		t.Errorf("%+v %v", res, err)
	}
	m := must(ben.Send(sc.general, "look at this"))(t)
	menu := must(sc.anna.ContextMenu(m, "Analyze"))(t)
	sc.answer(menu, `{"type":4,"data":{"content":"done"}}`)
	if got, err := menu.AwaitMessage(ctx); err != nil || got.Type != TypeContextMenu || got.Interaction.TargetID != m.ID {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRegisterCommands(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	if err := func() error {
		done := make(chan error)
		go func() { done <- sc.AwaitCommand(Context(t), "files") }()
		sc.commands()
		return <-done
	}(); err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf("/applications/%d/commands", sc.ApplicationID())
	first := string(sc.do("GET", base, nil).Raw)
	id := strings.Split(strings.Split(first, `"id":"`)[1], `"`)[0]
	sc.commands()
	if again := string(sc.do("GET", base, nil).Raw); !strings.Contains(again, id) {
		t.Errorf("the id of /files changed: %s", again)
	}
	inGuild := fmt.Sprintf("/applications/%d/guilds/%d/commands", sc.ApplicationID(), sc.guild.ID)
	made := sc.do("POST", inGuild, `{"name":"here","description":"Only here"}`)
	one := inGuild + "/" + made.Body["id"].(string)
	if r := sc.do("PATCH", one, `{"description":"Changed"}`); r.Body["description"] != "Changed" {
		t.Errorf("%s", r.Raw)
	}
	if r := sc.do("GET", one, nil); r.Body["description"] != "Changed" || r.Body["guild_id"] != sc.guild.ID.String() {
		t.Errorf("%s", r.Raw)
	}
	must(sc.anna.Command(sc.general, "here"))(t)
	if r := sc.do("DELETE", one, nil); r.Status != 204 {
		t.Errorf("%d", r.Status)
	}
	if r := sc.do("GET", one, nil); r.code() != 10063 {
		t.Errorf("%s", r.Raw)
	}
	for _, bad := range []string{
		`[{"name":"Upper","description":"d"}]`, `[{"name":"with space","description":"d"}]`, `[{"name":"a","description":""}]`,
		`[{"name":"a","description":"d"},{"name":"a","description":"e"}]`,
		`[{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"y","description":"d","required":true}]}]`,
	} {
		if r := sc.do("PUT", base, bad); r.code() != 50035 {
			t.Errorf("%s: %d %s", bad, r.Status, r.Raw)
		}
	}
	sc.forgive("50035")
	if got := string(sc.do("GET", base, nil).Raw); !strings.Contains(got, id) {
		t.Errorf("a refused registration changed the commands: %s", got)
	}
}
