package tokens

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
)

// Request is what a chat model is asked. It can be read from the JSON of
// OpenAI's chat completions, of which it takes what is counted.
type Request struct {
	Model     string // not looked at when counting
	Messages  []Message
	Tools     []Tool
	MaxOutput int // bound of the answer in tokens; 0: none

	// ToolChoice is none, required, or the name of the only tool to call; empty
	// or auto: the model chooses.
	ToolChoice string
	// Format is the JSON Schema that the answer has to follow; may be empty.
	Format json.RawMessage
}

// Message is one message of a conversation.
type Message struct {
	Role       string // system, developer, user, assistant, tool
	Name       string
	Parts      []Part
	ToolCalls  []ToolCall
	ToolCallID string // of the call whose result this is
}

// Text returns a message of one text.
func Text(role, text string) Message {
	return Message{Role: role, Parts: []Part{{Text: text}}}
}

// Part is a text or an image.
type Part struct {
	Text  string
	Image *Image
}

// Image is an image of a request. Its size is read from a data URL; of another
// link it has to be told, or found out by a Sizer.
type Image struct {
	URL           string
	Detail        Detail
	Width, Height int // as in Discord's attachment object; 0: unknown
}

// size returns an image's width and height, if they are told: by itself, or by
// the link to Discord's proxy that scales it.
func (i *Image) size() (w, h int, ok bool) {
	if i.Width > 0 && i.Height > 0 && i.Width <= maxSide && i.Height <= maxSide {
		return i.Width, i.Height, true
	}
	return proxySize(i.URL)
}

// ToolCall is a call that a model made.
type ToolCall struct {
	ID, Name  string
	Arguments string // JSON
}

// Tool is a function that a model may call.
type Tool struct {
	Name, Description string
	Parameters        json.RawMessage // JSON Schema; may be empty
}

// UnmarshalJSON reads OpenAI's form.
func (r *Request) UnmarshalJSON(b []byte) error {
	var w struct {
		Model     string    `json:"model"`
		Messages  []Message `json:"messages"`
		Tools     []Tool    `json:"tools"`
		Functions []Tool    `json:"functions"`
		Max       int       `json:"max_completion_tokens"`
		OldMax    int       `json:"max_tokens"`
		Choice    choice    `json:"tool_choice"`
		OldChoice choice    `json:"function_call"`
		Format    struct {
			Schema json.RawMessage `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if w.Messages == nil {
		return fmt.Errorf("tokens: a request has messages")
	}
	*r = Request{Model: w.Model, Messages: w.Messages, Tools: append(w.Tools, w.Functions...), MaxOutput: max(w.Max, w.OldMax),
		ToolChoice: cmp.Or(string(w.Choice), string(w.OldChoice)), Format: w.Format.Schema}
	return nil
}

// choice is a text, or an object with a function's name.
type choice string

func (c *choice) UnmarshalJSON(b []byte) error {
	var w struct {
		Type     string  `json:"type"`
		Name     string  `json:"name"`
		Function *choice `json:"function"`
		Custom   *choice `json:"custom"`
	}
	if b[0] != '{' {
		return json.Unmarshal(b, (*string)(c))
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*c = choice(cmp.Or(w.Name, w.Type))
	for _, named := range []*choice{w.Function, w.Custom} {
		if named != nil {
			*c = *named
		}
	}
	return nil
}

// UnmarshalJSON reads OpenAI's form, in which content is a text or a list of
// parts.
func (m *Message) UnmarshalJSON(b []byte) error {
	var w struct {
		Role       string          `json:"role"`
		Name       string          `json:"name"`
		Content    json.RawMessage `json:"content"`
		Refusal    string          `json:"refusal"`
		ToolCallID string          `json:"tool_call_id"`
		ToolCalls  []struct {
			ID       string       `json:"id"`
			Function functionCall `json:"function"`
			Custom   *customCall  `json:"custom"`
		} `json:"tool_calls"`
		FunctionCall *functionCall `json:"function_call"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*m = Message{Role: w.Role, Name: w.Name, ToolCallID: w.ToolCallID}
	switch content := bytes.TrimSpace(w.Content); {
	case len(content) == 0 || string(content) == "null":
	case content[0] == '"':
		var s string
		if err := json.Unmarshal(content, &s); err != nil {
			return err
		}
		m.Parts = []Part{{Text: s}}
	default:
		if err := json.Unmarshal(content, &m.Parts); err != nil {
			return err
		}
	}
	if w.Refusal != "" {
		m.Parts = append(m.Parts, Part{Text: w.Refusal})
	}
	for _, c := range w.ToolCalls {
		call := ToolCall{c.ID, c.Function.Name, c.Function.Arguments}
		if c.Custom != nil {
			call.Name, call.Arguments = c.Custom.Name, c.Custom.Input
		}
		m.ToolCalls = append(m.ToolCalls, call)
	}
	if f := w.FunctionCall; f != nil {
		m.ToolCalls = append(m.ToolCalls, ToolCall{Name: f.Name, Arguments: f.Arguments})
	}
	return nil
}

type functionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type customCall struct {
	Name  string `json:"name"`
	Input string `json:"input"`
}

// UnmarshalJSON reads OpenAI's form: text, refusal and image_url. Width and
// height beside an image's url are an addition. It refuses parts of other
// kinds, whose tokens nobody tells.
func (p *Part) UnmarshalJSON(b []byte) error {
	var w struct {
		Type     string          `json:"type"`
		Text     string          `json:"text"`
		Refusal  string          `json:"refusal"`
		ImageURL json.RawMessage `json:"image_url"`
		Detail   Detail          `json:"detail"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	switch w.Type {
	case "text", "input_text", "output_text", "":
		*p = Part{Text: w.Text}
	case "refusal":
		*p = Part{Text: w.Refusal}
	case "image_url", "input_image":
		var img struct {
			URL    string `json:"url"`
			Detail Detail `json:"detail"`
			Width  int    `json:"width"`
			Height int    `json:"height"`
		}
		if len(w.ImageURL) > 0 && w.ImageURL[0] == '"' {
			if err := json.Unmarshal(w.ImageURL, &img.URL); err != nil {
				return err
			}
			img.Detail = w.Detail
		} else if err := json.Unmarshal(w.ImageURL, &img); err != nil {
			return fmt.Errorf("tokens: image_url: %w", err)
		}
		switch img.Detail {
		case "", Auto, Low, High, Original:
		default:
			return fmt.Errorf("tokens: detail %q of an image", img.Detail)
		}
		*p = Part{Image: &Image{img.URL, img.Detail, img.Width, img.Height}}
	default:
		return fmt.Errorf("tokens: a part of type %q can't be counted", w.Type)
	}
	return nil
}

// UnmarshalJSON reads OpenAI's form, with or without the function's wrapping.
func (t *Tool) UnmarshalJSON(b []byte) error {
	type function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	var w struct {
		function
		Function *function `json:"function"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	f := w.function
	if w.Function != nil {
		f = *w.Function
	}
	*t = Tool(f)
	return nil
}
