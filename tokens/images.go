package tokens

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// Detail says how closely a model looks at an image.
type Detail string

const (
	Auto     Detail = "auto" // the model's own choice; also the zero Detail
	Low      Detail = "low"
	High     Detail = "high"
	Original Detail = "original" // as High where a model has no such level
)

// imageRule tells how many tokens an image has, by tiles or by patches. See
// https://platform.openai.com/docs/guides/images-vision.
type imageRule struct {
	// An image is scaled to fit into 2048 by 2048, then so that its shorter
	// side has 768 at most; it has tile[0] tokens, and tile[1] for every
	// square of 512. With detail low it has tile[0].
	Tile []int `json:"tile,omitempty"`

	// Every patch of 32 by 32 has so many tokens, after the image was scaled
	// to a longest side and a number of patches, by detail; 0: no bound.
	Patch    *Rate  `json:"patch,omitempty"`
	Low      []int  `json:"low,omitempty"`
	High     []int  `json:"high,omitempty"`
	Original []int  `json:"original,omitempty"`
	Auto     Detail `json:"auto,omitempty"` // high, if it is not given
}

func (r *imageRule) check() error {
	if (r.Tile == nil) == (r.Patch == nil) {
		return errors.New("images: either tile or patch")
	}
	if r.Tile != nil && len(r.Tile) != 2 {
		return errors.New("images: tile has two numbers")
	}
	if r.Patch != nil && (r.Low == nil || r.High == nil) {
		return errors.New("images: patch needs low and high")
	}
	for _, b := range [][]int{r.Low, r.High, r.Original} {
		if b != nil && len(b) != 2 {
			return errors.New("images: a detail has two numbers, the longest side and the most patches")
		}
	}
	for _, b := range [][]int{r.Tile, r.Low, r.High, r.Original} {
		for _, n := range b {
			if n < 0 || n > 1e6 {
				return fmt.Errorf("images: %d", n)
			}
		}
	}
	switch r.Auto {
	case "", Low, High, Original:
	default:
		return fmt.Errorf("images: auto is %q", r.Auto)
	}
	return nil
}

// maxSide is the longest side of an image that is taken seriously.
const maxSide = 1 << 20

// tokens returns the tokens of an image of a width and a height, 1 to maxSide.
func (r *imageRule) tokens(w, h int, d Detail) int {
	if d == Auto || d == "" {
		if d = r.Auto; d == "" {
			d = High
		}
	}
	if r.Tile != nil {
		if d == Low {
			return r.Tile[0]
		}
		return r.Tile[0] + r.Tile[1]*tiles(w, h)
	}
	bounds := r.High
	switch {
	case d == Low:
		bounds = r.Low
	case d == Original && r.Original != nil:
		bounds = r.Original
	}
	patches := big.NewRat(int64(patches(w, h, bounds[0], bounds[1])), 1)
	// Rounded, not up: 1536 patches of 1.62 are measured to have 2488 tokens.
	f := new(big.Rat).Mul(patches, &r.Patch.Rat)
	n := f.Add(f, big.NewRat(1, 2))
	return int(new(big.Int).Div(n.Num(), n.Denom()).Int64())
}

// most returns the most tokens that an image of any size may have, for one
// whose size is unknown.
func (r *imageRule) most(d Detail) int {
	if d == Original && r.Original != nil || (d == Auto || d == "") && r.Auto == Original {
		// There may be no bound worth the name: what high has at most.
		d = High
	}
	return max(r.tokens(2048, 768, d), r.tokens(768, 2048, d), r.tokens(1600, 1600, d), r.tokens(2048, 2048, d), r.tokens(1254, 1254, d))
}

// tiles returns how many squares of 512 cover an image once it is scaled.
func tiles(w, h int) int {
	if long := max(w, h); long > 2048 {
		w, h = scaled(w, 2048, long), scaled(h, 2048, long)
	}
	if short := min(w, h); short > 768 {
		w, h = scaled(w, 768, short), scaled(h, 768, short)
	}
	return ((w + 511) / 512) * ((h + 511) / 512)
}

// scaled returns n·to/from, rounded down, at least 1.
func scaled(n, to, from int) int { return max(n*to/from, 1) }

// patches returns how many patches of 32 by 32 cover an image once it is
// scaled to a longest side and a number of patches, 0 for no bound.
func patches(w, h, side, budget int) int {
	if long := max(w, h); side > 0 && long > side {
		w, h = scaled(w, side, long), scaled(h, side, long)
	}
	n := ((w + 31) / 32) * ((h + 31) / 32)
	if budget <= 0 || n <= budget {
		return n
	}
	// Shrink to the budget's area, then on until one side has whole patches.
	fw, fh := float64(w), float64(h)
	s := math.Sqrt(32 * 32 * float64(budget) / (fw * fh))
	pw, ph := fw*s/32, fh*s/32
	if pw >= 1 && ph >= 1 {
		s *= min(math.Floor(pw)/pw, math.Floor(ph)/ph)
	}
	const slack = 1e-6 // of what should be whole
	w, h = max(int(fw*s+slack), 1), max(int(fh*s+slack), 1)
	return min(((w+31)/32)*((h+31)/32), budget)
}
