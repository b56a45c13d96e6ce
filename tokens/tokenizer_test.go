package tokens

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// readTrained trains a tokenizer of a family, reads it, and returns it with the
// library that judges it.
func readTrained(t *testing.T, family string) (*Encoding, *oracle) {
	t.Helper()
	python := oraclePython(t)
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	files, err := filepath.Glob("testdata/udhr/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d texts: %v", len(files), err)
	}
	files = append(files, "oracle_test.go", "split.go", "../docs/tokens.md", "data/models.json")
	o := startOracle(t, nil, exec.CommandContext(t.Context(), python, append([]string{"testdata/tokenizers_oracle.py", family, path}, files...)...))
	o.ask('e', "") // it is trained
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ReadTokenizer(family, data)
	if err != nil {
		t.Fatal(err)
	}
	o.enc = e
	return e, o
}

var families = []string{"gpt2", "llama3", "qwen2", "qwen3.5", "deepseek", "o200k", "starcoder"}

// newMarks are the marks of Unicode 13 and later (DerivedAge.txt), which a library
// with older tables leaves where they are when it normalizes.
var newMarks = &unicode.RangeTable{
	R16: []unicode.Range16{{0x0898, 0x089f, 1}, {0x08ca, 0x08d2, 1}, {0x0b55, 0x0b55, 1}, {0x0c3c, 0x0c3c, 1}, {0x1715, 0x1715, 1}, {0x180f, 0x180f, 1}, {0x1abf, 0x1ace, 1}, {0x1dfa, 0x1dfa, 1}, {0xa82c, 0xa82c, 1}},
	R32: []unicode.Range32{{0x10eab, 0x10eac, 1}, {0x10efc, 0x10eff, 1}, {0x10f82, 0x10f85, 1}, {0x11070, 0x11075, 1}, {0x110c2, 0x110c2, 1}, {0x11241, 0x11241, 1}, {0x11930, 0x11943, 1}, {0x11f00, 0x11f42, 1}, {0x16fe4, 0x16ff1, 1}, {0x1e08f, 0x1e08f, 1}, {0x1e2ae, 0x1e2ae, 1}, {0x1e4ec, 0x1e5ef, 1}},
}

// known leaves out the characters that one of the libraries' versions of Unicode
// does not have, and of marks more than 20 in a row, whose order NFC changes
// otherwise in Go.
func known(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if marks++; !unicode.In(r, unicode.M) {
			marks = 0
		}
		if marks > 20 {
			return -1
		}
		if r >= 0x80 && !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) || r > 0x1f000 && r < 0x20000 || r >= 0x2a6de || unicode.Is(newMarks, r) {
			return 'ø'
		}
		return r
	}, s)
}

// Every family's tokenizer counts and encodes as the library does.
func TestOracleTokenizers(t *testing.T) {
	t.Parallel()
	oraclePython(t)
	total := 20_000
	if testing.Short() {
		total = 4_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, family := range families {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			e, o := readTrained(t, family)
			r := rand.New(rand.NewPCG(seed, 7))
			g := &generator{Rand: r, vocab: e.vocab()}
			var texts []string
			files, _ := filepath.Glob("testdata/udhr/*.txt")
			for _, f := range append(files, "coder.go", "../go.sum") {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(b), strings.ToUpper(string(b)))
			}
			for range total {
				texts = append(texts, known(g.text()), string(randomText(r)))
			}
			for i, s := range texts {
				texts[i] = strings.ToValidUTF8(known(s), "")
			}
			for len(texts) > 0 {
				n := min(len(texts), 5000)
				o.check(texts[:n])
				texts = texts[n:]
			}
		})
	}
}

// What else an encoding does holds for these too.
func TestTokenizerMethods(t *testing.T) {
	for _, family := range []string{"qwen2", "deepseek"} {
		e, o := readTrained(t, family)
		r := rand.New(rand.NewPCG(8, 8))
		for range 300 {
			s := known(strings.Repeat(string(randomText(r)), 1+r.IntN(40)))
			ids := e.Encode(s)
			back, err := e.Decode(ids)
			want := s
			if e.composed {
				want = e.compose(s)
			}
			if err != nil || back != want {
				t.Fatalf("%s: %q comes back as %q, %v", family, want, back, err)
			}
			c := e.NewCounter()
			for rest := s; rest != ""; {
				n := min(len(rest), 1+r.IntN(50))
				c.WriteString(rest[:n])
				rest = rest[n:]
				if r.IntN(10) == 0 {
					c.Count()
				}
			}
			if c.Count() != len(ids) {
				t.Fatalf("%s: %q: the counter has %d, not %d", family, s, c.Count(), len(ids))
			}
			limit := r.IntN(len(ids) + 2)
			head := e.Truncate(s, limit)
			if !strings.HasPrefix(want, head) || e.Count(head) > limit {
				t.Fatalf("%s: %q cut to %d is %q", family, s, limit, head)
			}
			if n, ok := e.CountUpTo(s, limit); ok != (len(ids) <= limit) || ok && n != len(ids) {
				t.Fatalf("%s: %q up to %d: %d, %v", family, s, limit, n, ok)
			}
		}
		texts := []string{"<|im_start|>user\nhello<|endoftext|>", "[INST]x[INST", "<｜begin▁of▁sentence｜>", "<|im_start|", ""}
		for i, want := range o.ask('s', texts...) {
			if got := e.EncodeSpecial(texts[i]); !slices.Equal(got, want) {
				t.Errorf("%s: %q is %v, not %v", family, texts[i], got, want)
			}
			if back, err := e.Decode(want); err != nil || back != texts[i] {
				t.Errorf("%s: %v is %q, %v", family, want, back, err)
			}
		}
		if _, err := e.Decode([]uint32{1 << 20}); err == nil {
			t.Errorf("%s: a token that is none has a text", family)
		}
	}
}

