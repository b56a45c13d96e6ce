package discordtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kinds of command.
const (
	slashCommand   = 1
	userCommand    = 2
	messageCommand = 3
)

// Option types.
const (
	optSubcommand  = 1
	optGroup       = 2
	optString      = 3
	optInteger     = 4
	optBoolean     = 5
	optUser        = 6
	optChannel     = 7
	optRole        = 8
	optMentionable = 9
	optNumber      = 10
	optAttachment  = 11
)

// An appCommand is an application command as it is registered.
type appCommand struct {
	ID              ID                `json:"id"`
	ApplicationID   ID                `json:"application_id"`
	Version         ID                `json:"version"`
	GuildID         ID                `json:"guild_id,omitzero"` // 0: global
	Type            int               `json:"type"`
	Name            string            `json:"name"`
	NameIn          map[string]string `json:"name_localizations"`
	Description     string            `json:"description"`
	DescriptionIn   map[string]string `json:"description_localizations"`
	Options         []commandOption   `json:"options,omitempty"`
	Permissions     *string           `json:"default_member_permissions"`
	DMPermission    *bool             `json:"dm_permission,omitempty"`
	Contexts        []int             `json:"contexts"`
	IntegrationType []int             `json:"integration_types,omitempty"`
	NSFW            bool              `json:"nsfw"`
}

// UnmarshalJSON also accepts default_member_permissions as a number.
func (c *appCommand) UnmarshalJSON(b []byte) error {
	type plain appCommand
	var raw struct {
		*plain
		Permissions any `json:"default_member_permissions"`
	}
	raw.plain = (*plain)(c)
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	switch p := raw.Permissions.(type) {
	case string:
		c.Permissions = &p
	case float64:
		s := fmt.Sprintf("%.0f", p)
		c.Permissions = &s
	}
	return nil
}

// A commandOption is a parameter of a command, or a subcommand.
type commandOption struct {
	Type          int               `json:"type"`
	Name          string            `json:"name"`
	NameIn        map[string]string `json:"name_localizations,omitempty"`
	Description   string            `json:"description"`
	DescriptionIn map[string]string `json:"description_localizations,omitempty"`
	Required      bool              `json:"required,omitempty"`
	Choices       []Choice          `json:"choices,omitempty"`
	Options       []commandOption   `json:"options,omitempty"`
	ChannelTypes  []int             `json:"channel_types,omitempty"`
	MinValue      *float64          `json:"min_value,omitempty"`
	MaxValue      *float64          `json:"max_value,omitempty"`
	MinLength     *int              `json:"min_length,omitempty"`
	MaxLength     *int              `json:"max_length,omitempty"`
	Autocomplete  bool              `json:"autocomplete,omitempty"`
}

// A Choice is one value offered for an option, by its registration or by autocompletion.
type Choice struct {
	Name   string            `json:"name"`
	NameIn map[string]string `json:"name_localizations,omitempty"`
	Value  any               `json:"value"` // string or float64
}

type commandSet []*appCommand

var slashName = regexp.MustCompile(`^[-_'\p{L}\p{N}]{1,32}$`)

