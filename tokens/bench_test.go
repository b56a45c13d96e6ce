package tokens

import (
	"os"
	"testing"
)

// For figures beside those of others, see the folder bench.

func BenchmarkLoad(b *testing.B) {
	for _, enc := range encodings[:2] {
		b.Run(enc.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				load(b, enc.Name())
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	for _, file := range []string{"split_test.go", "testdata/udhr/eng.txt", "testdata/udhr/hin.txt", "testdata/udhr/jpn.txt"} {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		text := string(data)
		for _, c := range []struct {
			name string
			enc  *Encoding
		}{{"memo", O200KBase}, {"plain", O200KBase.WithoutMemo()}} {
			b.Run(file+"/"+c.name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					c.enc.Count(text)
				}
			})
		}
	}
}

func BenchmarkCountUpTo(b *testing.B) {
	for name, text := range long() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				O200KBase.CountUpTo(text, 1000)
			}
		})
	}
}
