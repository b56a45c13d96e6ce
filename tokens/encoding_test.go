package tokens

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// definition encodes a piece by merging the pair of the lowest rank until
// there is none, in no hurry.
func (v *vocab) definition(piece []byte) []uint32 {
	if id, ok := v.id(piece, 0, len(piece)); ok {
		return []uint32{id}
	}
	parts := make([]uint32, len(piece))
	for i, c := range piece {
		parts[i] = v.byteID[c]
	}
	for {
		best, at := uint32(none), 0
		for i := range parts[:len(parts)-1] {
			l, r := v.token(parts[i]), v.token(parts[i+1])
			s := append(slices.Clone(l), r...)
			if id, ok := v.id(s, 0, len(s)); ok && id < best {
				best, at = id, i
			}
		}
		if best == none {
			return parts
		}
		parts[at] = best
		parts = slices.Delete(parts, at+1, at+2)
	}
}

// A token and a continuation byte are told apart as compatible does it.
func TestTokenAndByte(t *testing.T) {
	t.Parallel()
	for _, enc := range encodings[:2] {
		v := enc.vocab()
		apart := 0
		for id := range uint32(len(v.offset) - 1) {
			if v.length(id) > 7 {
				continue
			}
			for c := 0x80; c < 0xc0; c++ {
				piece := append(slices.Clone(v.token(id)), byte(c))
				if _, ok := v.id(piece, 0, len(piece)); ok {
					continue
				}
				want := v.compatible(id, v.byteID[c])
				if got := v.isTokenAndByte(piece, 0, len(piece)); got != want {
					t.Fatalf("%s: %q: %v, not %v", enc.Name(), piece, got, want)
				}
				if !want {
					apart++
				}
			}
		}
		if apart == 0 {
			t.Errorf("%s: no byte merges with a part of a token", enc.Name())
		}
	}
}

