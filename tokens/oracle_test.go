package tokens

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/testbin"
	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// These tests ask tiktoken itself, from PyPI. It runs in an environment that
// they make in .cache, or in that of $ATTACHE_TEST_TIKTOKEN_PYTHON. Its
// vocabulary is the one that this package loads, which tiktoken takes only if
// its hash is the published one.
//
// $ATTACHE_TEST_STRINGS is the number of random strings; 50,000, and
// 20,000 with -short.

// oraclePython returns an interpreter that has tiktoken.
func oraclePython(t *testing.T) string {
	t.Helper()
	if py := os.Getenv("ATTACHE_TEST_TIKTOKEN_PYTHON"); py != "" {
		return py
	}
	requirements, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	return testbin.Venv(t, "tiktoken", strings.Fields(string(requirements))...)
}

// oracle is testdata/oracle.py at work.
type oracle struct {
	t   *testing.T
	enc *Encoding
	in  io.Writer
	out *bufio.Reader
}

func newOracle(t *testing.T, enc *Encoding) *oracle {
	t.Helper()
	python := oraclePython(t)
	cache := t.TempDir()
	name := strings.Replace(enc.Name(), "_harmony", "_base", 1) + ".tiktoken"
	data, err := assets.Assets.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	url := sha1.Sum([]byte("https://openaipublic.blob.core.windows.net/encodings/" + name))
	if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(url[:])), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return startOracle(t, enc, exec.CommandContext(t.Context(), python, "testdata/oracle.py", enc.Name()), "TIKTOKEN_CACHE_DIR="+cache)
}

