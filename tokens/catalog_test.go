package tokens

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestModelNames(t *testing.T) {
	for _, c := range []struct {
		name, entry string
		enc         *Encoding
		exact       bool
		window      int
		priced      bool
	}{
		{"gpt-4o", "gpt-4o", O200KBase, true, 128000, true},
		{" GPT-4o ", "gpt-4o", O200KBase, true, 128000, true},
		{"openai/gpt-4o", "gpt-4o", O200KBase, true, 128000, true},
		{"gpt-4o-2024-08-06", "gpt-4o", O200KBase, true, 128000, true},
		{"openai/gpt-4o-mini-2024-07-18", "gpt-4o-mini", O200KBase, true, 128000, true},
		{"gpt-4o-2024-05-13", "gpt-4o-2024-05-13", O200KBase, true, 128000, true}, // it has another price
		{"azure/gpt-4o", "gpt-4o", O200KBase, true, 128000, false},
		{"openrouter/openai/gpt-4o", "gpt-4o", O200KBase, true, 128000, false},
		{"openai/gpt-4o:free", "gpt-4o", O200KBase, true, 128000, false},
		{"ft:gpt-4o-mini-2024-07-18:acme::id", "gpt-4o-mini", O200KBase, true, 128000, false},
		{"ft:gpt-3.5-turbo:acme/dept::id", "gpt-3.5-turbo", CL100KBase, true, 16385, false},
		{"gpt-4", "gpt-4", CL100KBase, true, 8192, true},
		{"gpt-4-0613", "gpt-4", CL100KBase, true, 8192, true},
		{"gpt-4-1106-preview", "gpt-4-turbo", CL100KBase, true, 128000, true},
		{"gpt-4-turbo-2024-04-09", "gpt-4-turbo", CL100KBase, true, 128000, true},
		{"gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106", CL100KBase, true, 16385, true},
		{"gpt-35-turbo", "gpt-3.5-turbo", CL100KBase, true, 16385, true},
		{"gpt-4.1-mini-2025-04-14", "gpt-4.1-mini", O200KBase, true, 1047576, true},
		{"chatgpt-4o-latest", "", O200KBase, true, 0, false},
		{"o3", "o3", O200KBase, true, 200000, true},
		{"o3-pro", "o3-pro", O200KBase, true, 200000, true},
		{"gpt-5.4", "gpt-5.4", O200KBase, true, 1050000, true},
		{"gpt-5.9-nova", "", O200KBase, true, 0, false},
		{"gpt-6-sol", "gpt-6-sol", O200KBase, false, 1050000, true},
		{"gpt-oss-20b", "gpt-oss-20b", O200KHarmony, true, 131072, false},
		{"openai/gpt-oss-120b", "gpt-oss-120b", O200KHarmony, true, 131072, false},
		{"gpt-oss:20b", "gpt-oss-20b", O200KHarmony, true, 131072, false},
		{"gpt-oss", "gpt-oss-20b", O200KHarmony, true, 131072, false},
		{"gpt-oss:latest", "gpt-oss-20b", O200KHarmony, true, 131072, false},
		{"gpt-oss:120b", "gpt-oss-120b", O200KHarmony, true, 131072, false},
		{"gpt-5.6", "gpt-5.6-sol", O200KBase, true, 1050000, true},
		{"gpt-6.2-sol", "gpt-6.2-sol", O200KBase, false, 1050000, true},
		{"gpt-6.1-terra", "gpt-6.1-terra", O200KBase, false, 1050000, true},
		{"gpt-5.4-pro", "gpt-5.4-pro", O200KBase, true, 1050000, true},
		{"gpt-5.3-codex", "gpt-5.3-codex", O200KBase, true, 400000, true},
		{"chat-latest", "chat-latest", O200KBase, true, 400000, true},
		{"gpt-5-chat-latest", "gpt-5-chat-latest", O200KBase, true, 128000, true},
		{"text-embedding-3-small", "", CL100KBase, true, 0, false},
		{"claude-sonnet-4.5", "claude-sonnet-4-5", O200KBase, false, 200000, true},
		{"claude-sonnet-4-5-20250929", "claude-sonnet-4-5", O200KBase, false, 200000, true},
		{"anthropic/claude-opus-5.5", "claude-opus-5-5", O200KBase, false, 1000000, true},
		{"bedrock/claude-opus-5-5", "claude-opus-5-5", O200KBase, false, 1000000, false},
		{"models/gemini-3.8-flash", "gemini-3.8-flash", O200KBase, false, 1048576, true}, // as Gemini lists it
		{"google/gemini-4-argon", "gemini-4-argon", O200KBase, false, 1048576, true},     // as OpenRouter does
		{"vertex_ai/gemini-4-argon", "gemini-4-argon", O200KBase, false, 1048576, false},
		{"deepseek-v4-pro", "deepseek-v4-pro", O200KBase, false, 1000000, true},
		{"deepseek/deepseek-v4-pro", "deepseek-v4-pro", O200KBase, false, 1000000, false}, // others serve it at OpenRouter
		{"moonshotai/kimi-k3", "kimi-k3", O200KBase, false, 1048576, false},
		{"kimi-k2.6", "kimi-k2.6", O200KBase, false, 262144, true},
		{"mistral-large-2512", "mistral-large-2512", O200KBase, false, 262144, true},
		{"x-ai/grok-4.7", "grok-4.7", O200KBase, false, 500000, true},
		{"x-ai/grok-4.7:free", "grok-4.7", O200KBase, false, 500000, false},
		{"groq/openai/gpt-oss-20b", "groq/openai/gpt-oss-20b", O200KHarmony, true, 131072, true},
		{"openai/gpt-oss-20b", "gpt-oss-20b", O200KHarmony, true, 131072, false}, // many serve it
		{"claude-2.1", "", O200KBase, false, 0, false},
		{"meta-llama/llama-4", "", O200KBase, false, 0, false},
		{"", "", O200KBase, false, 0, false},
		{"/", "", O200KBase, false, 0, false},
		{"ft:", "", O200KBase, false, 0, false},
	} {
		m := ForModel(c.name)
		_, priced := m.Price(today)
		if m.Name != c.name || m.Entry != c.entry || m.Encoding != c.enc || m.Exact != c.exact || m.Window != c.window || priced != c.priced {
			t.Errorf("%q: entry %q, %s, exact %v, window %d, price %v", c.name, m.Entry, m.Encoding.Name(), m.Exact, m.Window, priced)
		}
	}
	if m := ForModel("gpt-5.4"); m.MaxInput != 922000 || m.MaxOutput != 128000 {
		t.Errorf("%+v", m)
	}
	if m := ForModel("gpt-4o"); m.MaxInput != 128000 || m.Count("hello world") != 2 {
		t.Errorf("%+v", m)
	}
}

