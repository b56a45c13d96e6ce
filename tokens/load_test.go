package tokens

import (
	"flag"
	"fmt"
	"math/bits"
	"os"
	"testing"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

var update = flag.Bool("update", false, "write generated files")

// canonicalSplits finds for every token the pair that merges into it: the one
// of two lesser tokens that may stand side by side. It adds them to v's
// tables on the way, for later tokens need them.
func canonicalSplits(v *vocab) ([]byte, error) {
	n := len(v.offset) - 1
	v.pairs = make([]uint64, 1<<bits.Len(uint(2*n)))
	v.split = make([]uint64, n)
	out := make([]byte, n)
	for id := range uint32(n) {
		start, length := int(v.offset[id]), v.length(id)
		v.split[id] = uint64(id)<<32 | uint64(id)
		out[id] = '0'
		for k := length - 1; k > 0; k-- {
			left, ok1 := v.id(v.bytes, start, k)
			right, ok2 := v.id(v.bytes, start+k, length-k)
			if ok1 && ok2 && left < id && right < id && v.compatible(left, right) {
				v.split[id] = uint64(left)<<32 | uint64(right)
				v.addPair(left, right, id)
				out[id] = '0' + byte(k)
				break
			}
		}
		if length > 1 && out[id] == '0' {
			return nil, fmt.Errorf("no merges make token %d, %q", id, v.token(id))
		}
	}
	return out, nil
}

func TestSplits(t *testing.T) {
	for _, name := range []string{"cl100k", "o200k"} {
		data, err := assets.Assets.ReadFile(name + "_base.tiktoken")
		if err != nil {
			t.Fatal(err)
		}
		v := &vocab{}
		if err := v.parse(data); err != nil {
			t.Fatal(err)
		}
		v.index()
		want, err := canonicalSplits(v)
		if err != nil {
			t.Fatal(err)
		}
		file := "data/" + name + ".splits"
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is out of date: go test -run TestSplits -update", file)
		}
	}
}
