package image

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func processor() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// table is memory of a table: a column of times, each a minute after the one before, one of
// whole numbers below 1000, and one of prices, as floats.
func table(n int) (b []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	for column := range 3 {
		for row := range n / 8 / 3 {
			v := uint64(1.7e18 + 60e9*float64(row))
			switch column {
			case 1:
				v = r.Uint64N(1000)
			case 2:
				v = math.Float64bits(math.Round(5000+900*r.NormFloat64()) / 100)
			}
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	return b
}

// BenchmarkImage packs and expands a session beside a snapshot of 160 MB: one with
// 8 MB of its own, and ones with 105 MB more of random numbers, or of a table's, beside
// what zstd alone makes of those. The times are of the processors, so that a busy machine
// changes them little; sync is waiting for the disk.
func BenchmarkImage(b *testing.B) {
	snapshot := random(2, 39_000*page)
	bs := base(b, snapshot)
	for name, own := range map[string][]byte{"small": random(3, 2000*page), "floats": random(3, 27_600*page), "table": table(27_600 * page)} {
		b.Run(name, func(b *testing.B) {
			pages := append(append([]byte{}, snapshot[:30_000*page]...), own...)
			raw := checkpoint(b, random(1, 500_000), nil, append(pages, snapshot[32_000*page:]...))
			path := filepath.Join(b.TempDir(), "image")
			var zstd, size int64
			if name == "table" {
				enc, err := newEncoder(nil)
				if err != nil {
					b.Fatal(err)
				}
				began := processor()
				for block := range slices.Chunk(own, blockBytes) {
					zstd += int64(len(enc.EncodeAll(block, nil)))
				}
				b.ReportMetric(float64((processor()-began).Microseconds())/1000, "zstd-cpu-ms")
			}
			var pack, unpack time.Duration
			for range b.N {
				began := processor()
				sum, err := encode(bs, path, raw, nil)
				if err != nil {
					b.Fatal(err)
				}
				pack += processor() - began
				info, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				size = info.Size()
				i, err := bs.Open(path, sum)
				if err != nil {
					b.Fatal(err)
				}
				out := b.TempDir()
				began = processor()
				if err := expand(i, out); err != nil {
					b.Fatal(err)
				}
				unpack += processor() - began
				i.Close()
				os.RemoveAll(out)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(size)/1e6, "MB")
			b.ReportMetric(float64(zstd)/1e6, "zstd-MB")
			b.ReportMetric(float64(pack.Microseconds())/1000/float64(b.N), "pack-cpu-ms")
			b.ReportMetric(float64(unpack.Microseconds())/1000/float64(b.N), "expand-cpu-ms")
		})
	}
}