// What Claude's cache costs is counted apart; a long prompt costs Haiku 5.5 five
// times as much. platform.claude.com/docs/en/about-claude/pricing
func TestClaudePrices(t *testing.T) {
	fall := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		model string
		usage Usage
		at    time.Time
		want  string
	}{
		{"claude-opus-5-5", Usage{Input: 1_000_000}, fall, "$4.00"},
		{"claude-opus-5-5", Usage{Input: 1_000_000, Cached: 1_000_000}, fall, "$0.20"},
		{"claude-opus-5-5", Usage{Input: 1_000_000, Write: 1_000_000, Output: 100_000}, fall, "$7.00"},
		{"claude-haiku-5-5", Usage{Input: 100_000, Output: 1000}, fall, "$0.0105"},
		{"claude-haiku-5-5", Usage{Input: 100_001, Output: 1000}, fall, "$0.0525005"},
		{"claude-sonnet-5-5", Usage{Input: 1_000_000, Cached: 1_000_000}, fall, "$0.10"},
		{"claude-sonnet-5-5", Usage{Input: 1_000_000, Cached: 1_000_000}, time.Date(2026, 10, 6, 0, 0, 0, 0, time.UTC), "$0.20"},
	} {
		if got, ok := ForModel(c.model).Cost(c.usage, c.at); !ok || got.String() != c.want {
			t.Errorf("%s %+v at %s: %s, %v", c.model, c.usage, c.at.Format(time.DateOnly), got, ok)
		}
	}
}

