package client

import (
	"slices"
	"strings"

	dg "github.com/disgoorg/disgo/discord"
)

// Lost returns the attachments of a post that the message which came of it does not
// have: Discord's answer lists those that it took, under names of its own. They are
// counted, and told apart by their sizes; those that components show are listed there
// alone, under their names. What embeds show is not looked at.
func Lost(p Post, m dg.Message) (lost []Upload) {
	switch {
	case m.ID == 0 || len(p.Embeds) > 0:
		return nil
	case p.Pictures:
		return notShown(p, m)
	}
	var sizes []int64
	for _, a := range m.Attachments {
		if !slices.Contains(p.Keep, a.ID) {
			sizes = append(sizes, int64(a.Size))
		}
	}
	if len(sizes) >= len(p.Files) {
		return nil // whatever their sizes: Discord may take out what a picture says of its camera
	}
	for _, f := range p.Files {
		if i := slices.Index(sizes, f.Size); i >= 0 {
			sizes = slices.Delete(sizes, i, i+1)
		} else {
			lost = append(lost, f)
		}
	}
	return lost
}

// notShown are the files of a message of pictures that its components do not have.
func notShown(p Post, m dg.Message) (lost []Upload) {
	shown := map[string]bool{}
	n := 0
	for _, c := range m.Components {
		var media []dg.UnfurledMediaItem
		switch c := c.(type) {
		case dg.MediaGalleryComponent:
			for _, item := range c.Items {
				media = append(media, item.Media)
			}
		case dg.FileComponent:
			media = append(media, c.File)
		}
		for _, one := range media {
			n++
			shown[strings.TrimPrefix(own(one).URL, "attachment://")] = true
		}
	}
	if n >= len(p.Files) {
		return nil // whatever their names: Discord may have changed one
	}
	for _, f := range p.Files {
		if !shown[f.Name] {
			lost = append(lost, f)
		}
	}
	return lost
}
