package client_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/discord/client"
)

// Each permission that is taken from the bot is told by its name when it is needed;
// what is refused for something else is not.
func TestDenied(t *testing.T) {
	s := discordtest.New(t)
	s.NoRateLimits = true
	api := client.New(s.RESTURL(), s.Token(), 100_000, slog.New(slog.DiscardHandler))
	t.Cleanup(api.Close)
	var told []string
	api.Denied = func(permission string) { told = append(told, permission) }
	anna := s.AddUser("anna")
	g := s.AddGuild("Acme")
	g.AddMember(anna)
	general := g.Channel("general")
	m, err := anna.Send(general, "hi")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]any{"content": "c"}
	reply := map[string]any{"content": "c", "message_reference": map[string]any{"message_id": fmt.Sprint(m.ID)}}
	post := rest.CreateMessage.Compile(nil, general.ID)
	for _, one := range []struct {
		taken discordtest.Permissions
		req   client.Request
		want  string
	}{
		{0, client.Request{To: post, Body: text}, ""},
		{0, client.Request{To: rest.GetMessage.Compile(nil, general.ID, 1)}, ""}, // it is not there
		{discordtest.AttachFiles, client.Request{To: post, Body: text, Files: []client.Upload{client.NewUpload("a.txt", []byte("x"))}}, "attach_files"},
		{discordtest.ReadHistory, client.Request{To: post, Body: reply}, "read_message_history"},
		{discordtest.ReadHistory, client.Request{To: rest.GetMessage.Compile(nil, general.ID, m.ID)}, "read_message_history"},
		{discordtest.AddReactions, client.Request{To: rest.AddReaction.Compile(nil, general.ID, m.ID, "👍")}, "add_reactions"},
		{discordtest.SendMessages, client.Request{To: post, Body: text}, "send_messages"},
		{discordtest.SendMessages, client.Request{To: rest.SendTyping.Compile(nil, general.ID)}, "send_messages"},
		{discordtest.ViewChannel, client.Request{To: post, Body: text}, "view_channel"},
	} {
		told = nil
		general.Deny(one.taken)
		err := api.Do(discordtest.Context(t), one.req)
		general.Allow(one.taken)
		if len(told) > 1 || (len(told) == 1) != (one.want != "") || one.want != "" && told[0] != one.want {
			t.Errorf("%s %s: %q, want %q (%v)", one.req.To.Endpoint.Method, one.req.To.URL, told, one.want, err)
		}
		if one.want != "" && !slices.Contains(client.PermissionNames, one.want) {
			t.Errorf("%s is in no list", one.want)
		}
	}
}
