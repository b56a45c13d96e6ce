package tokens

import "math/bits"

// load starts the encoding of a piece that is no token in a lane, if it is
// short enough.
func (v *vocab) load(l *lane, s *scratch, text []byte, start, end int) bool {
	n := end - start
	if n <= 8 && start+8 <= cap(text) {
		v.loadWord(l, text[:start+8], start, end)
		return true
	}
	if n <= maxUnits && text[start+n/2] < 0x80 { // likely ASCII
		v.loadBytes(l, text[start:end])
		return true
	}
	if n > 4*maxUnits {
		return false
	}
	s.unit, n = v.units(s.unit[:0], text, start, start, end, maxUnits)
	if n < end {
		return false
	}
	v.loadUnits(l, s.unit)
	return true
}

// encodeLong appends the tokens of a piece of any length to dst, in time linear
// in the length, and returns how many they are. With countOnly it may drop
// some again. It encodes window after window and keeps of each the tokens
// that are not near its end. Where a window's first token is not compatible
// with the last one kept, what follows the window had its say in it: then it
// takes that token back and looks further ahead. Only compatible neighbours
// make up an encoding, so that what comes out is right however it was found.
func (v *vocab) encodeLong(s *scratch, piece []byte, dst []uint32, countOnly bool) (tokens []uint32, count int) {
	const width, margin = 512, 128 // bytes that search takes at a time
	tokens = dst
	first := len(dst)
	dropped := 0
	pos, searches, patience := 0, 0, 1
	searched := -1 // where search was last
	var keep int   // tokens that are not near the end
	var whole, alone bool
	from, next := 0, 0 // what windows took last
	for {
		if searches == 0 {
			// What repeats itself has the tokens that it had.
			if n := next - from; n == 0 || pos+n >= len(piece) || string(piece[pos:pos+n]) != string(piece[from:next]) {
				from = pos
				next, keep, whole, alone = v.windows(s, piece, pos)
			}
		} else {
			from, next = 0, 0
			keep = 0
			w := piece[pos:min(pos+width, len(piece))]
			whole = pos+len(w) == len(piece)
			if searched < 0 || string(w) != string(piece[searched:min(searched+width, len(piece))]) {
				v.search(s, w, 0, len(w))
			}
			searched = pos
			for end := 0; keep < len(s.part); keep++ {
				if end += v.length(s.part[keep]); end > width-margin {
					break
				}
			}
		}
		kept := keep
		if n := len(tokens); n > first && !v.compatible(tokens[n-1], s.part[0]) {
			if searches > 0 {
				v.search(s, piece, 0, len(piece))
				return append(dst, s.part...), len(s.part)
			}
			pos -= v.length(tokens[n-1])
			tokens = tokens[:n-1]
			kept = 0
		} else if whole {
			tokens = append(tokens, s.part...)
			return tokens, len(tokens) - first + dropped
		}
		for _, id := range s.part[:kept] {
			pos += v.length(id)
		}
		tokens = append(tokens, s.part[:kept]...)
		if countOnly && len(tokens) > 8192 {
			n := len(tokens) - 1024
			dropped += n
			tokens = append(tokens[:0], tokens[n:]...)
		}
		if searches > 0 {
			searches--
			if searches == 0 {
				searched = -1
			}
		} else if kept < 4 || alone {
			searches = patience
			patience = min(2*patience, 64)
		}
	}
}

// Units of a window, and from the start of one to that of the next.
const (
	windowWidth = 40
	windowStep  = 28
)

// windows encodes the beginning of piece[pos:] into s.part, in as many windows
// as there are lanes, which overlap. The encodings of two neighbours are
// joined at a token that they have in common: it is compatible with the one
// before in the one, and with the one behind in the other. It returns where it
// ended, how many tokens are not near the end of what it encoded, whether this is
// all, and whether all but the first window were in vain.
func (v *vocab) windows(s *scratch, piece []byte, pos int) (next, keep int, whole, alone bool) {
	ls := &s.lanes.lane
	s.unit, next = v.units(s.unit[:0], piece, 0, pos, len(piece), (maxLanes-1)*windowStep+windowWidth)
	n := 0
	for end := 0; end < len(s.unit); n++ {
		at := n * windowStep
		end = min(at+windowWidth, len(s.unit))
		if next-pos == len(s.unit) { // all bytes
			v.loadBytes(&ls[n], piece[pos+at:pos+end])
		} else {
			v.loadUnits(&ls[n], s.unit[at:end])
		}
		ls[n].most++ // it may become one token
	}
	for more := true; more; {
		more = false
		for i := range ls[:n] {
			if v.step(&ls[i]) {
				more = true
			}
		}
	}
	s.part = s.part[:0]
	from := ^uint64(0) // units of the window that are still to do
	for i := range ls[:n] {
		l := &ls[i]
		at := -1
		if i+1 < n {
			at = joint(l.starts>>windowStep, ls[i+1].starts, l.length-windowStep)
		}
		if at < 0 {
			todo := l.all() & from
			s.part = l.appendTokens(s.part, todo)
			if i == n-1 && next == len(piece) {
				return next, len(s.part), true, false
			}
			// What starts before the last token that starts before the margin.
			near := max(windowStep, l.length-(windowWidth-windowStep))
			return next, len(s.part) - bits.OnesCount64(todo>>near) - 1, false, i == 0 && n > 1
		}
		s.part = l.appendTokens(s.part, l.all()&from&(1<<(at+windowStep)-1))
		from = -(uint64(1) << at)
	}
	panic("tokens: no last window")
}

// joint returns where a token starts that a and b have in common, up to n, or
// -1.
func joint(a, b uint64, n int) int {
	for both := a & b & (1<<n - 1); both != 0; both &= both - 1 {
		above := (a | b) &^ (both ^ (both - 1))
		if above&-above&a&b != 0 {
			return bits.TrailingZeros64(both)
		}
	}
	return -1
}

// search puts the tokens of a piece into s.part, in time linear in its
// length. An encoding is right if and only if all its neighbours are
// compatible, and the right encoding of a text's beginning is determined by
// its last token. So it takes the longest token that is compatible with the
// one before, steps back where there is none, and never tries a border twice
// that did not lead on.
func (v *vocab) search(s *scratch, text []byte, start, end int) {
	words := (end-start)/64 + 1
	if cap(s.dead) < words {
		s.dead = make([]uint64, words)
	}
	s.dead = s.dead[:words]
	clear(s.dead)
	t := v.matches()
	tokens := s.part[:0]
	pos := start
	limit := end - start // longest token to try at pos
	for pos < end {
		id, length := v.match(t, text, pos, limit)
		for {
			next := pos + length - start
			if s.dead[next>>6]>>(next&63)&1 == 0 {
				if len(tokens) == 0 || v.compatible(tokens[len(tokens)-1], id) {
					break
				}
			}
			if length == 1 {
				length = 0
				break
			}
			id, length = v.match(t, text, pos, length-1)
		}
		if length > 0 {
			tokens = append(tokens, id)
			pos += length
			limit = end - pos
			continue
		}
		s.dead[(pos-start)>>6] |= 1 << ((pos - start) & 63)
		last := tokens[len(tokens)-1]
		tokens = tokens[:len(tokens)-1]
		pos -= v.length(last)
		limit = v.length(last) - 1
	}
	s.part = tokens
}
