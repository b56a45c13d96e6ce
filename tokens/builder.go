package tokens

import "fmt"

// idMap translates between a vocabulary's ids, which are in the order of merges
// without a gap, and those of its file.
type idMap struct {
	file []uint32          // by the vocabulary's
	own  map[uint32]uint32 // by the file's
}

// builder makes a vocabulary whose tokens come one after the other, in the order
// of their merges: the single bytes first.
type builder struct {
	v   *vocab
	ids *idMap
	own map[string]uint32
}

// newBuilder returns a builder of so many tokens at most.
func newBuilder(size int) *builder {
	b := &builder{v: &vocab{offset: []uint32{0}}, ids: &idMap{own: map[uint32]uint32{}}, own: map[string]uint32{}}
	b.v.sizePairs(size)
	return b
}

func (b *builder) add(text string, id uint32) uint32 {
	n := uint32(len(b.ids.file))
	b.own[text], b.ids.own[id] = n, n
	b.ids.file = append(b.ids.file, id)
	b.v.bytes = append(b.v.bytes, text...)
	b.v.offset = append(b.v.offset, uint32(len(b.v.bytes)))
	return n
}

// addByte adds one of the single bytes.
func (b *builder) addByte(text string, id uint32) {
	n := b.add(text, id)
	b.v.byteID[text[0]] = n
	b.v.split = append(b.v.split, uint64(n)<<32|uint64(n))
}

// addPair adds a token whose left part has a length, if its parts are there and
// byte pair encoding would leave them side by side.
func (b *builder) addPair(text string, id uint32, left int) bool {
	l, ok1 := b.own[text[:left]]
	r, ok2 := b.own[text[left:]]
	if !ok1 || !ok2 || !b.v.compatible(l, r) {
		return false
	}
	n := uint32(len(b.ids.file))
	if !b.v.addPair(l, r, n) {
		return false
	}
	b.add(text, id)
	b.v.split = append(b.v.split, uint64(l)<<32|uint64(r))
	return true
}

// finish makes the tables.
func (b *builder) finish() (*vocab, *idMap, error) {
	v := b.v
	if err := v.fill(nil); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTokenizer, err)
	}
	return v, b.ids, nil
}
