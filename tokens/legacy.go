package tokens

import "sync"

// The encodings of models before gpt-3.5-turbo: of davinci and of
// text-davinci-003, whose vocabulary begins with the other's.
var (
	R50KBase = newEncoding("r50k_base", patternGPT2, r50kVocab, legacySpecials)
	P50KBase = newLegacy()

	legacySpecials = &specials{ids: map[string]uint32{"<|endoftext|>": r50kTokens}}
)

const r50kTokens = 50256

var r50kVocab = sync.OnceValue(func() *vocab { return mustLoad("r50k_base", p50kMerges[:256+(r50kTokens-256)*mergeSize]) })

// newLegacy leaves out the number that <|endoftext|> has.
func newLegacy() *Encoding {
	e := newEncoding("p50k_base", patternGPT2, nil, legacySpecials)
	e.ids = &idMap{}
	e.vocab = sync.OnceValue(func() *vocab {
		v := mustLoad(e.name, p50kMerges)
		ids := idMap{own: make(map[uint32]uint32, len(v.split))}
		for own := range uint32(len(v.split)) {
			id := own
			if id >= r50kTokens {
				id++
			}
			ids.file = append(ids.file, id)
			ids.own[id] = own
		}
		*e.ids = ids
		return v
	})
	return e
}
