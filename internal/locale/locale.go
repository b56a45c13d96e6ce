// Package locale says things in people's languages.
//
// A text is written in English where it is used, with the verbs of package fmt;
// that is its key. A file of catalogs/ for each language has the translations, in
// the forms that the language has for numbers. What a language lacks is said in
// English. A test reads the sources: every key is in every catalog, and nothing
// else is.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
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
	Code string // such as "pt-BR"
	Name string // in the language itself
	base string // without a region
	p    *message.Printer
	has  map[string]text
}

type all struct {
	list   []*Language // English first
	byBase map[string]*Language
}

var load = sync.OnceValue(func() (a all) {
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	entries, err := files.ReadDir("catalogs")
	if err != nil {
		panic(err)
	}
	a.list = append(a.list, &Language{Code: "en"})
	a.byBase = map[string]*Language{}
	for _, e := range entries {
		code := strings.TrimSuffix(e.Name(), ".json")
		l := a.list[0]
		if code != l.Code {
			l = &Language{Code: code}
			a.list = append(a.list, l)
		}
		tag := language.MustParse(code)
		texts, err := readCatalog(code)
		if err == nil {
			err = fill(b, tag, texts)
		}
		if err != nil {
			panic(fmt.Errorf("the catalog %s: %w", code, err)) // held by a test
		}
		base, _ := tag.Base()
		l.base, l.has, l.Name = base.String(), texts, texts[ownName].one
		a.byBase[l.base] = l
	}
	for _, l := range a.list {
		l.p = message.NewPrinter(language.MustParse(l.Code), message.Catalog(b))
	}
	return a
})

// ownName is the key of what a language calls itself.
const ownName = "English"

// text is a translation: one for all numbers, or one for each form.
type text struct {
	one   string
	forms map[string]string // "one", "few", "many", "other"
}

func (t text) MarshalJSON() ([]byte, error) {
	if t.forms != nil {
		return json.Marshal(t.forms)
	}
	return json.Marshal(t.one)
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

func fill(b *catalog.Builder, tag language.Tag, texts map[string]text) (err error) {
	for key, t := range texts {
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
			return fmt.Errorf("%q: %w", key, err)
		}
	}
	return nil
}

// English is the language of those who have no other.
func English() *Language { return load().list[0] }

// For returns the language that codes ask for, such as "pt-BR" or what a browser
// sends ("da, de;q=0.8"): of the first that there is, whatever its region. It is
// English where there is none. Neighbours do not stand in for one another: who
// reads Ukrainian gets English, not Russian.
func For(codes string) *Language {
	l, _ := Find(codes)
	return l
}

// Find is For, and tells whether there is one of the languages.
func Find(codes string) (*Language, bool) {
	tags, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(codes, "_", "-"))
	if err == nil {
		for _, tag := range tags {
			base, _ := tag.Base()
			if l := load().byBase[base.String()]; l != nil && tag != language.Und {
				return l, true
			}
		}
	}
	return English(), false
}

// Languages returns all, English first.
func Languages() []*Language { return load().list }

// T says a text in the language. Key is the English one. Where its first number
// decides about the form of words, the catalogs have a text for each form.
func (l *Language) T(key string, args ...any) string {
	if l == nil {
		l = English()
	}
	if _, ok := l.has[key]; !ok {
		l = English()
	}
	return l.p.Sprintf(key, l.said(args)...)
}

// said are the arguments of a text as the language says them.
func (l *Language) said(args []any) []any {
	out := args
	for i, a := range args {
		var text string
		switch a := a.(type) {
		case Measured:
			text = pairs.ReplaceAllStringFunc(string(a), l.Measure)
		case Message:
			text = a.In(l)
		default:
			continue
		}
		if &out[0] == &args[0] {
			out = slices.Clone(args)
		}
		out[i] = text
	}
	return out
}

// Measured is an argument of a text: numbers with their units, as "3 h 12 min".
type Measured string

var pairs = regexp.MustCompile(`\d+(\.\d+)? ?[A-Za-z]+`)

// Key marks a text that is said elsewhere by T, for the test that reads the
// sources.
func Key(text string) string { return text }

// Texts returns what a program elsewhere, as a page's, needs to say the keys itself:
// for each a text, or its forms by the number's category. A key that is said as it
// stands is left out.
func (l *Language) Texts(keys []string) map[string]any {
	if l == nil {
		l = English()
	}
	out := map[string]any{}
	for _, k := range keys {
		if t, ok := l.has[k]; ok {
			out[k] = t
		} else if t, ok := English().has[k]; ok {
			out[k] = t
		}
	}
	return out
}

var measured = regexp.MustCompile(`^(\d+)(\.\d+)?( ?)([A-Za-z]+)$`)

// Units are what Measure knows.
var units = []string{Key("%s B"), Key("%s KB"), Key("%s MB"), Key("%s GB"), Key("%s TB"), Key("%sh"), Key("%smin"), Key("%sd"), Key("%s s"), Key("%s h"), Key("%s min")}

// Measure writes a number with its unit, such as "2.5 MB", "36h" or "1.2 s", in the
// language's form. What it does not know stays as it is.
func (l *Language) Measure(s string) string {
	m := measured.FindStringSubmatch(s)
	if m == nil || !slices.Contains(units, "%s"+m[3]+m[4]) {
		return s
	}
	number := m[1]
	if m[2] != "" {
		number += l.point() + m[2][1:]
	}
	return l.T("%s"+m[3]+m[4], number)
}

// point is what stands before the decimals.
func (l *Language) point() string {
	if l == nil {
		return "."
	}
	return strings.Trim(l.p.Sprintf("%.1f", 0.5), "05")
}

// Or returns the language, or another one for nil.
func (l *Language) Or(other *Language) *Language {
	if l == nil {
		return other
	}
	return l
}

// Number writes a whole number as the language does: "1,234,567".
func (l *Language) Number(n int64) string {
	if l == nil {
		l = English()
	}
	return l.p.Sprintf("%d", n)
}
