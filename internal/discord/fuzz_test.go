package discord

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/discord/markdown"
	previews "github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/internal/table"
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
