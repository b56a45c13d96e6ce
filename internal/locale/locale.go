// Package locale says things in people's languages.
//
// A text is written in English where it is used, with the verbs of package fmt;
// that is its key. A file of catalogs/ for each language has the translations, in
// the forms that the language has for numbers. What a language lacks is said in
// English.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed catalogs/*.json
var files embed.FS

// A Language is one that people are spoken to in. A nil one is English.
type Language struct {
	Code string // such as "pt"
	p    *message.Printer
	has  map[string]bool // keys
}

type all struct {
	list    []*Language // English first
	matcher language.Matcher
}

var load = sync.OnceValue(func() (a all) {
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	entries, err := files.ReadDir("catalogs")
	if err != nil {
		panic(err)
	}
	a.list = append(a.list, &Language{Code: "en"})
	for _, e := range entries {
		code := strings.TrimSuffix(e.Name(), ".json")
		l := a.list[0]
		if code != l.Code {
			l = &Language{Code: code}
			a.list = append(a.list, l)
		}
		texts, err := readCatalog(code)
		if err == nil {
			l.has, err = fill(b, language.MustParse(code), texts)
		}
		if err != nil {
			panic(fmt.Errorf("the catalog %s: %w", code, err)) // held by a test
		}
	}
	var tags []language.Tag
	for _, l := range a.list {
		tag := language.MustParse(l.Code)
		l.p = message.NewPrinter(tag, message.Catalog(b))
		tags = append(tags, tag)
	}
	a.matcher = language.NewMatcher(tags)
	return a
})

// text is a translation: one for all numbers, or one for each form.
type text struct {
	one   string
	forms map[string]string // "one", "few", "many", "other"
}

func (t *text) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &t.one)
	}
	return json.Unmarshal(data, &t.forms)
}

func readCatalog(code string) (texts map[string]text, err error) {
	data, err := files.ReadFile(path.Join("catalogs", code+".json"))
	if err == nil {
		err = json.Unmarshal(data, &texts)
	}
	return texts, err
}

// formOrder has the form that always applies last.
var formOrder = []string{"zero", "one", "two", "few", "many", "other"}

func fill(b *catalog.Builder, tag language.Tag, texts map[string]text) (has map[string]bool, err error) {
	has = map[string]bool{}
	for key, t := range texts {
		has[key] = true
		if t.forms == nil {
			err = b.SetString(tag, key, t.one)
		} else {
			var cases []any
			for _, form := range formOrder {
				if s, ok := t.forms[form]; ok {
					cases = append(cases, form, s)
				}
			}
			err = b.Set(tag, key, plural.Selectf(1, "%d", cases...))
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
	}
	return has, nil
}

// English is the language of those who have no other.
func English() *Language { return load().list[0] }

// For returns the language nearest to a code such as "pt-BR", English for what
// is none.
func For(code string) *Language {
	tag, err := language.Parse(code)
	if err != nil {
		return English()
	}
	_, i, confidence := load().matcher.Match(tag)
	if confidence == language.No {
		return English()
	}
	return load().list[i]
}

// Languages returns all, English first.
func Languages() []*Language { return load().list }

// T says a text in the language. Key is the English one. Where its first number
// decides about the form of words, the catalogs have a text for each form.
func (l *Language) T(key string, args ...any) string {
	if l == nil {
		l = English()
	}
	if !l.has[key] {
		l = English()
	}
	return l.p.Sprintf(key, args...)
}
