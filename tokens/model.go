package tokens

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Model is what is known about a model. Its encoding's methods are its own:
// ForModel("gpt-4o").Count(text).
type Model struct {
	*Encoding

	Name  string // as it was asked for
	Entry string // the catalog's name for it; empty if the catalog lacks it

	// Exact tells that the encoding is the model's for certain. Without, it is
	// a guess, and counts are estimates.
	Exact bool

	Window    int // tokens of a request and its answer together; 0: unknown
	MaxInput  int // tokens of a request; 0: unknown, else at most Window
	MaxOutput int // tokens of an answer; 0: unknown

	entry  *entry
	prices []Price
}

// Exact names and beginnings of names, as tiktoken maps them to encodings; the
// first one that fits counts.
var (
	modelEncodings = map[string]*Encoding{
		"o1": O200KBase, "o3": O200KBase, "o4-mini": O200KBase,
		"gpt-5": O200KBase, "gpt-4.1": O200KBase, "gpt-4o": O200KBase,
		"gpt-4": CL100KBase, "gpt-3.5-turbo": CL100KBase, "gpt-3.5": CL100KBase, "gpt-35-turbo": CL100KBase,
		"text-davinci-003": P50KBase, "text-davinci-002": P50KBase, "text-davinci-001": R50KBase, "text-curie-001": R50KBase, "text-babbage-001": R50KBase,
		"text-ada-001": R50KBase, "davinci": R50KBase, "curie": R50KBase, "babbage": R50KBase, "ada": R50KBase,
		"davinci-002": CL100KBase, "babbage-002": CL100KBase,
		"text-embedding-ada-002": CL100KBase, "text-embedding-3-small": CL100KBase, "text-embedding-3-large": CL100KBase,
	}
	prefixEncodings = []struct {
		prefix string
		enc    *Encoding
	}{
		{"o1-", O200KBase}, {"o3-", O200KBase}, {"o4-mini-", O200KBase},
		{"gpt-5", O200KBase}, {"gpt-4.5-", O200KBase}, {"gpt-4.1-", O200KBase}, {"chatgpt-4o-", O200KBase}, {"gpt-4o-", O200KBase},
		{"gpt-4-", CL100KBase}, {"gpt-3.5-turbo-", CL100KBase}, {"gpt-35-turbo-", CL100KBase},
		{"gpt-oss-", O200KHarmony},
		{"ft:gpt-4o", O200KBase}, {"ft:gpt-4", CL100KBase}, {"ft:gpt-3.5-turbo", CL100KBase}, {"ft:davinci-002", CL100KBase}, {"ft:babbage-002", CL100KBase},
	}
)

// encodingFor returns the encoding that tiktoken gives a model, or, with exact
// false, o200k_base, which is the nearest guess for everything newer.
func encodingFor(name string) (e *Encoding, exact bool) {
	if e := modelEncodings[name]; e != nil {
		return e, true
	}
	for _, p := range prefixEncodings {
		if strings.HasPrefix(name, p.prefix) {
			return p.enc, true
		}
	}
	return O200KBase, false
}

// snapshot is the day at the end of a name: OpenAI's, and Anthropic's.
var snapshot = regexp.MustCompile(`-20\d\d-?\d\d-?\d\d$`)

