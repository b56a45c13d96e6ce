package oracle

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/attachebot/attache/discordtest"
)

// toEmulator sends requests for discord.com and its CDN to the emulator.
type toEmulator struct {
	api  *url.URL
	next http.RoundTripper
}

func (e toEmulator) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "discord.com" {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = e.api.Scheme, e.api.Host, e.api.Host
	}
	return e.next.RoundTrip(r)
}

func open(t *testing.T, s *discordtest.Server, setup func(*discordgo.Session)) *discordgo.Session {
	t.Helper()
	d, err := discordgo.New("Bot " + s.Token())
	if err != nil {
		t.Fatal(err)
	}
	api, _ := url.Parse(s.RESTURL())
	transport := &http.Transport{}
	d.Client = &http.Client{Transport: toEmulator{api, transport}}
	d.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages | discordgo.IntentsDirectMessages | discordgo.IntentsMessageContent
	setup(d)
	if err := d.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		transport.CloseIdleConnections()
	})
	return d
}

// serve is a server whose violations fail the test, except for fields that Discord ignores: both libraries send some.
func serve(t *testing.T) *discordtest.Server {
	s := &discordtest.Server{}
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			if !strings.Contains(v, "unknown field") {
				t.Error(v)
			}
		}
	})
	return s
}

