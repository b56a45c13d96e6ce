package discordtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

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
	Poll            *pollDraft         `json:"poll"`

	poll     *Poll // a person's
	stickers []Sticker
	voice    bool
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
}

type draftReference struct {
	Type            int   `json:"type"`
	MessageID       ID    `json:"message_id"`
	ChannelID       ID    `json:"channel_id"`
	FailIfNotExists *bool `json:"fail_if_not_exists"`
}

// needs are the permissions that posting the draft takes, beside that to write.
func (d *draft) needs(uploads []upload) (p Permissions) {
	if len(uploads) > 0 {
		p |= AttachFiles
	}
	if d.Embeds != nil && len(*d.Embeds) > 0 {
		p |= EmbedLinks
	}
	return p
}

// apply puts a draft and its uploads into m, which is a new message or a copy of one being edited,
// and reports what is wrong with the result.
func (s *Server) apply(m *message, d *draft, uploads []upload) error {
	form := &formErrors{}
	if d.Flags != nil {
		const settable = FlagSuppressEmbeds | FlagSuppressNotifications | FlagComponentsV2
		m.Flags = m.Flags&^FlagSuppressEmbeds | *d.Flags&settable
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
	if len(d.StickerIDs) > 0 {
		s.violateLocked("message", "stickers of bots are not modelled")
	}
	if d.Poll != nil {
		d.poll = d.Poll.poll(s.now(), form)
	}
	if d.poll != nil {
		if len(m.versions) > 0 {
			return errPollEdit
		}
		d.poll.check(s.now(), form)
		m.Poll = d.poll
	}
	if d.voice {
		m.Flags |= FlagVoice
	}
	if d.stickers != nil {
		m.Stickers = d.stickers
	}
	v2 := m.Flags.Has(FlagComponentsV2)
	if v2 && (m.Content != "" || len(m.Embeds) > 0 || m.Poll != nil) {
		form.add("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	form.max("content", m.Content, 2000)
	d.AllowedMentions.check(form)
	s.attach(m, d, uploads, form)
	s.resolveMedia(m, form)
	if err := form.err(); err != nil {
		return err
	}
	if m.Content == "" && len(m.Embeds) == 0 && len(m.files) == 0 && len(m.Components) == 0 && len(m.Snapshots) == 0 && m.Poll == nil && len(m.Stickers) == 0 {
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
	m.files = files[:len(files)-min(s.losing, len(uploads), len(files))]
}

func (s *Server) newAttachment(m *message, name string, o *object) Attachment {
	a := Attachment{ID: s.newID(), Filename: safeName(name), Title: title(name), ContentType: o.contentType, Size: o.size,
		Ephemeral: m.Flags.Has(FlagEphemeral), SHA256: o.sha256, object: o}
	if o.voice > 0 {
		a.Duration, a.Waveform = o.voice.Seconds(), base64.StdEncoding.EncodeToString(make([]byte, min(o.voice.Milliseconds()/100, 256)))
	}
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
	defer s.checkShown(m)
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

// checkShown reports files that nobody will see: in messages of version 2 a file is shown by a component or not at all.
func (s *Server) checkShown(m *message) {
	if !m.Flags.Has(FlagComponentsV2) {
		return
	}
	for _, f := range m.files {
		if !f.hidden {
			s.violateLocked("components", "the file %s is shown by no component", f.Filename)
		}
	}
}
