package discord

import (
	"context"
	"strconv"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// customID is the state of a button or a menu: what it does, for whom, and with
// what. It comes back from a client, so it is a wish, never a permission: whoever
// uses it may set every part of it. Written as "action:user:arg:arg", at most 100
// characters.
type customID struct {
	action string
	user   files.UserID // who may use it
	args   []string
}

// action is what a button or a menu does: how many arguments its custom id has,
// and the handler, which is only called for the user whom the id names, on a
// message of ours that really has it.
type action struct {
	args   int
	handle func(*Bot, context.Context, *interaction, customID, dg.ComponentInteraction) error
}

var actions map[string]action

func init() { // not a literal: handlers make buttons, whose ids are checked here
	actions = map[string]action{
		actStop: {1, (*Bot).pressedStop}, actCode: {2, (*Bot).pressedCode}, actRetry: {2, (*Bot).pressedRetry},
		actEdited: {2, (*Bot).pressedRetry}, actAnswer: {2, (*Bot).pressedAnswer}, actQuiet: {0, (*Bot).hush},
		actList: {2, (*Bot).showList}, actMenu: {2, (*Bot).chosen}, actKinds: {0, (*Bot).kindChosen}, actJump: {2, (*Bot).askPage},
		actDetails: {3, (*Bot).showDetails}, actDownload: {3, (*Bot).download},
		actDelete: {3, (*Bot).confirmDelete}, actDelete2: {4, (*Bot).confirmDelete}, actDelete3: {4, (*Bot).deleteFile},
		actReset: {1, (*Bot).resetConversation}, actResetFiles: {1, (*Bot).confirmReset}, actResetFiles2: {2, (*Bot).confirmReset},
		actResetFiles3: {2, (*Bot).resetAll}, actCancel: {0, (*Bot).canceled},
	}
}

const (
	actStop   = "stop"   // prompt
	actCode   = "code"   // prompt, attempt
	actRetry  = "retry"  // prompt, attempt
	actEdited = "edited" // prompt, attempt
	actAnswer = "answer" // question, yes or no
	actQuiet  = "quiet"

	actList     = "fl" // kind, page
	actMenu     = "fm" // kind, page; values: file ids
	actKinds    = "fk" // values: kinds
	actJump     = "fj" // kind, pages
	actDetails  = "fi" // file, kind, page
	actDownload = "fd" // file, kind, page
	actDelete   = "fx" // file, kind, page
	actDelete2  = "fy" // file, kind, page, time
	actDelete3  = "fz" // file, kind, page, time

	actReset       = "rc"  // conversation
	actResetFiles  = "rf"  // conversation
	actResetFiles2 = "rf2" // conversation, time
	actResetFiles3 = "rf3" // conversation, time
	actCancel      = "no"
)

func (c customID) String() string {
	return strings.Join(append([]string{c.action, c.user.String()}, c.args...), ":")
}

// parseCustomID reads what String writes, and nothing else.
func parseCustomID(s string) (customID, error) {
	bad := fault.New(fault.Invalid, "That button is from an older version of me. Please run the command again.")
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(s) > 100 {
		return customID{}, bad
	}
	a, ok := actions[parts[0]]
	user, err := files.ParseUserID(parts[1])
	if !ok || err != nil || len(parts) != a.args+2 {
		return customID{}, bad
	}
	return customID{parts[0], user, parts[2:]}, nil
}

// snowflake returns an argument as an id, or 0.
func (c customID) snowflake(i int) snowflake.ID {
	n, err := strconv.ParseUint(c.args[i], 10, 63)
	if err != nil {
		return 0
	}
	return snowflake.ID(n)
}

// number returns an argument that counts something; 0 if it is none.
func (c customID) number(i int) int {
	n, err := strconv.Atoi(c.args[i])
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

// A moment in a custom id is in seconds, to base 36.
func moment(t time.Time) string { return strconv.FormatInt(t.Unix(), 36) }

func (c customID) moment(i int) time.Time {
	n, err := strconv.ParseInt(c.args[i], 36, 64)
	if err != nil || n < 0 || n > 1<<36 {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// button makes a button. Without an emoji it has its label only.
func button(style dg.ButtonStyle, emoji, label string, id customID) dg.ButtonComponent {
	c := dg.ButtonComponent{Style: style, Label: label, CustomID: id.String()}
	if emoji != "" {
		c.Emoji = &dg.ComponentEmoji{Name: emoji}
	}
	return c
}

func row(cs ...dg.InteractiveComponent) dg.LayoutComponent { return dg.NewActionRow(cs...) }
