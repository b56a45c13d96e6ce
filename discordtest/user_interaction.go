package discordtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Option is a value a user fills into a slash command.
type Option struct {
	Name  string
	Value any // string, int, float64, bool, *User, *Channel, *Role or File
}

// Opt makes an Option.
func Opt(name string, value any) Option { return Option{name, value} }

// Command runs a slash command. name has the subcommand, if there is one: "usage" or "usage total".
// It fails where the client would not offer the command or not accept the values.
func (u *User) Command(c *Channel, name string, options ...Option) (*Interaction, error) {
	return u.command(c, name, options, "")
}

// Complete is Command stopped while the user types into the option named focused: the bot is asked for completions.
func (u *User) Complete(c *Channel, name, focused string, options ...Option) (*Interaction, error) {
	return u.command(c, name, options, focused)
}

func (u *User) command(c *Channel, name string, options []Option, focused string) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.visibleTo(u) {
		return nil, fmt.Errorf("discordtest: %s cannot see %s", u.Username, c)
	}
	words := strings.Fields(strings.TrimPrefix(name, "/"))
	if len(words) == 0 {
		return nil, errors.New("discordtest: no command")
	}
	cmd, owners, err := u.findCommand(c, words[0], slashCommand)
	if err != nil {
		return nil, err
	}
	it := &interaction{kind: kindCommand, user: u, channel: c, command: cmd, name: strings.Join(words, " "), owners: owners}
	if focused != "" {
		it.kind = kindAutocomplete
	}
	f := filler{u: u, c: c, focused: focused, resolved: map[string]map[ID]any{}, given: options}
	data := map[string]any{"id": cmd.ID, "name": cmd.Name, "type": cmd.Type}
	if cmd.GuildID != 0 {
		data["guild_id"] = cmd.GuildID
	}
	filled, err := f.fill(cmd.Options, words[1:])
	if err != nil {
		return nil, fmt.Errorf("discordtest: /%s: %w", it.name, err)
	}
	if len(filled) > 0 {
		data["options"] = filled
	}
	if len(f.resolved) > 0 {
		data["resolved"] = f.resolved
	}
	return s.interact(it, data), nil
}

func (u *User) findCommand(c *Channel, name string, kind int) (*appCommand, map[string]ID, error) {
	var sets commandSet
	if c.Guild != nil && c.Guild.members[u.s.bot.ID] != nil {
		sets = append(sets, c.Guild.commands...)
	}
	sets = append(sets, u.s.commands...)
	for _, cmd := range sets {
		if cmd.Name != name || cmd.Type != kind {
			continue
		}
		owners := cmd.owners(u, c)
		if len(owners) == 0 {
			return nil, nil, u.notOffered(name)
		}
		if cmd.Permissions != nil && c.Guild != nil {
			if need := Permissions(parseID(*cmd.Permissions)); c.Guild.permissions(u)&need != need || need == 0 && u.ID != c.Guild.owner {
				return nil, nil, u.notOffered(name)
			}
		}
		return cmd, owners, nil
	}
	return nil, nil, fmt.Errorf("discordtest: no command %s is registered", name)
}

// ContextMenu runs a message command ("Apps" in a message's menu).
func (u *User) ContextMenu(m Message, name string) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	target, err := u.sees(m.ID)
	if err != nil {
		return nil, err
	}
	cmd, owners, err := u.findCommand(target.channel, name, messageCommand)
	if err != nil {
		return nil, err
	}
	it := &interaction{kind: kindCommand, user: u, channel: target.channel, command: cmd, name: name, target: target, owners: owners}
	return s.interact(it, map[string]any{"id": cmd.ID, "name": cmd.Name, "type": cmd.Type, "target_id": target.ID,
		"resolved": map[string]any{"messages": map[ID]any{target.ID: s.view(target)}}}), nil
}

// Press presses the button with that text (its emoji and label, or its label) or custom_id.
// It fails if the message with such a button is not on the user's screen, or the button is disabled.
func (u *User) Press(m Message, button string) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := u.sees(m.ID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range walk(rec.Components) {
		if c.Type != Button {
			continue
		}
		names = append(names, fmt.Sprintf("%q", c.Text()))
		if c.Text() != button && c.Label != button && (c.CustomID == "" || c.CustomID != button) {
			continue
		}
		switch {
		case c.Disabled:
			return nil, fmt.Errorf("discordtest: button %q is disabled", button)
		case c.Style == Link:
			return nil, fmt.Errorf("discordtest: button %q is a link to %s", button, c.URL)
		}
		return u.use(rec, c.CustomID, Button, nil, nil), nil
	}
	return nil, fmt.Errorf("discordtest: message %d has no button %q, only %v", m.ID, button, names)
}

// Choose picks options of a select menu, by their labels or values. menu is its custom_id or placeholder;
// empty means the only one. In user, role and channel selects the values are ids.
func (u *User) Choose(m Message, menu string, options ...string) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := u.sees(m.ID)
	if err != nil {
		return nil, err
	}
	var found []*Component
	for _, c := range walk(rec.Components) {
		if c.Type.isSelect() && (menu == "" || c.CustomID == menu || c.Placeholder == menu) {
			found = append(found, c)
		}
	}
	switch {
	case len(found) != 1:
		return nil, fmt.Errorf("discordtest: message %d has %d menus %q", m.ID, len(found), menu)
	case found[0].Disabled:
		return nil, fmt.Errorf("discordtest: menu %q is disabled", menu)
	}
	values, resolved, err := u.pick(rec.channel, found[0], options)
	if err != nil {
		return nil, err
	}
	return u.use(rec, found[0].CustomID, found[0].Type, values, resolved), nil
}

func (u *User) pick(c *Channel, menu *Component, options []string) (values []string, resolved map[string]map[ID]any, err error) {
	if lo, hi := menu.limits(); len(options) < lo || len(options) > hi {
		return nil, nil, fmt.Errorf("discordtest: the menu takes %d to %d options", lo, hi)
	}
	f := filler{u: u, c: c, resolved: map[string]map[ID]any{}}
	for _, o := range options {
		if menu.Type != StringSelect {
			if err := f.resolveID(menu.Type, parseID(o)); err != nil {
				return nil, nil, err
			}
			values = append(values, o)
			continue
		}
		at := slices.IndexFunc(menu.Options, func(so SelectOption) bool { return so.Label == o || so.Value == o })
		if at < 0 {
			return nil, nil, fmt.Errorf("discordtest: the menu has no option %q", o)
		}
		values = append(values, menu.Options[at].Value)
	}
	return values, f.resolved, nil
}

// use sends the interaction of a component.
func (u *User) use(rec *message, customID string, kind ComponentType, values []string, resolved map[string]map[ID]any) *Interaction {
	data := map[string]any{"custom_id": customID, "component_type": kind}
	if kind.isSelect() {
		data["values"] = list(values)
	}
	if len(resolved) > 0 {
		data["resolved"] = resolved
	}
	for path, c := range walk(rec.Components) {
		if c.CustomID == customID && path != "" {
			data["id"] = c.ID
		}
	}
	return u.s.interact(&interaction{kind: kindComponent, user: u, channel: rec.channel, source: rec}, data)
}

// Forge sends a component interaction that no client would: any custom_id and values on any message,
// seen or not, theirs or another's. kind is Button or a select. A tampered client can do this.
func (u *User) Forge(m Message, kind ComponentType, customID string, values ...string) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.messages[m.ID]
	if rec == nil {
		return nil, errUnknownMessage
	}
	return u.use(rec, customID, kind, values, nil), nil
}
