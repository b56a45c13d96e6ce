package terminal

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/png"
	"os"
	"regexp"
	"strings"
	"time"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// attributes is a terminal's answer to what it can: 4 is sixel (xterm's control
// sequences, "Send Device Attributes").
var attributes = regexp.MustCompile(`\x1b\[\?([0-9;]*)c`)

// asksSixel asks the terminal whether it shows sixel pictures. One that says nothing
// within patience does not.
func asksSixel(in, out *os.File, patience time.Duration) bool {
	fd := int(in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return false
	}
	defer term.Restore(fd, before)
	if _, err := out.WriteString("\x1b[c"); err != nil {
		return false
	}
	var answer []byte
	buf := make([]byte, 64)
	for end := time.Now().Add(patience); ; {
		left := time.Until(end).Milliseconds()
		if left <= 0 || len(answer) > 1000 {
			return false
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return false
		}
		if n, err = unix.Read(fd, buf); err != nil || n <= 0 {
			return false
		}
		answer = append(answer, buf[:n]...)
		if m := attributes.FindSubmatch(answer); m != nil {
			return strings.Contains(";"+string(m[1])+";", ";4;")
		}
	}
}

const (
	sixelWidth  = 800     // pixels of the widest picture that is shown
	sixelPixels = 8 << 20 // of the largest picture that is decoded
)

// pixels is how wide a picture may be in the terminal out, in pixels.
func pixels(out *os.File) int {
	size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ)
	switch {
	case err != nil || size.Col == 0:
		return sixelWidth
	case size.Xpixel > 0:
		return min(sixelWidth, int(size.Xpixel))
	}
	return min(sixelWidth, int(size.Col)*8) // cells are rarely narrower
}

// encodeSixel is what makes a terminal show a PNG as sixels, at most so many pixels
// wide, or "" if it is none.
func encodeSixel(data []byte, most int) string {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width*c.Height > sixelPixels {
		return ""
	}
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return ""
	}
	w, h := c.Width, c.Height
	if w > most {
		w, h = most, max(1, h*most/w)
	}
	opaque := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(opaque, opaque.Bounds(), image.White, image.Point{}, draw.Src) // charts are drawn for paper
	xdraw.ApproxBiLinear.Scale(opaque, opaque.Bounds(), src, src.Bounds(), xdraw.Over, nil)
	img := image.NewPaletted(opaque.Bounds(), palette.Plan9)
	draw.FloydSteinberg.Draw(img, img.Bounds(), opaque, image.Point{})
	return sixels(img)
}

// sixels writes bands of six lines, each once for every colour in it.
func sixels(img *image.Paletted) string {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var b strings.Builder
	fmt.Fprintf(&b, "\x1bPq\"1;1;%d;%d", w, h)
	var used [256]bool
	for _, i := range img.Pix {
		used[i] = true
	}
	for i, c := range img.Palette {
		if used[i] {
			c := color.NRGBAModel.Convert(c).(color.NRGBA)
			fmt.Fprintf(&b, "#%d;2;%d;%d;%d", i, int(c.R)*100/255, int(c.G)*100/255, int(c.B)*100/255)
		}
	}
	for top := 0; top < h; top += 6 {
		var bits [256][]byte // of each colour, the six dots of each column
		for y := top; y < min(top+6, h); y++ {
			for x := range w {
				i := img.Pix[y*img.Stride+x]
				if bits[i] == nil {
					bits[i] = make([]byte, w)
				}
				bits[i][x] |= 1 << (y - top)
			}
		}
		for i, row := range bits {
			if row == nil {
				continue
			}
			fmt.Fprintf(&b, "#%d", i)
			for x := 0; x < w; {
				n := x
				for n < w && row[n] == row[x] {
					n++
				}
				if dots := string(rune('?' + row[x])); n-x > 3 {
					fmt.Fprintf(&b, "!%d%s", n-x, dots)
				} else {
					b.WriteString(strings.Repeat(dots, n-x))
				}
				x = n
			}
			b.WriteByte('$')
		}
		b.WriteByte('-')
	}
	b.WriteString("\x1b\\")
	return b.String()
}