func startOracle(t *testing.T, enc *Encoding, cmd *exec.Cmd, env ...string) *oracle {
	cmd.Env = append(append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1"), env...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := cmd.Start(); err1 != nil || err2 != nil || err != nil {
		t.Fatal(err1, err2, err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &oracle{t, enc, in, bufio.NewReaderSize(out, 1<<20)}
}

// ask returns what tiktoken makes of each text; see oracle.py for op.
func (o *oracle) ask(op byte, texts ...string) [][]uint32 {
	o.t.Helper()
	b := binary.LittleEndian.AppendUint32([]byte{op}, uint32(len(texts)))
	for _, s := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	if _, err := o.in.Write(b); err != nil {
		o.t.Fatal("tiktoken is gone: ", err)
	}
	answers := make([][]uint32, len(texts))
	var head [4]byte
	for i := range answers {
		if _, err := io.ReadFull(o.out, head[:]); err != nil {
			o.t.Fatal("tiktoken is gone: ", err)
		}
		body := make([]byte, 4*binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(o.out, body); err != nil {
			o.t.Fatal("tiktoken is gone: ", err)
		}
		answers[i] = make([]uint32, len(body)/4)
		for k := range answers[i] {
			answers[i][k] = binary.LittleEndian.Uint32(body[4*k:])
		}
	}
	return answers
}

// text is ask for one text whose answer is a text.
func (o *oracle) text(op byte, s string) string {
	var b []byte
	for _, c := range o.ask(op, s)[0] {
		b = append(b, byte(c))
	}
	return string(b)
}

// check compares texts' tokens and their number with tiktoken's, with memo and
// without: both if the texts are few, else in turns.
func (o *oracle) check(texts []string) {
	o.t.Helper()
	plain := o.enc.WithoutMemo()
	if len(texts) < 1000 {
		texts = slices.Repeat(texts, 2)
		if len(texts)%4 == 0 { // an odd number, so that they change places
			texts = slices.Insert(texts, len(texts)/2, "")
		}
	}
	for i, want := range o.ask('e', texts...) {
		s := texts[i]
		encode, count := plain, o.enc
		if i%2 == 1 {
			encode, count = count, encode
		}
		if got := encode.Encode(s); !slices.Equal(got, want) {
			o.t.Fatalf("%s, with memo %v: %q\ntiktoken %v\nours     %v", o.enc.Name(), encode == o.enc, s, want, got)
		}
		if got := count.Count(s); got != len(want) {
			o.t.Fatalf("%s, with memo %v: %q\ntiktoken %d %v\nCount    %d", o.enc.Name(), count == o.enc, s, len(want), want, got)
		}
	}
}

var encodings = []*Encoding{CL100KBase, O200KBase, O200KHarmony}

func TestOracleVersion(t *testing.T) {
	requirements, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	if v := newOracle(t, O200KBase).text('v', ""); !strings.Contains(string(requirements), "tiktoken=="+v+"\n") {
		t.Errorf("tiktoken %s is not the pinned one", v)
	}
}

// Every code point has the class that the reference's engine gives it.
func TestOracleClasses(t *testing.T) {
	t.Parallel()
	o := newOracle(t, O200KBase)
	for pattern, set := range map[string]uint{
		`[\p{Lu}\p{Lt}]`:                  1 << upper,
		`\p{Ll}`:                          1 << lower,
		`[\p{Lm}\p{Lo}]`:                  1 << letter,
		`\p{L}`:                           inLetter,
		`\p{M}`:                           1 << mark,
		`\p{N}`:                           1 << number,
		`\s`:                              inSpace,
		`[\r\n]`:                          1 << newline,
		`[^\s\p{L}\p{N}]`:                 inSymbol,
		`[^\r\n\p{L}\p{N}]`:               inPrefix,
		`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: inCapital,
		`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`:       inSmall,
	} {
		var want [utf8.MaxRune + 1]bool
		matches := o.ask('u', pattern)[0]
		for _, r := range matches {
			want[r] = true
		}
		if len(matches) == 0 {
			t.Errorf("nothing matches %s", pattern)
		}
		for r := range rune(utf8.MaxRune + 1) {
			if utf8.ValidRune(r) && (set>>classOf(r)&1 != 0) != want[r] {
				t.Errorf("%U: %s matches it: %v", r, pattern, want[r])
			}
		}
	}
}

func TestOracleEveryCodePoint(t *testing.T) {
	forOracles(t, func(t *testing.T, o *oracle) {
		var alone, among []string
		for r := range rune(utf8.MaxRune + 1) {
			if !utf8.ValidRune(r) {
				continue
			}
			c := string(r)
			alone = append(alone, c)
			// All assigned ones are there, but for rare ideographs.
			if r < 0x20000 || r>>12 == 0xe0 || r%100 == 0 {
				among = append(among, "a"+c+"B"+c+c+"1"+c+" "+c+"\n"+c+"!"+c+"'s"+c)
			}
			if len(alone) == 10_000 {
				o.check(alone)
				o.check(among)
				alone, among = alone[:0], among[:0]
			}
		}
		o.check(alone)
		o.check(among)
	})
}

func TestOracleEveryToken(t *testing.T) {
	forOracles(t, func(t *testing.T, o *oracle) {
		v := o.enc.vocab()
		var texts, pieces, ids []string
		for id := range uint32(len(v.offset) - 1) {
			s := string(v.token(id))
			pieces = append(pieces, s)
			ids = append(ids, string(binary.LittleEndian.AppendUint32(nil, id)))
			if utf8.ValidString(s) {
				texts = append(texts, s, s+s)
			}
		}
		o.check(texts)
		s := &scratch{forget: true}
		for i, want := range o.ask('p', pieces...) {
			p := []byte(pieces[i])
			got := []uint32{}
			if id, ok := v.id(p, 0, len(p)); ok {
				got = append(got, id)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("token %q: %v, not %v", p, got, want)
			}
			// Merges make every token that is more than a byte.
			if got := v.encodePieceMerging(s, p); !slices.Equal(got, want) {
				t.Fatalf("token %q is merged to %v", p, got)
			}
		}
		for i, want := range o.ask('d', ids...) {
			got, err := o.enc.Decode([]uint32{uint32(i)})
			if err != nil || !bytesEqual(got, want) {
				t.Fatalf("token %d is %q (%v), not %v", i, got, err, want)
			}
		}
	})
}

// encodePieceMerging encodes a piece even if it is a token.
func (v *vocab) encodePieceMerging(s *scratch, p []byte) []uint32 {
	if len(p) > maxUnits {
		tokens, _ := v.encodeLong(s, p, nil, false)
		return tokens
	}
	l := s.lanes.next()
	v.load(l, s, p, 0, len(p))
	l.most++ // all of it may become one token
	for v.step(l) {
	}
	return l.appendTokens(nil, l.all())
}

func bytesEqual(s string, numbers []uint32) bool {
	if len(s) != len(numbers) {
		return false
	}
	for i := range numbers {
		if uint32(s[i]) != numbers[i] {
			return false
		}
	}
	return true
}

func TestOracleRandomStrings(t *testing.T) {
	total := 50_000
	if testing.Short() {
		total = 20_000
	}
	if s := os.Getenv("ATTACHE_TEST_STRINGS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		total = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d strings", seed, total)
	forOracles(t, func(t *testing.T, o *oracle) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), vocab: o.enc.vocab()}
		const batch = 5000
		for done := 0; done < total; done += batch {
			texts := make([]string, min(batch, total-done))
			for i := range texts {
				texts[i] = g.text()
			}
			o.check(texts)
		}
	})
}

// Text with bytes that are not UTF-8 has the pieces that it would have with
// U+FFFD in place of each of them, and the pieces' bytes have the tokens that
// tiktoken gives them.
func TestOracleBrokenUTF8(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	forOracles(t, func(t *testing.T, o *oracle) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), vocab: o.enc.vocab()}
		for range 20 {
			var broken, mended []string
			for range 1000 {
				s := g.broken()
				broken = append(broken, s)
				mended = append(mended, mend(s))
			}
			var all []string
			var owner []int
			for i, lengths := range o.ask('c', mended...) {
				rest := broken[i]
				for _, n := range lengths {
					end := 0
					for range n {
						_, w := utf8.DecodeRuneInString(rest[end:])
						end += w
					}
					all = append(all, rest[:end])
					owner = append(owner, i)
					rest = rest[end:]
				}
				if rest != "" {
					t.Fatalf("%q: the pieces leave %q", broken[i], rest)
				}
			}
			want := make([][]uint32, len(broken))
			for k, tokens := range o.ask('p', all...) {
				want[owner[k]] = append(want[owner[k]], tokens...)
			}
			for i, s := range broken {
				if got := o.enc.Encode(s); !slices.Equal(got, want[i]) {
					t.Fatalf("%s: %q\ntiktoken %v\nours     %v", o.enc.Name(), s, want[i], got)
				}
				if got, err := o.enc.Decode(want[i]); err != nil || got != s {
					t.Fatalf("%s: %q comes back as %q", o.enc.Name(), s, got)
				}
			}
		}
	})
}

// mend replaces every byte that is not UTF-8 with U+FFFD.
func mend(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func TestOracleRealText(t *testing.T) {
	files, err := filepath.Glob("testdata/udhr/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d texts: %v", len(files), err)
	}
	var texts []string
	for _, f := range append(files, "oracle_test.go", "unicode_tables.go", "../go.sum") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
		texts = append(texts, strings.Join(strings.Fields(string(b)), ""))
		texts = append(texts, strings.ToUpper(string(b)), strings.ReplaceAll(string(b), " ", "  "))
	}
	forOracles(t, func(t *testing.T, o *oracle) { o.check(texts) })
}

func TestOracleLongPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var texts []string
	for _, unit := range []string{"a", " ", "\n", "\t", "=", "-", "ab", "0", "é", "中", "ก", "😀", "ABC", "xyzzy", "aaab"} {
		for _, n := range []int{100, 1000, 2049} {
			texts = append(texts, strings.Repeat(unit, n), "x"+strings.Repeat(unit, n)+"y")
		}
	}
	for _, alphabet := range []string{"acgt", "ab", "abcdefghijklmnopqrstuvwxyz", "ABCDEFab", "一二三四五六七八九十百千", "กขคงจฉชซ", "!#$%&()*+,-./", "\u0e40\u0e01\u0e32\u0e23", "的一是在不了有和人这", "aeiouAEIOU "} {
		for _, n := range []int{200, 3000} {
			texts = append(texts, randomOf(r, []rune(alphabet), n))
		}
	}
	forOracles(t, func(t *testing.T, o *oracle) { o.check(texts) })
}

func TestOracleSpecialTokens(t *testing.T) {
	t.Parallel()
	for _, enc := range encodings {
		o := newOracle(t, enc)
		var texts, ids []string
		for _, name := range []string{"<|endoftext|>", "<|fim_prefix|>", "<|endofprompt|>", "<|start|>", "<|call|>",
			"<|reserved_200000|>", "<|reserved_200002|>", "<|reserved_200018|>", "<|reserved_201087|>", "<|reserved_201088|>", "<|reserved_+200014|>", "<|reserved_0200014|>"} {
			texts = append(texts, name, "a "+name+" b"+name+name, "<|"+name, name[:len(name)-1], "<|end"+name+"|>")
		}
		for i, want := range o.ask('s', texts...) {
			if got := enc.EncodeSpecial(texts[i]); !slices.Equal(got, want) {
				t.Errorf("%s: %q is %v, not %v", enc.Name(), texts[i], got, want)
			}
		}
		o.check(texts)
		first := uint32(len(enc.vocab().offset) - 1)
		for id := first; id < 201100; id++ {
			if name, ok := enc.special.name(id); ok {
				ids = append(ids, string(binary.LittleEndian.AppendUint32(nil, id)))
				if got, err := enc.Decode([]uint32{id}); err != nil || got != name {
					t.Errorf("%d is %q, %v", id, got, err)
				}
			}
		}
		for i, want := range o.ask('d', ids...) {
			id := binary.LittleEndian.Uint32([]byte(ids[i]))
			if got, _ := enc.Decode([]uint32{id}); !bytesEqual(got, want) {
				t.Errorf("%s: %d is %q, not %v", enc.Name(), id, got, want)
			}
		}
	}
}

// forOracles runs f for the two patterns and vocabularies at the same time.
func forOracles(t *testing.T, f func(t *testing.T, o *oracle)) {
	t.Parallel()
	oraclePython(t)
	for _, enc := range encodings[:2] {
		t.Run(enc.Name(), func(t *testing.T) {
			t.Parallel()
			f(t, newOracle(t, enc))
		})
	}
}
