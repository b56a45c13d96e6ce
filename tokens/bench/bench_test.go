package main

import (
	"slices"
	"testing"
)

// The peers in Go, which need nothing built, count what this project counts.
func TestGoPeers(t *testing.T) {
	others, err := goPeers()
	if err != nil {
		t.Fatal(err)
	}
	text := corpus{name: "test", text: "The quick brown fox, 12345 of them: “Ünïcödé” и 世界 👍🏽.\n"}
	for _, enc := range encodings {
		var counts []int
		for _, p := range append(ours(), others...) {
			n, d, err := p.count(enc, text)
			if err != nil || d <= 0 {
				t.Errorf("%s: %v, %v", p.name, d, err)
			}
			counts = append(counts, n)
		}
		if len(slices.Compact(counts)) != 1 || counts[0] < 10 {
			t.Errorf("%s: %v", enc, counts)
		}
	}
}

func TestAdversaries(t *testing.T) {
	for _, c := range adversaries(10_000) {
		if n := len(c.text); n < 9_990 || n > 10_050 {
			t.Errorf("%s has %d bytes", c.name, n)
		}
	}
}
