package picture

import (
	"context"
	"image"
	"image/draw"

	scaler "golang.org/x/image/draw"
)

// shrink scales a picture by a factor of at most 1. It averages blocks first,
// a few rows at a time, so that fine lines survive and memory stays small.
func shrink(ctx context.Context, src image.Image, scale float64) (image.Image, error) {
	if scale >= 1 {
		return src, nil
	}
	b := src.Bounds()
	w, h := max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))
	if k := int(1 / scale); k >= 2 {
		var err error
		if src, err = average(ctx, src, k); err != nil {
			return nil, err
		}
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	scaler.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), scaler.Src, nil)
	return dst, nil
}

// average makes one pixel of each k by k.
func average(ctx context.Context, src image.Image, k int) (image.Image, error) {
	b := src.Bounds()
	w, h := max(1, b.Dx()/k), max(1, b.Dy()/k)
	kx, ky := min(k, b.Dx()), min(k, b.Dy())
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), ky))
	sums := make([]uint64, 4*w)
	for y := range h {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		draw.Draw(strip, strip.Bounds(), src, image.Pt(b.Min.X, b.Min.Y+y*ky), draw.Src)
		clear(sums)
		for row := range ky {
			line := strip.Pix[row*strip.Stride:]
			for x := range w {
				for i := x * kx * 4; i < (x+1)*kx*4; i += 4 {
					sums[4*x] += uint64(line[i])
					sums[4*x+1] += uint64(line[i+1])
					sums[4*x+2] += uint64(line[i+2])
					sums[4*x+3] += uint64(line[i+3])
				}
			}
		}
		out, n := dst.Pix[y*dst.Stride:], uint64(kx*ky)
		for i, s := range sums {
			out[i] = uint8((s + n/2) / n)
		}
	}
	return dst, nil
}
