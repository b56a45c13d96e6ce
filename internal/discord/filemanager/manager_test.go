package filemanager

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
	previews "github.com/attachebot/attache/internal/preview"
)

// A preview of any lines is a whole block that fits an embed.
func FuzzPreview(f *testing.F) {
	f.Add("a,b\n1,2\n", true)
	f.Add("```\n@everyone", false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		lines := strings.Split(strings.ToValidUTF8(text, ""), "\n")
		p := markdownOf(previews.Preview{Text: lines[:min(len(lines), 12)], Whole: whole}).text
		if markdown.Length(p) > 4096 || !utf8.ValidString(p) || strings.Count(p, "```")%2 != 0 {
			t.Errorf("%d characters: %q", markdown.Length(p), p)
		}
	})
}

// The longest custom id that can arise still fits.
func TestIDsFit(t *testing.T) {
	const user files.UserID = 1<<63 - 1
	id := user.String() + "_1999999999_deadbeef"
	longest := ""
	for _, k := range files.Kinds() {
		if len(k.Kind) > len(longest) {
			longest = string(k.Kind)
		}
	}
	c := interact.NewID(actDelete3, user, id, longest, "99999", interact.Moment(time.Now().AddDate(50, 0, 0)))
	if s := c.String(); len(s) > 100 {
		t.Errorf("%d characters: %s", len(s), s)
	}
}