// Pieces of any bytes and length have the tokens of the definition, whichever
// way they are found.
func TestPieces(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	alphabets := []string{"a", "ab", "acgt", " \n", "abcdefghijklmnopqrstuvwxyz", "กขคงจเาี", "一二三四五", "😀👍🏽", "éèàü", "ЖАбвг", "\xf0\x9f\x98", "aé中😀 ", "=-", "ᠠᠡᠢ"}
	for _, enc := range encodings[:2] {
		v := enc.vocab()
		s := &scratch{forget: true}
		g := &generator{Rand: r, vocab: v}
		for i := range 2400 {
			var piece []byte
			n := 1 + r.IntN(1+r.IntN(400))
			switch i % 4 {
			case 0:
				piece = []byte(randomOf(r, []rune(alphabets[r.IntN(len(alphabets))]), n))
			case 1:
				for len(piece) < n {
					piece = append(piece, v.token(uint32(r.IntN(len(v.offset)-1)))...)
				}
			case 2:
				for range n {
					piece = append(piece, byte(r.IntN(256)))
				}
			case 3:
				piece = []byte(g.text() + "x")
			}
			piece = piece[:min(len(piece), 400)]
			want := v.definition(piece)
			if _, ok := v.id(piece, 0, len(piece)); !ok {
				if got := v.encodePieceMerging(s, piece); !slices.Equal(got, want) {
					t.Fatalf("%s: %q\ndefinition %v\nlanes      %v", enc.Name(), piece, want, got)
				}
				if got, _ := v.encodeLong(s, piece, nil, false); !slices.Equal(got, want) {
					t.Fatalf("%s: %q\ndefinition %v\nwindows    %v", enc.Name(), piece, want, got)
				}
				if v.search(s, piece, 0, len(piece)); !slices.Equal(s.part, want) {
					t.Fatalf("%s: %q\ndefinition %v\nsearch     %v", enc.Name(), piece, want, s.part)
				}
			}
			for k := 1; k < len(want); k++ {
				if !v.compatible(want[k-1], want[k]) {
					t.Fatalf("%s: %q: %d and %d stand side by side", enc.Name(), piece, want[k-1], want[k])
				}
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range goldenTexts {
		f.Add([]byte(s))
	}
	for _, s := range traps {
		f.Add([]byte(strings.Repeat(s+"a", 30)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkSplit(t, patternCL100K, text)
		checkSplit(t, patternO200K, text)
	})
}

func FuzzEncode(f *testing.F) {
	for _, s := range goldenTexts {
		f.Add(s, uint64(1))
	}
	f.Add(strings.Repeat("a", 300), uint64(2))
	f.Add(strings.Repeat("ab\xff", 100), uint64(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		for _, enc := range encodings {
			checkEncode(t, enc, text, rand.New(rand.NewPCG(seed, 0)))
		}
	})
}

// checkEncode holds what must be so of every text, valid or not.
func checkEncode(t *testing.T, enc *Encoding, text string, r *rand.Rand) {
	t.Helper()
	tokens := enc.Encode(text)
	if back, err := enc.Decode(tokens); err != nil || back != text {
		t.Fatalf("%s: %q comes back as %q, %v", enc.Name(), text, back, err)
	}
	if again := enc.WithoutMemo().Encode(text); !slices.Equal(again, tokens) {
		t.Fatalf("%s: %q: without memo %v, with %v", enc.Name(), text, again, tokens)
	}
	n := len(tokens)
	if got := enc.Count(text); got != n {
		t.Fatalf("%s: %q: counted %d, encoded %d", enc.Name(), text, got, n)
	}
	for _, limit := range []int{n, n - 1, n + 1, n / 2, 0, -1} {
		got, ok := enc.CountUpTo(text, limit)
		if ok != (n <= limit) || ok && got != n || !ok && got != max(limit, 0) {
			t.Fatalf("%s: %q has %d tokens: CountUpTo(%d) = %d, %v", enc.Name(), text, n, limit, got, ok)
		}
		cut := enc.Truncate(text, limit)
		if !strings.HasPrefix(text, cut) || enc.Count(cut) > max(limit, 0) || n <= limit && cut != text {
			t.Fatalf("%s: Truncate(%q, %d) = %q", enc.Name(), text, limit, cut)
		}
		if utf8.ValidString(text) && !utf8.ValidString(cut) {
			t.Fatalf("%s: Truncate(%q, %d) = %q parts a character", enc.Name(), text, limit, cut)
		}
	}
	c := enc.NewCounter()
	for rest := text; rest != ""; {
		k := 1 + r.IntN(1+r.IntN(min(len(rest), 6000)))
		if k%2 == 0 {
			c.Write([]byte(rest[:k]))
		} else {
			c.WriteString(rest[:k])
		}
		rest = rest[k:]
		if r.IntN(50) == 0 {
			if got, want := c.Count(), enc.Count(text[:len(text)-len(rest)]); got != want {
				t.Fatalf("%s: %q: the counter has %d, not %d", enc.Name(), text[:len(text)-len(rest)], got, want)
			}
		}
	}
	if c.Count() != n {
		t.Fatalf("%s: %q: the counter has %d, not %d", enc.Name(), text, c.Count(), n)
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for _, enc := range encodings {
		g := &generator{Rand: r, vocab: enc.vocab()}
		for range 1500 {
			checkEncode(t, enc, g.text(), r)
			checkEncode(t, enc, g.broken(), r)
		}
		for range 20 {
			var b strings.Builder
			for b.Len() < 30_000 {
				b.WriteString(g.text())
			}
			checkEncode(t, enc, b.String(), r)
		}
	}
}

// What comes later changes the end of what came before.
func TestCounterTraps(t *testing.T) {
	for _, enc := range encodings[:2] {
		for _, text := range []string{
			strings.Repeat("中", 3000) + strings.Repeat("A", 5000) + "b",
			strings.Repeat("x ", 3000) + strings.Repeat(" ", 6000) + "\n" + strings.Repeat(" ", 6000) + "y",
			strings.Repeat("a", 20_000),
			strings.Repeat("don't ", 3000),
			strings.Repeat("!\n", 5000) + strings.Repeat("/", 100),
			strings.Repeat("👨‍👩‍👧", 1000),
		} {
			for _, step := range []int{1, 3, 4095, 4096, 4097} {
				c := enc.NewCounter()
				for rest := text; rest != ""; {
					k := min(step, len(rest))
					c.WriteString(rest[:k])
					rest = rest[k:]
				}
				if got, want := c.Count(), enc.Count(text); got != want {
					t.Errorf("%s: %.20q… in steps of %d: %d, not %d", enc.Name(), text, step, got, want)
				}
				if c.Reset(); c.Count() != 0 {
					t.Error("the counter has something after Reset")
				}
			}
		}
	}
}

// A counter holds on to little of ordinary text.
func TestCounterIsBounded(t *testing.T) {
	c := O200KBase.NewCounter()
	line := []byte(strings.Repeat("Some ordinary words, 12345 numbers and\tso on. ", 20))
	for range 2000 {
		c.Write(line)
	}
	if cap(c.rest) > 64<<10 {
		t.Errorf("the counter holds %d bytes", cap(c.rest))
	}
}

func TestDecodeUnknown(t *testing.T) {
	for _, id := range []uint32{199998, 200019, 1 << 31} {
		if s, err := O200KBase.Decode([]uint32{1, id}); err == nil {
			t.Errorf("%d is %q", id, s)
		}
	}
	if s, err := CL100KBase.Decode([]uint32{100256}); err == nil {
		t.Errorf("100256 is %q", s)
	}
}

func TestEncodingByName(t *testing.T) {
	for _, enc := range encodings {
		if got, ok := EncodingByName(enc.Name()); !ok || got != enc {
			t.Errorf("%s is %v", enc.Name(), got)
		}
	}
	if _, ok := EncodingByName("q50k_base"); ok {
		t.Error("p50k_base is there")
	}
}

func TestConcurrentUse(t *testing.T) {
	var texts []string
	var want []int
	g := &generator{Rand: rand.New(rand.NewPCG(8, 8)), vocab: O200KBase.vocab()}
	for range 300 {
		texts = append(texts, g.text())
		want = append(want, O200KBase.WithoutMemo().Count(texts[len(texts)-1]))
	}
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for i, s := range texts {
					if got := O200KBase.Count(s); got != want[i] {
						errs <- fmt.Errorf("%q: %d, not %d", s, got, want[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// Counting text makes no garbage, and holds on to the memo alone.
func TestMemory(t *testing.T) {
	s := &scratch{}
	v := O200KBase.vocab()
	g := &generator{Rand: rand.New(rand.NewPCG(9, 9)), vocab: v}
	for range 20_000 {
		v.count(s, patternO200K, []byte(g.text()), 1<<62, 1<<62)
		s.trim()
	}
	v.count(s, patternO200K, []byte(strings.Repeat("qx", 1<<20)), 1<<62, 1<<62)
	s.trim()
	held := func() int {
		n := 4*(cap(s.unit)+cap(s.part)) + 8*cap(s.dead) + len(s.memo.front)*16
		n += len(s.memo.short)*32 + len(s.memo.shortTokens)*32 + len(s.memo.long)*128 + len(s.memo.longTokens)*128
		return n + cap(s.memo.ring.slots)*16 + cap(s.memo.ring.data)
	}
	if n := held(); n < 4_000_000 || n > 5_000_000 {
		t.Errorf("%d bytes are held", n)
	}
	v.encode(s, patternO200K, []byte("text"), nil)
	s.trim()
	if n := held(); n < 7_000_000 || n > 7_700_000 {
		t.Errorf("%d bytes are held after Encode", n)
	}
	text := "An ordinary sentence, uncommonlyly worded."
	if n := testing.AllocsPerRun(100, func() { O200KBase.Count(text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	plain := &scratch{forget: true}
	v.count(plain, patternO200K, []byte("uncommonlyly unrememberedish"), 1<<62, 1<<62)
	v.count(plain, patternO200K, []byte(strings.Repeat("qx", 50)+" "+strings.Repeat("qx", 500)), 1<<62, 1<<62)
	if plain.memo.front != nil || plain.memo.short != nil || plain.memo.long != nil || plain.memo.ring.data != nil {
		t.Error("something is remembered that should not be")
	}
	for i := range plain.lanes.lane {
		if len(plain.lanes.lane[i].piece) > 0 {
			t.Error("a piece is left in a lane")
		}
	}
}

// Loading a vocabulary takes less than 60 ms and 40 MB.
func TestLoad(t *testing.T) {
	for _, enc := range encodings[:2] {
		var held int64
		for range 3 { // what others leave behind may be freed meanwhile
			var before, after runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&before)
			v := load(t, enc.Name())
			runtime.GC()
			runtime.ReadMemStats(&after)
			held = max(held, int64(after.HeapAlloc)-int64(before.HeapAlloc))
			runtime.KeepAlive(v)
		}
		// Of the clock, and of two processors, which does not depend on others as much.
		clock, best := time.Hour, time.Hour
		for begin := time.Now(); best > 60*time.Millisecond && time.Since(begin) < 10*time.Second || time.Since(begin) < time.Second; {
			start, used := time.Now(), processTime()
			load(t, enc.Name())
			clock, best = min(clock, time.Since(start)), min(best, processTime()-used)
		}
		t.Logf("%s: %v, %v of processors, %.1f MB", enc.Name(), clock, best, float64(held)/1e6)
		if held > 40e6 || held < 5e6 {
			t.Errorf("%s: %.1f MB", enc.Name(), float64(held)/1e6)
		}
		if best > 60*time.Millisecond {
			t.Errorf("%s: %v", enc.Name(), best)
		}
	}
}

// load does what the first use of an encoding does.
func load(tb testing.TB, name string) *vocab {
	v, err := newVocab(map[string]string{"cl100k_base": cl100kMerges, "o200k_base": o200kMerges}[name])
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// processTime returns the time that the program had processors for.
func processTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

// quickest calls f, which starts no goroutine, until that took no more than a
// time, at most for some seconds, for others may be at work. It returns the least
// time.
func quickest(enough time.Duration, f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	best := time.Hour
	for begin := time.Now(); best > enough && time.Since(begin) < 10*time.Second; {
		start := computed()
		f()
		best = min(best, computed()-start)
	}
	return best
}

// computed is how long this thread has computed: what others do on the machine
// does not count.
func computed() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func TestBrokenVocabulary(t *testing.T) {
	good := cl100kMerges
	for name, file := range map[string]string{
		"empty":                 "",
		"only some bytes":       good[:200],
		"cut":                   good[:len(good)/2+len(good)%2],
		"a byte twice":          good[:255] + good[:1] + good[256:],
		"made of itself":        good[:256] + "\x00\x01\x00\x00\x00" + good[261:],
		"made of later ones":    good[:256] + good[len(good)-5:] + good[261:],
		"a token without bound": good[:256] + doubling(20),
	} {
		if _, err := newVocab(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// doubling is n merges, each of the token before with itself.
func doubling(n int) string {
	var b []byte
	for id := 255; id < 255+n; id++ {
		b = binary.LittleEndian.AppendUint64(b, uint64(id)<<idBits|uint64(id))[:len(b)+mergeSize]
	}
	return string(b)
}

// However long and odd a text is, a megabyte takes less than 100 ms.
func TestNoTextIsSlow(t *testing.T) {
	for name, text := range adversaries(1_000_000) {
		for _, enc := range encodings[:2] {
			enc := enc.WithoutMemo()
			enc.Count("load")
			best := quickest(100*time.Millisecond, func() { enc.Count(text) })
			t.Logf("%s %-12s %6.1f ms", enc.Name(), name, float64(best.Microseconds())/1000)
			if best > 100*time.Millisecond {
				t.Errorf("%s: %s takes %v", enc.Name(), name, best)
			}
		}
	}
}

// adversaries are texts of about n bytes that are hard to encode: the pieces
// are as long as the text, or everything has to be merged.
func adversaries(n int) map[string]string {
	r := rand.New(rand.NewPCG(1, 1))
	of := func(alphabet string) string {
		runes := []rune(alphabet)
		var b strings.Builder
		for b.Len() < n {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		return b.String()
	}
	ideographs := make([]rune, 20_000)
	for i := range ideographs {
		ideographs[i] = rune(0x4e00 + i)
	}
	emoji := []string{"😀", "🎉", "👨‍👩‍👧", "🇩🇪", "👍🏽", "❤️"}
	var faces strings.Builder
	for faces.Len() < n {
		faces.WriteString(emoji[r.IntN(len(emoji))])
	}
	broken := make([]byte, n)
	for i := range broken {
		broken[i] = byte(0x80 + r.IntN(0x80))
	}
	var words strings.Builder
	v := O200KBase.vocab()
	for words.Len() < n { // long tokens without anything between
		words.Write(v.token(uint32(100_000 + r.IntN(90_000))))
	}
	return map[string]string{
		"a":         strings.Repeat("a", n),
		"spaces":    strings.Repeat(" ", n),
		"newlines":  strings.Repeat("\n", n),
		"base64":    of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
		"emoji":     faces.String(),
		"cjk":       of(string(ideographs)),
		"letters":   of("abcdefghijklmnopqrstuvwxyz"),
		"dna":       of("acgt"),
		"symbols":   of("!#$%&()*+,-./:;<=>?@[]^_`{|}~"),
		"digits":    of("0123456789"),
		"bytes":     string(broken),
		"words":     words.String(),
		"case":      strings.Repeat("aB", n/2),
		"ideo-caps": strings.Repeat("中A", n/4),
		"marks":     strings.Repeat("e\u0301\u0302\u0303", n/7),
		"quotes":    strings.Repeat("'s", n/2),
		"specials":  strings.Repeat("<|", n/2),
		"ends":      strings.Repeat("\n ", n/2),
		"64 spaces": strings.Repeat(strings.Repeat(" ", 64)+"=", n/65),
		"period 9":  strings.Repeat("abcdefghi", n/9),
		"period 37": strings.Repeat("the quick brown fox jumps over a dogs"[:37], n/37),
		"middle":    strings.Repeat("middle", n/6),
		"alphabet":  strings.Repeat("abcdefghijklmnopqrstuvwxy", n/25),
		"words 3":   strings.Repeat("coordinatesarevariablesodge", n/27),
		"longest":   strings.Repeat("management", n/10),
		"two words": strings.Repeat("diapersunmarshaller", n/19),
		"six":       strings.Repeat("\u043f\u043e\u0441\u0442\u0430\u0432relations", n/21),
		"tig":       strings.Repeat("tig", n/3),
		"no space":  strings.Repeat("thequickbrownfoxjumpsoverthelazydog", n/35),
	}
}

// long are texts of 50 MB.
func long() map[string]string {
	return map[string]string{
		"words":   strings.Repeat("The quick brown fox jumps over the lazy dog. ", 50_000_000/45),
		"digits":  strings.Repeat("0123456789", 5_000_000),
		"scripts": strings.Repeat("Жизнь прекрасна. 生命は美しい。 जीवन सुंदर है। ", 50_000_000/85),
		"a":       strings.Repeat("a", 50_000_000),
		"spaces":  strings.Repeat(" ", 50_000_000),
	}
}

// Whether a text of 50 MB has more than 1,000 tokens is told in less than 1 ms.
func TestCountUpToIsQuick(t *testing.T) {
	for name, text := range long() {
		for _, enc := range encodings[:2] {
			enc.Count("load")
			best := quickest(time.Millisecond, func() {
				if n, ok := enc.CountUpTo(text, 1000); n != 1000 || ok {
					t.Fatalf("%s: %d, %v", name, n, ok)
				}
			})
			t.Logf("%s, %s: %v", enc.Name(), name, best)
			if best > time.Millisecond {
				t.Errorf("%s, %s: %v", enc.Name(), name, best)
			}
		}
	}
}
