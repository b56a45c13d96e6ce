package interact

import (
	"context"
	"slices"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Action is what a button or a menu does: how many arguments its custom id has,
// and the handler, which is only called on a message of ours that really has it, and
// for the user whom the id names, unless it is open to all who see the message.
type Action struct {
	Args   int
	Handle func(context.Context, *Interaction, ID, dg.ComponentInteraction) error
	Open   bool
}

// Actions are those of a bot, by their names.
type Actions map[string]Action

// Offered reads a custom id, if the bot's message really has a component with
// it (and with the values chosen), and the user is one whom it is for. What a client makes up itself goes no further.
func (as Actions) Offered(m dg.Message, user files.UserID, custom string, values ...string) (ID, error) {
	id, err := ParseID(custom)
	if err != nil {
		return id, err
	}
	a, known := as[id.Action]
	if !known || len(id.args) != a.Args {
		return ID{}, outdated()
	}
	if id.User != user && !a.Open {
		return id, fault.New(fault.Denied, "Only the person who asked can use that.")
	}
	for c := range m.AllComponents() {
		switch c := c.(type) {
		case dg.ButtonComponent:
			if c.CustomID == custom && !c.Disabled && len(values) == 0 {
				return id, nil
			}
		case dg.StringSelectMenuComponent:
			has := func(value string) bool {
				return slices.ContainsFunc(c.Options, func(o dg.StringSelectMenuOption) bool { return o.Value == value })
			}
			if c.CustomID == custom && !c.Disabled && len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !has(v) }) {
				return id, nil
			}
		}
	}
	return id, fault.New(fault.Invalid, "This button has expired. Please start again from the command.")
}

// Chosen are the values that were chosen in a menu.
func Chosen(i dg.ComponentInteraction) []string {
	data, _ := i.Data.(dg.StringSelectMenuInteractionData)
	return data.Values
}
