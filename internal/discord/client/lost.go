package client

import (
	"slices"

	dg "github.com/disgoorg/disgo/discord"
)

// Lost returns the attachments of a post that the message which came of it does not
// have: Discord's answer lists those that it took, under names of its own. They are
// counted, and told apart by their sizes. What components and embeds show is not
// listed, and not looked at.
func Lost(p Post, m dg.Message) (lost []Upload) {
	if m.ID == 0 || p.Pictures || len(p.Embeds) > 0 {
		return nil
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
