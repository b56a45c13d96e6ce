package preview

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/picture"
	"github.com/attachebot/attache/internal/table"
)

const (
	textHead = 64 << 10 // bytes of a text that are looked at
	maxDepth = 50       // of JSON that is indented: every line has as many spaces
)

// local reads in this process: texts, and pictures within the bounds of package
// picture.
type local struct{ files *files.Service }

var _ reader = local{}

func (l local) reads(f files.File) bool { return f.Kind == files.Image || f.Kind.Info().Text }

func (l local) read(ctx context.Context, f files.File) (Preview, error) {
	_, r, err := l.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return Preview{}, err
	}
	defer r.Close()
	if f.Kind == files.Image {
		return thumbnail(ctx, f, r, f.Size)
	}
	head, err := io.ReadAll(io.LimitReader(r, textHead))
	if err != nil {
		return Preview{}, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	}
	return textPreview(f.Kind, head, int64(len(head)) == f.Size), nil
}

func thumbnail(ctx context.Context, f files.File, r io.ReadSeeker, size int64) (Preview, error) {
	p, err := picture.Fit(ctx, uint64(f.User), r, size, picture.Spec{Side: side, Opaque: true})
	if errors.Is(err, picture.ErrElsewhere) {
		err = fault.Wrap(err, fault.Invalid, "It is not a picture that can be read.")
	}
	if err != nil {
		return Preview{}, err
	}
	return Preview{Picture: &p}, nil
}

// textPreview shows the head of a text.
func textPreview(kind files.Kind, head []byte, whole bool) Preview {
	if bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte{0xff, 0xfe}) && !bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return Preview{} // a kind that may be text, but this one is not
	}
	text := files.DecodeText(head, whole)
	switch kind {
	case "csv", "tsv":
		if t, ok := delimited(text, kind == "tsv", whole); ok {
			return Preview{Table: &t}
		}
	case "json", "geojson", "jupyter":
		var indented bytes.Buffer
		if whole && !deeper(text, maxDepth) && json.Indent(&indented, []byte(text), "", " ") == nil {
			text = indented.String()
		}
		p := firstLines(text, whole)
		p.JSON = true
		return p
	}
	return firstLines(text, whole)
}

// deeper tells whether lists and objects of JSON stand within more than n others.
func deeper(text string, n int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > n {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// delimited reads the first rows of a delimited text.
func delimited(text string, tabs, whole bool) (table.Table, bool) {
	r := csv.NewReader(strings.NewReader(text))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	r.Comma = delimiter(text, tabs)
	columns, err := r.Read()
	if err != nil || len(columns) < 2 || len(columns) > 500 {
		return table.Table{}, false
	}
	t := table.Table{Columns: columns, TotalColumns: len(columns)}
	for len(t.Rows) < maxRows {
		rec, err := r.Read()
		if err != nil {
			break
		}
		t.Rows = append(t.Rows, rec)
	}
	if !whole && len(t.Rows) > 0 && len(t.Rows) < maxRows {
		t.Rows = t.Rows[:len(t.Rows)-1] // the last one may be cut
	}
	return t, true
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

// firstLines shows the first lines of a text.
func firstLines(text string, whole bool) Preview {
	text = strings.ReplaceAll(strings.Trim(text, "\r\n"), "\r", "")
	lines := strings.Split(text, "\n")
	if len(lines) > maxLines {
		lines, whole = lines[:maxLines], false
	}
	last := 0
	for i, l := range lines {
		lines[i] = brief.Chars(strings.Map(visible, strings.ReplaceAll(l, "\t", "    ")), maxLine)
		if strings.TrimSpace(lines[i]) != "" {
			last = i + 1
		}
	}
	if last == 0 {
		return Preview{}
	}
	return Preview{Text: lines[:last], Whole: whole}
}

// visible drops what moves a cursor or turns the direction of writing.
func visible(r rune) rune {
	if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return -1
	}
	return r
}
