package discordtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Interaction types.
const (
	kindCommand      = 2
	kindComponent    = 3
	kindAutocomplete = 4
	kindModalSubmit  = 5
)

// Callback types: how an interaction was answered.
const (
	ReplyMessage         = 4 // a message at once
	ReplyDeferred        = 5 // "thinking…", the message comes later
	ReplyDeferredUpdate  = 6 // nothing visible yet, the component's message changes later
	ReplyUpdate          = 7 // the component's message changed
	ReplyChoices         = 8 // autocompletion
	ReplyModal           = 9
	firstResponseWithin  = 3 * time.Second
	interactionTokenLife = 15 * time.Minute
)

// An interaction is something a user did that the bot must answer.
type interaction struct {
	id      ID
	token   string
	kind    int
	user    *User
	channel *Channel
	created time.Time
	source  *message      // whose component was used
	target  *message      // of a message command
	command *appCommand   // of kindCommand and kindAutocomplete
	name    string        // with subcommands, as typed
	opener  *interaction  // of a modal submit: what opened the modal
	owners  map[string]ID // by which installations it came about

	reply     int // callback type, 0: not answered
	replied   time.Time
	original  *message // what @original means
	touched   []*message
	modal     *Modal
	choices   []Choice
	followups int
	excused   bool // a fault made the client see it twice or its answer not at all
}

// interact starts an interaction. The lock is held.
func (s *Server) interact(it *interaction, data any) *Interaction {
	it.id, it.created = s.newID(), s.now()
	it.token = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "interaction:%d:%s", it.id, rand.Text()))
	s.interactions[it.token] = it
	it.settle()
	payload := map[string]any{
		"id": it.id, "application_id": s.bot.ID, "type": it.kind, "token": it.token, "version": 1, "data": data,
		"channel_id": it.channel.ID, "locale": it.user.locale(), "entitlements": []any{},
		"app_permissions": it.appPermissions().String(), "attachment_size_limit": it.channel.fileLimit(),
		"authorizing_integration_owners": it.owners,
	}
	ch := it.channel.object()
	g := it.channel.Guild
	if g == nil {
		payload["user"], payload["context"] = it.user.Profile, it.channel.context()
		ch.Permissions = allPermissions.String()
	} else {
		ch.Permissions = g.permissions(it.user).String()
		member := g.memberObject(g.members[it.user.ID], true)
		member.Permissions = ch.Permissions
		payload["member"], payload["context"] = member, 0
		payload["guild_id"], payload["guild_locale"] = g.ID, "en-US"
		payload["guild"] = map[string]any{"id": g.ID, "locale": "en-US", "features": []string{}}
	}
	payload["channel"] = ch
	if it.source != nil {
		payload["message"] = s.view(it.source)
	}
	s.dispatch(event{name: "INTERACTION_CREATE", guild: g, data: payload, anywhere: true, twice: func() { it.excused = true }})
	return &Interaction{ID: it.id, Token: it.token, s: s, it: it}
}

// metadata is what messages that answer the interaction say about it.
func (it *interaction) metadata() *Invocation {
	v := &Invocation{ID: it.id, Type: it.kind, User: it.user.Profile, Owners: it.owners, Command: it.name}
	if it.target != nil {
		v.TargetID = it.target.ID
	}
	if it.kind == kindComponent && it.source != nil {
		v.Interacted = it.source.ID
	}
	if it.opener != nil {
		v.Triggering = it.opener.metadata()
	}
	return v
}

func (it *interaction) touch(m *message) {
	for _, t := range it.touched {
		if t == m {
			return
		}
	}
	it.touched = append(it.touched, m)
}

// compose makes a message that answers the interaction.
func (s *Server) composeReply(it *interaction, d *draft, uploads []upload) (*message, error) {
	return s.compose(it.channel, s.bot, d, uploads, func(m *message) {
		m.by = it
		m.WebhookID, m.ApplicationID, m.Interaction = s.bot.ID, s.bot.ID, it.metadata()
		if d.Flags != nil && d.Flags.Has(FlagEphemeral) || it.hushed() {
			m.EphemeralTo = it.user.ID
			m.Flags |= FlagEphemeral
		}
		reply := func(to *message) {
			m.Type = TypeReply
			m.Reference = &Reference{MessageID: to.ID, ChannelID: to.ChannelID, GuildID: it.channel.guildID()}
		}
		switch {
		case it.original != nil && it.reply != 0: // a follow-up
			reply(it.original)
			m.Interaction.OriginalID = it.original.ID
		case it.kind == kindCommand && it.command.Type == slashCommand:
			m.Type = TypeCommand
		case it.kind == kindCommand:
			m.Type = TypeContextMenu
			if to := it.target; to != nil {
				m.Reference = &Reference{MessageID: to.ID, ChannelID: to.ChannelID, GuildID: it.channel.guildID()}
			}
		case it.source != nil:
			reply(it.source)
		}
	})
}

// loading makes the "thinking…" message of a deferred answer.
func (s *Server) loading(it *interaction, d *draft) *message {
	if d.Flags != nil && *d.Flags&^FlagEphemeral != 0 {
		s.violateLocked("interaction", "deferred with flags %d, where only EPHEMERAL may be set", *d.Flags)
		*d.Flags &= FlagEphemeral
	}
	text := "…"
	d.Content, d.Embeds, d.Components = &text, nil, nil
	m, err := s.composeReply(it, d, nil)
	if err != nil {
		panic("discordtest: " + err.Error())
	}
	m.Content = ""
	m.Flags |= FlagLoading
	return m
}
