package tools

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
)

const (
	maxServerTools  = 128       // of one server
	maxServerSchema = 64 << 10  // bytes
	maxServerSpecs  = 128 << 10 // bytes of all its tools
	maxToolName     = 64        // characters that models allow
)

const filesHint = "\n\nWhere this tool takes the URL of a file, the id of one of the user's files can be given instead."

// build makes tools of what a server lists. What is no tool is a problem, said
// in a sentence, and the others remain.
func (s *server) build(list []*mcp.Tool) (tools []Tool, problems []string) {
	wrong := func(format string, args ...any) {
		if len(problems) < 20 {
			problems = append(problems, brief.Bytes(brief.Line(fmt.Sprintf(format, args...)), 500))
		}
	}
	var kept []*mcp.Tool
	seen := map[string]bool{}
	for _, t := range list {
		switch {
		case t == nil || !s.cfg.allowed(t.Name):
			continue
		case strings.TrimSpace(t.Name) == "":
			wrong("a tool has no name")
			continue
		case seen[t.Name]:
			wrong("the tool %q is listed twice", brief.Bytes(t.Name, 80))
			continue
		}
		seen[t.Name] = true
		kept = append(kept, t)
	}
	if len(kept) > maxServerTools {
		wrong("only its first %d tools are used", maxServerTools)
		kept = kept[:maxServerTools]
	}
	for _, name := range s.cfg.Tools {
		if !seen[name] {
			wrong("there is no tool %q", brief.Bytes(name, 80))
		}
	}
	names := toolNames(s.cfg.Name, kept)
	size := 0
	for i, t := range kept {
		parameters, err := objectSchema(t.InputSchema)
		if err != nil {
			wrong("the tool %q is not used: %v", brief.Bytes(t.Name, 80), err)
			continue
		}
		description := strings.TrimSpace(t.Description)
		if description == "" {
			description = t.Title
		}
		description = brief.Bytes(description, maxDescription)
		if s.cfg.Files {
			description += filesHint
		}
		spec := llm.Tool{Name: names[i], Description: description, Parameters: parameters}
		if size+specSize(spec) > maxServerSpecs {
			wrong("the tool %q is not used: with those before it, it takes more than %d KB of every request; name the useful ones with tools: in the server's entry", brief.Bytes(t.Name, 80), maxServerSpecs>>10)
			continue
		}
		size += specSize(spec)
		tools = append(tools, &serverTool{s: s, name: t.Name, spec: spec})
	}
	return tools, problems
}

// toolNames returns for each tool a name of 1 to 64 letters, digits, _ and -:
// server__tool. It depends on nothing but what the server lists, and no two
// are equal: where a name had to be changed and met another, or was too long,
// it ends with a part of its hash.
func toolNames(server string, list []*mcp.Tool) []string {
	names := make([]string, len(list))
	count := map[string]int{}
	for i, t := range list {
		names[i] = server + "__" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
				return r
			}
			return '_'
		}, t.Name)
		count[names[i]]++
	}
	for i, t := range list {
		if len(names[i]) > maxToolName || count[names[i]] > 1 && names[i] != server+"__"+t.Name {
			sum := sha256.Sum256([]byte(t.Name))
			names[i] = names[i][:min(len(names[i]), maxToolName-9)] + "_" + hex.EncodeToString(sum[:4])
		}
	}
	return names
}

// objectSchema returns a tool's parameters as JSON. They are passed on as they
// are, but for what some models' servers insist on, who refuse the whole
// request otherwise: that an object has properties and an array has items,
// empty ones if need be, and that no alternatives are at the top. An error
// says why they are none.
func objectSchema(schema any) (json.RawMessage, error) {
	if schema == nil {
		schema = map[string]any{}
	}
	top, ok := schema.(map[string]any)
	if !ok {
		return nil, errors.New("its parameters are no JSON object")
	}
	if _, ok := top["type"]; !ok {
		top["type"] = "object"
	}
	if top["type"] != "object" {
		return nil, errors.New("its parameters are not of type object")
	}
	if _, ok := top["properties"].(map[string]any); !ok {
		top["properties"] = map[string]any{}
	}
	for name := range top["properties"].(map[string]any) {
		if !argumentName.MatchString(name) {
			return nil, fmt.Errorf("models refuse the name of its parameter %q", brief.Bytes(name, 80))
		}
	}
	for _, key := range []string{"oneOf", "anyOf", "allOf", "not", "enum"} {
		delete(top, key) // the server checks the arguments itself
	}
	complete(top)
	raw, err := json.Marshal(top)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxServerSchema {
		return nil, fmt.Errorf("its parameters take %d bytes; at most %d are allowed", len(raw), maxServerSchema)
	}
	for _, draft := range []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft7} {
		if err = validSchema(raw, draft); err == nil {
			return raw, nil
		}
	}
	return nil, errors.New("its parameters are no valid JSON Schema")
}

// argumentName is what Anthropic's models take; OpenAI's take more.
var argumentName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)

// complete gives arrays the items that they lack.
func complete(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["type"] == "array" && v["items"] == nil && v["prefixItems"] == nil {
			v["items"] = map[string]any{}
		}
		for _, e := range v {
			complete(e)
		}
	case []any:
		for _, e := range v {
			complete(e)
		}
	}
}

type anyRegexp string

func (r anyRegexp) MatchString(string) bool { return true }
func (r anyRegexp) String() string          { return string(r) }

func validSchema(raw json.RawMessage, draft *jsonschema.Draft) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	delete(doc.(map[string]any), "$schema")
	delete(doc.(map[string]any), "$id")
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	c.DefaultDraft(draft)
	// Patterns are the server's business: it may know another dialect.
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) { return anyRegexp(s), nil })
	const name = "mem:///parameters"
	if err := c.AddResource(name, doc); err != nil {
		return err
	}
	_, err = c.Compile(name)
	return err
}
