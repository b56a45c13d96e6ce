package terminal

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A terminal is asked once what it can, and one that says nothing is not waited for.
func TestAsksSixel(t *testing.T) {
	for answer, want := range map[string]bool{"\x1b[?62;4;22c": true, "\x1b[?1;2;4c": true, "\x1b[?62;22;42c": false, "\x1b[?6c": false, "": false} {
		screen, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan string, 1)
		go func() {
			buf := make([]byte, 16)
			n, _ := screen.Read(buf)
			asked <- string(buf[:n])
			for i := range answer { // in pieces
				io.WriteString(screen, answer[i:i+1])
			}
		}()
		patience := time.Minute
		if answer == "" {
			patience = 50 * time.Millisecond
		}
		if got := asksSixel(tty, tty, patience); got != want {
			t.Errorf("%q: %v", answer, got)
		}
		if q := <-asked; q != "\x1b[c" {
			t.Errorf("asked %q", q)
		}
		tty.Close()
		screen.Close()
	}
}

// What is encoded is what is drawn: the sixels are read back, dot by dot.
func TestSixel(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 23, 17))
	for y := range 17 {
		for x := range 23 {
			src.Set(x, y, color.NRGBA{255, 0, 0, 255})
			if x > 11 {
				src.Set(x, y, color.NRGBA{0, 0, 255, 255})
			}
			if x == y {
				src.Set(x, y, color.NRGBA{}) // transparent: paper
			}
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, src); err != nil {
		t.Fatal(err)
	}
	got := readSixel(t, encodeSixel(data.Bytes(), 800))
	for y := range 17 {
		for x := range 23 {
			want := color.NRGBAModel.Convert(src.At(x, y)).(color.NRGBA)
			if want.A == 0 {
				want = color.NRGBA{255, 255, 255, 255}
			}
			if got[image.Pt(x, y)] != want {
				t.Fatalf("%d,%d is %v, want %v", x, y, got[image.Pt(x, y)], want)
			}
		}
	}
	if len(got) != 23*17 {
		t.Errorf("%d dots", len(got))
	}
	if small := readSixel(t, encodeSixel(data.Bytes(), 10)); len(small) != 10*7 {
		t.Errorf("scaled to 10 pixels it has %d", len(small))
	}
	for _, bad := range []string{"", "no picture", data.String()[:40]} {
		if encodeSixel([]byte(bad), 800) != "" {
			t.Errorf("%q is a picture", bad)
		}
	}
}

var sixelToken = regexp.MustCompile(`^(?:#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-))`)

// readSixel returns the dots of a picture, each of which is drawn once.
func readSixel(t *testing.T, s string) map[image.Point]color.NRGBA {
	t.Helper()
	head := regexp.MustCompile(`^\x1bPq"1;1;\d+;\d+`).FindString(s)
	if head == "" || s[len(s)-2:] != "\x1b\\" {
		t.Fatalf("%.40q", s)
	}
	s = s[len(head) : len(s)-2]
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	colours, dots := map[int]color.NRGBA{}, map[image.Point]color.NRGBA{}
	x, top, now := 0, 0, 0
	for s != "" {
		m := sixelToken.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("%.20q", s)
		}
		s = s[len(m[0]):]
		switch {
		case m[1] != "":
			level := func(s string) uint8 { return uint8((number(s)*255 + 50) / 100) }
			colours[number(m[1])] = color.NRGBA{level(m[2]), level(m[3]), level(m[4]), 255}
		case m[5] != "":
			now = number(m[5])
		case m[9] != "":
			x = 0
		case m[10] != "":
			x, top = 0, top+6
		default:
			n, bits := 1, m[8]
			if m[6] != "" {
				n, bits = number(m[6]), m[7]
			}
			for range n {
				for i := range 6 {
					if (bits[0]-'?')>>i&1 == 1 {
						p := image.Pt(x, top+i)
						if _, twice := dots[p]; twice {
							t.Fatalf("%v is drawn twice", p)
						}
						dots[p] = colours[now]
					}
				}
				x++
			}
		}
	}
	return dots
}
