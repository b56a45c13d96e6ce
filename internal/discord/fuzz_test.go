package discord

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/discord/markdown"
	previews "github.com/attachebot/attache/internal/preview"
)

// A preview of any lines is a whole block that fits an embed.
func FuzzPreview(f *testing.F) {
	f.Add("a,b\n1,2\n", true)
	f.Add("```\n@everyone", false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		lines := strings.Split(strings.ToValidUTF8(text, ""), "\n")
		p := previewMarkdown(previews.Preview{Text: lines[:min(len(lines), 12)], Whole: whole}).text
		if markdown.Length(p) > 4096 || !utf8.ValidString(p) || strings.Count(p, "```")%2 != 0 {
			t.Errorf("%d characters: %q", markdown.Length(p), p)
		}
	})
}

func FuzzTurnID(f *testing.F) {
	f.Add("discord/1/2")
	f.Add("discord/1/2/3")
	f.Fuzz(func(t *testing.T, s string) {
		channel, message, ok := parseTurnID(s)
		if ok && (channel == 0 || message == 0) {
			t.Errorf("%q gives %d and %d", s, channel, message)
		}
	})
}
