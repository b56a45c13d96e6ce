package image

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func processor() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkImage packs and expands a session beside a snapshot of 160 MB: one with
// 8 MB of its own, and one with 105 MB of random numbers more. The times are of the
// processors, so that a busy machine changes them little; sync is waiting for the disk.
func BenchmarkImage(b *testing.B) {
	snapshot := random(2, 39_000*page)
	bs := base(b, snapshot)
	for name, own := range map[string]int{"small": 2000, "floats": 27_600} {
		b.Run(name, func(b *testing.B) {
			pages := append(append([]byte{}, snapshot[:30_000*page]...), random(3, own*page)...)
			raw := checkpoint(b, random(1, 500_000), nil, append(pages, snapshot[32_000*page:]...))
			path := filepath.Join(b.TempDir(), "image")
			var pack, unpack time.Duration
			for range b.N {
				began := processor()
				sum, err := bs.Encode(path, raw, nil)
				if err != nil {
					b.Fatal(err)
				}
				pack += processor() - began
				i, err := bs.Open(path, sum)
				if err != nil {
					b.Fatal(err)
				}
				out := b.TempDir()
				began = processor()
				if err := i.Expand(b.Context(), out); err != nil {
					b.Fatal(err)
				}
				unpack += processor() - began
				i.Close()
				os.RemoveAll(out)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(pack.Microseconds())/1000/float64(b.N), "pack-cpu-ms")
			b.ReportMetric(float64(unpack.Microseconds())/1000/float64(b.N), "expand-cpu-ms")
		})
	}
}
