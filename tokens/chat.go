package tokens

import (
	"fmt"
	"slices"
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

// What frames messages and tools. OpenAI published how messages and functions of
// flat parameters count
// (https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken); the
// rest was found by asking gpt-3.5-turbo: see testdata/README.md. For other
// models it is a good guess.
const (
	perMessage     = 3
	perName        = 1
	perReply       = 3
	perCall        = 3  // of a function
	perResult      = -2 // of a function
	perTools       = 9
	perToolsJoined = 4 // less, if there is a system message
	perNoChoice    = 1 // guessed
	perChoice      = 4 // guessed
)

// How much of what frames a request was compared with the API, in a model's
// catalog entry.
const (
	framingFlat   = "flat"   // messages, and functions of flat parameters
	framingNested = "nested" // all that testdata/chat_vectors.json has
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
	c.tools(req.Tools, req.Messages)
	c.choice(req)
	return c.done()
}

// CountMessage counts the tokens that a message adds to a request.
func (m *Model) CountMessage(msg Message) Breakdown {
	c := m.counter()
	c.message(&msg)
	return c.done()
}

// CountTools counts the tokens that the definitions of tools add to a request
// that has no system message; one that has counts up to 4 less.
func (m *Model) CountTools(tools []Tool) Breakdown {
	c := m.counter()
	c.tools(tools, nil)
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
	c := &chatCounter{m: m, documented: m.entry.Framing != "", noted: map[string]bool{}}
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
	nested := c.m.entry.Framing == framingNested
	switch m.Role {
	case "function":
		c.overhead(perMessage+perResult+c.count(m.Role), nested && m.Name != "")
	case "tool":
		c.overhead(perMessage+c.count(m.Role), false)
	default:
		c.overhead(perMessage+c.count(m.Role), true)
	}
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
		c.overhead(perCall, nested && call.ID == "" && len(m.ToolCalls) == 1)
	}
	if (len(m.ToolCalls) > 0 || m.Role == "tool" || m.Role == "function") && !c.b.Overhead.Exact {
		c.note("what frames tool calls and their results is not documented")
	}
}

// choice counts what a request says about tools and the answer's form.
func (c *chatCounter) choice(req Request) {
	switch req.ToolChoice {
	case "", "auto":
	case "none", "required":
		c.overhead(perNoChoice, false)
		c.note("how the choice of a tool counts is not documented")
	default:
		c.overhead(perChoice+c.count(req.ToolChoice), false)
		c.note("how the choice of a tool counts is not documented")
	}
	if len(req.Format) > 0 {
		c.overhead(c.count(compactJSON(req.Format)), false)
		c.note("how the form of the answer counts is not documented")
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
	w, h, ok := img.size()
	if !ok {
		var err error
		if w, h, _, err = dataURLSize(img.URL); err != nil || w == 0 {
			c.note("the size of an image is not known: it counts as the largest")
			c.b.Images.add(rule.most(img.Detail), false)
			return
		}
	}
	c.b.Images.add(rule.tokens(w, h, img.Detail), exact)
}

// tools counts definitions of functions. They travel in a system message: the
// request's first one, behind a line break, or one of their own.
func (c *chatCounter) tools(tools []Tool, messages []Message) {
	if len(tools) == 0 {
		return
	}
	text := sketchTools(tools)
	n := perTools + c.count(text.String())
	exact := c.m.Exact && (text.known && c.m.entry.Framing == framingNested || text.flat && c.documented)
	if i := slices.IndexFunc(messages, func(m Message) bool { return m.Role == "system" || m.Role == "developer" }); i >= 0 {
		var s string
		for _, p := range messages[i].Parts {
			s += p.Text
		}
		n += c.count(s+"\n") - c.count(s) - perToolsJoined
		exact = exact && messages[i].Role == "system" && len(messages[i].Parts) == 1 && !strings.HasSuffix(s, "\n")
	}
	if c.b.Tools.add(n, exact); !exact {
		c.note("how these tools are shown to the model is not documented")
	}
}
