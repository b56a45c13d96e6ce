package tokens

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

var update = flag.Bool("update", false, "write generated files")

// tiktokenMerges reads one of tiktoken's files, which has a line a token, base64
// and rank, and finds the pair that each token is made of: the one of lesser tokens
// that byte pair encoding leaves side by side. It returns the vocabulary in the form
// of newVocab, and its ranks.
func tiktokenMerges(name string) (file []byte, ranks []uint32, err error) {
	data, err := assets.Assets.ReadFile(name + ".tiktoken")
	if err != nil {
		return nil, nil, err
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	b := newBuilder(len(lines))
	for _, line := range lines {
		word, number, _ := bytes.Cut(line, []byte(" "))
		token, err1 := base64.StdEncoding.AppendDecode(nil, word)
		rank, err2 := strconv.ParseUint(string(number), 10, 32)
		if err1 != nil || err2 != nil {
			return nil, nil, fmt.Errorf("line %q", line)
		}
		made := len(token) == 1
		if made {
			b.addByte(string(token), uint32(rank))
			file = append(file, token...)
		}
		for k := len(token) - 1; k > 0 && !made; k-- {
			made = b.addPair(string(token), uint32(rank), k)
		}
		if !made {
			return nil, nil, fmt.Errorf("no merges make %q", token)
		}
	}
	v, ids, err := b.finish()
	if err != nil {
		return nil, nil, err
	}
	for id := uint32(256); id < uint32(len(v.split)); id++ {
		m := v.split[id]>>32 | v.split[id]<<32>>(32-idBits) | uint64(placeOf(v, id))<<(2*idBits)
		file = binary.LittleEndian.AppendUint64(file, m)[:len(file)+mergeSize]
	}
	return file, ids.file, nil
}

// placeOf finds where a token is in the tables.
func placeOf(v *vocab, id uint32) (p place) {
	if v.length(id) <= maxShort {
		k := keyAt(v.bytes, int(v.offset[id]), v.length(id))
		for at := k.hash() >> v.shortShift * 2; p < farPlace && v.short[at/2&uint64(len(v.short)-1)][at%2] != k.slot(id); at++ {
			p++
		}
	}
	k := pairKey(uint32(v.split[id]>>32), uint32(v.split[id]))
	if v.pairs[k*mixA>>40&uint64(len(v.pairs)-1)] != k<<idBits|uint64(id) {
		p += secondPlace
	}
	return p
}

// The vocabularies that are built in are tiktoken's.
func TestMerges(t *testing.T) {
	for name, embedded := range map[string]string{"cl100k": cl100kMerges, "o200k": o200kMerges, "p50k": p50kMerges} {
		want, _, err := tiktokenMerges(name + "_base")
		if err != nil {
			t.Fatal(err)
		}
		file := "data/" + name + ".merges"
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if embedded != string(want) {
			t.Errorf("%s is out of date: go test -run TestMerges -update", file)
		}
	}
}

// Every token of tiktoken's files has its number here.
func TestVocabulariesAreTiktokens(t *testing.T) {
	for _, e := range []*Encoding{CL100KBase, O200KBase, P50KBase, R50KBase} {
		data, err := assets.Assets.ReadFile(e.Name() + ".tiktoken")
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		v := e.vocab()
		if n := len(v.split); n != len(lines) {
			t.Errorf("%s: %d tokens, not %d", e.Name(), n, len(lines))
		}
		for _, line := range lines {
			word, number, _ := bytes.Cut(line, []byte(" "))
			token, err1 := base64.StdEncoding.AppendDecode(nil, word)
			rank, err2 := strconv.ParseUint(string(number), 10, 32)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if text, err := e.Decode([]uint32{uint32(rank)}); err != nil || text != string(token) {
				t.Fatalf("%s: token %d is %q, %v, not %q", e.Name(), rank, text, err, token)
			}
			own, _ := e.own(uint32(rank))
			if id, ok := v.id(token, 0, len(token)); !ok || id != own {
				t.Fatalf("%s: %q is %d, not %d", e.Name(), token, id, own)
			}
			if parts := v.split[own]; len(token) > 1 && v.merge(uint32(parts>>32), uint32(parts)) != own {
				t.Fatalf("%s: nothing merges into %d", e.Name(), own)
			}
		}
	}
}
