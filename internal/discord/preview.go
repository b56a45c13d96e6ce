package discord

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/picture"
	"github.com/attachebot/attache/internal/table"
)

const (
	previewHead  = 64 << 10 // bytes of a text that are looked at
	previewRows  = 5
	previewLines = 12
	previewWidth = 60  // characters of a line
	previewSide  = 800 // pixels of the picture shown
)

// preview is what a file looks like: one of the two, or neither.
type preview struct {
	text    string // Markdown
	picture []byte
	format  string // of the picture: "png", "jpg"
}

func (p preview) empty() bool { return p.text == "" && p.picture == nil }

// preview looks at the head of a file. A file that can't be shown has none; that
// is no error.
func (b *Bot) preview(ctx context.Context, f files.File) (p preview) {
	defer func() {
		if r := recover(); r != nil { // a decoder met something that it does not expect
			b.log.Warn("a preview crashed", "id", f.ID, "kind", f.Kind, "panic", r)
			p = preview{}
		}
	}()
	isImage := f.Kind == files.Image
	if !isImage && !f.Kind.Info().Text {
		return preview{}
	}
	_, r, err := b.assistant.Files().Open(ctx, f.User, f.ID)
	if err != nil {
		return preview{}
	}
	defer r.Close()
	if isImage {
		return thumbnail(ctx, f, r, f.Size)
	}
	head, err := io.ReadAll(io.LimitReader(r, previewHead))
	if err != nil {
		return preview{}
	}
	return preview{text: textPreview(f, head)}
}

func textPreview(f files.File, head []byte) string {
	whole := int64(len(head)) == f.Size
	if bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte{0xff, 0xfe}) && !bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return "" // a kind that may be text, but this one is not
	}
	text := files.DecodeText(head, whole)
	switch f.Kind {
	case "csv", "tsv":
		if t, ok := tableHead(text, f.Kind == "tsv", whole); ok {
			return t
		}
	case "json", "geojson", "jupyter":
		var indented bytes.Buffer
		if whole && json.Indent(&indented, []byte(text), "", " ") == nil {
			text = indented.String()
		}
		return firstLines(text, "json", whole)
	}
	return firstLines(text, "", whole)
}

// tableHead shows the first rows of a delimited text.
func tableHead(text string, tabs, whole bool) (string, bool) {
	r := csv.NewReader(strings.NewReader(text))
	r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = true, -1, false
	r.Comma = delimiter(text, tabs)
	columns, err := r.Read()
	if err != nil || len(columns) < 2 || len(columns) > 500 {
		return "", false
	}
	t := table.Table{Columns: columns, TotalColumns: len(columns)}
	for len(t.Rows) < previewRows {
		rec, err := r.Read()
		if err != nil {
			break
		}
		t.Rows = append(t.Rows, rec)
	}
	if !whole && len(t.Rows) > 0 && len(t.Rows) < previewRows {
		t.Rows = t.Rows[:len(t.Rows)-1] // the last one may be cut
	}
	return narrow(t), true
}

// delimiter is the one of the usual separators that the first line has most.
func delimiter(text string, tabs bool) rune {
	if tabs {
		return '\t'
	}
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, d := range ",;\t|" {
		if n := strings.Count(line, string(d)); n > most {
			best, most = d, n
		}
	}
	return best
}

// firstLines shows the first lines of a text as a code block.
func firstLines(text, language string, whole bool) string {
	text = strings.ReplaceAll(strings.Trim(text, "\r\n"), "\r", "")
	lines := strings.Split(text, "\n")
	more := !whole
	if len(lines) > previewLines {
		lines, more = lines[:previewLines], true
	}
	for i, l := range lines {
		lines[i] = clip(strings.Map(visible, strings.ReplaceAll(l, "\t", "    ")), previewWidth)
	}
	shown := strings.TrimRight(strings.Join(lines, "\n"), "\n ")
	if shown == "" {
		return ""
	}
	if more {
		shown += "\n…"
	}
	return fenced(language, shown)
}

func visible(r rune) rune {
	if r < ' ' && r != '\n' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return -1
	}
	return r
}

// thumbnail draws an image smaller. There is none of what is not decoded in
// this process.
func thumbnail(ctx context.Context, f files.File, r io.ReadSeeker, size int64) preview {
	p, err := picture.Fit(ctx, uint64(f.User), r, size, picture.Spec{Side: previewSide, Opaque: true})
	if err != nil {
		return preview{}
	}
	return preview{picture: p.Data, format: p.Format}
}
