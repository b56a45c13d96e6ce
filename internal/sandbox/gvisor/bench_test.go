package gvisor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/testbin"
)

// The benchmarks measure beside their peer, plain Python with the same
// environment, in turns: the ratio is of the medians.
//
//	go test -run '^$' -bench . -benchtime 7x ./internal/sandbox/gvisor

// firstQuestion is what a first question runs: imports, a CSV of 48 kB, a
// group, a chart.
const firstQuestion = `
import pandas as pd
import matplotlib.pyplot as plt
import seaborn as sns
df = pd.read_csv(PATH, parse_dates=["date"])
df["month"] = df["date"].dt.month
means = df.groupby(["weather", "month"])[["precipitation", "temp_max"]].mean().reset_index()
print(df.shape, means.shape)
sns.barplot(data=means, x="month", y="temp_max", hue="weather", errorbar=None)
plt.title("Temperature")
plt.savefig("chart.png")
`

func weather(b *testing.B) (path string, file sandboxtest.File) {
	path = filepath.Join(testbin.Root(), "runner", "tests", "testdata", "seattle-weather.csv")
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, sandboxtest.File{Name: "seattle-weather.csv", Kind: "csv", Ext: ".csv", Data: data}
}

// plain runs a script with the environment's Python, unsandboxed.
func plain(b *testing.B, code string) (time.Duration, string) {
	b.Helper()
	dir := b.TempDir()
	script := filepath.Join(dir, "script.py")
	if err := os.WriteFile(script, []byte(code), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(gvisortest.Python(b).Env, "bin", "python"), script)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "MPLBACKEND=agg", "HOME=" + dir, "MPLCONFIGDIR=" + filepath.Join(os.TempDir(), "attache-bench-mpl")}
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return took, string(out)
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkFresh is a fresh conversation against `python3 script.py`.
func BenchmarkFresh(b *testing.B) {
	for _, pool := range []int{1, 0} {
		b.Run(fmt.Sprintf("pool=%d", pool), func(b *testing.B) {
			path, file := weather(b)
			h := gvisortest.Open(b, gvisor.Options{Pool: pool})
			s := sandboxtest.NewSession(b, h)
			s.Cell.Files = sandboxtest.Files{"1_1700000000_0123abcd": file}
			inside := strings.Replace(firstQuestion, "PATH", "get_file_path('1_1700000000_0123abcd')", 1)
			outside := strings.Replace(firstQuestion, "PATH", fmt.Sprintf("%q", path), 1)
			plain(b, outside) // matplotlib's font cache
			var ours, theirs []time.Duration
			for range b.N {
				if pool > 0 {
					time.Sleep(600 * time.Millisecond) // as between two questions: the pool is full again
				}
				began := time.Now()
				res := s.Run(inside)
				ours = append(ours, time.Since(began))
				if len(s.Saved["chart.png"]) < 5000 || !strings.HasPrefix(res.Output, "(1461, 7) (54, 4)") {
					b.Fatalf("%+v", res)
				}
				if err := h.Reset(context.Background(), s.Key); err != nil {
					b.Fatal(err)
				}
				took, out := plain(b, outside)
				theirs = append(theirs, took)
				if out != res.Output {
					b.Fatalf("%q, want %q", res.Output, out)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(median(ours)), "ms")
			b.ReportMetric(ms(median(theirs)), "plain-ms")
			b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
		})
	}
}

// BenchmarkCall is 1+1 in a live session.
func BenchmarkCall(b *testing.B) {
	s := sandboxtest.NewSession(b, gvisortest.Open(b, gvisor.Options{}))
	s.Run("1")
	var took []time.Duration
	for range max(b.N, 50) {
		began := time.Now()
		s.Expect("print(1+1)", "2")
		took = append(took, time.Since(began))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(median(took)), "median-ms")
}

// BenchmarkStored stores and restores sessions, as differences to the snapshot and
// as gVisor writes them, in turns. A restore is a first call in a session.
func BenchmarkStored(b *testing.B) {
	for _, session := range []struct{ name, code string }{
		{"small", "x = 1"},
		{"rows", "import numpy as np, pandas as pd\nx = 1\ndf = pd.DataFrame({'a': np.arange(100_000), 'b': [str(i) for i in range(100_000)]})\ngrid = np.arange(3_000_000.)"},
		{"floats", "import numpy as np\nx = 1\nnoise = np.random.rand(13_125_000)"},
	} {
		b.Run(session.name, func(b *testing.B) {
			modes := map[string]gvisor.Options{"raw": gvisor.Raw(gvisor.Options{}), "packed": {}}
			store, restore, bytes := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]int64{}
			ctx, key := context.Background(), sandbox.Key{User: 1, Conversation: "c"}
			for range b.N {
				for mode, options := range modes {
					dir := gvisortest.Dir(b)
					h := gvisortest.OpenIn(b, dir, options)
					if res, err := h.Run(ctx, key, sandbox.Cell{Code: session.code}); err != nil || res.Outcome != sandbox.OK {
						b.Fatal(err, res)
					}
					began := time.Now()
					if err := h.Close(ctx); err != nil {
						b.Fatal(err)
					}
					store[mode] = append(store[mode], time.Since(began))
					bytes[mode] = 0
					images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*"))
					for _, image := range images {
						filepath.Walk(image, func(_ string, info os.FileInfo, _ error) error {
							if info.Mode().IsRegular() {
								bytes[mode] += info.Size()
							}
							return nil
						})
					}
					h = gvisortest.OpenIn(b, dir, options)
					time.Sleep(100 * time.Millisecond)
					began = time.Now()
					res, err := h.Run(ctx, key, sandbox.Cell{Code: "print(x)"})
					if err != nil || res.Output != "1\n" || len(res.Notes) > 0 {
						b.Fatal(err, res)
					}
					restore[mode] = append(restore[mode], time.Since(began))
					h.Reset(ctx, key)
					h.Close(ctx)
				}
			}
			b.ReportMetric(0, "ns/op")
			for mode := range modes {
				b.ReportMetric(ms(median(store[mode])), mode+"-store-ms")
				b.ReportMetric(ms(median(restore[mode])), mode+"-restore-ms")
				b.ReportMetric(float64(bytes[mode])/1e6, mode+"-MB")
			}
		})
	}
}

