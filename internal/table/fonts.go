package table

import (
	"os"
	"sync"

	"github.com/dustin/go-humanize"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

const fontSize = 26

// loadedFonts are kept for the life of the program, by their paths.
var loadedFonts sync.Map // *sfnt.Font

func loadFont(path string) (*sfnt.Font, error) {
	if f, ok := loadedFonts.Load(path); ok {
		return f.(*sfnt.Font), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := opentype.ParseReaderAt(file) // read as glyphs are needed
	if err != nil {
		file.Close()
		return nil, err
	}
	if other, lost := loadedFonts.LoadOrStore(path, f); lost {
		file.Close()
		return other.(*sfnt.Font), nil
	}
	return f, nil
}

var goFonts = sync.OnceValues(func() (fs [2]*sfnt.Font, err error) {
	if fs[0], err = opentype.Parse(goregular.TTF); err == nil {
		fs[1], err = opentype.Parse(gobold.TTF)
	}
	return fs, err
})

// faces are fonts of one size, of which the first that has a letter writes it.
// They are for one goroutine.
type faces struct {
	list  []oneFace
	known map[rune]letter
	shape *shaper // for texts whose letters change with those beside them
}

type oneFace struct {
	font *sfnt.Font
	face font.Face
	buf  *sfnt.Buffer
}

// letter is how a rune is written.
type letter struct {
	face  font.Face
	width fixed.Int26_6
	ok    bool // the face has it
}

// openFaces returns Go's fonts, regular and bold, with further ones behind them.
// Those that can't be read are left out.
func openFaces(paths []string) (regular, bold faces, err error) {
	own, err := goFonts()
	if err != nil {
		return faces{}, faces{}, err
	}
	var more []*sfnt.Font
	for _, p := range paths {
		if f, err := loadFont(p); err == nil {
			more = append(more, f)
		}
	}
	open := func(first *sfnt.Font, isBold bool) (out faces, err error) {
		out.known, out.shape = map[rune]letter{}, newShaper(paths, isBold)
		for _, f := range append([]*sfnt.Font{first}, more...) {
			face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
			if err != nil {
				return out, err
			}
			out.list = append(out.list, oneFace{f, face, new(sfnt.Buffer)})
		}
		return out, nil
	}
	if regular, err = open(own[0], false); err == nil {
		bold, err = open(own[1], true)
	}
	return regular, bold, err
}

// find returns the first face that has a letter.
func (fs faces) find(r rune) letter {
	l, ok := fs.known[r]
	if ok {
		return l
	}
	l.face = fs.list[0].face
	for _, f := range fs.list {
		if i, err := f.font.GlyphIndex(f.buf, r); err == nil && i != 0 {
			l.face, l.ok = f.face, true
			break
		}
	}
	l.width, _ = l.face.GlyphAdvance(r)
	fs.known[r] = l
	return l
}

// asEmoji asks for the colourful form of the sign before it.
const asEmoji = '\uFE0F'

// writes tells whether all of a text can be written.
func (fs faces) writes(s string) bool {
	if needsShape(s) {
		return fs.shape.line(s).ok
	}
	for _, r := range s {
		if r != asEmoji && !fs.find(r).ok {
			return false
		}
	}
	return true
}

// pixels is how wide a text is.
func (fs faces) pixels(s string) int {
	if needsShape(s) {
		return fs.shape.line(s).width.Ceil()
	}
	var w fixed.Int26_6
	for _, r := range s {
		if r != asEmoji {
			w += fs.find(r).width
		}
	}
	return w.Ceil()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return humanize.Comma(int64(n)) + " " + what + "s"
}
