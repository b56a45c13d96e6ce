package discordtest

import (
	"errors"
	"fmt"
	"slices"
)

// A filler turns the options a user gave into those of an interaction, as the client does: checked
// against the registration, with the objects that ids stand for.
type filler struct {
	u        *User
	c        *Channel
	focused  string
	given    []Option
	resolved map[string]map[ID]any
}

func (f *filler) fill(options []commandOption, subcommands []string) ([]any, error) {
	nested := len(options) > 0 && options[0].Type <= optGroup
	if nested != (len(subcommands) > 0) {
		return nil, fmt.Errorf("subcommands %q do not fit the command", subcommands)
	}
	if nested {
		at := slices.IndexFunc(options, func(o commandOption) bool { return o.Name == subcommands[0] })
		if at < 0 {
			return nil, fmt.Errorf("no subcommand %q", subcommands[0])
		}
		inner, err := f.fill(options[at].Options, subcommands[1:])
		return []any{map[string]any{"name": options[at].Name, "type": options[at].Type, "options": inner}}, err
	}
	left := slices.Clone(f.given)
	filled := []any{}
	for _, o := range options {
		at := slices.IndexFunc(left, func(g Option) bool { return g.Name == o.Name })
		if at < 0 {
			if o.Required && f.focused == "" {
				return nil, fmt.Errorf("option %q is required", o.Name)
			}
			if f.focused != o.Name {
				continue
			}
			left, at = append(left, Opt(o.Name, "")), len(left)
		}
		out := map[string]any{"name": o.Name, "type": o.Type}
		var err error
		if f.focused == o.Name {
			if !o.Autocomplete {
				return nil, fmt.Errorf("option %q has no autocompletion", o.Name)
			}
			out["focused"], out["value"] = true, fmt.Sprint(left[at].Value)
		} else if out["value"], err = f.value(o, left[at].Value); err != nil {
			return nil, fmt.Errorf("option %q: %w", o.Name, err)
		}
		filled = append(filled, out)
		left = slices.Delete(left, at, at+1)
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("no option %q", left[0].Name)
	}
	return filled, nil
}

// value checks one value and brings it into the form of its type.
func (f *filler) value(o commandOption, v any) (any, error) {
	switch o.Type {
	case optString:
		text, ok := v.(string)
		n := runes(text)
		if !ok || o.MinLength != nil && n < *o.MinLength || o.MaxLength != nil && n > *o.MaxLength || n > 6000 {
			return nil, fmt.Errorf("%v is not a string of the right length", v)
		}
		return f.choice(o, text)
	case optInteger, optNumber:
		var n float64
		switch v := v.(type) {
		case int:
			n = float64(v)
		case float64:
			n = v
		default:
			return nil, fmt.Errorf("%v is not a number", v)
		}
		if o.Type == optInteger && n != float64(int64(n)) || o.MinValue != nil && n < *o.MinValue || o.MaxValue != nil && n > *o.MaxValue {
			return nil, fmt.Errorf("%v is out of range", v)
		}
		return f.choice(o, n)
	case optBoolean:
		if _, ok := v.(bool); !ok {
			return nil, fmt.Errorf("%v is not a boolean", v)
		}
		return v, nil
	case optAttachment:
		file, ok := v.(File)
		if !ok {
			return nil, errors.New("not a File")
		}
		return f.attachment(file), nil
	}
	var id ID
	var kind ComponentType
	switch v := v.(type) {
	case *User:
		id, kind = v.ID, UserSelect
	case *Role:
		id, kind = v.ID, RoleSelect
	case *Channel:
		id, kind = v.ID, ChannelSelect
	}
	fits := map[int][]ComponentType{optUser: {UserSelect}, optRole: {RoleSelect}, optChannel: {ChannelSelect}, optMentionable: {UserSelect, RoleSelect}}
	if !slices.Contains(fits[o.Type], kind) {
		return nil, fmt.Errorf("%T does not fit", v)
	}
	return id, f.resolveID(kind, id)
}

func (f *filler) choice(o commandOption, v any) (any, error) {
	if len(o.Choices) == 0 {
		return v, nil
	}
	for _, c := range o.Choices {
		if c.Value == v || c.Name == v {
			return c.Value, nil
		}
	}
	return nil, fmt.Errorf("%v is not among the choices", v)
}

func (f *filler) add(kind string, id ID, object any) {
	if f.resolved[kind] == nil {
		f.resolved[kind] = map[ID]any{}
	}
	f.resolved[kind][id] = object
}

func (f *filler) attachment(file File) ID {
	s := f.u.s
	m := &message{channel: f.c}
	m.Flags, m.ChannelID = FlagEphemeral, f.c.ID
	u := file.upload(0)
	a := s.newAttachment(m, u.name, u.obj)
	a.URL = s.link(f.c.ID, a)
	a.ProxyURL = a.URL
	f.add("attachments", a.ID, a)
	return a.ID
}

// resolveID adds the object that an id in a select or option stands for.
func (f *filler) resolveID(kind ComponentType, id ID) error {
	s, g := f.u.s, f.c.Guild
	if kind == MentionableSelect {
		kind = UserSelect
		if s.users[id] == nil {
			kind = RoleSelect
		}
	}
	switch {
	case kind == UserSelect && s.users[id] != nil:
		f.add("users", id, s.users[id].Profile)
		if g != nil && g.members[id] != nil {
			m := g.memberObject(g.members[id], false)
			m.Permissions = g.permissions(s.users[id]).String()
			f.add("members", id, m)
		}
		return nil
	case kind == ChannelSelect && g != nil && s.channels[id] != nil && s.channels[id].Guild == g:
		o := s.channels[id].object()
		o.Permissions = g.permissions(f.u).String()
		f.add("channels", id, o)
		return nil
	case kind == RoleSelect && g != nil:
		for _, r := range g.roles {
			if r.ID == id {
				f.add("roles", id, g.roleObject(r))
				return nil
			}
		}
	}
	return fmt.Errorf("%d cannot be chosen here", id)
}
