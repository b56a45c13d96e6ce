package discordtest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A message is the server's own record. Slices in it are replaced, never changed, so that versions can share them.
type message struct {
	Message
	channel  *Channel
	by       *interaction // whose response or follow-up it is
	versions []Version
	files    []Attachment // also those hidden inside embeds
}

// A Version is a message as it was from At until the next version.
type Version struct {
	At      time.Time
	Message Message
}

// A draft is the body of a request that creates or edits a message; nil means absent.
type draft struct {
	Content         *string            `json:"content"`
	Embeds          *[]Embed           `json:"embeds"`
	Components      *[]Component       `json:"components"`
	Attachments     *[]attachmentDraft `json:"attachments"`
	AllowedMentions *allowedMentions   `json:"allowed_mentions"`
	Flags           *MessageFlags      `json:"flags"`
	TTS             bool               `json:"tts"`
	Nonce           any                `json:"nonce"`
	EnforceNonce    bool               `json:"enforce_nonce"`
	Reference       *draftReference    `json:"message_reference"`
	StickerIDs      []ID               `json:"sticker_ids"`
	Poll            any                `json:"poll"`
}

// UnmarshalJSON takes null for content, embeds and components as Discord does: as empty.
func (d *draft) UnmarshalJSON(b []byte) error {
	type plain draft
	if err := json.Unmarshal(b, (*plain)(d)); err != nil {
		return err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(b, &given); err != nil {
		return err
	}
	if string(given["content"]) == "null" {
		d.Content = new(string)
	}
	if string(given["embeds"]) == "null" {
		d.Embeds = &[]Embed{}
	}
	if string(given["components"]) == "null" {
		d.Components = &[]Component{}
	}
	if string(given["allowed_mentions"]) == "{}" {
		d.AllowedMentions = nil // https://github.com/discord/discord-api-docs/issues/4270
	}
	return nil
}

type attachmentDraft struct {
	ID          ID     `json:"id"`
	Filename    string `json:"filename"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Spoiler     bool   `json:"is_spoiler"`
}

type draftReference struct {
	Type            int   `json:"type"`
	MessageID       ID    `json:"message_id"`
	ChannelID       ID    `json:"channel_id"`
	FailIfNotExists *bool `json:"fail_if_not_exists"`
}

// apply puts a draft and its uploads into m, which is a new message or a copy of one being edited,
// and reports what is wrong with the result.
func (s *Server) apply(m *message, d *draft, uploads []upload) error {
	form := &formErrors{}
	if d.Flags != nil {
		const settable = FlagSuppressEmbeds | FlagSuppressNotifications | FlagComponentsV2 | FlagEphemeral
		m.Flags = m.Flags&^(FlagSuppressEmbeds) | *d.Flags&settable
	}
	if d.Content != nil {
		m.Content = strings.TrimSpace(*d.Content)
	}
	if d.Embeds != nil {
		m.Embeds = list(*d.Embeds)
		checkEmbeds(m.Embeds, form)
		for i := range m.Embeds {
			m.Embeds[i].Type = "rich"
		}
	}
	if d.Components != nil {
		m.Components = list(*d.Components)
		checkComponents(m.Components, m.Flags, form)
	}
	if d.Poll != nil || len(d.StickerIDs) > 0 {
		s.violateLocked("message", "polls and stickers are not modelled")
	}
	v2 := m.Flags.Has(FlagComponentsV2)
	if v2 && (m.Content != "" || len(m.Embeds) > 0) {
		form.add("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	form.max("content", m.Content, 2000)
	d.AllowedMentions.check(form)
	s.attach(m, d, uploads, form)
	s.resolveMedia(m, form)
	if err := form.err(); err != nil {
		return err
	}
	if m.Content == "" && len(m.Embeds) == 0 && len(m.files) == 0 && len(m.Components) == 0 && len(m.Snapshots) == 0 {
		return errEmptyMessage
	}
	return nil
}

// attach decides which files m has: those of before that the draft keeps, and the uploads.
func (s *Server) attach(m *message, d *draft, uploads []upload, form *formErrors) {
	files := slices.Clone(m.files)
	described := map[ID]attachmentDraft{}
	if d.Attachments != nil {
		files = files[:0:0]
		for i, a := range *d.Attachments {
			described[a.ID] = a
			old := slices.IndexFunc(m.files, func(f Attachment) bool { return f.ID == a.ID })
			isNew := slices.ContainsFunc(uploads, func(u upload) bool { return u.field == fmt.Sprintf("files[%d]", a.ID) })
			switch {
			case old >= 0:
				kept := m.files[old]
				kept.Description = orDefault(a.Description, kept.Description)
				files = append(files, kept)
			case !isNew:
				form.add(fmt.Sprintf("attachments.%d.id", i), "ATTACHMENT_NOT_FOUND", "Invalid attachment id")
			}
		}
	}
	editing := len(m.versions) > 0
	for _, u := range uploads {
		n := strings.TrimSuffix(strings.TrimPrefix(u.field, "files["), "]")
		about, listed := described[parseID(n)]
		if editing && d.Attachments != nil && !listed {
			s.violateLocked("attachments", "%s of %q is not listed in attachments, so that Discord drops it from the edit", u.field, u.name)
			continue
		}
		name := orDefault(about.Filename, u.name)
		a := s.newAttachment(m, name, u.obj)
		a.Description = about.Description
		a.Title = orDefault(about.Title, a.Title)
		files = append(files, a)
	}
	if len(files) > 10 {
		form.add("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
	}
	m.files = files
}

func (s *Server) newAttachment(m *message, name string, o *object) Attachment {
	a := Attachment{ID: s.newID(), Filename: safeName(name), Title: title(name), ContentType: o.contentType, Size: o.size,
		Ephemeral: m.Flags.Has(FlagEphemeral), SHA256: o.sha256, object: o}
	if o.width > 0 {
		a.Width, a.Height = &o.width, &o.height
	}
	s.objects[a.ID] = o
	return a
}

// resolveMedia finds the files that embeds and components show by attachment:// links.
func (s *Server) resolveMedia(m *message, form *formErrors) {
	find := func(link string) *Attachment {
		name, ok := strings.CutPrefix(link, "attachment://")
		if !ok {
			return nil
		}
		name, _ = url.PathUnescape(name)
		for i := range m.files {
			if f := &m.files[i]; f.Filename == name || f.Filename == safeName(name) {
				return f
			}
		}
		return nil
	}
	for i := range m.files {
		m.files[i].hidden = false
	}
	for i := range m.Embeds {
		e := &m.Embeds[i]
		for _, media := range []*EmbedMedia{e.Image, e.Thumbnail} {
			if media == nil {
				continue
			}
			if f := find(media.URL); f != nil {
				media.attachment = f.ID
				if !slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp", ".gif"}, strings.ToLower(path.Ext(f.Filename))) {
					s.violateLocked("embed", "%s is not of a kind that embeds can show", media.URL)
				}
			} else if strings.HasPrefix(media.URL, "attachment://") {
				s.violateLocked("embed", "%s names no file of the message", media.URL)
			}
			if j := slices.IndexFunc(m.files, func(f Attachment) bool { return media.attachment == f.ID }); j >= 0 {
				m.files[j].hidden = true
			}
		}
	}
	for at, c := range walk(m.Components) {
		for field, media := range c.media() {
			if f := find(media.URL); f != nil {
				media.attachment, f.hidden = f, true
			} else if strings.HasPrefix(media.URL, "attachment://") {
				form.add(at+field, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", fmt.Sprintf("The referenced attachment (%q) was not found", media.URL))
			}
		}
	}
}

// add makes a finished message part of its channel and tells the gateway.
func (s *Server) add(m *message) {
	s.messages[m.ID] = m
	c := m.channel
	c.messages = append(c.messages, m)
	c.last = m.ID
	c.sent++
	c.archived = false
	delete(c.typing, m.Author.ID)
	s.keepVersion(m)
	s.dispatchMessage("MESSAGE_CREATE", m)
	s.wake(c.ID)
}

func (s *Server) keepVersion(m *message) {
	if s.Forget {
		m.versions = m.versions[:0]
	}
	copied := m.Message
	copied.Attachments = m.files
	m.versions = append(m.versions, Version{s.now(), copied})
}

// changed is called after an edit.
func (s *Server) changed(m *message) {
	s.keepVersion(m)
	s.dispatchMessage("MESSAGE_UPDATE", m)
	s.wake(m.channel.ID)
}

func (s *Server) remove(m *message) {
	m.Deleted = true
	m.channel.messages = slices.DeleteFunc(m.channel.messages, func(o *message) bool { return o == m })
	s.keepVersion(m)
	s.dispatch(event{name: "MESSAGE_DELETE", guild: m.eventGuild(), intent: m.eventIntent(), data: struct {
		ID        ID `json:"id"`
		ChannelID ID `json:"channel_id"`
		GuildID   ID `json:"guild_id,omitzero"`
	}{m.ID, m.ChannelID, m.eventGuildID()}})
	s.wake(m.channel.ID)
}

// eventGuild is nil for direct messages and for ephemeral ones, which Discord treats like direct messages.
func (m *message) eventGuild() *Guild {
	if m.Flags.Has(FlagEphemeral) {
		return nil
	}
	return m.channel.Guild
}

func (m *message) eventGuildID() ID {
	if g := m.eventGuild(); g != nil {
		return g.ID
	}
	return 0
}

func (m *message) eventIntent() Intents {
	if m.eventGuild() == nil {
		return IntentDirectMessages
	}
	return IntentGuildMessages
}

func (s *Server) dispatchMessage(name string, m *message) {
	if !m.channel.visibleTo(s.bot) {
		return
	}
	s.dispatch(event{name: name, guild: m.eventGuild(), intent: m.eventIntent(), render: func(intents Intents) any {
		v := s.view(m)
		if !s.contentVisible(m, intents) {
			v = withoutContent(v)
		}
		e := struct {
			Message
			ChannelType int           `json:"channel_type"`
			Member      *memberObject `json:"member,omitempty"`
		}{Message: v, ChannelType: m.channel.kind}
		if g := m.eventGuild(); g != nil {
			e.GuildID = g.ID
			if author := g.members[m.Author.ID]; author != nil {
				o := g.memberObject(author, false)
				e.Member = &o
			}
		}
		return e
	}})
}

// view is a copy of a message with fresh links.
func (s *Server) view(m *message) Message { return s.viewOf(m.Message, m.files) }

func (s *Server) viewOf(v Message, files []Attachment) Message {
	links := map[ID]Attachment{}
	shown := []Attachment{}
	for _, f := range files {
		f.URL = s.link(v.ChannelID, f)
		f.ProxyURL = f.URL
		links[f.ID] = f
		if !f.hidden {
			shown = append(shown, f)
		}
	}
	v.Attachments = shown
	v.Embeds = slices.Clone(list(v.Embeds))
	for i := range v.Embeds {
		e := &v.Embeds[i]
		e.Image, e.Thumbnail = e.Image.linked(links), e.Thumbnail.linked(links)
	}
	v.Components = linkedComponents(v.Components, links)
	if v.Referenced == nil && v.Reference != nil && v.Reference.Type == 0 {
		if r := s.messages[v.Reference.MessageID]; r != nil && !r.Deleted && v.Type != TypeThreadCreated {
			original := r.Message
			original.Reference = nil
			copied := s.viewOf(original, r.files)
			v.Referenced = &copied
		}
	}
	return v
}

func (e *EmbedMedia) linked(links map[ID]Attachment) *EmbedMedia {
	if e == nil || e.attachment == 0 {
		return e
	}
	a, ok := links[e.attachment]
	if !ok {
		return e
	}
	copied := EmbedMedia{URL: a.URL, ProxyURL: a.URL, attachment: a.ID}
	if a.Width != nil {
		copied.Width, copied.Height = *a.Width, *a.Height
	}
	return &copied
}

func linkedComponents(components []Component, links map[ID]Attachment) []Component {
	out := slices.Clone(list(components))
	relink := func(m ComponentMedia) ComponentMedia {
		if m.attachment != nil {
			a := links[m.attachment.ID]
			return ComponentMedia{URL: a.URL, attachment: &a}
		}
		return m
	}
	for i := range out {
		c := &out[i]
		if c.Media != nil {
			m := relink(*c.Media)
			c.Media = &m
		}
		if c.File != nil {
			m := relink(*c.File)
			c.File = &m
		}
		c.Items = slices.Clone(c.Items)
		for j := range c.Items {
			c.Items[j].Media = relink(c.Items[j].Media)
		}
		if c.Accessory != nil {
			c.Accessory = &linkedComponents([]Component{*c.Accessory}, links)[0]
		}
		if len(c.Components) > 0 {
			c.Components = linkedComponents(c.Components, links)
		}
	}
	return out
}

// Mentions.

type allowedMentions struct {
	Parse       []string `json:"parse"`
	Users       []ID     `json:"users"`
	Roles       []ID     `json:"roles"`
	RepliedUser bool     `json:"replied_user"`
}

var (
	codeSpan    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	userMention = regexp.MustCompile(`<@!?(\d+)>`)
	roleMention = regexp.MustCompile(`<@&(\d+)>`)
	massMention = regexp.MustCompile(`@(everyone|here)\b`)
)

// check refuses parse together with the ids of the same kind.
func (a *allowedMentions) check(form *formErrors) {
	if a == nil {
		return
	}
	for kind, ids := range map[string][]ID{"users": a.Users, "roles": a.Roles} {
		if slices.Contains(a.Parse, kind) && len(ids) > 0 {
			form.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", fmt.Sprintf("parse:[\"%s\"] and %s: [ids...] are mutually exclusive.", kind, kind))
		}
	}
}

// mention works out whom m mentions and pings; allowed nil means everything, or in answers to interactions only users.
func (s *Server) mention(m *message, allowed *allowedMentions) {
	if allowed == nil && m.by != nil {
		allowed = &allowedMentions{Parse: []string{"users"}}
	}
	text := m.Content
	for _, c := range walk(m.Components) {
		text += "\n" + c.Content
	}
	text = codeSpan.ReplaceAllString(text, "")
	may := func(kind string, ids []ID, id ID) bool {
		return allowed == nil || slices.Contains(allowed.Parse, kind) || slices.Contains(ids, id)
	}
	m.Mentions, m.MentionRoles, m.MentionEveryone, m.Pings = []Profile{}, []ID{}, false, Pings{}
	addUser := func(u *User) {
		if u != nil && !slices.Contains(m.Pings.Users, u.ID) {
			m.Mentions = append(m.Mentions, u.Profile) // those that are suppressed are not in the array either
			m.Pings.Users = append(m.Pings.Users, u.ID)
		}
	}
	var users, roles []ID
	if allowed != nil {
		users, roles = allowed.Users, allowed.Roles
	}
	for _, match := range userMention.FindAllStringSubmatch(text, -1) {
		if id := parseID(match[1]); may("users", users, id) {
			addUser(s.users[id])
		}
	}
	for _, match := range roleMention.FindAllStringSubmatch(text, -1) {
		if id := parseID(match[1]); may("roles", roles, id) && !slices.Contains(m.MentionRoles, id) {
			m.MentionRoles = append(m.MentionRoles, id)
			m.Pings.Roles = append(m.Pings.Roles, id)
		}
	}
	if massMention.MatchString(text) && may("everyone", nil, 0) {
		m.MentionEveryone, m.Pings.Everyone = true, true
	}
	if m.Reference != nil && m.Reference.Type == 0 && (allowed == nil || allowed.RepliedUser) {
		if r := s.messages[m.Reference.MessageID]; r != nil {
			addUser(s.users[r.Author.ID])
		}
	}
}
