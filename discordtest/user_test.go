package discordtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLongMessageBecomesFile(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	m := must(sc.anna.Send(sc.general, strings.Repeat("é", 2001), File{Name: "a.csv", Data: []byte("1")}))(t)
	if m.Content != "" || len(m.Attachments) != 2 || m.Attachments[0].Filename != "message.txt" || m.Attachments[0].ContentType != "text/plain; charset=utf-8" {
		t.Errorf("%+v", m)
	}
	if m := must(sc.anna.Send(sc.general, strings.Repeat("é", 2000)))(t); len(m.Attachments) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestUserDeeds(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ctx := Context(t)
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything|IntentGuildTyping|IntentGuildReactions)
	p.event("GUILD_CREATE")
	eve := sc.AddUser("eve") // in no guild
	if _, err := eve.Send(sc.general, "hi"); err == nil {
		t.Error("an outsider could write")
	}
	if _, err := eve.Send(sc.anna.DM(), "hi"); err == nil {
		t.Error("somebody wrote into another's direct messages")
	}
	if err := sc.anna.Type(sc.general); err != nil {
		t.Error(err)
	}
	p.event("TYPING_START")
	if err := sc.AwaitTyping(ctx, sc.general, sc.anna.Profile); err != nil {
		t.Error(err)
	}
	m := must(sc.anna.Send(sc.general, "first", File{Name: "a.txt", Data: []byte("a")}, File{Name: "b.txt", Data: []byte("b")}))(t)
	p.event("MESSAGE_CREATE")
	if got := sc.anna.Transcript(sc.general); len(got.Typing) != 0 {
		t.Error("still typing after sending")
	}
	edited := must(sc.anna.Edit(m, "second"))(t)
	var update Message
	json.Unmarshal(p.event("MESSAGE_UPDATE").D, &update)
	if update.EditedTimestamp == nil || update.Content != "second" || len(edited.Attachments) != 2 {
		t.Errorf("%+v", update)
	}
	if err := sc.anna.RemoveFile(m, m.Attachments[0].ID); err != nil {
		t.Error(err)
	}
	json.Unmarshal(p.event("MESSAGE_UPDATE").D, &update)
	if len(update.Attachments) != 1 || update.Attachments[0].Filename != "b.txt" {
		t.Errorf("%+v", update.Attachments)
	}
	link := must(sc.anna.Send(sc.general, "https://example.org"))(t)
	if err := sc.Unfurl(link, Embed{Title: "Example", URL: "https://example.org"}); err != nil {
		t.Error(err)
	}
	update = Message{}
	json.Unmarshal(p.event("MESSAGE_UPDATE").D, &update)
	if update.EditedTimestamp != nil || len(update.Embeds) != 1 {
		t.Errorf("a preview is no edit: %+v", update)
	}
	thread := must(sc.anna.StartThread(m, "Sales"))(t)
	p.event("THREAD_CREATE")
	must(sc.anna.Send(thread, "in it"))(t)
	var created Message
	for created.Content != "in it" {
		json.Unmarshal(p.event("MESSAGE_CREATE").D, &created)
	}
	if created.ChannelID != thread.ID || sc.Channel(m.ID) != thread || thread.Name() != "Sales" {
		t.Errorf("%+v", created)
	}
	fwd := must(sc.anna.Forward(m, sc.guild.AddChannel("other")))(t)
	if len(fwd.Snapshots) != 1 || fwd.Snapshots[0].Message.Content != "second" || fwd.Content != "" || len(fwd.Snapshots[0].Message.Attachments) != 1 {
		t.Errorf("forward: %+v", fwd)
	}
	if again := must(sc.anna.Forward(fwd, sc.general))(t); len(again.Snapshots) != 1 || again.Snapshots[0].Message.Content != "second" {
		t.Errorf("forward of a forward: %+v", again)
	}
	if err := sc.anna.Delete(m); err != nil {
		t.Error(err)
	}
	p.event("MESSAGE_DELETE")
	if err := sc.AwaitDeleted(ctx, m); err != nil {
		t.Error(err)
	}
	if _, err := sc.anna.Edit(m, "x"); err == nil {
		t.Error("edited a deleted message")
	}
	thread.Archive(true)
	p.event("THREAD_UPDATE")
	ben := sc.AddUser("ben") // anna owns the guild
	sc.guild.AddMember(ben)
	if _, err := ben.Send(thread, "x"); err == nil {
		t.Error("wrote into a locked thread")
	}
	sc.guild.RemoveMember(sc.Bot())
	p.event("GUILD_DELETE")
	if r := sc.do("GET", fmt.Sprintf("/guilds/%d", sc.guild.ID), nil); r.code() != 10004 {
		t.Errorf("a guild the bot was kicked from: %s", r.Raw)
	}
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	role := sc.guild.AddRole("Analysts", 0xf1c40f, 0)
	sc.guild.AddMember(sc.anna, role)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	sc.commands()
	q := must(sc.anna.Send(sc.general, sc.Bot().Mention()+" chart?", File{Name: "my sales.csv", Data: []byte("1,2")}))(t)
	sc.post(multi(fmt.Sprintf(`{"content":"here, %s","message_reference":{"message_id":"%d"}}`, sc.anna.Mention(), q.ID), "chart.png", pngOf(4, 3)))
	it := must(sc.anna.Command(sc.general, "files"))(t)
	sc.answer(it, `{"type":4,"data":{"content":"secret","flags":64}}`)
	sc.do("POST", fmt.Sprintf("/channels/%d/typing", sc.general.ID), nil)
	if err := ben.React(q, "👍"); err != nil {
		t.Fatal(err)
	}

	data, err := json.Marshal(sc.anna.Transcript(sc.general))
	if err != nil {
		t.Fatal(err)
	}
	var hers Transcript
	if err := json.Unmarshal(data, &hers); err != nil {
		t.Fatal(err)
	}
	if len(hers.Messages) != 3 || len(hers.Typing) != 1 || hers.Guild != "Acme" || hers.Channel != "general" || hers.Viewer.Name != "anna" {
		t.Fatalf("%s", data)
	}
	first, second, third := hers.Messages[0], hers.Messages[1], hers.Messages[2]
	if first.Author.Color != 0xf1c40f || first.Names[sc.Bot().Mention()] != "@Attaché" || first.Files[0].Name != "my sales.csv" || first.Reactions[0].Me {
		t.Errorf("first: %+v", first)
	}
	if second.ReplyTo == nil || second.ReplyTo.Author.Name != "anna" || !second.Mentioned || !strings.HasPrefix(second.Files[0].Data, "data:image/png;base64,") {
		t.Errorf("second: %+v", second)
	}
	if !third.Ephemeral || third.Command != "/files" || third.User.Name != "anna" {
		t.Errorf("third: %+v", third)
	}
	if his := ben.Transcript(sc.general); len(his.Messages) != 2 || !his.Messages[0].Reactions[0].Me {
		t.Errorf("his: %+v", his)
	}
	if since := sc.anna.Transcript(sc.general, q); len(since.Messages) != 3 {
		t.Errorf("since: %+v", since)
	}
	sc.Advance(11 * time.Second)
	if late := sc.anna.Transcript(sc.general); len(late.Typing) != 0 {
		t.Error("typing does not end")
	}
}

func TestAwaitErrors(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	must(sc.anna.Send(sc.general, "what is there"))(t)
	ctx, cancel := contextWith(20 * time.Millisecond)
	defer cancel()
	if _, err := sc.AwaitMessage(ctx, sc.general, FromBot); err == nil || !strings.Contains(err.Error(), "what is there") {
		t.Errorf("error does not tell what is there: %v", err)
	}
	if err := sc.AwaitConnected(ctx); err == nil {
		t.Error("nobody is connected")
	}
	sc.Close()
	if _, err := sc.AwaitMessage(Context(t), sc.general, FromBot); err == nil {
		t.Error("awaiting on a closed server did not end")
	}
	sc.Close()
}
