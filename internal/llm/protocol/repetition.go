package protocol

// repetition finds out that an answer goes in circles, as small models do: its
// end repeats one piece of text again and again.
type repetition struct {
	tail  []byte
	fresh int // bytes since the last look
}

const (
	repeatedLen  = 6000 // bytes that are nothing but repeats
	longestCycle = 600  // bytes of what is repeated
	lookEvery    = 1000 // bytes
)

// add takes a piece of the answer and reports whether its end goes in circles.
func (r *repetition) add(s string) bool {
	if s == "" {
		return false
	}
	r.tail = append(r.tail, s...)
	if r.fresh += len(s); r.fresh < lookEvery || len(r.tail) < repeatedLen {
		return false
	}
	r.fresh = 0
	if over := len(r.tail) - repeatedLen; over > 0 {
		r.tail = append(r.tail[:0], r.tail[over:]...)
	}
	return period(r.tail) <= longestCycle
}

// period returns the smallest p for which s repeats its first p bytes to its end.
func period(s []byte) int {
	border := make([]int, len(s)) // of each prefix: its longest border
	k := 0
	for i := 1; i < len(s); i++ {
		for k > 0 && s[i] != s[k] {
			k = border[k-1]
		}
		if s[i] == s[k] {
			k++
		}
		border[i] = k
	}
	return len(s) - k
}
