package tokens

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// newVocab reads tiktoken's format: a line a token, base64 and rank, with
// ranks in order from 0, every single byte among them.
func newVocab(data []byte, splits string) (*vocab, error) {
	v := &vocab{}
	if err := v.parse(data); err != nil {
		return nil, err
	}
	v.index()
	if len(splits) != len(v.offset)-1 {
		return nil, fmt.Errorf("%d tokens, %d splits", len(v.offset)-1, len(splits))
	}
	if err := v.join(func(id uint32) int { return int(splits[id] - '0') }); err != nil {
		return nil, err
	}
	v.digits = true
	return v, nil
}

// base64Bits[k] gives the bits of a character in the k-th place of four.
var base64Bits = func() (t [4][256]uint32) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for k := range t {
		for c := range t[k] {
			t[k][c] = 1 << 24
		}
		for i, c := range alphabet {
			t[k][c] = uint32(i) << (18 - 6*k)
		}
		if k >= 2 {
			t[k]['='] = 0
		}
	}
	return t
}()

// parse reads the tokens, each half of them by a processor.
func (v *vocab) parse(data []byte) error {
	cut := len(data)
	if i := bytes.IndexByte(data[cut/2:], '\n'); i >= 0 {
		cut = cut/2 + i + 1
	}
	var head, tail tokenLines
	both(func() { head.parse(data[:cut]) }, func() { tail.parse(data[cut:]) })
	n := len(head.offset)
	switch {
	case head.err != nil:
		return head.err
	case tail.err != nil:
		return tail.err
	case n > 0 && head.first != 0 || len(tail.offset) > 0 && tail.first != n:
		return errors.New("the ranks are not in order")
	case n+len(tail.offset) < 256 || n+len(tail.offset) >= idMask:
		return fmt.Errorf("%d tokens", n+len(tail.offset))
	}
	v.bytes = make([]byte, 0, len(head.bytes)+len(tail.bytes)+16) // index appends
	v.bytes = append(append(v.bytes, head.bytes...), tail.bytes...)
	v.offset = make([]uint32, 1, n+len(tail.offset)+1)
	v.offset = append(v.offset, head.offset...)
	for _, end := range tail.offset {
		v.offset = append(v.offset, uint32(len(head.bytes))+end)
	}
	var seen [256]bool
	for id := range uint32(256) {
		if b := v.token(id); len(b) == 1 {
			v.byteID[b[0]] = id
			seen[b[0]] = true
		}
	}
	if slices.Contains(seen[:], false) {
		return errors.New("the first tokens are not the single bytes")
	}
	return nil
}

// tokenLines are lines of tiktoken's format.
type tokenLines struct {
	bytes  []byte
	offset []uint32 // ends of the tokens
	first  int      // rank of the first
	err    error
}

func (t *tokenLines) parse(data []byte) {
	t.offset = make([]uint32, 0, len(data)/16+1)
	out := make([]byte, 0, len(data)/2)
	for len(data) > 0 {
		var bad uint32
		i := 0
		for i+4 < len(data) && data[i] != ' ' {
			g := data[i : i+4]
			x := base64Bits[0][g[0]] | base64Bits[1][g[1]] | base64Bits[2][g[2]] | base64Bits[3][g[3]]
			bad |= x
			out = append(out, byte(x>>16), byte(x>>8), byte(x))
			i += 4
		}
		if bad>>24 != 0 || i == 0 || data[i] != ' ' {
			t.err = fmt.Errorf("line %d is not base64", t.first+len(t.offset)+1)
			return
		}
		if data[i-1] == '=' {
			out = out[:len(out)-1]
			if data[i-2] == '=' {
				out = out[:len(out)-1]
			}
		}
		rank := 0
		i++
		for ; i < len(data) && data[i] != '\n'; i++ {
			rank = rank*10 + int(data[i]-'0')
		}
		if len(t.offset) == 0 {
			t.first = rank
		}
		if rank != t.first+len(t.offset) {
			t.err = fmt.Errorf("line %d has rank %d", t.first+len(t.offset)+1, rank)
			return
		}
		data = data[min(i+1, len(data)):]
		t.offset = append(t.offset, uint32(len(out)))
	}
	t.bytes = out
}
