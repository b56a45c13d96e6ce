package tokens

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The encodings of older models are tiktoken's too.
func TestOracleLegacy(t *testing.T) {
	t.Parallel()
	for _, enc := range []*Encoding{P50KBase, R50KBase} {
		t.Run(enc.Name(), func(t *testing.T) {
			t.Parallel()
			o := newOracle(t, enc)
			r := rand.New(rand.NewPCG(5, 5))
			g := &generator{Rand: r, vocab: enc.vocab()}
			texts := []string{"'s 'S 'll'LL'ſ", "a  b\n\n c \t", "     indented", "12345 ²½", "  "}
			files, _ := filepath.Glob("testdata/udhr/*.txt")
			for _, f := range append(files, "coder.go") {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(b))
			}
			for range 20_000 {
				texts = append(texts, g.text(), string(randomText(r)))
			}
			for len(texts) > 0 {
				n := min(len(texts), 5000)
				o.check(texts[:n])
				texts = texts[n:]
			}
			special := "a<|endoftext|>b"
			ids := enc.EncodeSpecial(special)
			if back, err := enc.Decode(ids); err != nil || back != special || len(ids) != 3 || ids[1] != 50256 {
				t.Errorf("%v is %q, %v", ids, back, err)
			}
		})
	}
	if e, ok := EncodingByName("p50k_base"); !ok || e != P50KBase {
		t.Error("p50k_base is not known by its name")
	}
}
