package discord

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/table"
)

// A preview of any bytes is a whole block that fits an embed.
func FuzzPreview(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), uint8(0))
	f.Add([]byte("```\n@everyone"), uint8(1))
	f.Add([]byte("{\"a\":[1,\n2]}"), uint8(2))
	f.Add([]byte{0xff, 0xfe, 0, 0xd8}, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		k := []files.Kind{"csv", "text", "json", "tsv"}[kind%4]
		p := textPreview(files.File{Kind: k, Size: int64(len(b)) + int64(kind/128)}, b)
		if markdown.Length(p) > 4096 || !utf8.ValidString(p) || strings.Count(p, "```")%2 != 0 {
			t.Errorf("%d characters: %q", markdown.Length(p), p)
		}
	})
}

// Any table is written as one block within the width, or not at all.
func FuzzTable(f *testing.F) {
	f.Add("a|b", "1|2", 3)
	f.Add("`|```", "日本語|é", 1)
	f.Fuzz(func(t *testing.T, columns, row string, rows int) {
		tab := table.Table{Columns: strings.Split(columns, "|"), TotalRows: rows}
		for range min(max(rows, 0), 20) {
			tab.Rows = append(tab.Rows, strings.Split(row, "|"))
		}
		text, ok := monospace(tab)
		if !ok {
			text = narrow(tab)
		}
		if strings.Count(text, "```") != 2 && text != "" {
			t.Errorf("got %q", text)
		}
		for _, line := range strings.Split(text, "\n") {
			if w := table.Width(line); w > phoneWidth && !strings.HasPrefix(line, "-#") {
				t.Errorf("%d columns: %q", w, line)
			}
		}
		if _, err := tablePicture(tab); err != nil && !strings.Contains(err.Error(), "no glyph") {
			t.Error(err)
		}
	})
}

// Tables in Markdown never take other text away.
func FuzzMarkdownTables(f *testing.F) {
	f.Add("a\n\n| b | c |\n|---|---|\n| d | e |\n\nf")
	f.Add("```\n| b |\n|--|\n```")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "|") {
			markdownTables(text)
			return
		}
		if got := markdownTables(text); got != text {
			t.Errorf("%q became %q", text, got)
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
