package web

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Conversations that a person began in Discord are read here: what they asked, the
// answers, code, charts and files. They go on in Discord. In addresses the parts of
// such a conversation's name are joined by hyphens, which no name of our own has.
var discordConv = regexp.MustCompile(`^discord-(dm|thread|chain)-[0-9]{1,20}(-[0-9]{1,20})?$`)

// anyConv returns the conversation that a request names, one of Discord too, for
// what is done with either.
func (v *visit) anyConv() (string, error) {
	if conv := v.r.PathValue("conv"); discordConv.MatchString(conv) {
		return conv, nil
	}
	return v.conv()
}

// conversationID names a conversation for the assistant.
func conversationID(user files.UserID, conv string) string {
	if discordConv.MatchString(conv) {
		return strings.ReplaceAll(conv, "-", "/")
	}
	return "web/" + user.String() + "/" + conv
}

// listed returns the conversations that a person began here and in Discord, with
// their names in addresses: the one that was used last first.
func (s *Server) listed(ctx context.Context, user files.UserID, search string) (list []chat.Conversation, err error) {
	own := conversationID(user, "")
	for _, prefix := range []string{own, "discord/"} {
		part, err := s.a.Conversations(ctx, chat.ConversationQuery{User: user, Prefix: prefix, Search: search, Limit: maxListed})
		if err != nil {
			return nil, err
		}
		for _, c := range part {
			c.ID = strings.ReplaceAll(strings.TrimPrefix(c.ID, own), "/", "-")
			if convName.MatchString(c.ID) || discordConv.MatchString(c.ID) {
				list = append(list, c)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y chat.Conversation) int { return y.Updated.Compare(x.Updated) })
	return list[:min(len(list), maxListed)], nil
}

// maxListed is how many conversations are listed.
const maxListed = 200

// showDiscord renders a conversation of Discord. Of several people's it has what
// this person asked, and the answers to that.
func (s *Server) showDiscord(v *visit, conv string) error {
	history, err := s.a.History(v.r.Context(), v.user, conversationID(v.user, conv), shownTurns)
	if err != nil {
		return err
	}
	var turns []*shownTurn
	for _, r := range history {
		if r.User == v.user {
			turns = append(turns, s.past(v, conv, r))
		}
	}
	if len(turns) == 0 {
		return fault.New(fault.NotFound, "There is no such conversation of yours.")
	}
	s.render(v.w, v.lang, "chat", s.frame(v.lang, "", titleOf(v, turns), map[string]any{
		"Scripts": []string{"copy.js", "table.js", "chart.js"}, "Elsewhere": true, "Turns": turns,
	}))
	return nil
}
