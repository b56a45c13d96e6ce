package tokens

import (
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"
)

// Encoding turns text into tokens as the models of its time do. Its
// vocabulary is loaded on first use. All methods may be called at the same
// time from several goroutines.
//
// Text is a string of bytes. A byte that is not part of valid UTF-8 divides
// the text as U+FFFD would, and is encoded as itself, so that decoding gives
// it back; tiktoken, which takes only valid text, has no rule for it.
type Encoding struct {
	name    string
	pattern pattern
	special *specials
	vocab   func() *vocab
	scratch *scratches

	// Of a tokenizer.json: how it divides text if pattern is patternCustom, how
	// it numbers tokens, and whether text is brought to NFC.
	custom   *customSplit
	ids      *idMap
	composed bool
}

// The encodings. O200KHarmony is O200KBase with the special tokens of gpt-oss.
var (
	CL100KBase   = newEncoding("cl100k_base", patternCL100K, cl100kVocab, cl100kSpecials)
	O200KBase    = newEncoding("o200k_base", patternO200K, o200kVocab, o200kSpecials)
	O200KHarmony = newEncoding("o200k_harmony", patternO200K, o200kVocab, harmonySpecials)
)

// EncodingByName returns the encoding that tiktoken calls so; false if this
// package has none of that name.
func EncodingByName(name string) (*Encoding, bool) {
	for _, e := range []*Encoding{CL100KBase, O200KBase, O200KHarmony, P50KBase, R50KBase} {
		if e.name == name {
			return e, true
		}
	}
	return nil, false
}

func newEncoding(name string, p pattern, v func() *vocab, s *specials) *Encoding {
	return &Encoding{name: name, pattern: p, special: s, vocab: v, scratch: &scratches{}}
}

//go:generate go test -count=1 -run ^TestMerges$ -update .

// The vocabularies; see data/README.md.
var (
	//go:embed data/cl100k.merges
	cl100kMerges string
	//go:embed data/o200k.merges
	o200kMerges string
	//go:embed data/p50k.merges
	p50kMerges string
)

var (
	cl100kVocab = sync.OnceValue(func() *vocab { return mustLoad("cl100k_base", cl100kMerges) })
	o200kVocab  = sync.OnceValue(func() *vocab { return mustLoad("o200k_base", o200kMerges) })
)

// mustLoad panics if what was built into the program is broken.
func mustLoad(name, merges string) *vocab {
	v, err := newVocab(merges)
	if err != nil {
		panic(fmt.Sprintf("tokens: the vocabulary of %s: %v", name, err))
	}
	return v
}

// Name returns the encoding's name, as tiktoken has it.
func (e *Encoding) Name() string { return e.name }

// Count returns the number of tokens of a text. What looks like a special
// token is text like any other.
func (e *Encoding) Count(text string) int {
	text = e.compose(text)
	n, _ := e.count(stringBytes(text), math.MaxInt, len(text))
	return n
}

// CountUpTo returns the number of tokens of a text and true, if they are not
// more than limit; else limit and false, having read no more of the text than
// it takes to know.
func (e *Encoding) CountUpTo(text string, limit int) (n int, ok bool) {
	if limit <= 0 {
		return 0, limit == 0 && text == ""
	}
	text = e.compose(text)
	if (len(text)-1)/e.vocab().longest >= limit {
		return limit, false
	}
	n, _ = e.count(stringBytes(text), limit, len(text))
	return min(n, limit), n <= limit
}

func (e *Encoding) count(text []byte, limit, until int) (n, end int) {
	s := e.get()
	n, end = e.vocab().count(s, e.pattern, text, limit, until)
	e.put(s)
	return n, end
}

// Encode returns the tokens of a text. What looks like a special token is text
// like any other.
func (e *Encoding) Encode(text string) []uint32 {
	return e.encode(make([]uint32, 0, len(text)/3+1), text)
}

func (e *Encoding) encode(dst []uint32, text string) []uint32 {
	s := e.get()
	from := len(dst)
	dst = e.vocab().encode(s, e.pattern, stringBytes(e.compose(text)), dst)
	e.put(s)
	if e.ids != nil {
		for i := range dst[from:] {
			dst[from+i] = e.ids.file[dst[from+i]]
		}
	}
	return dst
}

// EncodeSpecial is Encode for text in which special tokens, such as
// <|endoftext|>, are what they look like. Never give it text from elsewhere.
func (e *Encoding) EncodeSpecial(text string) []uint32 {
	dst := make([]uint32, 0, len(text)/3+1)
	for {
		at, length, id := e.special.find(text)
		if at < 0 {
			return e.encode(dst, text)
		}
		dst = append(e.encode(dst, text[:at]), id)
		text = text[at+length:]
	}
}

// Decode returns the text of tokens, special ones included. It is valid UTF-8
// only if the tokens are those of valid text and no character's were parted.
func (e *Encoding) Decode(tokens []uint32) (string, error) {
	v := e.vocab()
	var b strings.Builder
	for _, id := range tokens {
		if own, ok := e.own(id); ok {
			b.Write(v.token(own))
		} else if name, ok := e.special.name(id); ok {
			b.WriteString(name)
		} else {
			return "", fmt.Errorf("tokens: %s has no token %d", e.name, id)
		}
	}
	return b.String(), nil
}

// own returns the vocabulary's id of a token that is no special one.
func (e *Encoding) own(id uint32) (uint32, bool) {
	if e.ids != nil {
		own, ok := e.ids.own[id]
		return own, ok
	}
	return id, int(id) < len(e.vocab().offset)-1
}

