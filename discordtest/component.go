package discordtest

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// ComponentType is the kind of a component, as Discord numbers them.
type ComponentType int

const (
	ActionRow         ComponentType = 1
	Button            ComponentType = 2
	StringSelect      ComponentType = 3
	TextInput         ComponentType = 4
	UserSelect        ComponentType = 5
	RoleSelect        ComponentType = 6
	MentionableSelect ComponentType = 7
	ChannelSelect     ComponentType = 8
	Section           ComponentType = 9
	TextDisplay       ComponentType = 10
	Thumbnail         ComponentType = 11
	MediaGallery      ComponentType = 12
	FileDisplay       ComponentType = 13
	Separator         ComponentType = 14
	Container         ComponentType = 17
	Label             ComponentType = 18
	FileUpload        ComponentType = 19
	RadioGroup        ComponentType = 21
	CheckboxGroup     ComponentType = 22
	Checkbox          ComponentType = 23
)

func (t ComponentType) isSelect() bool {
	return t == StringSelect || t >= UserSelect && t <= ChannelSelect
}

// isLayout tells what may stand at the top of a message of version 2, rows of buttons aside.
func (t ComponentType) isLayout() bool { return t.isV2() && t != Thumbnail }

func (t ComponentType) isV2() bool { return t >= Section && t <= Container }

// Button styles.
const (
	Primary   = 1
	Secondary = 2
	Success   = 3
	Danger    = 4
	Link      = 5
	Premium   = 6
)

// A Component is any component of a message or modal; a field that its type does not have is zero.
// Its JSON is Discord's.
type Component struct {
	Type         ComponentType   `json:"type"`
	ID           int             `json:"id"`
	CustomID     string          `json:"custom_id"`
	Style        int             `json:"style"`
	Label        string          `json:"label"`
	Emoji        *Emoji          `json:"emoji"`
	URL          string          `json:"url"`
	SKU          ID              `json:"sku_id"`
	Disabled     bool            `json:"disabled"`
	Placeholder  string          `json:"placeholder"`
	Options      []SelectOption  `json:"options"`
	MinValues    *int            `json:"min_values"` // nil: 1
	MaxValues    *int            `json:"max_values"` // nil: 1
	Defaults     []SelectDefault `json:"default_values"`
	ChannelTypes []int           `json:"channel_types"`
	Content      string          `json:"content"`     // of a text display
	Description  string          `json:"description"` // of a thumbnail or label
	Spoiler      bool            `json:"spoiler"`
	Divider      *bool           `json:"divider"` // nil: true
	Spacing      int             `json:"spacing"`
	AccentColor  *int            `json:"accent_color"`
	Media        *ComponentMedia `json:"media"`
	File         *ComponentMedia `json:"file"`
	Name         string          `json:"name"` // of a file
	Size         int64           `json:"size"` // of a file, bytes
	Items        []GalleryItem   `json:"items"`
	Value        string          `json:"value"`    // of a text input
	Required     *bool           `json:"required"` // nil: true
	MinLength    *int            `json:"min_length"`
	MaxLength    *int            `json:"max_length"`
	Accessory    *Component      `json:"accessory"`
	Component    *Component      `json:"component"` // of a label
	Components   []Component     `json:"components"`
}

// A SelectOption is one choice of a string select.
type SelectOption struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Emoji       *Emoji `json:"emoji,omitempty"`
	Default     bool   `json:"default,omitempty"`
}

// A SelectDefault is what a user, role or channel select shows at first.
type SelectDefault struct {
	ID   ID     `json:"id"`
	Type string `json:"type"`
}

// ComponentMedia is a picture or file shown by a component: a file of the same message, or a URL.
type ComponentMedia struct {
	URL string `json:"url"`

	attachment *Attachment
}

// A GalleryItem is one picture of a media gallery.
type GalleryItem struct {
	Media       ComponentMedia `json:"media"`
	Description string         `json:"description"`
	Spoiler     bool           `json:"spoiler"`
}

// Text is what people read on a button: its emoji and label.
func (c Component) Text() string {
	if c.Emoji == nil || c.Emoji.ID != 0 {
		return c.Label
	}
	return strings.TrimSpace(c.Emoji.Name + " " + c.Label)
}

func (c Component) limits() (lo, hi int) {
	lo, hi = 1, 1
	if c.MinValues != nil {
		lo = *c.MinValues
	}
	if c.MaxValues != nil {
		hi = *c.MaxValues
	}
	return lo, hi
}

