package columnar

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// typed returns what a column is, and its cells as values: a number or a time if
// every cell is one that is not empty.
func typed(c *column, rows int) (Kind, []float64) {
	for _, read := range []struct {
		kind Kind
		of   func(string) (float64, bool)
	}{{Number, numberOf('.', ',')}, {Number, numberOf(',', '.')}, {Time, timeOf("2006-01-02")}, {Time, timeOf("2006-01-02 15:04:05")}, {Time, timeOf("2006-01-02 15:04")},
		{Time, timeOf(time.RFC3339)}, {Time, timeOf("2006-01-02T15:04:05")}, {Time, timeOf("2006/01/02")}, {Time, timeOf("02.01.2006")}, {Time, timeOf("1/2/2006")}, {Time, timeOf("2/1/2006")}} {
		if values, ok := values(c, rows, read.of); ok {
			return read.kind, values
		}
	}
	return Text, nil
}

// values reads all cells of a column in one way; false if one is something else,
// or all are empty.
func values(c *column, rows int, of func(string) (float64, bool)) ([]float64, bool) {
	var out []float64
	some := false
	for i := range rows {
		cell := bytes.TrimSpace(c.cell(i))
		v := math.NaN()
		if !missing(cell) {
			var ok bool
			if v, ok = of(string(cell)); !ok {
				return nil, false
			}
			some = true
		}
		if out == nil {
			out = make([]float64, 0, rows)
		}
		out = append(out, v)
	}
	return out, some
}

// missing tells whether a cell says that there is no value.
func missing(cell []byte) bool {
	switch len(cell) {
	case 0:
		return true
	case 1:
		return cell[0] == '-' || cell[0] == '.'
	case 2, 3, 4:
		switch strings.ToLower(string(cell)) {
		case "na", "n/a", "nan", "nat", "null", "none", "<na>", "#n/a":
			return true
		}
	}
	return false
}

// numberOf reads numbers as people write them: with a mark for the decimals, one
// between thousands, a currency's or a percent sign.
func numberOf(decimal, thousands byte) func(string) (float64, bool) {
	return func(s string) (float64, bool) {
		s = strings.TrimSpace(strings.TrimSuffix(s, "%"))
		for _, sign := range []string{"$", "€", "£", "¥"} {
			s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, sign), sign))
		}
		s = strings.Replace(s, "−", "-", 1)
		if s == "" || strings.ContainsAny(s, "xX_pPiI") { // no hexadecimal, no infinity
			return 0, false
		}
		if strings.IndexByte(s, thousands) >= 0 {
			if !grouped(s, decimal, thousands) {
				return 0, false
			}
			s = strings.ReplaceAll(s, string(thousands), "")
		}
		if decimal != '.' {
			if s = strings.Replace(s, string(decimal), ".", 1); strings.IndexByte(s, decimal) >= 0 {
				return 0, false
			}
		}
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil && !math.IsNaN(v)
	}
}

// grouped tells whether the marks stand between groups of three digits.
func grouped(s string, decimal, thousands byte) bool {
	whole, _, _ := strings.Cut(strings.TrimLeft(s, "+-"), string(decimal))
	groups := strings.Split(whole, string(thousands))
	if len(groups) < 2 || len(groups[0]) == 0 || len(groups[0]) > 3 || strings.Count(s, string(thousands)) != len(groups)-1 {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return true
}

func timeOf(layout string) func(string) (float64, bool) {
	return func(s string) (float64, bool) {
		t, err := time.Parse(layout, s)
		return float64(t.Unix()) + float64(t.Nanosecond())/1e9, err == nil
	}
}
