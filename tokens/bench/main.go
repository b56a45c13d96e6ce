// Command bench measures how fast tokens are counted, by this project and by
// others, in one run on the same texts and on one thread.
//
//	go run . [-rounds 5] [-only English,CSV] [-encoding o200k_base] [-peers attache,gigatoken]
//
// The texts come from Go's sources, the Go module proxy and npm's registry;
// the peers from there, PyPI and crates.io. All of it is kept in .cache of the
// repository. A peer that can't be built is left out, and that is said. The
// peers take turns, and of their rounds the fastest counts, since whatever else
// the machine does can only slow it down.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

var encodings = []string{"o200k_base", "cl100k_base"}

// slow ends the rounds of a peer with a text.
const slow = time.Second

// failed is the time of a peer that can't count a text.
const failed = time.Hour

func main() {
	log.SetFlags(0)
	rounds := flag.Int("rounds", 5, "how often everything is measured")
	only := flag.String("only", "", "names of texts, separated by commas; all without")
	encoding := flag.String("encoding", "", "one encoding instead of both")
	who := flag.String("peers", "", "names of peers, separated by commas; all without")
	flag.Parse()
	if *encoding != "" {
		encodings = []string{*encoding}
	}
	cache := filepath.Join(root(), ".cache", "tokens-bench")
	texts, err := makeCorpora(filepath.Join(cache, "texts"))
	if err != nil {
		log.Fatal(err)
	}
	if *only != "" {
		names := strings.Split(*only, ",")
		texts = slices.DeleteFunc(texts, func(c corpus) bool { return !slices.Contains(names, c.name) })
	}
	peers := ours()
	for _, more := range []func() ([]peer, error){
		func() ([]peer, error) { return rustPeers(cache) },
		func() ([]peer, error) { return pythonPeers(cache) },
		goPeers,
	} {
		ps, err := more()
		if err != nil {
			log.Print("left out: ", err)
		}
		peers = append(peers, ps...)
	}
	if *who != "" {
		names := strings.Split(*who, ",")
		peers = slices.DeleteFunc(peers, func(p peer) bool { return !slices.Contains(names, p.name) })
	}
	runtime.GOMAXPROCS(1)
	for _, enc := range encodings {
		fmt.Printf("%s, MB/s\n\n", enc)
		report(enc, texts, peers, *rounds)
	}
}

// columns of ratios: of the first peer to the second.
var ratios = [][2]string{
	{"attache uncached", "tiktoken"},
	{"attache uncached", "bpe-openai"},
	{"attache", "gigatoken"},
	{"attache", "tokie"},
	{"attache", "wordchipper"},
	{"attache uncached", "tiktoken-go"},
	{"attache uncached", "pkoukk"},
}

func report(enc string, texts []corpus, peers []peer, rounds int) {
	head, line := "| text |", "|---|"
	for _, p := range peers {
		head += " " + p.name + " |"
		line += "---:|"
	}
	var shown [][2]string
	for _, r := range ratios {
		if has(peers, r[0]) && has(peers, r[1]) {
			shown = append(shown, r)
			head += " " + strings.TrimPrefix(r[0], "attache ") + " : " + r[1] + " |"
			line += "---:|"
		}
	}
	fmt.Println(head)
	fmt.Println(line)
	best := measure(enc, texts, peers, rounds)
	for i, c := range texts {
		row := "| " + c.name + " |"
		for _, p := range peers {
			row += " " + speed(len(c.text), best[i][p.name]) + " |"
		}
		for _, r := range shown {
			if best[i][r[1]] == failed {
				row += " – |"
				continue
			}
			row += fmt.Sprintf(" %.2f |", best[i][r[1]].Seconds()/best[i][r[0]].Seconds())
		}
		fmt.Println(row)
	}
	fmt.Println()
	os.Stdout.Sync()
}

// measure returns the least time of every peer for every text. In a round a
// peer counts one text after the other, each once, or twice if it is to have
// seen the text before.
func measure(enc string, texts []corpus, peers []peer, rounds int) []map[string]time.Duration {
	best := make([]map[string]time.Duration, len(texts))
	want := make([]int, len(texts))
	for i, c := range texts {
		best[i] = map[string]time.Duration{}
		want[i], _, _ = peers[0].count(enc, c)
	}
	for range rounds {
		for _, p := range peers {
			for i, c := range texts {
				old, again := best[i][p.name]
				if again && old > slow {
					continue
				}
				var d time.Duration
				for range p.calls {
					n, took, err := p.count(enc, c)
					if err != nil {
						log.Fatalf("%s, %s: %v", p.name, c.name, err)
					}
					if n < 0 {
						log.Printf("%s, %s: %s fails", enc, c.name, p.name)
						took = failed
					} else if n != want[i] && !again {
						log.Printf("%s, %s: %s counts %d, not %d", enc, c.name, p.name, n, want[i])
					}
					d = took
				}
				if !again || d < old {
					best[i][p.name] = d
				}
			}
		}
	}
	return best
}

func has(peers []peer, name string) bool {
	return slices.ContainsFunc(peers, func(p peer) bool { return p.name == name })
}

func speed(size int, d time.Duration) string {
	mb := float64(size) / 1e6 / d.Seconds()
	switch {
	case d == failed:
		return "–"
	case mb >= 100:
		return fmt.Sprintf("%.0f", mb)
	case mb >= 1:
		return fmt.Sprintf("%.1f", mb)
	}
	return fmt.Sprintf("%.3f", mb)
}
