package discordtest

import (
	"fmt"
	"slices"
	"strings"
)

// checkComponents applies the limits of
// https://discord.com/developers/docs/components/reference that the OpenAPI document does not state,
// and numbers the components that came without id.
func checkComponents(components []Component, flags MessageFlags, form *formErrors) {
	v2 := flags.Has(FlagComponentsV2)
	if !v2 && len(components) > 5 {
		form.add("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
	}
	ids, custom, total, text := map[int]bool{}, map[string]bool{}, 0, 0
	for path, c := range walk(components) {
		total++
		text += runes(c.Content)
		if c.Type.isV2() && !v2 {
			form.add(path+".type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).")
		}
		checkComponent(path, c, form)
		if c.CustomID != "" {
			if custom[c.CustomID] {
				form.add(path+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
			}
			custom[c.CustomID] = true
		}
		if c.ID != 0 {
			if ids[c.ID] {
				form.add(path+".id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
			}
			ids[c.ID] = true
		}
	}
	for i, c := range components {
		if c.Type != ActionRow && !c.Type.isLayout() {
			form.add(fmt.Sprintf("components.%d.type", i), "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).")
		}
	}
	if total > 40 && v2 {
		form.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum number of components in a message is 40")
	}
	if text > 4000 {
		form.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "Displayable text size exceeds maximum size of 4000")
	}
	next := 0
	for _, c := range walk(components) {
		for c.ID == 0 {
			if next++; !ids[next] {
				c.ID, ids[next] = next, true
			}
		}
	}
}

func checkComponent(path string, c *Component, form *formErrors) {
	switch {
	case c.Type == ActionRow:
		checkRow(path, c, form)
	case c.Type == Button:
		checkButton(path, c, form)
	case c.Type.isSelect():
		checkSelect(path, c, form)
	case c.Type == TextDisplay:
		form.required(path+".content", c.Content)
	default:
		checkV2(path, c, form)
	}
}

// checkV2 checks the components that came with version 2.
func checkV2(path string, c *Component, form *formErrors) {
	only := func(where string, inner []Component, types ...ComponentType) {
		for i, in := range inner {
			if !slices.Contains(types, in.Type) {
				form.add(fmt.Sprintf("%s.%s.%d.type", path, where, i), "UNION_TYPE_CHOICES", fmt.Sprintf("Value of field \"type\" must be one of %v.", types))
			}
		}
	}
	between := func(field string, n, lo, hi int) {
		if n < lo || n > hi {
			form.add(path+"."+field, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", lo, hi))
		}
	}
	switch c.Type {
	case Section:
		between("components", len(c.Components), 1, 3)
		only("components", c.Components, TextDisplay)
		if c.Accessory == nil {
			form.required(path+".accessory", "")
		} else {
			only("accessory", []Component{*c.Accessory}, Button, Thumbnail)
		}
	case Thumbnail:
		form.max(path+".description", c.Description, 1024)
		if !strings.HasSuffix(path, ".accessory") {
			form.add(path+".type", "UNION_TYPE_CHOICES", "A thumbnail is the accessory of a section")
		}
	case MediaGallery:
		between("items", len(c.Items), 1, 10)
		for i, item := range c.Items {
			form.max(fmt.Sprintf("%s.items.%d.description", path, i), item.Description, 1024)
		}
	case FileDisplay:
		if c.File != nil && !strings.HasPrefix(c.File.URL, "attachment://") && c.File.attachment == nil {
			form.add(path+".file.url", "URL_TYPE_INVALID_SCHEME", "A file is shown by an attachment:// link")
		}
	case Separator:
		if c.Spacing < 0 || c.Spacing > 2 {
			form.add(path+".spacing", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
		}
	case Container:
		only("components", c.Components, ActionRow, TextDisplay, Section, MediaGallery, Separator, FileDisplay)
		if c.AccentColor != nil && (*c.AccentColor < 0 || *c.AccentColor > 0xffffff) {
			form.add(path+".accent_color", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
		}
	case TextInput, Label, FileUpload, RadioGroup, CheckboxGroup, Checkbox:
		form.add(path+".type", "UNION_TYPE_CHOICES", "This component is for modals")
	}
	for field, media := range c.media() {
		form.required(path+field, media.URL)
		form.url(path+field, media.URL)
	}
}

func checkRow(path string, c *Component, form *formErrors) {
	buttons, others := 0, 0
	for _, inner := range c.Components {
		if inner.Type == Button {
			buttons++
		} else {
			others++
		}
	}
	switch {
	case buttons+others == 0:
		form.add(path+".components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
	case buttons > 5, others > 1, buttons > 0 && others > 0:
		form.add(path+".components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
	}
}

func checkButton(path string, c *Component, form *formErrors) {
	form.max(path+".label", c.Label, 80)
	form.max(path+".custom_id", c.CustomID, 100)
	switch c.Style {
	case Link:
		form.required(path+".url", c.URL)
		form.url(path+".url", c.URL)
		if c.CustomID != "" {
			form.add(path+".custom_id", "BUTTON_COMPONENT_CUSTOM_ID_NOT_ALLOWED", "A custom id and url cannot both be specified")
		}
	case Premium:
	default:
		form.required(path+".custom_id", c.CustomID)
		if c.URL != "" {
			form.add(path+".url", "BUTTON_COMPONENT_INVALID_STYLE", "A custom id and url cannot both be specified")
		}
	}
	if c.Style != Premium && c.Label == "" && c.Emoji == nil {
		form.add(path, "BUTTON_COMPONENT_MISSING_LABEL", "A button must have a label or an emoji")
	}
}

func checkSelect(path string, c *Component, form *formErrors) {
	form.required(path+".custom_id", c.CustomID)
	form.max(path+".custom_id", c.CustomID, 100)
	form.max(path+".placeholder", c.Placeholder, 150)
	lo, hi := c.limits()
	if lo > hi || lo < 0 || hi < 1 || hi > 25 {
		form.add(path+".max_values", "NUMBER_TYPE_MIN", "max_values should be greater than or equal to min_values")
	}
	if c.Type != StringSelect {
		return
	}
	if n := len(c.Options); n < 1 || n > 25 {
		form.add(path+".options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
	}
	if hi > len(c.Options) {
		form.add(path+".max_values", "SELECT_COMPONENT_MAX_VALUES_EXCEEDED", "max_values cannot exceed the number of options")
	}
	values := map[string]bool{}
	for i, o := range c.Options {
		at := fmt.Sprintf("%s.options.%d", path, i)
		form.required(at+".label", o.Label)
		form.required(at+".value", o.Value)
		form.max(at+".label", o.Label, 100)
		form.max(at+".value", o.Value, 100)
		form.max(at+".description", o.Description, 100)
		if values[o.Value] {
			form.add(at+".value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		values[o.Value] = true
	}
}