// Model returns what the catalog has about a model, whose name may be written
// in any case and with a provider before it: openai/gpt-4o,
// gpt-4o-2024-08-06, ft:gpt-4o-mini:acme::id. It never fails: about a model
// that it doesn't know it says so, by Exact, zeros and no price. A fine-tuned
// model has its base's window and encoding, but no price; so has a model that
// another provider than its own stands before, unless the catalog has it by
// that name.
func (c *Catalog) Model(name string) *Model {
	m := &Model{Name: name}
	full := strings.ToLower(strings.TrimSpace(name))
	var priced bool
	m.entry, m.Entry, priced = c.find(full)
	if m.Encoding, m.Exact = encodingFor(full); !m.Exact {
		short, _, _ := strings.Cut(full[strings.LastIndexByte(full, '/')+1:], ":")
		m.Encoding, m.Exact = encodingFor(short)
	}
	own := c.tokenizer(full)
	if own != nil {
		m.Encoding, m.Exact = own, true
	}
	e := m.entry
	if e == nil {
		m.entry = &entry{}
		return m
	}
	if own != nil {
	} else if enc, ok := EncodingByName(e.Encoding); ok {
		m.Encoding, m.Exact = enc, true
	} else if !m.Exact { // an alias may be one that tiktoken doesn't know
		m.Encoding, m.Exact = encodingFor(m.Entry)
	}
	m.Window, m.MaxInput, m.MaxOutput = e.Window, e.MaxInput, e.MaxOutput
	if m.MaxInput == 0 || m.Window > 0 && m.MaxInput > m.Window {
		m.MaxInput = m.Window
	}
	if priced {
		m.prices = e.Prices
	}
	return m
}

// WithTokenizer returns a catalog in which the text of a model is counted with an
// encoding, as ReadTokenizer makes it. The model's name may end with * for all
// that begin so, and is compared without a provider before it. Of several that
// fit the last one counts.
func (c *Catalog) WithTokenizer(model string, e *Encoding) *Catalog {
	n := *c
	n.tokenizers = append(slices.Clip(c.tokenizers), tokenizer{strings.ToLower(strings.TrimSpace(model)), e})
	return &n
}

type tokenizer struct {
	model string
	*Encoding
}

// tokenizer returns the encoding that WithTokenizer gave a model, or nil.
func (c *Catalog) tokenizer(full string) *Encoding {
	short := full[strings.LastIndexByte(full, '/')+1:]
	for _, t := range slices.Backward(c.tokenizers) {
		begin, many := strings.CutSuffix(t.model, "*")
		for _, name := range []string{full, short} {
			if name == t.model || many && strings.HasPrefix(name, begin) {
				return t.Encoding
			}
		}
	}
	return nil
}

// sellers stand before names of models whose price is the same there. They are the
// makers, as OpenRouter and LiteLLM call them, and what Gemini's own list begins its
// names with. Makers of models with open weights are not among them: "deepseek/…"
// at OpenRouter is served by others, at their prices.
var sellers = []string{"openai", "anthropic", "google", "gemini", "models", "x-ai", "xai", "mistral", "moonshot"}

// find returns a model's entry, its name there, and whether its prices are the
// model's own.
func (c *Catalog) find(full string) (e *entry, name string, priced bool) {
	if e, name := c.lookUp(full); e != nil {
		return e, name, true
	}
	priced = true
	if base, tuned := strings.CutPrefix(full, "ft:"); tuned {
		base, _, _ = strings.Cut(base, ":")
		full, priced = base, false
	} else {
		if i := strings.LastIndexByte(full, '/'); i >= 0 {
			priced = slices.Contains(sellers, full[:i])
			full = full[i+1:]
		}
		if base, variant, ok := strings.Cut(full, ":"); ok { // as OpenRouter's :free
			full, priced = base, priced && variant == ""
		}
	}
	e, name = c.lookUp(full)
	return e, name, priced
}

// lookUp finds a name, an alias, or the name that a dated snapshot is of.
func (c *Catalog) lookUp(name string) (*entry, string) {
	for _, n := range []string{name, snapshot.ReplaceAllString(name, "")} {
		if to, ok := c.alias[n]; ok {
			n = to
		}
		if e := c.models[n]; e != nil {
			return e, n
		}
	}
	return nil, ""
}

// Price returns what the model's tokens cost at a time; false if that is not
// known.
func (m *Model) Price(at time.Time) (*Price, bool) { return priceAt(m.prices, at.UTC()) }

// Cost prices a request that is made at a time; false if its price is not
// known.
func (m *Model) Cost(u Usage, at time.Time) (Money, bool) {
	p, ok := m.Price(at)
	if !ok {
		return 0, false
	}
	return p.Cost(u)
}
