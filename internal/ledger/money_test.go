package ledger

import "testing"

func TestMoneyIsWrittenForPeople(t *testing.T) {
	for n, want := range map[NanoDollars]string{
		0: "$0.00", Dollar: "$1.00", 1_250_000_000: "$1.25", 1_255_000_000: "$1.26", 123 * Dollar: "$123.00", 999_999_999: "$1.00",
		100_000_000: "$0.10", 99_000_000: "$0.099", 31_000_00: "$0.0031", 1: "$0.000000001", 15: "$0.000000015", -1_500_000_000: "-$1.50", 9_949_999: "$0.0099", 9_950_000: "$0.0100",
	} {
		if got := n.String(); got != want {
			t.Errorf("%d is written %s, want %s", int64(n), got, want)
		}
	}
}
