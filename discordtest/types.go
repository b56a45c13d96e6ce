package discordtest

import (
	"encoding/json"
	"time"
)

// A Profile is a user as it appears in messages and other payloads.
type Profile struct {
	ID         ID
	Username   string
	GlobalName string // what people see; empty: the user name
	Bot        bool
}

// Name is what people see.
func (p Profile) Name() string {
	if p.GlobalName != "" {
		return p.GlobalName
	}
	return p.Username
}

// MarshalJSON gives Discord's user object.
func (p Profile) MarshalJSON() ([]byte, error) { return json.Marshal(p.object()) }

// UnmarshalJSON is the reverse of MarshalJSON.
func (p *Profile) UnmarshalJSON(b []byte) error {
	var o userObject
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	*p = Profile{ID: o.ID, Username: o.Username, Bot: o.Bot}
	if o.GlobalName != nil {
		p.GlobalName = *o.GlobalName
	}
	return nil
}

type userObject struct {
	ID            ID      `json:"id"`
	Username      string  `json:"username"`
	Discriminator string  `json:"discriminator"`
	GlobalName    *string `json:"global_name"`
	Avatar        *string `json:"avatar"`
	Bot           bool    `json:"bot,omitempty"`
	Banner        *string `json:"banner"`
	AccentColor   *int    `json:"accent_color"`
	PublicFlags   int     `json:"public_flags"`
	Flags         int     `json:"flags"`
	Decoration    *string `json:"avatar_decoration_data"`
	PrimaryGuild  *string `json:"primary_guild"`
}

func (p Profile) object() userObject {
	o := userObject{ID: p.ID, Username: p.Username, Discriminator: "0", Bot: p.Bot}
	if p.Bot {
		o.Discriminator = "0042"
	}
	if p.GlobalName != "" {
		o.GlobalName = &p.GlobalName
	}
	return o
}

// selfObject is the bot's own user, with the fields only it may see.
type selfObject struct {
	userObject
	Verified   bool    `json:"verified"`
	MFAEnabled bool    `json:"mfa_enabled"`
	Locale     string  `json:"locale"`
	Email      *string `json:"email"`
}

type memberObject struct {
	User          *userObject `json:"user,omitempty"` // absent in messages
	Nick          *string     `json:"nick"`
	Avatar        *string     `json:"avatar"`
	Banner        *string     `json:"banner"`
	Roles         []ID        `json:"roles"`
	JoinedAt      time.Time   `json:"joined_at"`
	PremiumSince  *time.Time  `json:"premium_since"`
	Deaf          bool        `json:"deaf"`
	Mute          bool        `json:"mute"`
	Flags         int         `json:"flags"`
	Pending       bool        `json:"pending"`
	Permissions   string      `json:"permissions,omitempty"` // in interactions only
	TimedOutUntil *time.Time  `json:"communication_disabled_until"`
}

// MessageFlags are the bits of a message's flags.
type MessageFlags int

const (
	FlagSuppressEmbeds        MessageFlags = 1 << 2
	FlagHasThread             MessageFlags = 1 << 5
	FlagEphemeral             MessageFlags = 1 << 6
	FlagLoading               MessageFlags = 1 << 7
	FlagSuppressNotifications MessageFlags = 1 << 12
	FlagVoice                 MessageFlags = 1 << 13 // recorded with Discord's microphone
	FlagSnapshot              MessageFlags = 1 << 14 // a forward
	FlagComponentsV2          MessageFlags = 1 << 15
)

// Has tells whether all bits of f are set.
func (m MessageFlags) Has(f MessageFlags) bool { return m&f == f }

// Message types, as Discord numbers them.
const (
	TypeDefault       = 0
	TypeThreadCreated = 18
	TypeReply         = 19
	TypeCommand       = 20
	TypeThreadStarter = 21
	TypeContextMenu   = 23
	TypePollResult    = 46
)

// A Message is a copy of a message at one moment; it does not change afterwards.
// Its JSON is Discord's message object.
type Message struct {
	ID              ID           `json:"id"`
	ChannelID       ID           `json:"channel_id"`
	GuildID         ID           `json:"guild_id,omitzero"` // in gateway events only; absent in those of ephemeral messages
	Type            int          `json:"type"`
	Author          Profile      `json:"author"`
	Content         string       `json:"content"`
	Timestamp       time.Time    `json:"timestamp"`
	EditedTimestamp *time.Time   `json:"edited_timestamp"`
	TTS             bool         `json:"tts"`
	Pinned          bool         `json:"pinned"`
	MentionEveryone bool         `json:"mention_everyone"`
	Mentions        []Profile    `json:"mentions"`
	MentionRoles    []ID         `json:"mention_roles"`
	Attachments     []Attachment `json:"attachments"`
	Embeds          []Embed      `json:"embeds"`
	Components      []Component  `json:"components"`
	Stickers        []Sticker    `json:"sticker_items,omitempty"`
	Poll            *Poll        `json:"poll,omitempty"`
	Reactions       []Reaction   `json:"reactions,omitempty"`
	Flags           MessageFlags `json:"flags"`
	Nonce           any          `json:"nonce,omitempty"`
	WebhookID       ID           `json:"webhook_id,omitzero"`
	ApplicationID   ID           `json:"application_id,omitzero"`

	Reference   *Reference     `json:"message_reference,omitempty"`
	Referenced  *Message       `json:"referenced_message,omitempty"`
	Snapshots   []Snapshot     `json:"message_snapshots,omitempty"` // what was forwarded
	Interaction *Invocation    `json:"interaction_metadata,omitempty"`
	Thread      *channelObject `json:"thread,omitempty"` // see Server.Channel

	// Files are all files of the message: attachments, and those that embeds and components show, which Discord does
	// not list as attachments. Of the latter, Description is what the component says.
	Files []Attachment `json:"-"`

	EphemeralTo ID    `json:"-"` // the one user who can see it; zero: everybody in the channel
	Deleted     bool  `json:"-"`
	Pings       Pings `json:"-"` // who was notified when it was sent
}

