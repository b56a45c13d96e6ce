package discordtest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestForum(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	g := sc.connect(everything)
	help := sc.guild.AddForum("help")
	g.until("CHANNEL_CREATE")
	post, first, err := sc.anna.StartPost(help, "The export fails", "It says 4711.", File{Name: "log.txt", Data: []byte("4711")})
	if err != nil {
		t.Fatal(err)
	}
	if post.ID != first.ID || first.ChannelID != post.ID || post.Parent != help || post.Name() != "The export fails" {
		t.Errorf("%+v of %+v", first, post)
	}
	if e := g.until("THREAD_CREATE"); e["name"] != "The export fails" || e["parent_id"] != help.ID.String() || e["newly_created"] != true {
		t.Errorf("got %v", e)
	}
	if e := g.until("MESSAGE_CREATE"); e["id"] != e["channel_id"] || e["content"] != "It says 4711." {
		t.Errorf("got %v", e)
	}
	sc.want("the post's message", 0, sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", post.ID, post.ID), nil))
	sc.want("not in the forum", 10008, sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", help.ID, post.ID), nil))
	if r := sc.do("GET", fmt.Sprintf("/channels/%d", post.ID), nil); r.Body["message_count"] != 0. {
		t.Errorf("got %s", r.Raw)
	}
	sc.want("the forum", 0, sc.do("GET", fmt.Sprintf("/channels/%d", help.ID), nil))
	sc.want("a message in a forum", 50008, sc.do("POST", fmt.Sprintf("/channels/%d/messages", help.ID), `{"content":"c"}`))
	if _, err := sc.anna.Send(help, "hi"); err == nil {
		t.Error("anna wrote into the forum itself")
	}
	sc.want("an answer in the post", 0, sc.do("POST", fmt.Sprintf("/channels/%d/messages", post.ID), `{"content":"c"}`))

	r := sc.do("POST", fmt.Sprintf("/channels/%d/threads", help.ID), multi(`{"name":"News","message":{"content":"c","attachments":[{"id":0}]}}`, "a.txt", "x"))
	if m, _ := r.Body["message"].(map[string]any); r.Status != 201 || m == nil || m["id"] != r.Body["id"] || len(m["attachments"].([]any)) != 1 {
		t.Errorf("the bot's post: %d %s", r.Status, r.Raw)
	}
	sc.want("a post without message", 50035, sc.do("POST", fmt.Sprintf("/channels/%d/threads", help.ID), `{"name":"News"}`))
	sc.ForgetViolations()
}

func TestPoll(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ben := sc.AddUser("ben")
	sc.guild.AddMember(ben)
	g := sc.connect(everything | IntentGuildPolls)
	m := must(sc.anna.SendPoll(sc.general, Poll{Question: "Which colour?", Answers: []PollAnswer{{Text: "Blue", Emoji: "🔵"}, {Text: "Red"}}}))(t)
	if e := g.until("MESSAGE_CREATE"); e["poll"].(map[string]any)["question"].(map[string]any)["text"] != "Which colour?" {
		t.Errorf("got %v", e)
	}
	for _, err := range []error{sc.anna.Vote(m, "Blue"), ben.Vote(m, "Red"), ben.Vote(m, "Blue")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ben.Vote(m, "Blue", "Red") == nil || ben.Vote(m, "Green") == nil {
		t.Error("voted for two, or for what is not there")
	}
	if e := g.until("MESSAGE_POLL_VOTE_REMOVE"); e["user_id"] != ben.ID.String() || e["answer_id"] != 2. {
		t.Errorf("got %v", e)
	}
	path := fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID)
	read := sc.do("GET", path, nil).message(t)
	if p := read.Poll; p == nil || p.Answers[0].Votes != 2 || p.Answers[1].Votes != 0 || p.Ended {
		t.Errorf("got %+v", read.Poll)
	}
	if r := sc.do("GET", fmt.Sprintf("/channels/%d/polls/%d/answers/1", sc.general.ID, m.ID), nil); len(r.Body["users"].([]any)) != 2 {
		t.Errorf("got %s", r.Raw)
	}
	if err := sc.anna.EndPoll(m); err != nil {
		t.Fatal(err)
	}
	if e := g.until("MESSAGE_UPDATE"); e["poll"].(map[string]any)["results"].(map[string]any)["is_finalized"] != true {
		t.Errorf("got %v", e)
	}
	if e := g.until("MESSAGE_CREATE"); e["type"] != float64(TypePollResult) || !strings.Contains(string(mustJSON(e["embeds"])), `"Blue"`) {
		t.Errorf("got %v", e)
	}
	if ben.Vote(m, "Red") == nil {
		t.Error("voted after the end")
	}

	own := sc.post(`{"poll":{"question":{"text":"Lunch?"},"answers":[{"poll_media":{"text":"Yes"}}],"duration":2}}`)
	if p := own.message(t).Poll; p == nil || p.Expires.Sub(sc.Now()).Round(time.Hour) != 2*time.Hour {
		t.Errorf("the bot's: %s", own.Raw)
	}
	sc.want("editing a poll", 520003, sc.do("PATCH", fmt.Sprintf("/channels/%d/messages/%s", sc.general.ID, own.Body["id"]), `{"content":"c"}`))
	sc.want("ending it", 0, sc.do("POST", fmt.Sprintf("/channels/%d/polls/%s/expire", sc.general.ID, own.Body["id"]), nil))
	sc.want("ending it again", 520001, sc.do("POST", fmt.Sprintf("/channels/%d/polls/%s/expire", sc.general.ID, own.Body["id"]), nil))
}

func TestStickersAndVoice(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	m := must(sc.anna.SendSticker(sc.general, "Wave"))(t)
	read := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), nil).message(t)
	if len(read.Stickers) != 1 || read.Stickers[0].Name != "Wave" || read.Content != "" {
		t.Errorf("got %+v", read)
	}
	voice := File{Name: "voice-message.ogg", Data: []byte("OggS"), Voice: 3 * time.Second}
	m = must(sc.anna.Send(sc.anna.DM(), "", voice))(t)
	read = sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", m.ChannelID, m.ID), nil).message(t)
	if a := read.Attachments[0]; !read.Flags.Has(FlagVoice) || a.Duration != 3 || a.Waveform == "" || a.ContentType != "audio/ogg" {
		t.Errorf("got %+v", read)
	}
	if _, err := sc.anna.Send(sc.general, "text", voice); err == nil {
		t.Error("a voice message with text")
	}
	if _, err := sc.anna.Edit(m, "text"); err == nil {
		t.Error("a voice message was edited")
	}
	forward := must(sc.anna.Forward(m, sc.general))(t)
	read = sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, forward.ID), nil).message(t)
	if !read.Flags.Has(FlagSnapshot) || !read.Snapshots[0].Message.Flags.Has(FlagVoice) {
		t.Errorf("got %+v", read)
	}
}
