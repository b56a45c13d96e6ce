package config

import (
	"fmt"
	"slices"
	"strings"
)

// Unknown returns a sentence for each name in the file envFile that is no
// setting but resembles one: it has no effect, and was probably meant to have
// one. A file that is not there has none.
func Unknown(envFile string) ([]string, error) {
	fromFile, err := readFile(envFile)
	if err != nil {
		return nil, err
	}
	known := names()
	var out []string
	for name := range fromFile {
		if !slices.Contains(known, name) {
			if meant := nearest(name, known); meant != "" {
				out = append(out, fmt.Sprintf("%s is no setting and has no effect: is %s meant?", name, meant))
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// names are the names of all settings, and their aliases.
func names() (all []string) {
	for _, f := range settings() {
		for _, tag := range []string{"env", "alias"} {
			if name := f.Tag.Get(tag); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}

// nearest returns the setting that a name resembles most, or "": one that has
// all its words, or most of its letters.
func nearest(name string, known []string) (best string) {
	least := 1.0
	upper := strings.ToUpper(name)
	words := strings.Split(upper, "_")
	for _, k := range known {
		d := float64(distance(upper, k)) / float64(max(len(upper), len(k)))
		if d > 0.25 && (len(words) < 2 || !within(words, strings.Split(k, "_")) || d > 0.5) {
			continue
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

func within(words, of []string) bool {
	for _, w := range words {
		if !slices.Contains(of, w) {
			return false
		}
	}
	return true
}

// distance is how many letters must be changed, added or taken away (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
