package table

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// A table as a picture is drawn for a screen of twice the usual density.
const (
	cellPadding   = 20
	lineHeight    = 34
	rowPadding    = 14
	blockGap      = 24   // between blocks of columns
	pictureRows   = 60   // at most
	maxPicture    = 1800 // pixels of width: more columns follow below
	maxHeight     = 8000 // pixels
	widestCell    = 420  // pixels: more of a cell follows below
	maxPictureRow = 12   // lines of one row
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

// errNoGlyph is for a text that the fonts can't write.
var errNoGlyph = errors.New("no font has a glyph for a character")

// block is the columns that stand beside one another in a picture.
type block struct {
	from, to int
	index    bool // the first column stands before them
	widths   []int
	cells    [][][]string // the lines of each cell of each row, the header first
	heights  []int        // lines of each row
}

// columns are the places of a block's columns in the table.
func (b block) columns() (at []int) {
	if b.index {
		at = append(at, 0)
	}
	for i := b.from; i < b.to; i++ {
		at = append(at, i)
	}
	return at
}

// Picture draws the table as PNG: all columns, those that have no room below the
// others, and as many rows as fit a picture. Fonts are files of fonts for what Go's
// own lack, tried in their order. Alt is the table's first rows for people who
// don't see it. It fails for a text in a script that no font has.
func (t Table) Picture(fonts ...string) (data []byte, alt string, err error) {
	regular, bold, err := openFaces(fonts)
	if err != nil {
		return nil, "", err
	}
	g := newGrid(t, pictureRows)
	if len(g.columns) == 0 {
		return nil, "", errors.New("a table without columns has no picture")
	}
	for y, r := range append([][]string{g.columns}, g.rows...) {
		for _, c := range r {
			if !regular.writes(c) || y == 0 && !bold.writes(c) {
				return nil, "", errNoGlyph
			}
		}
	}
	blocks := g.blocks(regular, bold)
	for len(g.rows) > 1 && height(blocks) > maxHeight {
		g.rows = g.rows[:max(len(g.rows)*3/4, 1)]
		blocks = g.blocks(regular, bold)
	}
	note := t.Note(len(g.rows), len(g.columns))
	width := 0
	for _, b := range blocks {
		width = max(width, sum(b.widths))
	}
	tall := height(blocks)
	if note != "" {
		tall += lineHeight + rowPadding
		width = max(width, regular.pixels(note)+2*cellPadding)
	}
	img := image.NewRGBA(image.Rect(0, 0, width, tall))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	y := 0
	for i, b := range blocks {
		if i > 0 {
			y += blockGap
		}
		y = g.draw(img, b, y, regular, bold)
	}
	if note != "" {
		write(img, regular, faint, cellPadding, y+rowPadding/2, note)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&out, paletted(img)); err != nil {
		return nil, "", err
	}
	return out.Bytes(), t.Alt(), nil
}

// altLength is how many characters a description has at most.
const altLength = 900

// Alt is the table in words: its columns and its first rows.
func (t Table) Alt() string {
	rows, columns := t.Size()
	var b strings.Builder
	b.WriteString("A table of " + counted(rows, "row") + " and " + counted(columns, "column") + ".")
	cells := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		cells[i] = clean(c)
	}
	b.WriteString("\n" + strings.TrimLeft(strings.Join(cells, " | "), " |"))
	for _, r := range t.Rows {
		for i := range cells {
			cells[i] = ""
			if i < len(r) {
				cells[i] = clean(r[i])
			}
		}
		line := strings.Join(cells, " | ")
		if len([]rune(b.String()))+1+len([]rune(line)) > altLength {
			break
		}
		b.WriteString("\n" + line)
	}
	return b.String()
}

