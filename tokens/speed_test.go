package tokens

import (
	"fmt"
	"github.com/pkoukk/tiktoken-go-loader/assets"
	"golang.org/x/sys/unix"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func cpu() float64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return float64(ts.Sec) + float64(ts.Nsec)/1e9
}
func qv(n string) *vocab {
	s, _ := os.ReadFile("data/" + n + ".splits")
	d, _ := assets.Assets.ReadFile(n + "_base.tiktoken")
	v, err := newVocab(d, string(s))
	if err != nil {
		panic(err)
	}
	return v
}

func TestSpeed(t *testing.T) {
	pat := os.Getenv("SPEED")
	if pat == "" {
		t.Skip()
	}
	mode := os.Getenv("MODE")
	dur := 0.3
	fmt.Sscan(os.Getenv("DUR"), &dur)
	runtime.LockOSThread()
	fs, _ := filepath.Glob("/tmp/w/corpora/*.txt")
	vs := []*vocab{qv("cl100k"), qv("o200k")}
	for _, f := range fs {
		ok := false
		for _, p := range strings.Split(pat, ",") {
			if strings.HasPrefix(filepath.Base(f), p) {
				ok = true
			}
		}
		if !ok {
			continue
		}
		d, _ := os.ReadFile(f)
		d = d[:len(d):len(d)]
		line := fmt.Sprintf("%-18s", filepath.Base(f))
		for i, v := range vs {
			best, n, tot := 1e9, 0, 0.0
			s := &scratch{forget: !strings.Contains(mode, "warm")}
			var out []uint32
			for tot < dur || n < 3 {
				if strings.Contains(mode, "first") {
					s = &scratch{}
				}
				x := 0
				a := cpu()
				switch {
				case strings.Contains(mode, "split"):
					sp := splitter{text: d, pattern: pattern(i)}
					for {
						n := sp.next(&s.ends)
						if n == 0 {
							break
						}
						x += n
					}
				case strings.Contains(mode, "encode"):
					out = v.encode(s, pattern(i), d, out[:0])
					x = len(out)
				default:
					x = v.count(s, pattern(i), d, 1<<62)
				}
				b := cpu() - a
				tot += b
				n++
				best = min(best, b)
				if n == 1 {
					line += fmt.Sprintf(" %7d", x)
				}
			}
			line += fmt.Sprintf(" %6.1f MB/s", float64(len(d))/best/1e6)
		}
		fmt.Println(line)
	}
}