// walk yields all components, outer ones first, with their path in the message.
func walk(components []Component) iter.Seq2[string, *Component] {
	return func(yield func(string, *Component) bool) {
		var visit func(path string, c *Component) bool
		visit = func(path string, c *Component) bool {
			if !yield(path, c) {
				return false
			}
			for i := range c.Components {
				if !visit(fmt.Sprintf("%s.components.%d", path, i), &c.Components[i]) {
					return false
				}
			}
			if c.Accessory != nil && !visit(path+".accessory", c.Accessory) {
				return false
			}
			return c.Component == nil || visit(path+".component", c.Component)
		}
		for i := range components {
			if !visit(fmt.Sprintf("components.%d", i), &components[i]) {
				return
			}
		}
	}
}

// media yields the pictures and files a component shows.
func (c *Component) media() iter.Seq2[string, *ComponentMedia] {
	return func(yield func(string, *ComponentMedia) bool) {
		if c.Media != nil && !yield(".media.url", c.Media) {
			return
		}
		if c.File != nil && !yield(".file.url", c.File) {
			return
		}
		for i := range c.Items {
			if !yield(fmt.Sprintf(".items.%d.media.url", i), &c.Items[i].Media) {
				return
			}
		}
	}
}

// MarshalJSON writes the fields that Discord sends for the component's type, and no others.
func (c Component) MarshalJSON() ([]byte, error) {
	o := map[string]any{"type": c.Type, "id": c.ID}
	set := func(key string, v any, present bool) {
		if present {
			o[key] = v
		}
	}
	lo, hi := c.limits()
	switch c.Type {
	case ActionRow:
		o["components"] = list(c.Components)
	case Button:
		o["style"] = c.Style
		set("label", c.Label, c.Label != "")
		set("custom_id", c.CustomID, c.CustomID != "")
		set("url", c.URL, c.URL != "")
		set("sku_id", c.SKU, c.SKU != 0)
		set("emoji", c.Emoji, c.Emoji != nil)
		set("disabled", true, c.Disabled)
	case StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect, FileUpload:
		o["custom_id"], o["min_values"], o["max_values"] = c.CustomID, lo, hi
		set("options", list(c.Options), c.Type == StringSelect)
		set("placeholder", c.Placeholder, c.Placeholder != "")
		set("default_values", c.Defaults, len(c.Defaults) > 0)
		set("channel_types", c.ChannelTypes, len(c.ChannelTypes) > 0)
		set("disabled", true, c.Disabled)
	case TextInput:
		o["custom_id"], o["style"] = c.CustomID, c.Style
		set("label", c.Label, c.Label != "")
		set("value", c.Value, c.Value != "")
		set("placeholder", c.Placeholder, c.Placeholder != "")
		set("min_length", c.MinLength, c.MinLength != nil)
		set("max_length", c.MaxLength, c.MaxLength != nil)
		set("required", c.Required, c.Required != nil)
	case Section:
		o["components"], o["accessory"] = list(c.Components), c.Accessory
	case TextDisplay:
		o["content"] = c.Content
	case Thumbnail:
		o["media"], o["description"], o["spoiler"] = c.Media, orNull(c.Description), c.Spoiler
	case MediaGallery:
		o["items"] = list(c.Items)
	case FileDisplay:
		o["file"], o["spoiler"], o["name"], o["size"] = c.File, c.Spoiler, orNull(c.Name), nil
		set("size", c.Size, c.Size > 0)
		if c.File != nil && c.File.attachment != nil {
			o["name"], o["size"] = c.File.attachment.Filename, c.File.attachment.Size
		}
	case Separator:
		o["divider"], o["spacing"] = c.Divider == nil || *c.Divider, max(c.Spacing, 1)
	case Container:
		o["components"], o["accent_color"], o["spoiler"] = list(c.Components), c.AccentColor, c.Spoiler
	case Label:
		o["label"], o["component"] = c.Label, c.Component
		set("description", c.Description, c.Description != "")
	}
	return json.Marshal(o)
}

// MarshalJSON gives Discord's unfurled media item.
func (m ComponentMedia) MarshalJSON() ([]byte, error) {
	o := map[string]any{"id": "0", "url": m.URL, "proxy_url": m.URL}
	if a := m.attachment; a != nil {
		o["id"], o["attachment_id"], o["content_type"] = a.ID, a.ID, orNull(a.ContentType)
		o["width"], o["height"] = a.Width, a.Height
	}
	return json.Marshal(o)
}

// MarshalJSON writes null for an absent description, as Discord does.
func (g GalleryItem) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"media": g.Media, "description": orNull(g.Description), "spoiler": g.Spoiler})
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// list makes an empty slice out of nil, so that JSON has [] and not null.
func list[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}
