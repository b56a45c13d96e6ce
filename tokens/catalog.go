package tokens

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:generate go test -count=1 -run ^TestModelTable$ -update .

//go:embed data/models.json
var modelsJSON []byte

// Catalog is what is known of models: encodings, windows, how images count,
// and prices with their dates. Nothing changes it after it was made.
type Catalog struct {
	date   time.Time
	models map[string]*entry
	alias  map[string]string

	tokenizers []tokenizer
}

// entry is a model in the form of data/models.json.
type entry struct {
	Encoding  string     `json:"encoding,omitempty"`
	Aliases   []string   `json:"aliases,omitempty"`
	Window    int        `json:"window,omitempty"`
	MaxInput  int        `json:"max_input,omitempty"`
	MaxOutput int        `json:"max_output,omitempty"`
	Framing   string     `json:"framing,omitempty"`
	Images    *imageRule `json:"images,omitempty"`
	Prices    []Price    `json:"prices,omitempty"`

	listed bool // a model that the catalog ought to have
}

type catalogFile struct {
	About   []string          `json:"about"`
	Date    string            `json:"date"`
	Sources []string          `json:"sources"`
	Models  map[string]*entry `json:"models"`
}

var builtIn = sync.OnceValue(func() *Catalog {
	c, err := (&Catalog{}).With(modelsJSON)
	if err != nil {
		panic("tokens: data/models.json: " + err.Error())
	}
	return c
})

// BuiltIn returns the catalog that comes with this package.
func BuiltIn() *Catalog { return builtIn() }

// ForModel is BuiltIn().Model.
func ForModel(name string) *Model { return BuiltIn().Model(name) }

// With returns a catalog that has the models of a file besides those of c, and
// instead of those of the same name. The file is JSON in the form of
// data/models.json, or litellm's model_prices_and_context_window.json. Of a
// model that c has, what the file's entry says nothing about stays.
func (c *Catalog) With(file []byte) (*Catalog, error) {
	f, err := parseCatalog(file)
	if err != nil {
		return nil, err
	}
	n := &Catalog{date: c.date, models: maps.Clone(c.models), alias: maps.Clone(c.alias), tokenizers: c.tokenizers}
	if n.models == nil {
		n.models, n.alias = map[string]*entry{}, map[string]string{}
	}
	if f.Date != "" {
		if n.date, err = time.Parse(time.DateOnly, f.Date); err != nil {
			return nil, fmt.Errorf("tokens: date: %w", err)
		}
	}
	for name, e := range f.Models {
		if e == nil {
			return nil, fmt.Errorf("tokens: model %s is null", name)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("tokens: model %s: %w", name, err)
		}
		name = strings.ToLower(name)
		if old := n.models[name]; old != nil {
			e.inherit(old)
		}
		n.models[name] = e
		delete(n.alias, name)
		for _, a := range e.Aliases {
			n.alias[strings.ToLower(a)] = name
		}
	}
	return n, nil
}

// Date returns the day for which the catalog's data were collected.
func (c *Catalog) Date() time.Time { return c.date }

// Names returns the names of all models, sorted.
func (c *Catalog) Names() []string { return slices.Sorted(maps.Keys(c.models)) }

func parseCatalog(file []byte) (f catalogFile, err error) {
	var top map[string]json.RawMessage
	if err := decode(file, &top); err != nil {
		return f, fmt.Errorf("tokens: not a JSON object: %w", err)
	}
	if _, ok := top["models"]; !ok {
		f.Models, err = parseLitellm(top)
		return f, err
	}
	if err := decode(file, &f); err != nil {
		return f, fmt.Errorf("tokens: %w", err)
	}
	for _, e := range f.Models {
		if e != nil {
			e.listed = true
		}
	}
	return f, nil
}

// decode is json.Unmarshal that knows every field and allows nothing behind.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows")
	}
	return nil
}

func (e *entry) check() error {
	if _, ok := EncodingByName(e.Encoding); e.Encoding != "" && !ok {
		return fmt.Errorf("no encoding is called %q", e.Encoding)
	}
	for _, n := range []int{e.Window, e.MaxInput, e.MaxOutput} {
		if n < 0 || n > 1e9 {
			return fmt.Errorf("%d tokens", n)
		}
	}
	switch e.Framing {
	case "", framingFlat, framingNested:
	default:
		return fmt.Errorf("framing is %q", e.Framing)
	}
	if e.Images != nil {
		if err := e.Images.check(); err != nil {
			return err
		}
	}
	for i := range e.Prices {
		if err := e.Prices[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *entry) inherit(old *entry) {
	if e.Encoding == "" {
		e.Encoding = old.Encoding
	}
	if e.Aliases == nil {
		e.Aliases = old.Aliases
	}
	if e.Window == 0 {
		e.Window, e.MaxInput = old.Window, max(e.MaxInput, old.MaxInput)
	}
	if e.MaxOutput == 0 {
		e.MaxOutput = old.MaxOutput
	}
	if e.Framing == "" {
		e.Framing = old.Framing
	}
	if e.Images == nil {
		e.Images = old.Images
	}
	if e.Prices == nil {
		e.Prices = old.Prices
	}
}