// BenchmarkAnswers keeps a session after each of its answers, as a chat about one
// table has them: the time of each, in which the session waits, and the bytes that it takes.
// A fork is the first call in it.
func BenchmarkAnswers(b *testing.B) {
	cells := []string{
		"import numpy as np, pandas as pd\nrng = np.random.default_rng(1)\ndf = pd.DataFrame({'day': pd.date_range('2024-01-01', periods=50_000, freq='min'), 'shop': rng.choice(list('abcdef'), 50_000), 'sum': rng.normal(50, 9, 50_000)})\ndf.describe()",
		"by = df.groupby(['shop', df.day.dt.day])['sum'].agg(['mean', 'std', 'count']).reset_index()\nby.head()",
		"import matplotlib.pyplot as plt\nby.pivot(index='day', columns='shop', values='mean').plot()\nplt.title('mean')",
		"top = df.nlargest(20, 'sum')\ntop",
		"model = np.polyfit(np.arange(len(df)), df['sum'].cumsum(), 3)\nmodel",
		"summary = {s: d['sum'].sum() for s, d in df.groupby('shop')}\nsummary",
	}
	h := gvisortest.Open(b, gvisor.Options{Rewind: 1 << 30, Pool: 1})
	s := sandboxtest.NewSession(b, h)
	var keep, fork, plain []time.Duration
	for i := range b.N {
		s.Run(cells[i%len(cells)])
		began := time.Now()
		if err := h.Keep(b.Context(), s.Key, fmt.Sprint(i)); err != nil {
			b.Fatal(err)
		}
		keep = append(keep, time.Since(began))
		to := sandbox.Key{User: s.Key.User, Conversation: fmt.Sprint("fork ", i)}
		began = time.Now()
		if err := h.Fork(b.Context(), s.Key, fmt.Sprint(i), to); err != nil {
			b.Fatal(err)
		}
		res, err := h.Run(b.Context(), to, sandbox.Cell{Code: "print(len(df))"})
		if err != nil || res.Output != "50000\n" || len(res.Notes) > 0 {
			b.Fatal(err, res)
		}
		fork = append(fork, time.Since(began))
		h.Reset(b.Context(), to)
		began = time.Now()
		s.Expect("print(1)", "1")
		plain = append(plain, time.Since(began))
	}
	answers, err := h.Answers(b.Context(), s.Key)
	if err != nil || len(answers) != b.N {
		b.Fatal(len(answers), err)
	}
	var bytes int64
	for _, a := range answers {
		bytes += a.Bytes
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(median(keep)), "keep-ms")
	b.ReportMetric(ms(median(fork)), "fork-ms")
	b.ReportMetric(ms(median(plain)), "next-cell-ms")
	b.ReportMetric(float64(bytes)/1e6/float64(b.N), "MB/answer")
}

// compute are pieces of work; each defines f.
var compute = map[string]string{
	"pure":    "def f():\n    s, d = 0, {}\n    for i in range(1_000_000):\n        s += i % 7; d[i % 1000] = s\n",
	"numpy":   "def f():\n    a = np.random.default_rng(0).normal(size=(600, 600))\n    for _ in range(3): a @ a\n    np.linalg.svd(a[:200, :200]); np.sort(np.random.default_rng(0).normal(size=1_500_000))\n",
	"readcsv": "def f(): pd.read_csv(CSV)\n",
	"groupby": "big = pd.read_csv(CSV)\ndef f(): big.groupby(['c', 'a']).agg({'b': ['mean', 'std'], 'd': 'sum'})\n",
	"seaborn": "small = pd.DataFrame({'x': np.tile(np.arange(50), 20), 'y': np.random.default_rng(1).normal(size=1000), 'h': np.repeat(['u', 'v'], 500)})\n" +
		"def f():\n    fig, ax = plt.subplots(); sns.lineplot(data=small, x='x', y='y', hue='h', ax=ax); fig.savefig('/tmp/attache-bench.png'); plt.close(fig)\n",
}

