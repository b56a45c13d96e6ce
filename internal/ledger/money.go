package ledger

import "fmt"

// NanoDollars is money: billionths of a US dollar.
type NanoDollars int64

// Dollar is one US dollar.
const Dollar NanoDollars = 1e9

// String writes dollars with two digits, or with as many as it takes to show
// two that count: "$1.25", "$0.0031".
func (n NanoDollars) String() string {
	sign, v := "", uint64(n)
	if n < 0 {
		sign, v = "-", -v
	}
	unit, digits := uint64(Dollar)/100, 2
	for v > 0 && v < 10*unit && unit > 1 {
		unit, digits = unit/10, digits+1
	}
	v = (v + unit/2) / unit // to the digits shown
	scale := uint64(Dollar) / unit
	return fmt.Sprintf("%s$%d.%0*d", sign, v/scale, digits, v%scale)
}
