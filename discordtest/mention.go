package discordtest

import (
	"fmt"
	"regexp"
	"slices"
)

type allowedMentions struct {
	Parse       []string `json:"parse"`
	Users       []ID     `json:"users"`
	Roles       []ID     `json:"roles"`
	RepliedUser bool     `json:"replied_user"`
}

var (
	codeSpan    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	userMention = regexp.MustCompile(`<@!?(\d+)>`)
	roleMention = regexp.MustCompile(`<@&(\d+)>`)
	massMention = regexp.MustCompile(`@(everyone|here)\b`)
)

// check refuses parse together with the ids of the same kind.
func (a *allowedMentions) check(form *formErrors) {
	if a == nil {
		return
	}
	for kind, ids := range map[string][]ID{"users": a.Users, "roles": a.Roles} {
		if slices.Contains(a.Parse, kind) && len(ids) > 0 {
			form.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", fmt.Sprintf("parse:[\"%s\"] and %s: [ids...] are mutually exclusive.", kind, kind))
		}
	}
}

// mention works out whom m mentions and pings; allowed nil means everything, or in answers to interactions only users.
func (s *Server) mention(m *message, allowed *allowedMentions) {
	if allowed == nil && m.by != nil {
		allowed = &allowedMentions{Parse: []string{"users"}}
	}
	text := m.Content
	for _, c := range walk(m.Components) {
		text += "\n" + c.Content
	}
	text = codeSpan.ReplaceAllString(text, "")
	may := func(kind string, ids []ID, id ID) bool {
		return allowed == nil || slices.Contains(allowed.Parse, kind) || slices.Contains(ids, id)
	}
	m.Mentions, m.MentionRoles, m.MentionEveryone, m.Pings = []Profile{}, []ID{}, false, Pings{}
	addUser := func(u *User) {
		if u != nil && !slices.Contains(m.Pings.Users, u.ID) {
			m.Mentions = append(m.Mentions, u.Profile) // those that are suppressed are not in the array either
			m.Pings.Users = append(m.Pings.Users, u.ID)
		}
	}
	var users, roles []ID
	if allowed != nil {
		users, roles = allowed.Users, allowed.Roles
	}
	for _, match := range userMention.FindAllStringSubmatch(text, -1) {
		if id := parseID(match[1]); may("users", users, id) {
			addUser(s.users[id])
		}
	}
	for _, match := range roleMention.FindAllStringSubmatch(text, -1) {
		if id := parseID(match[1]); may("roles", roles, id) && !slices.Contains(m.MentionRoles, id) {
			m.MentionRoles = append(m.MentionRoles, id)
			m.Pings.Roles = append(m.Pings.Roles, id)
		}
	}
	if massMention.MatchString(text) && may("everyone", nil, 0) {
		m.MentionEveryone, m.Pings.Everyone = true, true
	}
	if m.Reference != nil && m.Reference.Type == 0 && (allowed == nil || allowed.RepliedUser) {
		if r := s.messages[m.Reference.MessageID]; r != nil {
			addUser(s.users[r.Author.ID])
		}
	}
}
