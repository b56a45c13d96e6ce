package table

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"os"
	"slices"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// shaped are the scripts whose letters change with those beside them, or that
// are not written from the left to the right: a letter after another is wrong.
// HarfBuzz's rules choose and place their glyphs.
var shaped = []*unicode.RangeTable{unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Devanagari,
	unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam,
	unicode.Sinhala, unicode.Thai, unicode.Lao, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Mongolian, unicode.Mn, unicode.Me}

// longestShaped is how many letters of a cell are shaped: more of them have no picture.
const longestShaped = 500

// needsShape tells whether a text has letters of such a script.
func needsShape(s string) bool {
	for _, r := range s {
		if r >= 0x300 && r != asEmoji && unicode.In(r, shaped...) {
			return true
		}
	}
	return false
}

// shaper shapes texts, each once. It is for one goroutine.
type shaper struct {
	fonts []*font.Face // those opened so far, in the order in which they are tried
	paths []string     // of those that are not open
	bold  bool
	lacks bool // a letter that no font has was asked for

	hb    shaping.HarfbuzzShaper
	parts shaping.Segmenter
	lines shaping.LineWrapper
	known map[string]shapedLine
}

// shapedLine is a text as its runs of glyphs, from the left to the right.
type shapedLine struct {
	runs  []shaping.Output
	width fixed.Int26_6
	ok    bool // all letters have glyphs
}

// parsedFonts are kept for the life of the program, by their paths.
var parsedFonts sync.Map // *font.Font

func parseFont(path string) (*font.Font, error) {
	if f, ok := parsedFonts.Load(path); ok {
		return f.(*font.Font), nil
	}
	data := goregular.TTF
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	f, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	parsedFonts.Store(path, f.Font)
	return f.Font, nil
}

// newShaper is a shaper with Go's font, then those of the paths from the last one on:
// the first one is the largest.
func newShaper(paths []string, bold bool) *shaper {
	return &shaper{paths: append(slices.Clone(paths), ""), bold: bold, known: map[string]shapedLine{}}
}

// ResolveFace returns the first font that has a letter.
func (s *shaper) ResolveFace(r rune) *font.Face {
	for i := 0; ; i++ {
		for i == len(s.fonts) && len(s.paths) > 0 {
			path := s.paths[len(s.paths)-1]
			s.paths = s.paths[:len(s.paths)-1]
			if f, err := parseFont(path); err == nil {
				face := font.NewFace(f)
				if s.bold {
					face.SetVariations([]font.Variation{{Tag: opentype.MustNewTag("wght"), Value: 700}})
				}
				s.fonts = append(s.fonts, face)
			}
		}
		if i == len(s.fonts) {
			s.lacks = true
			return s.fonts[0]
		}
		if _, ok := s.fonts[i].NominalGlyph(r); ok || unicode.In(r, unicode.Cf) {
			return s.fonts[i]
		}
	}
}

// line shapes a text of one line.
func (s *shaper) line(text string) (l shapedLine) {
	if l, ok := s.known[text]; ok {
		return l
	}
	defer func() { s.known[text] = l }()
	letters := slices.DeleteFunc([]rune(text), func(r rune) bool { return r == asEmoji })
	if len(letters) > longestShaped {
		return l
	}
	direction := di.DirectionLTR
	if startsRightToLeft(text) {
		direction = di.DirectionRTL
	}
	s.lacks = false
	in := shaping.Input{Text: letters, RunEnd: len(letters), Direction: direction, Size: fixed.I(fontSize), Face: s.ResolveFace(' ')}
	var out []shaping.Output
	for _, part := range s.parts.Split(in, s) {
		out = append(out, s.hb.Shape(part))
	}
	if s.lacks {
		return l
	}
	wrapped, _ := s.lines.WrapParagraph(shaping.WrapConfig{Direction: direction, BreakPolicy: shaping.Never, DisableTrailingWhitespaceTrim: true}, 1<<20, letters, shaping.NewSliceIterator(out))
	if len(wrapped) != 1 {
		return l
	}
	l.runs, l.ok = slices.Clone(wrapped[0]), true
	slices.SortFunc(l.runs, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
	for _, r := range l.runs {
		l.width += r.Advance
	}
	return l
}

// draw draws a line whose first letter begins at a place of the base line.
func (l shapedLine) draw(img draw.Image, c color.Color, x, base int) {
	const beside = fontSize // room for what reaches out of the line
	area := image.Rect(x-beside, base-2*lineHeight, x+l.width.Ceil()+beside, base+lineHeight)
	z := vector.NewRasterizer(area.Dx(), area.Dy())
	pen := fixed.I(beside)
	for _, run := range l.runs {
		scale := float32(fontSize) / float32(run.Face.Upem())
		for _, g := range run.Glyphs {
			outline, ok := run.Face.GlyphDataOutline(g.GlyphID)
			if ok {
				add(z, outline, scale, pixels(pen+g.XOffset), float32(2*lineHeight)-pixels(g.YOffset))
			}
			pen += g.Advance
		}
	}
	mask := image.NewAlpha(image.Rect(0, 0, area.Dx(), area.Dy()))
	z.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	draw.DrawMask(img, area, image.NewUniform(c), image.Point{}, mask, image.Point{}, draw.Over)
}

func pixels(v fixed.Int26_6) float32 { return float32(v) / 64 }

// add adds the outline of a glyph to a picture.
func add(z *vector.Rasterizer, outline font.GlyphOutline, scale, x, y float32) {
	at := func(p opentype.SegmentPoint) (float32, float32) { return x + p.X*scale, y - p.Y*scale }
	for i, s := range outline.Segments {
		ax, ay := at(s.Args[0])
		bx, by := at(s.Args[1])
		cx, cy := at(s.Args[2])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				z.ClosePath()
			}
			z.MoveTo(ax, ay)
		case opentype.SegmentOpLineTo:
			z.LineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			z.QuadTo(ax, ay, bx, by)
		case opentype.SegmentOpCubeTo:
			z.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	z.ClosePath()
}