// Truncate returns the beginning of a text that ends with the last possible of
// its tokens, not within a character, and has at most limit tokens.
func (e *Encoding) Truncate(text string, limit int) string {
	if _, ok := e.CountUpTo(text, limit); ok {
		return text
	}
	if limit <= 0 {
		return ""
	}
	v := e.vocab()
	text = e.compose(text)
	tokens := e.Encode(text[:min(len(text), (limit+1)*v.longest)])[:limit]
	end := 0
	for _, id := range tokens {
		own, _ := e.own(id)
		end += v.length(own)
	}
	// Without what follows, the end may be divided in another way.
	for k := limit - 1; k >= 0; k-- {
		if end == len(text) || utf8.RuneStart(text[end]) {
			if _, ok := e.CountUpTo(text[:end], limit); ok {
				break
			}
		}
		own, _ := e.own(tokens[k])
		end -= v.length(own)
	}
	return text[:end]
}

// WithoutMemo returns an encoding that remembers nothing from one call to the
// next. The others remember the tokens of some thousand words of up to 62
// bytes, which makes them up to three times as fast, and of longer pieces of text
// how many tokens they have, which makes counting them up to 100 times as fast.
// That takes 5 MB, or 8 where text is encoded too, and as much again, for a
// while, for every further call that is under way at the same time.
func (e *Encoding) WithoutMemo() *Encoding {
	c := *e
	c.scratch = &scratches{forget: true, custom: e.custom}
	return &c
}

// scratches are those that are not in use. One is kept; what more calls at the
// same time need, the garbage collector may take.
type scratches struct {
	one    atomic.Pointer[scratch]
	more   sync.Pool
	forget bool
	custom *customSplit
}

func (e *Encoding) get() *scratch {
	if s := e.scratch.one.Swap(nil); s != nil {
		return s
	}
	if s, ok := e.scratch.more.Get().(*scratch); ok {
		return s
	}
	return &scratch{forget: e.scratch.forget, custom: e.scratch.custom}
}

// put gives a scratch back.
func (e *Encoding) put(s *scratch) {
	s.trim()
	if !e.scratch.one.CompareAndSwap(nil, s) {
		e.scratch.more.Put(s)
	}
}

// stringBytes returns the bytes of a string, which nobody may change.
func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// specials are the special tokens of an encoding.
type specials struct {
	ids map[string]uint32
	// All <|reserved_N|> from first to last have the id N.
	first, last uint32

	byFirst map[byte][]string // of a tokenizer.json: names by their first byte, longest first
}

// index makes names findable that have any form.
func (s *specials) index() {
	s.byFirst = map[byte][]string{}
	for name := range s.ids {
		if name != "" {
			s.byFirst[name[0]] = append(s.byFirst[name[0]], name)
		}
	}
	for _, names := range s.byFirst {
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	}
}

var (
	cl100kSpecials = &specials{ids: map[string]uint32{
		"<|endoftext|>":   100257,
		"<|fim_prefix|>":  100258,
		"<|fim_middle|>":  100259,
		"<|fim_suffix|>":  100260,
		"<|endofprompt|>": 100276,
	}}
	o200kSpecials = &specials{ids: map[string]uint32{
		"<|endoftext|>":   199999,
		"<|endofprompt|>": 200018,
	}}
	harmonySpecials = &specials{ids: map[string]uint32{
		"<|startoftext|>": 199998,
		"<|endoftext|>":   199999,
		"<|return|>":      200002,
		"<|constrain|>":   200003,
		"<|channel|>":     200005,
		"<|start|>":       200006,
		"<|end|>":         200007,
		"<|message|>":     200008,
		"<|call|>":        200012,
		"<|endofprompt|>": 200018,
	}, first: 200000, last: 201087}
)

// find returns where the first special token of a text is, its length and id;
// at is -1 if there is none.
func (s *specials) find(text string) (at, length int, id uint32) {
	if s.byFirst != nil {
		for at := range len(text) {
			for _, name := range s.byFirst[text[at]] {
				if strings.HasPrefix(text[at:], name) {
					return at, len(name), s.ids[name]
				}
			}
		}
		return -1, 0, 0
	}
	for at = 0; ; at++ {
		i := strings.Index(text[at:], "<|")
		if i < 0 {
			return -1, 0, 0
		}
		at += i
		if n := strings.Index(text[at+2:min(at+40, len(text))], "|>"); n >= 0 {
			if id, ok := s.id(text[at : at+n+4]); ok {
				return at, n + 4, id
			}
		}
	}
}

func (s *specials) id(name string) (uint32, bool) {
	if id, ok := s.ids[name]; ok {
		return id, true
	}
	digits, ok := strings.CutPrefix(name, "<|reserved_")
	n, err := strconv.ParseUint(strings.TrimSuffix(digits, "|>"), 10, 32)
	if id := uint32(n); ok && err == nil && s.reserved(id) && len(digits) == len("200000|>") {
		return id, true
	}
	return 0, false
}

// reserved reports whether <|reserved_N|> is a token. From 200013 on they all
// are, even one that has another name besides.
func (s *specials) reserved(id uint32) bool {
	if id < s.first || id > s.last || s.last == 0 {
		return false
	}
	return id >= 200013 || s.given(id) == ""
}

// given returns the name of its own that a special token has.
func (s *specials) given(id uint32) string {
	for name, other := range s.ids {
		if other == id {
			return name
		}
	}
	return ""
}

// name returns a special token's text.
func (s *specials) name(id uint32) (string, bool) {
	if name := s.given(id); name != "" {
		return name, true
	}
	return fmt.Sprintf("<|reserved_%d|>", id), s.reserved(id)
}