func TestDiscordgo(t *testing.T) {
	s := serve(t)
	ctx := discordtest.Context(t)
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	general := guild.Channel("general")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}

	d := open(t, s, func(d *discordgo.Session) {
		d.AddHandler(func(d *discordgo.Session, m *discordgo.MessageCreate) {
			if m.Author.Bot || m.Content == "" && len(m.Attachments) == 0 {
				return
			}
			files := []*discordgo.File{}
			for _, a := range m.Attachments {
				res, err := d.Client.Get(a.URL)
				if err != nil {
					t.Error(err)
					continue
				}
				data, _ := io.ReadAll(res.Body)
				res.Body.Close()
				files = append(files, &discordgo.File{Name: a.Filename, Reader: strings.NewReader(strings.ToUpper(string(data)))})
			}
			check(d.ChannelTyping(m.ChannelID))
			sent, err := d.ChannelMessageSendComplex(m.ChannelID, &discordgo.MessageSend{Content: "working", Reference: m.Reference()})
			if err != nil {
				t.Error(err)
				return
			}
			text := "echo: " + m.Content
			_, err = d.ChannelMessageEditComplex(&discordgo.MessageEdit{ID: sent.ID, Channel: sent.ChannelID, Content: &text, Files: files})
			check(err)
		})
		d.AddHandler(func(d *discordgo.Session, i *discordgo.InteractionCreate) {
			switch i.Type {
			case discordgo.InteractionApplicationCommand:
				check(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource,
					Data: &discordgo.InteractionResponseData{Flags: discordgo.MessageFlagsEphemeral}}))
				text := fmt.Sprintf("%s asked for %s", i.Member.User.Username, i.ApplicationCommandData().Options[0].StringValue())
				_, err := d.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &text, Components: &[]discordgo.MessageComponent{
					discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.Button{Label: "Delete", Style: discordgo.DangerButton, CustomID: "del"}}},
					discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.SelectMenu{CustomID: "pick", Options: []discordgo.SelectMenuOption{{Label: "A", Value: "a"}}}}},
				}})
				check(err)
				_, err = d.FollowupMessageCreate(i.Interaction, true, &discordgo.WebhookParams{Content: "and more",
					Files: []*discordgo.File{{Name: "x.txt", Reader: strings.NewReader("x")}}})
				check(err)
			case discordgo.InteractionMessageComponent:
				if i.MessageComponentData().CustomID == "pick" {
					check(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal,
						Data: &discordgo.InteractionResponseData{CustomID: "m", Title: "Why " + i.MessageComponentData().Values[0], Components: []discordgo.MessageComponent{
							discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "why", Label: "Why", Style: discordgo.TextInputShort}}}}}}))
					return
				}
				check(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseUpdateMessage,
					Data: &discordgo.InteractionResponseData{Content: "deleted", Components: []discordgo.MessageComponent{}}}))
			case discordgo.InteractionModalSubmit:
				value := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow).Components[0].(*discordgo.TextInput).Value
				check(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource,
					Data: &discordgo.InteractionResponseData{Content: "because " + value}}))
			case discordgo.InteractionApplicationCommandAutocomplete:
				check(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult,
					Data: &discordgo.InteractionResponseData{Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "Sales", Value: "sales.csv"}}}}))
			}
		})
	})
	if err := s.AwaitConnected(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := d.ApplicationCommandBulkOverwrite(d.State.User.ID, "", []*discordgo.ApplicationCommand{{Name: "files", Description: "Your files",
		Options: []*discordgo.ApplicationCommandOption{{Type: discordgo.ApplicationCommandOptionString, Name: "kind", Description: "Kind", Required: true, Autocomplete: true}}}})
	if err != nil {
		t.Fatal(err)
	}

	// a message with a file, in the guild and directly
	for _, c := range []*discordtest.Channel{general, anna.DM()} {
		sent, err := anna.Send(c, "hello", discordtest.File{Name: "a.txt", Data: []byte("abc")})
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.AwaitMessage(ctx, c, discordtest.ReplyTo(sent), discordtest.HasFile)
		if err != nil {
			t.Fatal(err)
		}
		if m.Content != "echo: hello" || string(m.Attachments[0].Bytes()) != "ABC" || len(s.History(m.ID)) != 2 {
			t.Errorf("%+v", m)
		}
	}

	// a command, a button, a menu that opens a form
	it, err := anna.Complete(general, "files", "kind")
	check(err)
	if r, err := it.Await(ctx); err != nil || len(r.Choices) != 1 || r.Choices[0].Value != "sales.csv" {
		t.Errorf("%+v %v", r, err)
	}
	it, err = anna.Command(general, "files", discordtest.Opt("kind", "csv"))
	check(err)
	list, err := it.AwaitMessage(ctx, discordtest.HasButton("Delete"))
	if err != nil {
		t.Fatal(err)
	}
	if list.Content != "anna asked for csv" || list.EphemeralTo != anna.ID {
		t.Errorf("%+v", list)
	}
	_, err = it.AwaitMessage(ctx, discordtest.Contains("and more"), discordtest.HasFile)
	check(err)
	choose, err := anna.Choose(list, "pick", "A")
	check(err)
	if r, err := choose.Await(ctx); err != nil || r.Modal == nil || r.Modal.Title != "Why a" {
		t.Fatalf("%+v %v", r, err)
	}
	sub, err := anna.Submit(choose, map[string]string{"why": "it is old"})
	check(err)
	_, err = sub.AwaitMessage(ctx, discordtest.Contains("because it is old"))
	check(err)
	press, err := anna.Press(list, "Delete")
	check(err)
	if m, err := press.AwaitMessage(ctx, discordtest.Contains("deleted")); err != nil || len(m.Components) != 0 {
		t.Errorf("%+v %v", m, err)
	}

	// reading back
	messages, err := d.ChannelMessages(general.ID.String(), 10, "", "", "")
	check(err)
	if len(messages) == 0 || messages[len(messages)-1].Content != "hello" {
		t.Errorf("%d messages", len(messages))
	}
	thread, err := d.MessageThreadStart(general.ID.String(), messages[len(messages)-1].ID, "Talk", 60)
	check(err)
	_, err = d.ChannelMessageSend(thread.ID, "in the thread")
	check(err)

	// closed direct messages are told as Discord does
	anna.CloseDMs()
	_, err = d.ChannelMessageSend(anna.DM().ID.String(), "x")
	if e, ok := err.(*discordgo.RESTError); !ok || e.Message.Code != discordgo.ErrCodeCannotSendMessagesToThisUser {
		t.Errorf("closed DMs: %v", err)
	}

	// a connection that breaks is resumed, with what was missed
	s.DropGateway()
	sent, err := anna.Send(general, "while you were away")
	check(err)
	if err := s.AwaitResumed(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if m, err := s.AwaitMessage(ctx, general, discordtest.ReplyTo(sent), discordtest.Contains("echo")); err != nil || m.Content != "echo: while you were away" {
		t.Errorf("%+v %v", m, err)
	}
	if started, resumed := s.Sessions(); started != 1 || resumed != 1 {
		t.Errorf("%d sessions, %d resumed", started, resumed)
	}
	if err := s.AwaitQuiet(ctx, 50*time.Millisecond); err != nil {
		t.Error(err)
	}
}

// Who may do what in a channel is what another library makes of the same guild.
func TestPermissionsByDiscordgo(t *testing.T) {
	s := serve(t)
	s.NoRateLimits = true
	g := s.AddGuild("Acme")
	g.AddMember(s.AddUser("owner"))
	r := rand.New(rand.NewPCG(3, 3))
	bits := []discordtest.Permissions{0, discordtest.ViewChannel, discordtest.ReadHistory, discordtest.ViewChannel | discordtest.ReadHistory, 1 << 3}
	var roles []*discordtest.Role
	for i := range 4 {
		roles = append(roles, g.AddRole(fmt.Sprint("role", i), 0, bits[r.IntN(4+i/3)]))
	}
	var users []*discordtest.User
	for i := range 8 {
		u := s.AddUser(fmt.Sprint("user", i))
		users = append(users, u)
		var has []*discordtest.Role
		for _, role := range roles {
			if r.IntN(3) == 0 {
				has = append(has, role)
			}
		}
		g.AddMember(u, has...)
	}
	d := open(t, s, func(d *discordgo.Session) { d.StateEnabled = false })
	may, mayNot := 0, 0
	for i := range 20 {
		c := g.AddChannel(fmt.Sprint("channel", i))
		targets := []discordtest.ID{g.ID}
		for _, role := range roles {
			targets = append(targets, role.ID)
		}
		for _, u := range users {
			targets = append(targets, u.ID)
		}
		for _, id := range targets {
			if r.IntN(3) > 0 {
				allow := bits[r.IntN(4)]
				c.Overwrite(id, allow, bits[r.IntN(4)]&^allow)
			}
		}
		for _, u := range users {
			p, err := d.UserChannelPermissions(u.ID.String(), c.ID.String())
			if err != nil {
				t.Fatal(err)
			}
			const need = discordgo.PermissionViewChannel | discordgo.PermissionReadMessageHistory
			if got := u.MayRead(c); got != (p&need == need) {
				t.Fatalf("%s in %s: the emulator says %v, discordgo %d", u.Username, c.Name(), got, p)
			} else if got {
				may++
			} else {
				mayNot++
			}
		}
	}
	if may < 20 || mayNot < 20 {
		t.Errorf("%d may, %d may not", may, mayNot)
	}
}