const timing = `
import time, json
f()
ts = []
for _ in range(5):
    t = time.perf_counter(); f(); ts.append(time.perf_counter() - t)
print(json.dumps(sorted(ts)[2]))
`

const bigCSV = `
import os, numpy as np, pandas as pd, seaborn as sns, matplotlib.pyplot as plt
CSV = '/tmp/attache-bench.csv'
if not os.path.exists(CSV):
    n = 1_100_000
    r = np.random.default_rng(0)
    pd.DataFrame({'a': r.integers(0, 1000, n), 'b': r.normal(size=n), 'c': r.choice(['x', 'yy', 'zzz'], n), 'd': r.normal(size=n)}).to_csv(CSV, index=False)
`

// BenchmarkCompute is work inside against outside. The CSV has 50 MB.
func BenchmarkCompute(b *testing.B) {
	h := gvisortest.Open(b, gvisor.Options{})
	for name, code := range compute {
		b.Run(name, func(b *testing.B) {
			var ours, theirs []time.Duration
			take := func(out string) time.Duration {
				var seconds float64
				if err := json.Unmarshal([]byte(out), &seconds); err != nil {
					b.Fatalf("%q: %v", out, err)
				}
				return time.Duration(seconds * float64(time.Second))
			}
			s := sandboxtest.NewSession(b, h)
			for range b.N {
				s.Run(bigCSV)
				ours = append(ours, take(s.Output(code+timing)))
				_, out := plain(b, bigCSV+code+timing)
				theirs = append(theirs, take(out))
			}
			h.Reset(context.Background(), s.Key)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(median(ours)), "ms")
			b.ReportMetric(ms(median(theirs)), "plain-ms")
			b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
		})
	}
}

// BenchmarkShares asks what three sessions get of the processors beside one with 32
// busy processes, of what they get without it: where the kernel shares by session,
// and in a group of processors, where it does not. All alike, it would be 0.75; by
// process 0.09.
//
//	go test -run '^$' -bench Shares -benchtime 3x ./internal/sandbox/gvisor
func BenchmarkShares(b *testing.B) {
	for _, where := range []string{"here", "in a group"} {
		b.Run(where, func(b *testing.B) {
			if where != "here" {
				group := filepath.Join("/sys/fs/cgroup/cpu", fmt.Sprint("attache-bench-", os.Getpid()))
				procs := filepath.Join(filepath.Dir(group), "cgroup.procs")
				if err := os.Mkdir(group, 0o755); err != nil {
					b.Skip("no group of processors can be made: ", err)
				}
				me := []byte(fmt.Sprint(os.Getpid()))
				if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), me, 0o644); err != nil {
					b.Skip(err)
				}
				b.Cleanup(func() { os.WriteFile(procs, me, 0o644); os.Remove(group) })
			}
			h := gvisortest.Open(b, gvisor.Options{})
			run := func(user uint64, code string) float64 {
				res, err := h.Run(b.Context(), sandbox.Key{User: user, Conversation: "shares"}, sandbox.Cell{Code: code})
				if err != nil {
					b.Error(err)
				}
				n, _ := strconv.ParseFloat(strings.TrimSpace(res.Output), 64)
				return n
			}
			three := func() (sum float64) {
				var mu sync.Mutex
				var all sync.WaitGroup
				for user := range uint64(3) {
					all.Go(func() {
						n := run(user+1, "import time\nend = time.monotonic() + 3\nn = 0\nwhile time.monotonic() < end:\n    for _ in range(1000): n += 1\nprint(n)")
						mu.Lock()
						sum += n
						mu.Unlock()
					})
				}
				all.Wait()
				return sum
			}
			// Small processes: 32 of Python's would be over the limit of memory.
			const greedy = "import subprocess, time\nkids = [subprocess.Popen(['/bin/sh', '-c', 'while :; do :; done']) for _ in range(32)]\n" +
				"time.sleep(25)\nprint(sum(k.poll() is None for k in kids))\nfor k in kids: k.kill()"
			three()
			var shares []float64
			for b.Loop() {
				alone := three()
				var wg sync.WaitGroup
				wg.Go(func() {
					if n := run(9, greedy); n != 32 {
						b.Errorf("%v busy processes", n)
					}
				})
				three() // priorities are found
				three()
				shares = append(shares, three()/alone)
				wg.Wait()
			}
			slices.Sort(shares)
			b.ReportMetric(shares[len(shares)/2], "share")
		})
	}
}