// tiktoken maps names to the same encodings, and has none for those that are
// marked as guesses.
func TestOracleModelNames(t *testing.T) {
	t.Parallel()
	o := newOracle(t, O200KBase)
	names := append(BuiltIn().Names(), "gpt-4o-2024-08-06", "gpt-4-0613", "gpt-4-32k", "gpt-35-turbo", "gpt-35-turbo-16k", "gpt-3.5", "o1", "o1-mini", "o1x", "o3-", "o4", "o4-mini-x",
		"gpt-4.5-preview", "gpt-4.5", "gpt-4.1", "gpt-4.1-nano", "gpt-5-pro", "gpt-6", "chatgpt-4o-latest", "gpt-oss-20b", "gpt-oss", "ft:gpt-4o:x", "ft:gpt-4-0613:x", "ft:davinci-002:x", "ft:babbage-002",
		"ft:o1", "davinci-002", "text-embedding-ada-002", "text-embedding-3-large", "text-embedding-4", "text-davinci-003", "text-davinci-002", "text-davinci-001", "text-curie-001", "davinci", "ada", "claude", "gpt", "")
	for i, answer := range o.ask('m', names...) {
		var b strings.Builder
		for _, c := range answer {
			b.WriteByte(byte(c))
		}
		want := b.String()
		enc, exact := encodingFor(names[i])
		if exact != (want != "") || exact && enc.Name() != want {
			t.Errorf("%q: %s (exact: %v), tiktoken has %q", names[i], enc.Name(), exact, want)
		}
	}
}

