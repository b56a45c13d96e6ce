package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrTokenizer means that a tokenizer.json is of a kind that ReadTokenizer does
// not know, and so can't count with exactly.
var ErrTokenizer = errors.New("tokens: an unknown kind of tokenizer")

// ReadTokenizer makes an encoding of a tokenizer.json, the file that comes with
// open models: byte pair encoding of bytes, as that of Qwen, DeepSeek, GLM,
// MiniMax and Llama 3. It counts as Hugging Face's tokenizers do without special
// tokens. Text is brought to the normal form that the file asks for, so that
// Decode gives that. The added tokens of the file are special ones, for
// EncodeSpecial and Decode.
func ReadTokenizer(name string, file []byte) (*Encoding, error) {
	var f tokenizerFile
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenizer, err)
	}
	e := &Encoding{name: name, scratch: &scratches{}}
	if err := f.normalizer(e); err != nil {
		return nil, err
	}
	if err := f.split(e); err != nil {
		return nil, err
	}
	v, ids, err := f.vocab()
	if err != nil {
		return nil, err
	}
	e.vocab = func() *vocab { return v }
	e.ids = ids
	e.special = &specials{ids: map[string]uint32{}}
	for _, t := range f.Added {
		e.special.ids[t.Content] = t.ID
	}
	e.special.index()
	e.scratch.custom = e.custom
	return e, nil
}

// tokenizerFile is what is read of the file.
type tokenizerFile struct {
	Added []struct {
		ID      uint32 `json:"id"`
		Content string `json:"content"`
	} `json:"added_tokens"`
	Normalizer   *tokenizerPart `json:"normalizer"`
	PreTokenizer *tokenizerPart `json:"pre_tokenizer"`
	Model        struct {
		Type     string            `json:"type"`
		Prefix   string            `json:"continuing_subword_prefix"`
		Suffix   string            `json:"end_of_word_suffix"`
		Fallback bool              `json:"byte_fallback"`
		Whole    bool              `json:"ignore_merges"`
		Vocab    map[string]uint32 `json:"vocab"`
		Merges   []mergeRule       `json:"merges"`
	} `json:"model"`
}

