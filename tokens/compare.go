package tokens

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Difference is what a catalog and a file tell differently about a model.
type Difference struct {
	Model string `json:"model"`
	Field string `json:"field"` // as in the file's form; model: the catalog lacks it
	Ours  string `json:"ours"`  // empty: not told
	File  string `json:"file"`
}

// listedMakers stand before their own models' names in litellm's list.
var listedMakers = []string{"gemini", "deepseek", "moonshot", "mistral", "xai"}

// Compare returns where a file, in one of the forms that With takes, differs
// from the catalog at a time: in what both tell about a model, and in models
// that the catalog lacks. Of litellm's those count that are OpenAI's or
// Anthropic's, for chat, and neither snapshots nor fine-tuned.
func (c *Catalog) Compare(file []byte, at time.Time) ([]Difference, error) {
	other, err := (&Catalog{}).With(file)
	if err != nil {
		return nil, err
	}
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(other.models)) {
		theirs := other.models[name]
		known := name
		if maker, own, ok := strings.Cut(name, "/"); ok && slices.Contains(listedMakers, maker) {
			known = own
		}
		if to, ok := c.alias[known]; ok {
			known = to
		}
		ours := c.models[known]
		if ours == nil {
			if theirs.listed && !snapshot.MatchString(name) {
				d := Difference{Model: name, Field: "model"}
				if p, ok := priceAt(theirs.Prices, at.UTC()); ok {
					d.File = p.Input.String() + " / " + p.Output.String()
				}
				all = append(all, d)
			}
			continue
		}
		all = append(all, differences(name, ours, theirs, at.UTC())...)
	}
	return all, nil
}

func differences(name string, ours, theirs *entry, at time.Time) (all []Difference) {
	add := func(field, a, b string) {
		if a != b {
			all = append(all, Difference{name, field, a, b})
		}
	}
	number := func(field string, file int, ours ...int) {
		if file > 0 && !slices.Contains(ours, file) {
			add(field, strconv.Itoa(ours[0]), strconv.Itoa(file))
		}
	}
	// litellm's max_input_tokens is sometimes the window.
	number("window", theirs.Window, ours.Window, ours.MaxInput)
	if theirs.MaxOutput != theirs.Window { // else it says nothing
		number("max_output", theirs.MaxOutput, ours.MaxOutput)
	}
	b, ok := priceAt(theirs.Prices, at)
	if !ok {
		return all
	}
	a, ok := priceAt(ours.Prices, at)
	if !ok {
		a = &Price{}
	}
	rate := func(field string, a, b *Rate) {
		if b != nil && (a == nil || a.Cmp(&b.Rat) != 0) {
			ours := ""
			if a != nil {
				ours = a.String()
			}
			add(field, ours, b.String())
		}
	}
	rate("input", a.Input, b.Input)
	rate("cached", a.Cached, b.Cached)
	rate("write", a.Write, b.Write)
	rate("output", a.Output, b.Output)
	rate("batch", a.Batch, b.Batch)
	if b.Long != nil {
		long := a.Long
		if long == nil {
			long = &Long{}
		}
		number("long.above", b.Long.Above, long.Above)
		rate("long.input", long.Input, b.Long.Input)
		rate("long.output", long.Output, b.Long.Output)
	}
	return all
}