func TestCost(t *testing.T) {
	for _, c := range []struct {
		model string
		at    time.Time
		u     Usage
		want  string
	}{
		{"gpt-4o", today, Usage{Input: 1_000_000, Output: 1_000_000}, "$12.50"},
		{"gpt-4o", today, Usage{Input: 1_000_000, Cached: 1_000_000}, "$1.25"},
		{"gpt-4o", today, Usage{Input: 1000, Cached: 400, Output: 10}, "$0.0021"},
		{"gpt-4o", today, Usage{Input: 1, Output: 1, Batch: true}, "$0.00000625"},
		{"gpt-5-nano", today, Usage{Cached: 1, Input: 1}, "$0.000000005"},
		{"gpt-5-nano", today, Usage{Cached: 1, Input: 1, Batch: true}, "$0.000000003"}, // half a billionth up
		{"gpt-4", today, Usage{Input: 100, Cached: 50, Output: 10}, "$0.0036"},         // cached as any other
		{"gpt-5.4", today, Usage{Input: 272_000, Output: 1000}, "$0.695"},
		{"gpt-5.4", today, Usage{Input: 272_001, Output: 1000}, "$1.382505"},
		{"gpt-5.4", today, Usage{Input: 300_000, Cached: 300_000, Output: 1000, Batch: true}, "$0.08625"},
		{"gpt-5.4-mini", today, Usage{Input: 300_000}, "$0.225"},
		{"gpt-5.6-sol", today, Usage{Input: 1_000, Output: 1_000}, "$0.024"},
		{"gpt-5.6", today, Usage{Input: 1_000, Output: 1_000}, "$0.024"},
		{"gpt-5.6-sol", time.Date(2026, 8, 20, 23, 59, 59, 999, time.UTC), Usage{Input: 1_000, Output: 1_000}, "$0.035"},
		{"gpt-5.6-sol", time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC), Usage{Input: 1_000, Output: 1_000}, "$0.024"},
		{"gpt-5.6-sol", time.Date(2026, 8, 20, 20, 0, 0, 0, time.FixedZone("", -5*3600)), Usage{Input: 1_000, Output: 1_000}, "$0.024"},
		{"gpt-6.2-sol", today, Usage{Input: 1_000, Cached: 400, Write: 500, Output: 10}, "$0.00159"},
		{"gpt-6.2-sol", today, Usage{Input: 300_000, Write: 300_000}, "$1.50"},
		{"gpt-6.2-sol", today, Usage{Input: 1_000, Cached: 600, Write: 500}, "$0.00086"}, // more than there is
		{"gpt-5.4", today, Usage{Input: 1_000, Write: 1_000}, "$0.0025"},                 // writing costs nothing more
		{"gpt-4o", today, Usage{}, "$0.00"},
		{"gpt-4o", today, Usage{Input: -5, Output: -5, Cached: -1}, "$0.00"},
		{"gpt-4o", today, Usage{Input: 10, Cached: 11}, "$0.000025"},
	} {
		if got, ok := ForModel(c.model).Cost(c.u, c.at); !ok || got.String() != c.want {
			t.Errorf("%s %+v: %v, %v, not %s", c.model, c.u, got, ok, c.want)
		}
	}
	for _, name := range []string{"unknown", "gpt-5.3", "ft:gpt-4o:x", "gpt-oss-20b", "azure/gpt-4o"} {
		if got, ok := ForModel(name).Cost(Usage{Input: 1000}, today); ok || got != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// limited are models for some customers, and those that search.
var limited = regexp.MustCompile(`-(cyber|rosalind|daybreak|law|search)`)

// The prices are those of the list that they were taken from.
func TestPriceList(t *testing.T) {
	list := "gpt-6.2-astra 8/.40/40 · gpt-6.2-sol 2/.10/10 · gpt-6.1-sol 2/.10/10 · gpt-6.1-terra 1/.05/5 · gpt-6-astra 10/1/50 · gpt-6-sol 2/.20/10 · gpt-6-luna .10/.01/.50 · gpt-5.6-sol 4/.40/20 · gpt-5.6-terra 2/.20/12 · gpt-5.6-luna .20/.02/1.20 · gpt-5.5 5/.5/30 · gpt-5.4 2.5/.25/15 · gpt-5.4-mini .75/.075/4.5 · gpt-5.4-nano .2/.02/1.25 · gpt-5.2 1.75/.175/14 · gpt-5 1.25/.125/10 · gpt-5.1 1.25/.125/10 · gpt-5-mini .25/.025/2 · gpt-5-nano .05/.005/.4 · gpt-4.1 2/.5/8 · gpt-4.1-mini .4/.1/1.6 · gpt-4.1-nano .1/.025/.4 · gpt-4o 2.5/1.25/10 · gpt-4o-mini .15/.075/.6 · o1 15/7.5/60 · o3 2/.5/8 · o4-mini 1.1/.275/4.4 · o3-mini 1.1/.55/4.4 · gpt-4-turbo 10/–/30 · gpt-4 30/–/60 · gpt-3.5-turbo .5/–/1.5" +
		" · gpt-6-astra-law 10/1/50 · gpt-6-cyber 20/2/100 · gpt-6-rosalind 15/1.5/75 · gpt-5.6-cyber 12.5/1.25/75 · gpt-5.5-cyber 12.5/1.25/75 · gpt-daybreak-blue-latest 4/.4/20 · gpt-daybreak-red-latest 12.5/1.25/75 · gpt-rosalind-research 5/.5/25 · gpt-5-search-api 1.25/.125/10 · gpt-4o-search-preview 2.5/1.25/10 · gpt-4o-mini-search-preview .15/.075/.6" +
		" · claude-fable-5-1 10/.25/50 · claude-opus-5-5 4/.2/20 · claude-sonnet-5-5 2/.1/10 · claude-haiku-5-5 .1/.01/.5 · claude-mythos-5-1 10/.25/50 · claude-fable-5 10/1/50 · claude-mythos-5 10/1/50 · claude-opus-5 5/.5/25 · claude-sonnet-5 2/.2/10 · claude-opus-4-8 5/.5/25 · claude-opus-4-7 5/.5/25 · claude-opus-4-6 5/.5/25 · claude-opus-4-5 5/.5/25 · claude-sonnet-4-6 3/.3/15 · claude-sonnet-4-5 3/.3/15 · claude-haiku-4-5 1/.1/5" +
		" · gpt-5.5-pro 30/–/180 · gpt-5.4-pro 30/–/180 · gpt-5.2-pro 21/–/168 · gpt-5-pro 15/–/120 · o3-pro 20/–/80 · o1-pro 150/–/600 · o3-deep-research 10/2.5/40 · o4-mini-deep-research 2/.5/8" +
		" · gpt-5.3-codex 1.75/.175/14 · gpt-5.2-codex 1.75/.175/14 · gpt-5.1-codex 1.25/.125/10 · gpt-5.1-codex-max 1.25/.125/10 · gpt-5.1-codex-mini .25/.025/2 · gpt-5-codex 1.25/.125/10" +
		" · chat-latest 5/.5/30 · gpt-5.3-chat-latest 1.75/.175/14 · gpt-5.2-chat-latest 1.75/.175/14 · gpt-5.1-chat-latest 1.25/.125/10 · gpt-5-chat-latest 1.25/.125/10" +
		" · gpt-4o-2024-05-13 5/–/15 · computer-use-preview 3/–/12 · gpt-3.5-turbo-1106 1/–/2 · gpt-3.5-turbo-16k 3/–/4"
	seen := map[string]bool{}
	for _, line := range strings.Split(list, " · ") {
		name, prices, _ := strings.Cut(line, " ")
		seen[name] = true
		p, ok := ForModel(name).Price(today)
		if !ok {
			t.Errorf("%s has no price", name)
			continue
		}
		want := strings.Split(prices, "/")
		for i, r := range []*Rate{p.Input, p.Cached, p.Output} {
			if want[i] == "–" {
				if r != nil {
					t.Errorf("%s: cached input costs %v", name, r)
				}
				continue
			}
			w, _ := new(big.Rat).SetString("0" + want[i])
			if r == nil || r.Cmp(w) != 0 {
				t.Errorf("%s: %v, not %s", name, r, want[i])
			}
		}
		if limited.MatchString(name) {
			continue // sold apart, each by its own rules
		}
		long := strings.HasPrefix(name, "gpt-6") || strings.HasPrefix(name, "gpt-5.6") || strings.HasPrefix(name, "gpt-5.5") || name == "gpt-5.4" || name == "gpt-5.4-pro"
		if name == "claude-haiku-5-5" { // TestClaudePrices
			continue
		}
		if long != (p.Long != nil) || long && (p.Long.Above != 272000 || p.Long.Input.String() != "2" || p.Long.Output.String() != "1.50") {
			t.Errorf("%s: %+v", name, p.Long)
		}
		// From gpt-5.6 on, and at Anthropic, writing to the cache costs a quarter more than input.
		if writes := strings.HasPrefix(name, "gpt-6") || strings.HasPrefix(name, "gpt-5.6") || strings.HasPrefix(name, "claude"); writes != (p.Write != nil) || writes && p.Write.Cmp(new(big.Rat).Mul(&p.Input.Rat, big.NewRat(5, 4))) != 0 {
			t.Errorf("%s: written input costs %v", name, p.Write)
		}
		if p.Batch == nil && (strings.Contains(name, "codex") || strings.Contains(name, "chat-latest") || strings.Contains(name, "research") || strings.HasPrefix(name, "gpt-3.5-turbo-1") || name == "computer-use-preview") {
			continue // not offered
		}
		if p.Batch == nil || p.Batch.String() != "0.50" {
			t.Errorf("%s: batch %v", name, p.Batch)
		}
	}
	others := litellms(t)
	for _, name := range BuiltIn().Names() {
		if _, ok := ForModel(name).Price(today); ok && !seen[name] && !others[name] {
			t.Errorf("%s has a price that is not in the list", name)
		}
	}
}

// litellms are the catalog's models that are in testdata/litellm.json, a part of
// litellm's list, as it is.
func litellms(t *testing.T) map[string]bool {
	t.Helper()
	var all map[string]json.RawMessage
	b, err := os.ReadFile("testdata/litellm.json")
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range all {
		if maker, own, _ := strings.Cut(name, "/"); slices.Contains(listedMakers, maker) {
			name = own
		}
		names[name] = true
	}
	return names
}

// What other makers than OpenAI and Anthropic ask is what litellm's list says. Their
// text is counted with a guessed encoding, and nobody calls that exact.
func TestPricesOfOtherMakers(t *testing.T) {
	b, err := os.ReadFile("testdata/litellm.json")
	if err != nil {
		t.Fatal(err)
	}
	differences, err := BuiltIn().Compare(b, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		// litellm says that DeepSeek asks nothing for what is written to its cache: it is
		// input like any other (api-docs.deepseek.com/guides/kv_cache).
		if !strings.HasPrefix(d.Model, "deepseek/") || d.Field != "write" {
			t.Errorf("%+v", d)
		}
	}
	names := litellms(t)
	if len(names) < 50 {
		t.Errorf("%d models", len(names))
	}
	for name := range names {
		m := ForModel(name)
		if _, ok := m.Price(today); !ok || m.Window == 0 {
			t.Errorf("%s: window %d, price %v", name, m.Window, ok)
		}
		if exact := m.CountRequest(Request{Model: name, Messages: []Message{Text("user", "Hello")}}).Total().Exact; exact {
			t.Errorf("%s: its count is called exact", name)
		}
	}
}

// Costs add up: the sum of parts differs from the whole by roundings alone.
func TestCostIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, name := range BuiltIn().Names() {
		m := ForModel(name)
		p, ok := m.Price(today)
		if !ok {
			continue
		}
		for range 200 {
			u := Usage{Input: r.IntN(100_000), Output: r.IntN(100_000)} // below all long prompts
			u.Cached = r.IntN(u.Input + 1)
			got, _ := m.Cost(u, today)
			cached := p.Input
			if p.Cached != nil {
				cached = p.Cached
			}
			// In billionths of a dollar a million times: whole numbers.
			sum := new(big.Rat)
			for _, part := range []struct {
				n int
				r *Rate
			}{{u.Input - u.Cached, p.Input}, {u.Cached, cached}, {u.Output, p.Output}} {
				sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(part.n), 1000), &part.r.Rat))
			}
			sum.Mul(sum, big.NewRat(1e6, 1))
			diff := new(big.Rat).Sub(sum, big.NewRat(int64(got), 1))
			if diff.Abs(diff).Cmp(big.NewRat(1, 2)) > 0 {
				t.Fatalf("%s %+v: %d, not %s", name, u, int64(got), sum.FloatString(3))
			}
		}
	}
}

