package tokens

import (
	"github.com/pkoukk/tiktoken-go-loader/assets"
	"os"
	"testing"
)

func BenchmarkLoadO(b *testing.B) {
	for _, n := range []string{"cl100k", "o200k"} {
		b.Run(n, func(b *testing.B) {
			s, _ := os.ReadFile("data/" + n + ".splits")
			for b.Loop() {
				d, _ := assets.Assets.ReadFile(n + "_base.tiktoken")
				if _, err := newVocab(d, string(s)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
