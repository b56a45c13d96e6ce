package interact

import (
	"strconv"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// ID is the custom id of a button or a menu: what it does, for whom, and with
// what. It comes back from a client, so it is a wish, never a permission: whoever
// uses it may set every part of it. Written as "action:user:arg:arg", at most 100
// characters.
type ID struct {
	Action string
	User   files.UserID // who may use it
	args   []string
}

// NewID returns the custom id of an action with its arguments.
func NewID(action string, user files.UserID, args ...string) ID { return ID{action, user, args} }

func (id ID) String() string {
	return strings.Join(append([]string{id.Action, id.User.String()}, id.args...), ":")
}

// ParseID reads what String writes, and nothing else.
func ParseID(s string) (ID, error) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(s) > 100 {
		return ID{}, outdated()
	}
	user, err := files.ParseUserID(parts[1])
	if err != nil {
		return ID{}, outdated()
	}
	return ID{parts[0], user, parts[2:]}, nil
}

func outdated() error {
	return fault.New(fault.Invalid, "That button is from an older version of me. Please run the command again.")
}

// Arg returns an argument; "" if there is none.
func (id ID) Arg(i int) string {
	if i >= len(id.args) {
		return ""
	}
	return id.args[i]
}

// Snowflake returns an argument as an id of Discord, or 0.
func (id ID) Snowflake(i int) snowflake.ID {
	n, err := strconv.ParseUint(id.Arg(i), 10, 63)
	if err != nil {
		return 0
	}
	return snowflake.ID(n)
}

// Number returns an argument that counts something; 0 if it is none.
func (id ID) Number(i int) int {
	n, err := strconv.Atoi(id.Arg(i))
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

// Moment writes a time as an argument, in seconds.
func Moment(t time.Time) string { return strconv.FormatInt(t.Unix(), 36) }

// Moment returns an argument as a time; the zero time if it is none.
func (id ID) Moment(i int) time.Time {
	n, err := strconv.ParseInt(id.Arg(i), 36, 64)
	if err != nil || n < 0 || n > 1<<36 {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// Button makes a button. Without an emoji it has its label only.
func Button(style dg.ButtonStyle, emoji, label string, id ID) dg.ButtonComponent {
	c := dg.ButtonComponent{Style: style, Label: label, CustomID: id.String()}
	if emoji != "" {
		c.Emoji = &dg.ComponentEmoji{Name: emoji}
	}
	return c
}

// Row puts buttons, or one menu, side by side.
func Row(cs ...dg.InteractiveComponent) dg.LayoutComponent { return dg.NewActionRow(cs...) }

// Colors of embeds.
const (
	Blurple = 0x5865f2
	Green   = 0x3ba55d
	Yellow  = 0xfaa61a
	Red     = 0xed4245
	Grey    = 0x747f8d
)
