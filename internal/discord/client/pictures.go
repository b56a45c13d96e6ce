package client

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
)

// Discord crops pictures that are attached together to tiles. In a message of
// components (version 2) each is shown whole in a gallery of its own. Such a
// message has no text beside its components, for good, and Discord lists its files
// only in these. https://docs.discord.com/developers/components/reference

// CountPictures returns how many of the files are pictures that Discord shows.
func CountPictures(files []Upload) (n int) {
	for _, f := range files {
		if isPicture(f.Name) {
			n++
		}
	}
	return n
}

func isPicture(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif":
		return true
	}
	return false
}

// NewPictures returns a message that shows files below one another, pictures
// whole. Components name a file by its name, which must be plain and the only one
// of its kind for that; people see the old name as its title.
func NewPictures(files []Upload) Post {
	p := Post{Pictures: true}
	taken := map[string]bool{}
	for _, f := range files {
		ext := path.Ext(f.Name)
		stem := strings.TrimSuffix(f.Name, ext)
		plain := strings.Trim(unsafeName.ReplaceAllString(stem, "_"), "_")
		if plain == "" {
			plain = "file"
		}
		ext = "." + unsafeName.ReplaceAllString(strings.TrimPrefix(ext, "."), "")
		name := plain + ext
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = plain + "-" + strconv.Itoa(n) + ext
		}
		taken[strings.ToLower(name)] = true
		if name != f.Name {
			f.Name, f.Title = name, stem
		}
		p.Files = append(p.Files, f)
	}
	return p
}

var unsafeName = regexp.MustCompile(`[^A-Za-z0-9-]+`)

// shown are the components of a message of pictures.
func (p Post) shown() (out []dg.LayoutComponent) {
	for _, f := range p.Files {
		media := dg.UnfurledMediaItem{URL: "attachment://" + f.Name}
		if isPicture(f.Name) {
			out = append(out, dg.NewMediaGallery(dg.MediaGalleryItem{Media: media, Description: brief.Chars(f.Alt, maxAlt)}))
		} else {
			out = append(out, dg.FileComponent{File: media})
		}
	}
	return append(out, p.Rows...)
}

// WithRows returns the components of a message as it is, with other rows of
// buttons below them.
func WithRows(m dg.Message, rows []dg.LayoutComponent) []dg.LayoutComponent {
	out := []dg.LayoutComponent{}
	for _, c := range m.Components {
		switch c := c.(type) {
		case dg.ActionRowComponent:
		case dg.MediaGalleryComponent:
			items := make([]dg.MediaGalleryItem, len(c.Items))
			for i, item := range c.Items {
				items[i] = dg.MediaGalleryItem{Media: own(item.Media), Description: item.Description, Spoiler: item.Spoiler}
			}
			out = append(out, dg.NewMediaGallery(items...))
		case dg.FileComponent:
			out = append(out, dg.FileComponent{File: own(c.File), Spoiler: c.Spoiler})
		default:
			out = append(out, c)
		}
	}
	return append(out, rows...)
}

// own names a file of the message that shows it.
func own(m dg.UnfurledMediaItem) dg.UnfurledMediaItem {
	u, err := url.Parse(m.URL)
	if err != nil || !strings.Contains(u.Path, "/attachments/") {
		return dg.UnfurledMediaItem{URL: m.URL}
	}
	return dg.UnfurledMediaItem{URL: "attachment://" + path.Base(u.Path)}
}
