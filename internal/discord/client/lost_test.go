package client

import (
	"fmt"
	"testing"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"
)

func TestLost(t *testing.T) {
	post := func(keep snowflake.ID, sizes ...int64) (p Post) {
		if keep != 0 {
			p.Keep = []snowflake.ID{keep}
		}
		for _, n := range sizes {
			p.Files = append(p.Files, Upload{Name: fmt.Sprint(n), Size: n})
		}
		return p
	}
	message := func(sizes ...int) dg.Message {
		m := dg.Message{ID: 1}
		for i, n := range sizes {
			m.Attachments = append(m.Attachments, dg.Attachment{ID: snowflake.ID(i + 1), Size: n})
		}
		return m
	}
	pictures := NewPictures([]Upload{{Name: "1.png"}, {Name: "2.csv"}, {Name: "3.png"}})
	gallery := func(names ...string) dg.Message {
		m := dg.Message{ID: 1}
		for _, name := range names {
			media := dg.UnfurledMediaItem{URL: "https://cdn.discordapp.com/attachments/1/2/" + name + "?ex=1"}
			if isPicture(name) {
				m.Components = append(m.Components, dg.NewMediaGallery(dg.MediaGalleryItem{Media: media}))
			} else {
				m.Components = append(m.Components, dg.FileComponent{File: media})
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		post Post
		got  dg.Message
		want string
	}{
		"all":                  {post(0, 5, 7), message(7, 5), "[]"},
		"none of two":          {post(0, 5, 7), message(), "[5 7]"},
		"one of two":           {post(0, 5, 7), message(7), "[5]"},
		"one of two equals":    {post(0, 5, 5), message(5), "[5]"},
		"a kept one is no new": {post(1, 5), message(5), "[5]"},
		"beside a kept one":    {post(1, 5), message(9, 5), "[]"},
		"another size":         {post(0, 5, 7), message(4, 7), "[]"},
		"one, of another size": {post(0, 5, 7), message(4), "[5 7]"},
		"nothing is known":     {post(0, 5), dg.Message{}, "[]"},
		"all pictures":         {pictures, gallery("1.png", "2.csv", "3.png"), "[]"},
		"a picture renamed":    {pictures, gallery("x.png", "2.csv", "3.png"), "[]"},
		"a picture is missing": {pictures, gallery("1.png", "2.csv"), "[3.png]"},
		"no component came":    {pictures, message(), "[1.png 2.csv 3.png]"},
	} {
		var names []string
		for _, u := range Lost(c.post, c.got) {
			names = append(names, u.Name)
		}
		if got := fmt.Sprint(names); got != c.want {
			t.Errorf("%s: %s is lost instead of %s", name, got, c.want)
		}
	}
}