func TestMoney(t *testing.T) {
	for m, want := range map[Money]string{
		0: "$0.00", 1: "$0.000000001", Dollar: "$1.00", 12345 * Dollar / 1000: "$12.345", -5 * Dollar / 2: "-$2.50",
		-9223372036854775808: "-$9223372036.854775808", 9223372036854775807: "$9223372036.854775807",
	} {
		if m.String() != want {
			t.Errorf("%d is %s, not %s", int64(m), m, want)
		}
	}
}

func TestCatalogWith(t *testing.T) {
	c, err := BuiltIn().With([]byte(`{"date": "2027-01-02", "models": {
		"gpt-4o": {"prices": [{"from": "2027-01-01", "input": "3", "output": 12}]},
		"Local-Model": {"encoding": "cl100k_base", "aliases": ["mine"], "window": 4096, "prices": [{"input": 0, "output": 0}]},
		"gpt-5.4": {"images": {"tile": [1, 2]}}
	}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Date().Format(time.DateOnly); got != "2027-01-02" {
		t.Errorf("%s", got)
	}
	m := c.Model("gpt-4o-2024-08-06")
	if _, ok := m.Price(today); ok {
		t.Error("the price is valid too early")
	}
	if got, ok := m.Cost(Usage{Input: 1_000_000, Output: 1_000_000}, today.AddDate(1, 0, 0)); !ok || got != 15*Dollar || m.Window != 128000 {
		t.Errorf("%v, %v, %+v", got, ok, m)
	}
	for _, name := range []string{"local-model", "mine", "MINE"} {
		m := c.Model(name)
		if got, ok := m.Cost(Usage{Input: 1000}, today); !ok || got != 0 || m.Encoding != CL100KBase || !m.Exact || m.MaxInput != 4096 {
			t.Errorf("%s: %v, %v, %+v", name, got, ok, m)
		}
	}
	if p, ok := c.Model("gpt-5.4").Price(today); !ok || p.Long == nil || c.Model("gpt-5.4").entry.Images.Tile == nil {
		t.Error("what the file says nothing about is lost")
	}
	if p, ok := ForModel("gpt-4o").Price(today); !ok || p.Input.String() != "2.50" {
		t.Error("the built-in catalog was changed")
	}
	if got := fmt.Sprint(len(c.Names()) - len(BuiltIn().Names())); got != "1" {
		t.Errorf("%s models more", got)
	}
}

func TestLitellm(t *testing.T) {
	c, err := BuiltIn().With([]byte(`{
		"sample_spec": {"input_cost_per_token": "a float"},
		"gpt-4o": {"input_cost_per_token": 2.75e-06, "output_cost_per_token": 1.1e-05, "cache_read_input_token_cost": 1.375e-06, "cache_creation_input_token_cost": 3.4375e-06, "input_cost_per_token_batches": 1.375e-06, "max_input_tokens": 128000, "max_output_tokens": 16384, "litellm_provider": "openai", "mode": "chat", "supports_vision": true},
		"azure/gpt-4o": {"input_cost_per_token": 0.000003, "output_cost_per_token": 0.000012, "max_input_tokens": "128000"},
		"gemini/gemini-9": {"input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05, "max_input_tokens": 1048576},
		"whisper": {"input_cost_per_second": 0.0001}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		model string
		u     Usage
		want  string
	}{
		{"gpt-4o", Usage{Input: 1_000_000, Cached: 500_000, Output: 1_000_000}, "$13.0625"},
		{"gpt-4o", Usage{Input: 1_000_000, Batch: true}, "$1.375"},
		{"gpt-4o", Usage{Input: 1_000_000, Write: 1_000_000}, "$3.4375"},
		{"azure/gpt-4o", Usage{Input: 1_000_000}, "$3.00"},
		{"gemini/gemini-9", Usage{Input: 200_000}, "$0.25"},
		{"gemini/gemini-9", Usage{Input: 400_000, Output: 1000}, "$1.015"},
	} {
		if got, ok := c.Model(x.model).Cost(x.u, today); !ok || got.String() != x.want {
			t.Errorf("%s: %v, %v, not %s", x.model, got, ok, x.want)
		}
	}
	if m := c.Model("gemini/gemini-9"); m.Window != 1048576 || m.Exact {
		t.Errorf("%+v", m)
	}
	if m := c.Model("gemini-9"); m.Window != 0 {
		t.Errorf("%+v", m)
	}
	if _, ok := c.Model("whisper").Price(today); ok {
		t.Error("whisper has a price")
	}
}

func TestBrokenCatalogs(t *testing.T) {
	for _, bad := range []string{
		``, `[]`, `{}`, `null`, `{"models": {}} x`, `{"models": {"a": null}}`, `{"models": {"a": {"colour": 1}}}`, `{"models": {}, "x": 1}`,
		`{"models": {"a": {"encoding": "q50k_base"}}}`, `{"models": {"a": {"window": -1}}}`, `{"models": {"a": {"window": 1e10}}}`,
		`{"models": {"a": {"prices": [{"input": 1}]}}}`, `{"models": {"a": {"prices": [{"input": -1, "output": 1}]}}}`,
		`{"models": {"a": {"prices": [{"input": 1e99, "output": 1}]}}}`, `{"models": {"a": {"prices": [{"input": "NaN", "output": 1}]}}}`,
		`{"models": {"a": {"prices": [{"input": "0x10", "output": 1}]}}}`, `{"models": {"a": {"prices": [{"input": "1/3", "output": 1}]}}}`,
		`{"models": {"a": {"prices": [{"from": "soon", "input": 1, "output": 1}]}}}`, `{"models": {"a": {"prices": [{"until": "2026-13-01", "input": 1, "output": 1}]}}}`,
		`{"models": {"a": {"prices": [{"input": 1, "output": 1, "long": {"above": 5}}]}}}`,
		`{"models": {"a": {"images": {}}}}`, `{"models": {"a": {"images": {"tile": [1]}}}}`, `{"models": {"a": {"images": {"patch": 1}}}}`,
		`{"models": {"a": {"images": {"patch": 1, "low": [1, 2], "high": [1, 2], "auto": "huge"}}}}`,
		`{"models": {}, "date": "today"}`, `{"a": {"input_cost_per_token": -1}}`, `{"a": 1}`, `{"whisper": {"input_cost_per_second": 1}}`,
	} {
		if c, err := BuiltIn().With([]byte(bad)); err == nil {
			t.Errorf("%s: %v", bad, c.Names())
		} else if !strings.HasPrefix(err.Error(), "tokens: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzCatalog(f *testing.F) {
	f.Add(modelsJSON)
	f.Add([]byte(`{"a": {"input_cost_per_token": 1e-6, "output_cost_per_token": "x", "input_cost_per_token_above_200k_tokens": 1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := BuiltIn().With(b)
		if err != nil {
			return
		}
		for _, name := range c.Names() {
			m := c.Model(name)
			m.Cost(Usage{Input: 1 << 40, Output: 1 << 40}, today)
			m.CountRequest(Request{Messages: []Message{{Parts: []Part{{Image: &Image{Width: 3000, Height: 1}}, {Image: &Image{}}}}}})
		}
	})
}
