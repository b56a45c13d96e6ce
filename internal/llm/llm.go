// Package llm has what is said to a language model and what it answers:
// messages, tools, requests and replies, and the interface of a model. The
// packages below it talk to servers: client is a Model, completions, responses
// and messages are the three APIs that it speaks.
package llm

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// Role says who wrote a message.
type Role string

const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	FromTool  Role = "tool"
)

// Message is one message of a conversation. It is stored as JSON, so its
// field names are part of the store's format.
type Message struct {
	Role   Role       `json:"role"`
	Name   string     `json:"name,omitempty"`    // who speaks, in a conversation of several people: put before the text
	Parts  []Part     `json:"parts,omitempty"`   // text and images, in order
	Calls  []ToolCall `json:"calls,omitempty"`   // of an Assistant message
	Model  string     `json:"model,omitempty"`   // of an Assistant message: the model that made it; "" is unknown
	Kept   *Kept      `json:"kept,omitempty"`    // of an Assistant message: what came beside its text
	CallID string     `json:"call_id,omitempty"` // of a FromTool message: the call that it answers
	Run    *Run       `json:"run,omitempty"`     // of a FromTool message: the code that ran; no model gets it

	// Result has the parts of a FromTool message's text in the turn that made
	// it. It is not stored.
	Result *ToolResult `json:"-" bson:"-"`
}

// Kept is what came beside the text and the calls of a reply, as the server
// wrote it: reasoning, its signatures, encrypted items. It means something to
// the model that made it, which gets it back as it was, and to nobody else. It
// is never shown. One of Fields (with Calls), Items and Blocks is set, by the
// API that the reply came from.
type Kept struct {
	Tokens int                          `json:"tokens,omitempty"` // that it takes in a request, about
	Fields map[string]json.RawMessage   `json:"fields,omitempty"` // chat completions: of the message
	Calls  []map[string]json.RawMessage `json:"calls,omitempty"`  // chat completions: of each of Message.Calls
	Items  []json.RawMessage            `json:"items,omitempty"`  // responses: the whole output
	Blocks []json.RawMessage            `json:"blocks,omitempty"` // Anthropic's messages: the whole content
}

// Part is a text or an image; one field is set.
type Part struct {
	Text  string `json:"text,omitempty"`
	Image *Image `json:"image,omitempty"`
}

// Image is a picture for a model that sees. Only the reference is stored;
// whoever sends the message fills Data.
type Image struct {
	FileID string `json:"file_id,omitempty"`
	MIME   string `json:"mime,omitempty"`
	Width  int    `json:"width,omitempty"` // pixels, of Data
	Height int    `json:"height,omitempty"`
	Data   []byte `json:"-"`
}

// Text returns a message of one text part.
func Text(r Role, text string) Message {
	return Message{Role: r, Parts: []Part{{Text: text}}}
}

// Text returns the text parts of m, joined without a separator.
func (m Message) Text() string {
	if len(m.Parts) == 1 {
		return m.Parts[0].Text
	}
	var s strings.Builder
	for _, p := range m.Parts {
		s.WriteString(p.Text)
	}
	return s.String()
}

// HasImages reports whether m has an image with data.
func (m Message) HasImages() bool {
	return slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Image != nil && len(p.Image.Data) > 0 })
}

// Tool describes a tool to a model.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // a JSON Schema of type object
	InOrder     bool            // calls share a state: those of one reply run one after another, as written
}

// ToolCall is a model's wish to call a tool. Arguments is what the model
// wrote: it may be malformed JSON.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Request is one request to a model.
type Request struct {
	Model     string // empty: the model's default
	Messages  []Message
	Tools     []Tool
	NoCalls   bool   // answer in text: Tools only explain the calls in Messages
	MaxOutput int    // tokens; 0: the model's own limit
	User      string // an opaque id of the person, for the provider's abuse detection
	Effort    string // how long to reason, such as "none", "low" or "high"; empty: as the client is set
}

// Finish says why a reply ended.
type Finish string

const (
	Stop     Finish = "stop"
	Length   Finish = "length" // the output limit: the text is cut
	Calls    Finish = "calls"  // the model waits for tool results
	Filtered Finish = "filtered"
	Repeated Finish = "repeated" // the answer went in circles, and was stopped
)

// Usage counts tokens of one request. Cached and Written, what was read from
// the provider's cache and written to it, are parts of Input, Reasoning a
// part of Output.
type Usage struct {
	Input, Cached, Written, Output, Reasoning int
	Estimated                                 bool // counted by us: the API reported nothing
}

// Reply is a model's whole answer.
type Reply struct {
	Message     Message
	Finish      Finish
	Usage       Usage         // zero when the API reported none
	Model       string        // as the API named it
	Unsupported []Unsupported // what the request had to do without
}

// Unsupported is a part of a request that was left out, since the model or its
// server refuses it.
type Unsupported struct {
	What   What
	Tool   string // the name, where What is OneTool
	Reason string // the server's own words, or what its operator has to change; for the log
}

// What names a part of a request.
type What string

const (
	Tools       What = "tools"
	Images      What = "images"
	TheseImages What = "image" // the images of this request, for what they are: too small, damaged
	OneTool     What = "tool"  // its parameters' schema is refused, or there are too many
	// CallsAsText: the model wrote a call as text, and it is not plain what it
	// meant. Its server has no parser for its calls.
	CallsAsText What = "calls"
)

// Model answers requests. It is safe for concurrent use.
//
// Generate calls delta with each piece of text as it arrives, from the calling
// goroutine. When the stream breaks, it returns what had arrived together with
// an error of kind Unavailable. Kinds: Invalid (the request is refused as
// it is: an unknown model, a context too long), Denied (the key), Exhausted
// (rate or credit), Unavailable, Canceled.
type Model interface {
	Generate(ctx context.Context, req Request, delta func(text string)) (Reply, error)
	// Models lists the names that Request.Model may have.
	Models(ctx context.Context) ([]string, error)
	// Window returns how many tokens a request to a model may have, its answer
	// included, as the server says; 0: it does not say. It takes 2 s at most.
	Window(ctx context.Context, model string) (int, error)
}
