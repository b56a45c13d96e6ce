package discordtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Modal is a form that the bot opened in answer to an interaction.
type Modal struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []Component `json:"components"`
}

// open takes the bot's modal.
func (it *interaction) open(data json.RawMessage) error {
	m := &Modal{}
	if err := json.Unmarshal(data, m); err != nil {
		return errBadJSON
	}
	form := formErrors{}
	form.required("data.custom_id", m.CustomID)
	form.max("data.custom_id", m.CustomID, 100)
	form.required("data.title", m.Title)
	form.max("data.title", m.Title, 45)
	if len(m.Components) < 1 || len(m.Components) > 5 {
		form.add("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
	}
	seen, next := map[string]bool{}, 0
	for path, c := range walk(m.Components) {
		if next++; c.ID == 0 {
			c.ID = next
		}
		checkField("data."+path, c, &form)
		if c.CustomID != "" && seen[c.CustomID] {
			form.add("data."+path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
		}
		seen[c.CustomID] = true
	}
	it.modal = m
	return form.err()
}

// checkField applies https://discord.com/developers/docs/components/reference to a component of a modal.
func checkField(path string, c *Component, form *formErrors) {
	inLabel := strings.HasSuffix(path, ".component")
	wrong := func() {
		form.add(path+".type", "UNION_TYPE_CHOICES", fmt.Sprintf("A component of type %d cannot stand there", c.Type))
	}
	switch {
	case c.Type == Label:
		form.required(path+".label", c.Label)
		form.max(path+".label", c.Label, 45)
		form.max(path+".description", c.Description, 100)
		if c.Component == nil {
			form.required(path+".component", "")
		}
		if inLabel {
			wrong()
		}
	case c.Type == TextDisplay, c.Type == ActionRow:
		if inLabel {
			wrong()
		}
	case c.Type == TextInput:
		form.required(path+".custom_id", c.CustomID)
		form.max(path+".custom_id", c.CustomID, 100)
		form.max(path+".placeholder", c.Placeholder, 100)
		form.max(path+".value", c.Value, 4000)
		if !inLabel {
			form.max(path+".label", c.Label, 45)
		}
	case c.Type == FileUpload:
		form.required(path+".custom_id", c.CustomID)
		form.max(path+".custom_id", c.CustomID, 100)
		if lo, hi := c.limits(); lo < 0 || lo > hi || hi < 1 || hi > 10 || lo == 0 && c.required() {
			form.add(path+".min_values", "NUMBER_TYPE_MIN", "a file upload takes 0 to 10 files, at least one if it is required")
		}
		if !inLabel {
			wrong()
		}
	case c.Type.isSelect():
		checkSelect(path, c, form)
		if c.Disabled {
			form.add(path+".disabled", "COMPONENT_DISABLED_NOT_ALLOWED", "Components in a modal cannot be disabled")
		}
	case c.Type >= RadioGroup && c.Type <= Checkbox && inLabel:
		form.required(path+".custom_id", c.CustomID)
	default:
		wrong()
	}
}

func (c *Component) required() bool { return c.Required == nil || *c.Required }

// Submit fills in and sends the modal that an interaction opened: values by custom_id, several choices of a menu on
// lines of their own, "true" for a checkbox; files go into its file upload. Text inputs that are not given keep the
// value the bot put in.
func (u *User) Submit(opened *Interaction, values map[string]string, files ...File) (*Interaction, error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it := opened.it
	if it.modal == nil || it.user != u {
		return nil, fmt.Errorf("discordtest: no modal is open for %s", u.Username)
	}
	f := fields{filler: filler{u: u, c: it.channel, resolved: map[string]map[ID]any{}}, values: maps.Clone(values), files: files}
	components, err := f.fillAll(it.modal.Components)
	if err != nil {
		return nil, fmt.Errorf("discordtest: %w", err)
	}
	for id := range f.values {
		return nil, fmt.Errorf("discordtest: the modal has no field %q", id)
	}
	if len(f.files) > 0 {
		return nil, fmt.Errorf("discordtest: the modal takes no file %q", f.files[0].Name)
	}
	data := map[string]any{"custom_id": it.modal.CustomID, "components": components}
	if len(f.resolved) > 0 {
		data["resolved"] = f.resolved
	}
	next := &interaction{kind: kindModalSubmit, user: u, channel: it.channel, source: it.source, opener: it}
	return s.interact(next, data), nil
}

// fields fills in the components of a modal, and keeps what is left to fill in.
type fields struct {
	filler
	values map[string]string
	files  []File
}

func (f *fields) fillAll(components []Component) ([]any, error) {
	out := []any{}
	for i := range components {
		o, err := f.fill(&components[i])
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (f *fields) fill(c *Component) (o map[string]any, err error) {
	o = map[string]any{"type": c.Type, "id": c.ID}
	if c.CustomID != "" {
		o["custom_id"] = c.CustomID
	}
	text, given := f.values[c.CustomID]
	delete(f.values, c.CustomID)
	switch {
	case c.Type == ActionRow:
		o["components"], err = f.fillAll(c.Components)
	case c.Type == Label:
		o["component"], err = f.fill(c.Component)
	case c.Type == TextInput:
		if !given {
			text = c.Value
		}
		o["value"] = text
		if n := runes(text); n == 0 && c.required() {
			err = fmt.Errorf("field %q is required", c.CustomID)
		} else if c.MaxLength != nil && n > *c.MaxLength || c.MinLength != nil && n > 0 && n < *c.MinLength {
			err = fmt.Errorf("field %q cannot have %d characters", c.CustomID, n)
		}
	case c.Type == FileUpload:
		lo, hi := c.limits()
		if !c.required() {
			lo = 0
		}
		if n := len(f.files); n < lo || n > hi {
			return nil, fmt.Errorf("field %q takes %d to %d files, not %d", c.CustomID, lo, hi, n)
		}
		ids := []ID{}
		for _, file := range f.files {
			ids = append(ids, f.attachment(file))
		}
		f.files, o["values"] = nil, ids
	case c.Type == Checkbox:
		o["value"] = text == "true"
	case c.Type == RadioGroup, c.Type == CheckboxGroup, c.Type.isSelect():
		chosen := []string{}
		if given && text != "" {
			chosen = strings.Split(text, "\n")
		}
		if len(chosen) == 0 && c.required() {
			return nil, fmt.Errorf("field %q is required", c.CustomID)
		}
		for i, choice := range chosen {
			switch at := slices.IndexFunc(c.Options, func(so SelectOption) bool { return so.Label == choice || so.Value == choice }); {
			case at >= 0:
				chosen[i] = c.Options[at].Value
			case c.Type.isSelect() && c.Type != StringSelect:
				err = f.resolveID(c.Type, parseID(choice))
			default:
				err = fmt.Errorf("field %q has no option %q", c.CustomID, choice)
			}
			if err != nil {
				return nil, err
			}
		}
		o["values"] = chosen
		if c.Type == RadioGroup {
			delete(o, "values")
			o["value"] = nil
			if len(chosen) > 0 {
				o["value"] = chosen[0]
			}
		}
	}
	return o, err
}
