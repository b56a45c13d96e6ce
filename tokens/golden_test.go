package tokens

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// golden are the tokens of some texts as tiktoken gives them.
type golden struct {
	Text          string
	CL100K, O200K []uint32
}

// goldenTexts are what others got wrong, and a few ordinary ones.
var goldenTexts = []string{
	"", "hello world", "Hello, World!", "The quick brown fox jumps over the lazy dog.",
	"\n \n", "\n\n \n\n", " \n", "\r\n\r\n", "a\r\nb", "  \t  x", "x   ", "   ", "x\n  \n", "!\n\n/x", "//\n//\n// x",
	"\x7f", "a\x7fb", "\ufeffx", "x\u0085y", "\u00a0\u00a0x", "\u2028", "\u3000中", "\x00\x01",
	"don't", "DON'T", "it's'", "I'd've", "x'ſ", "'ſ", "'tis", "we'LLs", "’s", "o'reilly's",
	"camelCaseHTTPServer2x", "ALLCAPS", "Ünïcödé", "ǅungla", "ªº", "中文A", "A中文a", "ABC中DEf",
	"1234567", "١٢٣٤", "½⅓", "3.14159e-10", "0x1F600",
	"e\u0301e\u0301", "क्षत्रिय", "สวัสดีครับ", "안녕하세요", "שלום עולם", "你好,世界", "こんにちは世界",
	"👨‍👩‍👧‍👦👍🏽🇩🇪", "#️⃣x", "❤️ ok", "<|endoftext|>", "<|im_start|>user",
	"func main() {\n\tfmt.Println(\"hi\")\n}\n", "a,b,c\n1,2.50,\"x y\"\n", "{\"key\": [1, null, true]}",
	"https://example.com/a/b?c=d&e=%20#f", "\U00016ea0\U00010d40", "\U000105c0", "\u1c89\ua7cb",
}

const goldenFile = "testdata/golden.json"

func TestGolden(t *testing.T) {
	b, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(goldenTexts) {
		t.Fatalf("%d texts, not %d", len(all), len(goldenTexts))
	}
	for i, g := range all {
		if g.Text != goldenTexts[i] {
			t.Fatalf("%q, not %q: go test -run Golden -update", g.Text, goldenTexts[i])
		}
		if got := CL100KBase.Encode(g.Text); !slices.Equal(got, g.CL100K) {
			t.Errorf("cl100k_base: %q is %v, not %v", g.Text, got, g.CL100K)
		}
		if got := O200KBase.Encode(g.Text); !slices.Equal(got, g.O200K) {
			t.Errorf("o200k_base: %q is %v, not %v", g.Text, got, g.O200K)
		}
	}
	if got := O200KBase.Encode("\n \n"); !slices.Equal(got, []uint32{47812}) {
		t.Errorf(`"\n \n" is %v`, got)
	}
}

func TestOracleGolden(t *testing.T) {
	t.Parallel()
	cl, o2 := newOracle(t, CL100KBase), newOracle(t, O200KBase)
	cl.check(goldenTexts)
	o2.check(goldenTexts)
	if !*update {
		return
	}
	a, b := cl.ask('e', goldenTexts...), o2.ask('e', goldenTexts...)
	out := []byte("[\n")
	for i, s := range goldenTexts {
		line, err := json.Marshal(golden{s, a[i], b[i]})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out = append(out, ",\n"...)
		}
		out = append(out, line...)
	}
	if err := os.WriteFile(goldenFile, append(out, "\n]\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}
