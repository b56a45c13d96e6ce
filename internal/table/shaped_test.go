package table

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

// fonts are those of the Python environment.
func fonts(t *testing.T) []string {
	found, _ := filepath.Glob(filepath.Join(testbin.Root(), ".cache", "data", "python", "env-*", "lib", "python*", "site-packages", "manimgx_fonts", "*.ttf"))
	if len(found) == 0 {
		testbin.Missing(t, "runsc", "the Python environment, which has the fonts, is not prepared")
	}
	return found
}

var written = map[string]string{
	"Arabic": "إيرادات المدينة", "Persian": "درآمد ماهانه", "Hebrew": "הכנסה חודשית", "Hindi": "मासिक राजस्व", "Bengali": "মাসিক আয়", "Tamil": "மாத வருமானம்",
	"Thai": "รายได้ต่อเดือน", "Khmer": "ចំណូលប្រចាំខែ", "Burmese": "လစဉ်ဝင်ငွေ", "mixed": "القاهرة (2024) Cairo", "an accent that stands alone": "e\u0301a\u0323",
}

// Texts whose letters change with those beside them are written with all their letters,
// joined where they are joined.
func TestShaped(t *testing.T) {
	paths := fonts(t)
	for name, text := range written {
		regular, bold, err := openFaces(paths)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []faces{regular, bold} {
			l := f.shape.line(text)
			if !f.writes(text) || !l.ok || l.width < 26*64 {
				t.Fatalf("%s: %+v", name, l)
			}
			for _, run := range l.runs {
				for _, g := range run.Glyphs {
					if g.GlyphID == 0 {
						t.Errorf("%s: a letter has no glyph", name)
					}
				}
			}
		}
		table := Table{Columns: []string{text, "n"}, Rows: [][]string{{text, "12"}, {strings.Repeat(text+" ", 12), "3"}}, TotalRows: 2, TotalColumns: 2}
		data, alt, err := table.Picture(paths...)
		if err != nil || !strings.Contains(alt, text) {
			t.Fatalf("%s: %q, %v", name, alt, err)
		}
		if folder := os.Getenv("ATTACHE_SCENES"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, "table-"+name+".png"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if n := inked(img, image.Rect(0, 0, img.Bounds().Dx(), lineHeight+rowPadding)); n < 100 {
			t.Errorf("%s: %d pixels of the header are written", name, n)
		}
	}
}

// inked is how many pixels of a part of a picture are light.
func inked(img image.Image, part image.Rectangle) (n int) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r > 0xa000 {
				n++
			}
		}
	}
	return n
}

// A letter has another form at each place of a word; numbers within a text from the right
// to the left stand as they are; and what can't be written is told.
func TestShapedForms(t *testing.T) {
	regular, _, err := openFaces(fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	glyphs := func(s string) string {
		var ids []string
		for _, run := range regular.shape.line(s).runs {
			for _, g := range run.Glyphs {
				ids = append(ids, fmt.Sprint(g.GlyphID))
			}
		}
		slices.Sort(ids)
		return strings.Join(slices.Compact(ids), " ")
	}
	if alone, word := glyphs("ه"), glyphs("ههه"); strings.Contains(word, alone) || strings.Count(word, " ") != 2 {
		t.Errorf("a letter alone is %s, three of them are %s", alone, word)
	}
	var order []string
	for _, run := range regular.shape.line("سعر 2024-01-05 يوم").runs {
		from, to := run.Runes.Offset, run.Runes.Offset+run.Runes.Count
		order = append(order, strings.TrimSpace(string([]rune("سعر 2024-01-05 يوم")[from:to])))
	}
	if got := strings.Join(order, "|"); !strings.HasPrefix(got, "يوم|") || !strings.HasSuffix(got, "|سعر") {
		t.Errorf("from the left to the right it is %q", got)
	}
	if regular.writes("ا" + strings.Repeat("\u064b", longestShaped)) {
		t.Error("a text without an end is shaped")
	}
	if regular.writes("\U00013000 ا") {
		t.Error("a letter that no font has is written")
	}
}

// Marks stay with their letters where a long word is divided.
func TestWrapKeepsMarks(t *testing.T) {
	for _, line := range wrap(strings.Repeat("กี่", 20), 5, Width) {
		if strings.HasPrefix(line, "\u0e35") || strings.HasPrefix(line, "\u0e48") {
			t.Errorf("%q begins with a mark", line)
		}
	}
}