// blocks divides the columns into what stands beside one another.
func (g grid) blocks(regular, bold faces) (out []block) {
	index := len(g.columns) > 1 && g.columns[0] == ""
	widths := make([]int, len(g.columns))
	for i, c := range g.columns {
		w := bold.pixels(c)
		for _, r := range g.rows {
			w = max(w, regular.pixels(r[i]))
		}
		if !g.right[i] {
			w = min(w, widestCell)
		}
		widths[i] = min(w, maxPicture/2) + 2*cellPadding
	}
	for at := 0; at < len(widths); {
		b := block{from: at, index: index && at > 0}
		total := 0
		if b.index {
			total = widths[0]
		}
		for b.to = at; b.to < len(widths) && (b.to == at || total+widths[b.to] <= maxPicture); b.to++ {
			total += widths[b.to]
		}
		for _, i := range b.columns() {
			b.widths = append(b.widths, widths[i])
		}
		for y, r := range append([][]string{g.columns}, g.rows...) {
			tall := 1
			var cells [][]string
			for n, i := range b.columns() {
				lines := wrap(r[i], b.widths[n]-2*cellPadding, face(y, regular, bold).pixels)
				if len(lines) > maxPictureRow {
					lines = append(lines[:maxPictureRow-1:maxPictureRow-1], "…")
				}
				cells, tall = append(cells, lines), max(tall, len(lines))
			}
			b.cells, b.heights = append(b.cells, cells), append(b.heights, tall)
		}
		out = append(out, b)
		at = b.to
	}
	return out
}

func face(row int, regular, bold faces) faces {
	if row == 0 {
		return bold
	}
	return regular
}

// height is how tall blocks are together.
func height(blocks []block) (pixels int) {
	for i, b := range blocks {
		if i > 0 {
			pixels += blockGap
		}
		pixels += sum(b.heights)*lineHeight + len(b.heights)*rowPadding
	}
	return pixels
}

func sum(ns []int) (total int) {
	for _, n := range ns {
		total += n
	}
	return total
}

// draw draws a block from a height on, and returns where it ends.
func (g grid) draw(img draw.Image, b block, top int, regular, bold faces) int {
	width := img.Bounds().Dx()
	for y, row := range b.cells {
		f, colour, ground := regular, ink, paper
		switch {
		case y == 0:
			f, colour, ground = bold, bright, header
		case y%2 == 0:
			ground = stripe
		}
		tall := b.heights[y]*lineHeight + rowPadding
		draw.Draw(img, image.Rect(0, top, width, top+tall), image.NewUniform(ground), image.Point{}, draw.Src)
		x := 0
		for n, i := range b.columns() {
			fromTheRight := startsRightToLeft(strings.Join(row[n], " "))
			for l, text := range row[n] {
				at := x + cellPadding
				if g.right[i] || fromTheRight {
					at = x + b.widths[n] - cellPadding - f.pixels(text)
				}
				write(img, f, colour, at, top+rowPadding/2+l*lineHeight, text)
			}
			x += b.widths[n]
		}
		top += tall
	}
	return top
}

// paletted is a picture in its shades.
func paletted(img *image.RGBA) *image.Paletted {
	out := image.NewPaletted(img.Rect, shades())
	known := map[color.RGBA]uint8{}
	var last color.RGBA
	var at uint8
	for i := range out.Pix {
		p := img.Pix[4*i : 4*i+4 : 4*i+4]
		if c := (color.RGBA{p[0], p[1], p[2], p[3]}); c != last {
			var ok bool
			if at, ok = known[c]; !ok {
				at = uint8(out.Palette.Index(c))
				known[c] = at
			}
			last = c
		}
		out.Pix[i] = at
	}
	return out
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

// write draws a line of text whose top is at y.
func write(img draw.Image, fs faces, c color.Color, x, y int, s string) {
	if needsShape(s) {
		fs.shape.line(s).draw(img, c, x, y+lineHeight*3/4)
		return
	}
	dot := fixed.P(x, y+lineHeight*3/4)
	for _, r := range s {
		if r == asEmoji {
			continue
		}
		f := fs.find(r).face
		d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: f, Dot: dot}
		d.DrawString(string(r))
		dot = d.Dot
	}
}
