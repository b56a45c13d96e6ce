package tokens

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// The encodings of models before gpt-3.5-turbo: of davinci and of text-davinci-003.
// Their first use takes some 100 ms.
var (
	R50KBase = newLegacy("r50k_base", &specials{ids: map[string]uint32{"<|endoftext|>": 50256}})
	P50KBase = newLegacy("p50k_base", &specials{ids: map[string]uint32{"<|endoftext|>": 50256}})
)

func newLegacy(name string, s *specials) *Encoding {
	e := newEncoding(name, patternGPT2, nil, s)
	e.ids = &idMap{}
	e.vocab = sync.OnceValue(func() *vocab {
		v, ids, err := loadLegacy(name)
		if err != nil {
			panic(fmt.Sprintf("tokens: the vocabulary of %s: %v", name, err))
		}
		*e.ids = *ids
		return v
	})
	return e
}

// loadLegacy reads tiktoken's format, in which ranks may have gaps, and finds the
// pairs that tokens are made of.
func loadLegacy(name string) (*vocab, *idMap, error) {
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
		if len(token) == 1 {
			b.addByte(string(token), uint32(rank))
			continue
		}
		made := false
		for k := len(token) - 1; k > 0 && !made; k-- {
			made = b.addPair(string(token), uint32(rank), k)
		}
		if !made {
			return nil, nil, fmt.Errorf("no merges make %q", token)
		}
	}
	return b.finish()
}
