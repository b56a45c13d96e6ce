package tokens

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Amount is a number of tokens.
type Amount struct {
	Tokens int
	Exact  bool // not an estimate
}

func (a *Amount) add(n int, exact bool) {
	a.Tokens += n
	a.Exact = a.Exact && exact
}

// Breakdown tells what the tokens of a request are, as OpenAI counts them.
type Breakdown struct {
	Text     Amount // contents of messages, names and arguments of tool calls
	Images   Amount
	Tools    Amount // definitions of tools
	Overhead Amount // roles, names, what frames messages and calls

	// Notes tell what had to be assumed, in words.
	Notes []string
}

// Total returns the sum, which is exact if all parts are.
func (b Breakdown) Total() Amount {
	var sum Amount
	sum.Exact = true
	for _, a := range []Amount{b.Text, b.Images, b.Tools, b.Overhead} {
		sum.add(a.Tokens, a.Exact)
	}
	return sum
}

// What frames messages and tools, measured by OpenAI for the models whose
// catalog entry has a function, and a good guess for others. See
// https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken.
const (
	perMessage  = 3
	perName     = 1
	perReply    = 3
	perCall     = 3 // guessed
	perFunction = 7 // unless the catalog has another
	perParams   = 3
	perParam    = 3
	perEnum     = -3
	perEnumItem = 3
	perTools    = 12
)

// CountRequest counts the tokens of a request before it is sent.
//
// Text is counted as it arrives: bytes that are not UTF-8 become U+FFFD in
// JSON. An image whose size is unknown, which Sizer.Fill may help with, counts
// as the largest that the model takes.
func (m *Model) CountRequest(req Request) Breakdown {
	c := m.counter()
	for i := range req.Messages {
		c.message(&req.Messages[i])
	}
	c.overhead(perReply, true)
	c.tools(req.Tools)
	return c.done()
}

// CountMessage counts the tokens that a message adds to a request.
func (m *Model) CountMessage(msg Message) Breakdown {
	c := m.counter()
	c.message(&msg)
	return c.done()
}

// CountTools counts the tokens that the definitions of tools add to a request.
func (m *Model) CountTools(tools []Tool) Breakdown {
	c := m.counter()
	c.tools(tools)
	return c.done()
}

// chatCounter adds up a breakdown.
type chatCounter struct {
	m          *Model
	b          Breakdown
	documented bool
	noted      map[string]bool
}

func (m *Model) counter() *chatCounter {
	c := &chatCounter{m: m, documented: m.entry.Function > 0, noted: map[string]bool{}}
	for _, a := range []*Amount{&c.b.Text, &c.b.Images, &c.b.Tools, &c.b.Overhead} {
		a.Exact = true
	}
	return c
}

func (c *chatCounter) done() Breakdown {
	if !c.m.Exact && c.b.Total().Tokens > 0 {
		c.note("%s is not known: text is counted with %s", c.m.Name, c.m.Encoding.Name())
	}
	return c.b
}

func (c *chatCounter) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !c.noted[s] {
		c.noted[s] = true
		c.b.Notes = append(c.b.Notes, s)
	}
}

// count returns the tokens of a text as JSON carries it.
func (c *chatCounter) count(s string) int {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return c.m.Count(s)
}

func (c *chatCounter) text(s string) { c.b.Text.add(c.count(s), c.m.Exact) }

func (c *chatCounter) overhead(n int, exact bool) {
	if c.b.Overhead.add(n, exact && c.documented && c.m.Exact); !c.documented {
		c.note("what frames messages is not documented for %s", c.m.Name)
	}
}

func (c *chatCounter) message(m *Message) {
	c.overhead(perMessage+c.count(m.Role), m.Role != "tool" && m.Role != "function")
	if m.Name != "" {
		c.overhead(perName+c.count(m.Name), true)
	}
	for _, p := range m.Parts {
		if p.Image != nil {
			c.image(p.Image)
		}
		if p.Text != "" {
			c.text(p.Text)
		}
	}
	for _, call := range m.ToolCalls {
		c.text(call.Name)
		c.text(call.Arguments)
		c.overhead(perCall, false)
	}
	if len(m.ToolCalls) > 0 || m.Role == "tool" || m.Role == "function" {
		c.note("what frames tool calls and their results is not documented")
	}
}

