package discordtest

// Intents choose which events a gateway session gets.
type Intents int

const (
	IntentGuilds          Intents = 1 << 0
	IntentGuildMembers    Intents = 1 << 1 // privileged
	IntentGuildPresences  Intents = 1 << 8 // privileged
	IntentGuildMessages   Intents = 1 << 9
	IntentGuildReactions  Intents = 1 << 10
	IntentGuildTyping     Intents = 1 << 11
	IntentDirectMessages  Intents = 1 << 12
	IntentDirectReactions Intents = 1 << 13
	IntentDirectTyping    Intents = 1 << 14
	IntentMessageContent  Intents = 1 << 15 // privileged
	IntentGuildPolls      Intents = 1 << 24
	IntentDirectPolls     Intents = 1 << 25
	privilegedIntents             = IntentGuildMembers | IntentGuildPresences | IntentMessageContent
	knownIntents          Intents = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25
)

// in chooses between the intent for guilds and that for direct messages.
func (c *Channel) intent(guild, direct Intents) Intents {
	if c.kind == directMessage {
		return direct
	}
	return guild
}

// contentVisible tells whether the bot may see what a message says: with the privileged intent all of them,
// without it those it wrote, those that mention it and those sent to it directly.
func (s *Server) contentVisible(m *message, intents Intents) bool {
	if intents&IntentMessageContent != 0 || m.Author.ID == s.bot.ID || m.channel.kind == directMessage || m.ApplicationID != 0 {
		return true
	}
	for _, p := range m.Mentions {
		if p.ID == s.bot.ID {
			return true
		}
	}
	return false
}

// withoutContent is what is left of a message whose content may not be seen.
func withoutContent(m Message) Message {
	m.Content, m.Attachments, m.Embeds, m.Components = "", []Attachment{}, []Embed{}, []Component{}
	m.Snapshots, m.Poll = nil, nil
	if m.Referenced != nil {
		r := withoutContent(*m.Referenced)
		m.Referenced = &r
	}
	return m
}