func checkCommand(at string, c *appCommand, form *formErrors) {
	dot := func(field string) string { return strings.TrimPrefix(at+"."+field, ".") }
	if c.Type == 0 {
		c.Type = slashCommand
	}
	switch {
	case c.Type != slashCommand && (runes(c.Name) < 1 || runes(c.Name) > 32):
		form.add(dot("name"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
	case c.Type == slashCommand && (!slashName.MatchString(c.Name) || c.Name != strings.ToLower(c.Name)):
		form.add(dot("name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
	if c.Type == slashCommand {
		form.required(dot("description"), c.Description)
		form.max(dot("description"), c.Description, 100)
	} else if c.Description != "" {
		form.add(dot("description"), "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED", "Context menu commands cannot have description")
	}
	if size := commandSize(c.Name, c.Description, c.Options); size > 8000 {
		form.add(dot("options"), "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
	}
	checkOptions(strings.TrimPrefix(at, "."), c.Options, form)
}

func commandSize(name, description string, options []commandOption) int {
	n := runes(name) + runes(description)
	for _, o := range options {
		n += commandSize(o.Name, o.Description, o.Options)
		for _, choice := range o.Choices {
			n += runes(choice.Name) + runes(fmt.Sprint(choice.Value))
		}
	}
	return n
}

func checkOptions(at string, options []commandOption, form *formErrors) {
	names, optional := map[string]bool{}, false
	if len(options) > 25 {
		form.add(strings.TrimPrefix(at+".options", "."), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	for i, o := range options {
		path := strings.TrimPrefix(fmt.Sprintf("%s.options.%d", at, i), ".")
		if !slashName.MatchString(o.Name) || o.Name != strings.ToLower(o.Name) {
			form.add(path+".name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
		}
		form.required(path+".description", o.Description)
		form.max(path+".description", o.Description, 100)
		if names[o.Name] {
			form.add(path+".name", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name is already used")
		}
		names[o.Name] = true
		if o.Required && optional {
			form.add(path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
		}
		optional = optional || !o.Required && o.Type > optGroup
		if len(o.Choices) > 25 {
			form.add(path+".choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
		}
		if o.Autocomplete && len(o.Choices) > 0 {
			form.add(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", "Autocomplete options cannot have choices")
		}
		checkOptions(path, o.Options, form)
	}
}

// REST.

// commandsOf is the set a call is about: a guild's or the global one.
func (c *call) commandsOf() (*commandSet, ID, error) {
	if c.id("application_id") != c.s.bot.ID {
		return nil, 0, errMissingAccess
	}
	if c.r.PathValue("guild_id") == "" {
		return &c.s.commands, 0, nil
	}
	g, err := c.guild()
	if err != nil {
		return nil, 0, errMissingAccess
	}
	return &g.commands, g.ID, nil
}

func (s *Server) register(set *commandSet, guild ID, cmd *appCommand) *appCommand {
	cmd.ApplicationID, cmd.GuildID, cmd.Version = s.bot.ID, guild, s.newID()
	same := func(o *appCommand) bool { return o.Name == cmd.Name && o.Type == cmd.Type }
	if at := slices.IndexFunc(*set, same); at >= 0 {
		cmd.ID = (*set)[at].ID
		(*set)[at] = cmd
	} else {
		cmd.ID = cmd.Version
		*set = append(*set, cmd)
	}
	s.wake(0)
	return cmd
}

func (c *call) listCommands() (any, error) {
	set, _, err := c.commandsOf()
	if err != nil {
		return nil, err
	}
	return list(*set), nil
}

func (c *call) setCommands() (any, error) {
	set, guild, err := c.commandsOf()
	if err != nil {
		return nil, err
	}
	var fresh []*appCommand
	if err := c.decode(&fresh); err != nil {
		return nil, err
	}
	form, names := formErrors{}, map[string]bool{}
	for i, cmd := range fresh {
		checkCommand(itoa(i), cmd, &form)
		key := fmt.Sprint(cmd.Type, cmd.Name)
		if names[key] {
			form.add(fmt.Sprintf("%d.name", i), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		names[key] = true
	}
	if err := form.err(); err != nil {
		return nil, err
	}
	old := *set
	*set = nil
	for _, cmd := range fresh {
		kept := slices.IndexFunc(old, func(o *appCommand) bool { return o.Name == cmd.Name && o.Type == cmd.Type })
		c.s.register(set, guild, cmd)
		if kept >= 0 {
			cmd.ID = old[kept].ID
		}
	}
	c.s.wake(0)
	return list(*set), nil
}

func (c *call) createCommand() (any, error) {
	set, guild, err := c.commandsOf()
	if err != nil {
		return nil, err
	}
	cmd := &appCommand{}
	if err := c.decode(cmd); err != nil {
		return nil, err
	}
	form := formErrors{}
	checkCommand("", cmd, &form)
	if err := form.err(); err != nil {
		return nil, err
	}
	return c.s.register(set, guild, cmd), nil
}

func (c *call) command() (*commandSet, int, error) {
	set, _, err := c.commandsOf()
	if err != nil {
		return nil, 0, err
	}
	at := slices.IndexFunc(*set, func(o *appCommand) bool { return o.ID == c.id("command_id") })
	if at < 0 {
		return nil, 0, errUnknownCommand
	}
	return set, at, nil
}

func (c *call) getCommand() (any, error) {
	set, at, err := c.command()
	if err != nil {
		return nil, err
	}
	return (*set)[at], nil
}

func (c *call) editCommand() (any, error) {
	set, at, err := c.command()
	if err != nil {
		return nil, err
	}
	changed := *(*set)[at]
	if err := c.decode(&changed); err != nil {
		return nil, err
	}
	form := formErrors{}
	checkCommand("", &changed, &form)
	if err := form.err(); err != nil {
		return nil, err
	}
	changed.Version = c.s.newID()
	(*set)[at] = &changed
	return &changed, nil
}

func (c *call) deleteCommand() (any, error) {
	set, at, err := c.command()
	if err != nil {
		return nil, err
	}
	*set = slices.Delete(slices.Clone(*set), at, at+1)
	return nil, nil
}
