package table

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A table as a picture is drawn for a screen of twice the usual density.
const (
	fontSize    = 26
	cellPadding = 20
	rowHeight   = 48
	pictureRows = 25
	maxPicture  = 2200 // pixels of width
	widestCell  = 420  // pixels
)

// Light text on a dark ground, which a light theme shows as well.
var (
	paper  = color.RGBA{0x2b, 0x2d, 0x31, 0xff}
	stripe = color.RGBA{0x31, 0x33, 0x38, 0xff}
	header = color.RGBA{0x1e, 0x1f, 0x22, 0xff}
	ink    = color.RGBA{0xdb, 0xde, 0xe1, 0xff}
	bright = color.RGBA{0xff, 0xff, 0xff, 0xff}
	faint  = color.RGBA{0x94, 0x9b, 0xa4, 0xff}
)

type fonts struct {
	regular, bold *sfnt.Font
}

var loadFonts = sync.OnceValues(func() (f fonts, err error) {
	if f.regular, err = opentype.Parse(goregular.TTF); err == nil {
		f.bold, err = opentype.Parse(gobold.TTF)
	}
	return f, err
})

// errNoGlyph is for a text that the font can't write.
var errNoGlyph = errors.New("the font has no glyph for a character")

// Picture draws the head of the table as PNG, and says in words what it shows.
// It fails for a text in a script that the font does not have.
func (t Table) Picture() (data []byte, alt string, err error) {
	f, err := loadFonts()
	if err != nil {
		return nil, "", err
	}
	options := &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull}
	regular, err := opentype.NewFace(f.regular, options)
	if err != nil {
		return nil, "", err
	}
	defer regular.Close()
	bold, err := opentype.NewFace(f.bold, options)
	if err != nil {
		return nil, "", err
	}
	defer bold.Close()

	g := newGrid(t, pictureRows)
	if err := g.drawable(f.regular); err != nil {
		return nil, "", err
	}
	widths, columns, total := []int{}, 0, 0
	for i, c := range g.columns {
		w := pixels(bold, c)
		for _, r := range g.rows {
			w = max(w, pixels(regular, r[i]))
		}
		w = min(w, widestCell) + 2*cellPadding
		if total+w > maxPicture && columns > 0 {
			break
		}
		widths, columns, total = append(widths, w), columns+1, total+w
	}
	note := t.Note(len(g.rows), columns)
	height := (len(g.rows) + 1) * rowHeight
	if note != "" {
		height += rowHeight
		total = max(total, pixels(regular, note)+2*cellPadding)
	}
	img := image.NewPaletted(image.Rect(0, 0, total, height), shades())
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, total, rowHeight), image.NewUniform(header), image.Point{}, draw.Src)
	for y, r := range append([][]string{g.columns}, g.rows...) {
		face, colour := regular, color.Color(ink)
		if y == 0 {
			face, colour = bold, bright
		} else if y%2 == 0 {
			draw.Draw(img, image.Rect(0, y*rowHeight, total, (y+1)*rowHeight), image.NewUniform(stripe), image.Point{}, draw.Src)
		}
		x := 0
		for i, w := range widths {
			text := cutPixels(face, r[i], w-2*cellPadding)
			at := x + cellPadding
			if g.right[i] {
				at = x + w - cellPadding - pixels(face, text)
			}
			write(img, face, colour, at, y, text)
			x += w
		}
	}
	if note != "" {
		write(img, regular, faint, cellPadding, len(g.rows)+1, note)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img); err != nil {
		return nil, "", err
	}
	alt = "A table"
	if note != "" {
		alt = "A table of " + note
	}
	return out.Bytes(), alt, nil
}

// shades is a palette of what a picture needs: the backgrounds, and the steps
// from each to the colours of the text.
func shades() color.Palette {
	p := color.Palette{paper, stripe, header}
	mix := func(a, b color.RGBA, n int) {
		for i := 1; i <= n; i++ {
			part := func(x, y uint8) uint8 { return uint8((int(x)*(n-i) + int(y)*i) / n) }
			p = append(p, color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 0xff})
		}
	}
	mix(paper, ink, 24)
	mix(stripe, ink, 24)
	mix(header, bright, 24)
	mix(paper, faint, 12)
	return p
}

func (g grid) drawable(f *sfnt.Font) error {
	var buf sfnt.Buffer
	check := func(s string) error {
		for _, r := range s {
			if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 {
				return errNoGlyph
			}
		}
		return nil
	}
	for _, r := range append([][]string{g.columns}, g.rows...) {
		for _, c := range r {
			if err := check(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func pixels(f font.Face, s string) int { return font.MeasureString(f, s).Ceil() }

func cutPixels(f font.Face, s string, room int) string {
	if pixels(f, s) <= room {
		return s
	}
	rs := []rune(s)
	for len(rs) > 0 && pixels(f, string(rs)+"…") > room {
		rs = rs[:len(rs)-1]
	}
	return string(rs) + "…"
}

func write(img draw.Image, f font.Face, c color.Color, x, line int, s string) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: f,
		Dot: fixed.P(x, line*rowHeight+rowHeight*2/3)}
	d.DrawString(s)
}