// A file of another kind is refused, and so is a broken one.
func TestTokenizersRefused(t *testing.T) {
	for _, bad := range []string{
		``, `[]`, `{}`, `{"model": {"type": "WordPiece"}}`,
		`{"pre_tokenizer": {"type": "Metaspace"}, "model": {"type": "BPE"}}`,
		`{"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}, "model": {"type": "BPE"}}`,
		`{"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE"}}`,
		`{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}`,
		`{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "byte_fallback": true}}`,
		`{"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "(a+)+"}, "behavior": "Isolated"}, {"type": "ByteLevel", "use_regex": false}]}, "model": {"type": "BPE"}}`,
		`{"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed"}, {"type": "ByteLevel"}]}, "model": {"type": "BPE"}}`,
	} {
		if _, err := ReadTokenizer("x", []byte(bad)); !errors.Is(err, ErrTokenizer) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRegex(t *testing.T) {
	for _, c := range []struct {
		regex, text string
		want        int
	}{
		{`a|ab`, "ab", 1}, {`(a|ab)c`, "abc", 3}, {`a*ab`, "aaab", 4}, {`a*+ab`, "aaab", -1}, {`(?i:'s|'ll)?x`, "'LLx", 4}, {`(?i:s)`, "ſ", 2},
		{`\s+(?!\S)`, "   a", 2}, {`\s+(?=a)`, "  a", 2}, {`[^\r\n\p{L}]?\p{L}+`, "-éa1", 4}, {`\p{N}{1,3}`, "12345", 3}, {`\p{N}{2}`, "1a", -1},
		{`[一-龥]+`, "中文a", 6}, {`[a\-z]+`, "-az-b", 4}, {`[!-/]`, "#", 1}, {`\P{L}`, "a", -1}, {`x?`, "y", 0}, {`.`, "\n", -1},
		{`(?:a|b)?c`, "bc", 2}, {`a{2,}`, "aaaa", 4}, {`[\]\\]+`, `]\a`, 2},
	} {
		r, err := compileRegex(c.regex)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := r.match([]byte(c.text), 0); got != c.want {
			t.Errorf("%s in %q ends at %d, not %d", c.regex, c.text, got, c.want)
		}
	}
	for _, bad := range []string{`(a`, `a)`, `[a`, `a**`, `a+?`, `(a)+`, `^a`, `a$`, `\b`, `\p{Nope}`, `[a&&b]`, `[[:alpha:]]`, `(?<n>a)`, `a{3,1}`, `\`, `*`} {
		if _, err := compileRegex(bad); err == nil {
			t.Errorf("%s is compiled", bad)
		}
	}
}

func FuzzReadTokenizer(f *testing.F) {
	f.Add([]byte(`{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {}, "merges": ["a b", ["c", "d"]]}}`))
	var vocab []string
	for c, b := range byteOf {
		vocab = append(vocab, fmt.Sprintf("%q: %d", string(c), b))
	}
	f.Add([]byte(`{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"ab": 256, "abc": 257, ` + strings.Join(vocab, ", ") + `}, "merges": ["a b", "ab c"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ReadTokenizer("x", data)
		if err != nil {
			if !errors.Is(err, ErrTokenizer) {
				t.Error(err)
			}
			return
		}
		const text = "abc abcabc 123"
		if back, err := e.Decode(e.Encode(text)); err != nil || back != text {
			t.Errorf("%q, %v", back, err)
		}
	})
}

func TestCatalogWithTokenizer(t *testing.T) {
	c := BuiltIn().WithTokenizer("qwen3*", R50KBase).WithTokenizer("qwen3:8b", P50KBase).WithTokenizer("Acme/One", CL100KBase)
	for name, want := range map[string]*Encoding{
		"qwen3": R50KBase, "Qwen3:32b": R50KBase, "qwen/qwen3-235b": R50KBase, "qwen3:8b": P50KBase, "acme/one": CL100KBase,
	} {
		if m := c.Model(name); m.Encoding != want || !m.Exact || m.Window != 0 {
			t.Errorf("%s: %s, exact %v", name, m.Encoding.Name(), m.Exact)
		}
	}
	for _, name := range []string{"qwen2", "one", "gpt-4o"} {
		if m := c.Model(name); m.Encoding != O200KBase {
			t.Errorf("%s: %s", name, m.Encoding.Name())
		}
	}
	more, err := c.With([]byte(`{"models": {"qwen3": {"window": 40960}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if m := more.Model("qwen3"); m.Encoding != R50KBase || m.Window != 40960 {
		t.Errorf("%+v", m)
	}
	if m := BuiltIn().Model("qwen3"); m.Exact {
		t.Error("the built-in catalog was changed")
	}
}
