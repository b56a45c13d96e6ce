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
// and the handler, which is only called on a message of ours that really has it, and
// for the user whom the id names, unless it is open to all who see the message.
type action struct {
	args   int
	handle func(*Bot, context.Context, *interaction, customID, dg.ComponentInteraction) error
	open   bool
}

var actions map[string]action

func init() { // not a literal: handlers make buttons, whose ids are checked here
	actions = map[string]action{
		actCode: {2, (*Bot).pressedCode, true}, actCSV: {1, (*Bot).pressedCSV, true},
		actNext:    {2, (*Bot).pressedNext, true},
		actAnalyze: {1, (*Bot).pressedAnalyze, false}, actPreview: {1, (*Bot).pressedPreview, false},
		actKeep: {2, (*Bot).pressedKeep, false}, actSeveral: {2, (*Bot).chooseSeveral, false}, actSeveral1: {2, (*Bot).confirmSeveral, false},
		actSeveral2: {3, (*Bot).confirmSeveral, false}, actSeveral3: {3, (*Bot).deleteSeveral, false},
		actStop: {1, (*Bot).pressedStop, false}, actRetry: {2, (*Bot).pressedRetry, false},
		actEdited: {2, (*Bot).pressedRetry, false}, actAnswer: {2, (*Bot).pressedAnswer, false}, actQuiet: {0, (*Bot).hush, false},
		actList: {2, (*Bot).showList, false}, actMenu: {2, (*Bot).chosen, false}, actKinds: {0, (*Bot).kindChosen, false}, actJump: {2, (*Bot).askPage, false},
		actDetails: {3, (*Bot).showDetails, false}, actDownload: {3, (*Bot).download, false},
		actDelete: {3, (*Bot).confirmDelete, false}, actDelete2: {4, (*Bot).confirmDelete, false}, actDelete3: {4, (*Bot).deleteFile, false},
		actReset: {1, (*Bot).resetConversation, false}, actResetFiles: {1, (*Bot).confirmReset, false}, actResetFiles2: {2, (*Bot).confirmReset, false},
		actResetFiles3: {2, (*Bot).resetAll, false}, actCancel: {0, (*Bot).canceled, false},
	}
}

const (
	actStop    = "stop"   // prompt
	actCode    = "code"   // prompt, attempt
	actCSV     = "csv"    // file
	actNext    = "next"   // prompt, number
	actAnalyze = "an"     // file
	actPreview = "pv"     // file
	actKeep    = "keep"   // prompt, attempt
	actRetry   = "retry"  // prompt, attempt
	actEdited  = "edited" // prompt, attempt
	actAnswer  = "answer" // question, yes or no
	actQuiet   = "quiet"

	actList     = "fl" // kind, page
	actMenu     = "fm" // kind, page; values: file ids
	actKinds    = "fk" // values: kinds
	actJump     = "fj" // kind, pages
	actDetails  = "fi" // file, kind, page
	actDownload = "fd" // file, kind, page
	actDelete   = "fx" // file, kind, page
	actDelete2  = "fy" // file, kind, page, time
	actDelete3  = "fz" // file, kind, page, time

	actSeveral  = "gs" // kind, page
	actSeveral1 = "gx" // kind, page; values: file ids
	actSeveral2 = "gy" // kind, page, time
	actSeveral3 = "gz" // kind, page, time

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