// Guesses for models whose rule for images is not known.
var (
	guessedTile  = &imageRule{Tile: []int{85, 170}}
	guessedPatch = &imageRule{Patch: mustRate("1.2"), Low: []int{512, 0}, High: []int{2048, 2500}}
)

func mustRate(s string) *Rate {
	r, err := parseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func (c *chatCounter) image(img *Image) {
	rule, exact := c.m.entry.Images, true
	if rule == nil {
		c.note("how images count is not known for %s", c.m.Name)
		rule, exact = guessedTile, false
		if name := strings.ToLower(c.m.Name); strings.Contains(name, "gpt-5") || strings.Contains(name, "gpt-6") {
			rule = guessedPatch
		}
	}
	w, h := img.Width, img.Height
	if !img.sized() {
		var err error
		if w, h, _, err = dataURLSize(img.URL); err != nil || w == 0 {
			c.note("the size of an image is not known: it counts as the largest")
			c.b.Images.add(rule.most(img.Detail), false)
			return
		}
	}
	c.b.Images.add(rule.tokens(w, h, img.Detail), exact)
}

// tools counts definitions of functions. OpenAI measured functions whose
// parameters are texts, numbers and enums with descriptions; what goes beyond
// is counted as JSON.
func (c *chatCounter) tools(tools []Tool) {
	if len(tools) == 0 {
		return
	}
	add := func(n int) { c.b.Tools.Tokens += n }
	each := perFunction
	if c.documented {
		each = c.m.entry.Function
	}
	exact := c.documented && c.m.Exact
	for _, t := range tools {
		add(each + c.count(t.Name+":"+noStop(t.Description)))
		n, ok := c.schema(t.Parameters)
		add(n)
		exact = exact && ok && t.Description != ""
	}
	add(perTools)
	if !exact {
		c.b.Tools.Exact = false
		c.note("how these tools are shown to the model is not documented")
	}
}

// schema counts the parameters of a function.
func (c *chatCounter) schema(raw json.RawMessage) (n int, exact bool) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return 0, true
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return c.json(raw), false
	}
	exact = true
	for k, v := range all {
		switch k {
		case "type", "required", "additionalProperties", "$schema", "title":
		case "properties":
			k, ok := c.properties(v)
			n += k
			exact = exact && ok
		default:
			n += c.json(v)
			exact = false
		}
	}
	return n, exact
}

func (c *chatCounter) properties(raw json.RawMessage) (n int, exact bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return c.json(raw), false
	}
	exact = true
	for name, raw := range all {
		k, ok := c.property(name, raw)
		n += perParam + k
		exact = exact && ok
	}
	if len(all) > 0 {
		n += perParams
	}
	return n, exact
}

func (c *chatCounter) property(name string, raw json.RawMessage) (n int, exact bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return c.count(name) + c.json(raw), false
	}
	var kind, description string
	exact = json.Unmarshal(all["type"], &kind) == nil && json.Unmarshal(all["description"], &description) == nil
	if kind == "" {
		kind = string(all["type"]) // a list, or nothing
	}
	for k, v := range all {
		switch k {
		case "type", "description":
			continue
		case "enum":
			k, ok := c.enum(v)
			n += k
			exact = exact && ok
			continue
		case "properties":
			k, _ := c.properties(v)
			n += k
		case "items":
			k, _ := c.property("", v)
			n += k
		case "title", "required", "additionalProperties":
		default:
			n += c.json(v)
		}
		exact = false
	}
	return n + c.count(name+":"+kind+":"+noStop(description)), exact
}

func (c *chatCounter) enum(raw json.RawMessage) (n int, exact bool) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return c.json(raw), false
	}
	n, exact = perEnum, true
	for _, item := range items {
		var s string
		if json.Unmarshal(item, &s) != nil {
			s, exact = string(item), false
		}
		n += perEnumItem + c.count(s)
	}
	return n, exact
}

// json counts a value as compact JSON.
func (c *chatCounter) json(raw json.RawMessage) int {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return c.count(string(raw))
	}
	return c.count(b.String())
}

func noStop(s string) string { return strings.TrimSuffix(s, ".") }
