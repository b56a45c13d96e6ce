package discord

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Charts for the pictures of the documentation, in the manner of matplotlib.

var palette = []color.RGBA{{0x4c, 0x72, 0xb0, 255}, {0xdd, 0x84, 0x52, 255}, {0x55, 0xa8, 0x68, 255}, {0xc4, 0x4e, 0x52, 255}}

type plot struct {
	img        *image.RGBA
	face, bold font.Face
	x0, y0     float64 // of the axes' corner
	x1, y1     float64
	most       float64
}

func newPlot(title string, w, h int, most float64) *plot {
	face := func(ttf []byte, size float64) font.Face {
		src, err := opentype.Parse(ttf)
		if err != nil {
			panic(err)
		}
		fc, err := opentype.NewFace(src, &opentype.FaceOptions{Size: size, DPI: 72})
		if err != nil {
			panic(err)
		}
		return fc
	}
	p := &plot{img: image.NewRGBA(image.Rect(0, 0, w, h)), face: face(goregular.TTF, 20), bold: face(gobold.TTF, 24),
		x0: 90, y0: float64(h) - 60, x1: float64(w) - 30, y1: 70, most: most}
	draw.Draw(p.img, p.img.Bounds(), image.White, image.Point{}, draw.Src)
	p.text(p.bold, (w-font.MeasureString(p.bold, title).Ceil())/2, 42, title)
	for i := range 5 {
		y := p.y0 - (p.y0-p.y1)*float64(i)/4
		p.line(p.x0, y, p.x1, y, 1, color.RGBA{0xe0, 0xe0, 0xe0, 255})
		label := fmt.Sprintf("%.0f", most*float64(i)/4)
		p.text(p.face, int(p.x0)-12-font.MeasureString(p.face, label).Ceil(), int(y)+7, label)
	}
	return p
}

func (p *plot) text(f font.Face, x, y int, s string) {
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(color.RGBA{0x33, 0x33, 0x33, 255}), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

func (p *plot) shape(c color.RGBA, points ...float64) {
	r := vector.NewRasterizer(p.img.Bounds().Dx(), p.img.Bounds().Dy())
	r.MoveTo(float32(points[0]), float32(points[1]))
	for i := 2; i < len(points); i += 2 {
		r.LineTo(float32(points[i]), float32(points[i+1]))
	}
	r.ClosePath()
	r.Draw(p.img, p.img.Bounds(), image.NewUniform(c), image.Point{})
}

func (p *plot) line(xa, ya, xb, yb, width float64, c color.RGBA) {
	d := math.Hypot(xb-xa, yb-ya)
	nx, ny := (yb-ya)/d*width/2, -(xb-xa)/d*width/2
	p.shape(c, xa+nx, ya+ny, xb+nx, yb+ny, xb-nx, yb-ny, xa-nx, ya-ny)
}

func (p *plot) y(v float64) float64 { return p.y0 - (p.y0-p.y1)*v/p.most }

func (p *plot) bars(labels []string, values []float64) {
	step := (p.x1 - p.x0) / float64(len(values))
	for i, v := range values {
		a, b := p.x0+step*(float64(i)+.18), p.x0+step*(float64(i)+.82)
		p.shape(palette[i%len(palette)], a, p.y(v), b, p.y(v), b, p.y0, a, p.y0)
		p.text(p.face, int((a+b)/2)-font.MeasureString(p.face, labels[i]).Ceil()/2, int(p.y0)+30, labels[i])
	}
}

func (p *plot) series(labels []string, lines ...[]float64) {
	for n, values := range lines {
		step := (p.x1 - p.x0) / float64(len(values)-1)
		for i := range values[1:] {
			p.line(p.x0+step*float64(i), p.y(values[i]), p.x0+step*float64(i+1), p.y(values[i+1]), 3.5, palette[n])
		}
	}
	for i, l := range labels {
		x := p.x0 + (p.x1-p.x0)*float64(i)/float64(len(labels)-1)
		p.text(p.face, int(x)-font.MeasureString(p.face, l).Ceil()/2, int(p.y0)+30, l)
	}
}

func (p *plot) png() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, p.img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func weatherChart() []byte {
	p := newPlot("Days by weather, 2012–2015", 900, 560, 720)
	p.bars([]string{"rain", "sun", "fog", "drizzle", "snow"}, []float64{641, 640, 101, 53, 26})
	return p.png()
}

func temperatureChart() []byte {
	high := []float64{7.1, 9.3, 9.6, 14.9, 17.7, 18.7, 22.9, 25.9, 22.9, 15.8, 11.3, 7.2, 6.1, 9.5, 12.7, 14.2, 19.6, 23.3, 26.1, 26.1, 21.4, 14.2, 12.1, 7.0, 9.6, 8.2, 12.9, 15.5, 19.9, 21.6, 26.9, 26.4, 23.2, 18.0, 11.0, 10.1, 10.2, 12.5, 14.4, 15.5, 20.0, 26.1, 28.1, 26.1, 20.3, 17.5, 9.7, 8.4}
	low := []float64{1.5, 3.2, 2.8, 6.0, 8.2, 10.5, 12.9, 14.0, 11.2, 8.4, 5.2, 3.3, 0.8, 4.3, 5.0, 6.7, 9.9, 13.2, 13.9, 15.5, 13.6, 7.6, 5.6, 1.6, 4.1, 2.6, 5.4, 6.7, 10.2, 11.8, 14.4, 14.9, 13.2, 10.9, 4.5, 4.6, 4.4, 6.1, 6.2, 6.0, 10.1, 13.6, 15.5, 14.7, 11.4, 10.5, 3.5, 3.8}
	p := newPlot("Mean temperature a month (°C)", 900, 560, 28)
	p.series([]string{"2012", "2013", "2014", "2015", "2016"}, high, low)
	return p.png()
}