// tokenizerPart is a normalizer or a pre-tokenizer.
type tokenizerPart struct {
	Type          string           `json:"type"`
	Normalizers   []*tokenizerPart `json:"normalizers"`
	Pretokenizers []*tokenizerPart `json:"pretokenizers"`
	Pattern       struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`
	Prefix   bool   `json:"add_prefix_space"`
	UseRegex *bool  `json:"use_regex"` // true if it is not told
	Single   bool   `json:"individual_digits"`
}

// mergeRule is a pair of tokens, written as one text or as two.
type mergeRule [2]string

func (m *mergeRule) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return json.Unmarshal(b, (*[2]string)(m))
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	var ok bool
	if m[0], m[1], ok = strings.Cut(s, " "); !ok {
		return fmt.Errorf("merge %q", s)
	}
	return nil
}

func (f *tokenizerFile) normalizer(e *Encoding) error {
	all := []*tokenizerPart{f.Normalizer}
	if f.Normalizer != nil && f.Normalizer.Type == "Sequence" {
		all = f.Normalizer.Normalizers
	}
	for _, n := range all {
		switch {
		case n == nil:
		case n.Type == "NFC":
			e.composed = true
		default:
			return fmt.Errorf("%w: normalizer %s", ErrTokenizer, n.Type)
		}
	}
	return nil
}

// Patterns that this package has written out.
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// split reads the pre-tokenizer.
func (f *tokenizerFile) split(e *Encoding) error {
	all := []*tokenizerPart{f.PreTokenizer}
	if f.PreTokenizer != nil && f.PreTokenizer.Type == "Sequence" {
		all = f.PreTokenizer.Pretokenizers
	}
	var levels []string
	bytesAt := -1
	for i, p := range all {
		switch {
		case p == nil:
			return fmt.Errorf("%w: no pre-tokenizer", ErrTokenizer)
		case p.Type == "ByteLevel" && !p.Prefix && bytesAt < 0:
			if bytesAt = i; p.UseRegex == nil || *p.UseRegex {
				levels = append(levels, gpt2Pattern)
			}
		case p.Type == "Split" && p.Behavior == "Isolated" && !p.Invert && p.Pattern.Regex != nil:
			levels = append(levels, *p.Pattern.Regex)
		case p.Type == "Split" && p.Behavior == "Isolated" && !p.Invert && p.Pattern.String != nil:
			levels = append(levels, quoteRegex(*p.Pattern.String))
		case p.Type == "Digits" && p.Single:
			levels = append(levels, `\p{N}`)
		case p.Type == "Digits":
			levels = append(levels, `\p{N}+`)
		default:
			return fmt.Errorf("%w: pre-tokenizer %s", ErrTokenizer, p.Type)
		}
	}
	if bytesAt != len(all)-1 || len(levels) == 0 {
		return fmt.Errorf("%w: it does not end with bytes", ErrTokenizer)
	}
	if len(levels) == 1 {
		if p, ok := map[string]pattern{gpt2Pattern: patternGPT2, llama3Pattern: patternLlama3, qwen2Pattern: patternQwen2}[levels[0]]; ok {
			e.pattern = p
			return nil
		}
	}
	e.pattern, e.custom = patternCustom, &customSplit{}
	for _, s := range levels {
		r, err := compileRegex(s)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrTokenizer, err)
		}
		e.custom.levels = append(e.custom.levels, r)
	}
	if len(levels) > len(customState{}.ends) {
		return fmt.Errorf("%w: %d expressions", ErrTokenizer, len(levels))
	}
	return nil
}

func quoteRegex(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < utf8.RuneSelf && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ') {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// byteOf is the byte that a character of such a file stands for.
var byteOf = func() map[rune]byte {
	m := map[rune]byte{}
	more := rune(256)
	for c := range rune(256) {
		if c >= '!' && c <= '~' || c >= 0xa1 && c <= 0xac || c >= 0xae {
			m[c] = byte(c)
			continue
		}
		m[more] = byte(c)
		more++
	}
	return m
}()

func tokenBytes(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		x, ok := byteOf[c]
		if !ok {
			return "", false
		}
		b = append(b, x)
	}
	return string(b), true
}

// vocab makes the tables. A token's rank is that of the first rule that makes it;
// of several rules the one counts whose tokens may stand side by side, for byte
// pair encoding never comes to the others.
func (f *tokenizerFile) vocab() (*vocab, *idMap, error) {
	m := &f.Model
	if m.Type != "BPE" || m.Prefix != "" || m.Suffix != "" || m.Fallback {
		return nil, nil, fmt.Errorf("%w: model %s", ErrTokenizer, m.Type)
	}
	texts := map[string]uint32{}
	for s, id := range m.Vocab {
		if b, ok := tokenBytes(s); ok {
			texts[b] = id
		}
	}
	b := newBuilder(len(texts))
	for c := range 256 {
		text := string([]byte{byte(c)})
		id, ok := texts[text]
		if !ok {
			return nil, nil, fmt.Errorf("%w: no token of the byte %#x", ErrTokenizer, c)
		}
		b.addByte(text, id)
	}
	type rule struct{ left, right string }
	rules := map[string][]rule{}
	var order []string
	first, last := map[string]int{}, map[string]int{}
	for i, r := range m.Merges {
		left, ok1 := tokenBytes(r[0])
		right, ok2 := tokenBytes(r[1])
		text := left + right
		if _, ok := texts[text]; !ok1 || !ok2 || !ok || left == "" || right == "" {
			return nil, nil, fmt.Errorf("%w: merge %q", ErrTokenizer, r)
		}
		if rules[text] == nil {
			order = append(order, text)
			first[text] = i
		}
		rules[text] = append(rules[text], rule{left, right})
		last[text] = i
	}
	if len(order)+256 >= idMask {
		return nil, nil, fmt.Errorf("%w: %d tokens", ErrTokenizer, len(order)+256)
	}
	for _, text := range order {
		made := false
		for k, r := range rules[text] {
			if made = b.addPair(text, texts[text], len(r.left)); !made {
				continue
			}
			if k > 0 && last[text]-first[text] != len(rules[text])-1 {
				return nil, nil, fmt.Errorf("%w: merges of %q are apart", ErrTokenizer, text)
			}
			break
		}
		if !made && m.Whole {
			return nil, nil, fmt.Errorf("%w: no merges make %q", ErrTokenizer, text)
		}
	}
	if n := len(texts) - f.addedTexts(texts) - len(b.ids.file); m.Whole && n != 0 {
		return nil, nil, fmt.Errorf("%w: %d tokens are made by no merge", ErrTokenizer, n)
	}
	return b.finish()
}

// addedTexts returns how many of the texts are added tokens.
func (f *tokenizerFile) addedTexts(texts map[string]uint32) (n int) {
	for _, a := range f.Added {
		if b, ok := tokenBytes(a.Content); ok {
			if id, ok := texts[b]; ok && id == a.ID {
				n++
			}
		}
	}
	return n
}

// compose brings a text to NFC, if the encoding is one of such text.
func (e *Encoding) compose(text string) string {
	if !e.composed || norm.NFC.IsNormalString(text) {
		return text
	}
	composed := norm.NFC.String(text)
	// norm puts one of these after 30 marks in a row, which nobody else does. (It
	// does not sort such marks beyond it, either.)
	const joiner = "\u034f"
	if strings.Contains(composed, joiner) && !strings.Contains(text, joiner) {
		return strings.ReplaceAll(composed, joiner, "")
	}
	return composed
}