// Pings lists who was notified by a message, after allowed_mentions.
type Pings struct {
	Everyone bool `json:"everyone,omitempty"`
	Users    []ID `json:"users,omitempty"`
	Roles    []ID `json:"roles,omitempty"`
}

// None tells whether nobody was notified.
func (p Pings) None() bool { return !p.Everyone && len(p.Users) == 0 && len(p.Roles) == 0 }

// A Reference points from a reply (Type 0) or a forward (Type 1) to the original.
type Reference struct {
	Type      int `json:"type"`
	MessageID ID  `json:"message_id,omitzero"`
	ChannelID ID  `json:"channel_id"`
	GuildID   ID  `json:"guild_id,omitzero"`
}

// A Snapshot is the part of a forwarded message that travels with the forward.
type Snapshot struct {
	Message SnapshotMessage `json:"message"`
}

// SnapshotMessage has no author: Discord does not tell who wrote what is forwarded.
type SnapshotMessage struct {
	Type            int          `json:"type"`
	Content         string       `json:"content"`
	Timestamp       time.Time    `json:"timestamp"`
	EditedTimestamp *time.Time   `json:"edited_timestamp"`
	Mentions        []Profile    `json:"mentions"`
	MentionRoles    []ID         `json:"mention_roles"`
	Attachments     []Attachment `json:"attachments"`
	Embeds          []Embed      `json:"embeds"`
	Components      []Component  `json:"components"`
	Flags           MessageFlags `json:"flags"`
	Stickers        []Sticker    `json:"sticker_items,omitempty"`
}

// A Sticker is a small picture that is sent instead of text.
type Sticker struct {
	ID     ID     `json:"id"`
	Name   string `json:"name"`
	Format int    `json:"format_type"` // 1: PNG
}

// An Invocation tells which interaction a message answers.
type Invocation struct {
	ID         ID            `json:"id"`
	Type       int           `json:"type"`
	User       Profile       `json:"user"`
	Owners     map[string]ID `json:"authorizing_integration_owners"`
	OriginalID ID            `json:"original_response_message_id,omitzero"`
	Interacted ID            `json:"interacted_message_id,omitzero"`
	TargetID   ID            `json:"target_message_id,omitzero"`
	Triggering *Invocation   `json:"triggering_interaction_metadata,omitempty"`
	Command    string        `json:"-"` // the command's name as people typed it, empty for components
}

// An Attachment is a file of a message. URL is signed and dies after a day, as on Discord's CDN.
type Attachment struct {
	ID          ID      `json:"id"`
	Filename    string  `json:"filename"`        // letters, digits, '_', '-' and '.' only: Discord drops the rest
	Title       string  `json:"title,omitempty"` // the name without extension, where Filename had to differ
	Description string  `json:"description,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	Size        int64   `json:"size"` // bytes
	URL         string  `json:"url"`
	ProxyURL    string  `json:"proxy_url"`
	Width       *int    `json:"width,omitempty"` // pixels, images only
	Height      *int    `json:"height,omitempty"`
	Ephemeral   bool    `json:"ephemeral,omitempty"`
	Flags       int     `json:"flags,omitempty"`
	Duration    float64 `json:"duration_secs,omitempty"` // of a voice message
	Waveform    string  `json:"waveform,omitempty"`      // of a voice message: base64, a byte for each point

	SHA256 string `json:"-"` // hex, of the bytes received; empty for sparse files
	object *object
	hidden bool // shown by an embed or component, so not listed
}

// Bytes returns what was uploaded, or nil when the server was told not to keep it (see Server.KeepBytes).
func (a Attachment) Bytes() []byte {
	if a.object == nil {
		return nil
	}
	return a.object.data
}

// A Reaction counts the people who reacted with one emoji.
type Reaction struct {
	Emoji Emoji
	Count int
	Me    bool // the bot is among them

	users []ID
}

// An Emoji is a Unicode emoji (Name) or a custom one (ID and Name).
type Emoji struct {
	ID       ID     `json:"id,omitzero"`
	Name     string `json:"name"`
	Animated bool   `json:"animated,omitempty"`
}
