package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// Money is an amount in billionths of a US dollar.
type Money int64

// Dollar is one US dollar.
const Dollar Money = 1e9

// String returns the amount in dollars, with at least two and at most nine
// decimals: $0.0125.
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign = "-"
	}
	u := uint64(m)
	if m < 0 {
		u = -u
	}
	frac := strings.TrimRight(fmt.Sprintf("%09d", u%1e9), "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return fmt.Sprintf("%s$%d.%s", sign, u/1e9, frac)
}

// Rate is a decimal number of a price list, exactly: dollars for a million
// tokens, or a factor.
type Rate struct{ big.Rat }

var decimal = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)

func parseRate(s string) (*Rate, error) {
	var r Rate
	if !decimal.MatchString(s) {
		return nil, fmt.Errorf("%.40q is no decimal number", s)
	}
	if _, ok := r.SetString(s); !ok || r.Cmp(big.NewRat(1e9, 1)) > 0 {
		return nil, fmt.Errorf("%.40q is too much", s)
	}
	return &r, nil
}

// UnmarshalJSON reads a JSON number, or one in a string.
func (r *Rate) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	p, err := parseRate(s)
	if err == nil {
		*r = *p
	}
	return err
}

// MarshalJSON writes a JSON number.
func (r *Rate) MarshalJSON() ([]byte, error) { return []byte(r.String()), nil }

// String returns the number with as many decimals as it needs, at most 12, and
// with two if it is not whole.
func (r *Rate) String() string {
	n, exact := r.FloatPrec()
	if !exact || n > 12 {
		n = 12
	}
	if n == 1 {
		n = 2
	}
	return r.FloatString(n)
}

// Price is what a model's tokens cost from one day to another, in US dollars
// for a million.
type Price struct {
	From   string `json:"from,omitempty"`  // first day, as 2026-01-31; empty: ever since
	Until  string `json:"until,omitempty"` // the day after the last; empty: to this day
	Input  *Rate  `json:"input"`
	Cached *Rate  `json:"cached,omitempty"` // nil: as Input
	Write  *Rate  `json:"write,omitempty"`  // of input that the provider wrote to its cache; nil: as Input
	Output *Rate  `json:"output"`
	Long   *Long  `json:"long,omitempty"`
	Batch  *Rate  `json:"batch,omitempty"` // times the price in batch and flex use; nil: unknown

	from, until time.Time
}

// Long is how many times as much a whole request costs that has more than a
// number of input tokens.
type Long struct {
	Above  int   `json:"above"`
	Input  *Rate `json:"input"` // cached or not
	Output *Rate `json:"output"`
}

func (p *Price) check() (err error) {
	if p.Input == nil || p.Output == nil {
		return errors.New("a price has no input or no output")
	}
	if p.From != "" {
		if p.from, err = time.Parse(time.DateOnly, p.From); err != nil {
			return err
		}
	}
	if p.Until != "" {
		if p.until, err = time.Parse(time.DateOnly, p.Until); err != nil {
			return err
		}
	}
	if l := p.Long; l != nil && (l.Above <= 0 || l.Input == nil || l.Output == nil) {
		return errors.New("long needs above, input and output")
	}
	return nil
}

// Usage are the tokens of a request, as a model's server reports them.
type Usage struct {
	Input  int  // all of them
	Cached int  // those of Input that the provider had cached
	Write  int  // those of Input that the provider wrote to its cache
	Output int  // those of reasoning too
	Batch  bool // batch or flex use
}

// Cost returns what a request costs, rounded to a billionth of a dollar; false
// if it is batch use whose price is unknown. More cached or written tokens than input,
// or a negative number, count as none.
func (p *Price) Cost(u Usage) (Money, bool) {
	input, output := &p.Input.Rat, &p.Output.Rat
	cached := input
	if p.Cached != nil {
		cached = &p.Cached.Rat
	}
	write := input
	if p.Write != nil {
		write = &p.Write.Rat
	}
	u.Input, u.Output = max(u.Input, 0), max(u.Output, 0)
	if u.Cached < 0 || u.Cached > u.Input {
		u.Cached = 0
	}
	if u.Write < 0 || u.Write > u.Input-u.Cached {
		u.Write = 0
	}
	in := new(big.Rat).Mul(input, big.NewRat(int64(u.Input-u.Cached-u.Write), 1))
	in.Add(in, new(big.Rat).Mul(cached, big.NewRat(int64(u.Cached), 1)))
	in.Add(in, new(big.Rat).Mul(write, big.NewRat(int64(u.Write), 1)))
	out := new(big.Rat).Mul(output, big.NewRat(int64(u.Output), 1))
	if p.Long != nil && u.Input > p.Long.Above {
		in.Mul(in, &p.Long.Input.Rat)
		out.Mul(out, &p.Long.Output.Rat)
	}
	sum := in.Add(in, out)
	if u.Batch {
		if p.Batch == nil {
			return 0, false
		}
		sum.Mul(sum, &p.Batch.Rat)
	}
	sum.Mul(sum, big.NewRat(int64(Dollar), 1e6))
	// Half a billionth is rounded up.
	n := new(big.Int).Mul(sum.Num(), big.NewInt(2))
	n.Add(n, sum.Denom()).Div(n, new(big.Int).Mul(sum.Denom(), big.NewInt(2)))
	if !n.IsInt64() {
		return 0, false
	}
	return Money(n.Int64()), true
}

// priceAt returns the first price that is valid at a time.
func priceAt(prices []Price, at time.Time) (*Price, bool) {
	for i := range prices {
		p := &prices[i]
		if (p.from.IsZero() || !at.Before(p.from)) && (p.until.IsZero() || at.Before(p.until)) {
			return p, true
		}
	}
	return nil, false
}
