package discordtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Discord's own OpenAPI document is the judge of requests and answers. It is not part of this repository:
// $DISCORD_OPENAPI names it, else it is looked for at ../shared/data/discord-openapi.json beside the module.
// Where it is wrong it is corrected here; what it does not say is checked by hand (check_component.go, embed.go).

// A schemas holds the document twice: as it is meant, and with all objects closed, so that typos in field names show.
type schemas struct {
	paths  map[string]map[string]operation
	open   *compiler
	closed *compiler
}

type operation struct {
	Request struct {
		Content map[string]json.RawMessage `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]json.RawMessage `json:"content"`
	} `json:"responses"`
}

type compiler struct {
	mu     sync.Mutex
	c      *jsonschema.Compiler
	schema map[string]*jsonschema.Schema // nil: the document has none there
}

var loadSchemas = sync.OnceValues(func() (*schemas, error) {
	path := openAPIPath()
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &schemas{paths: map[string]map[string]operation{}}
	for p, raw := range doc.Paths {
		var methods map[string]json.RawMessage
		if err := json.Unmarshal(raw, &methods); err != nil {
			return nil, err
		}
		s.paths[p] = map[string]operation{}
		for m, raw := range methods {
			var o operation
			if json.Unmarshal(raw, &o) == nil {
				s.paths[p][strings.ToUpper(m)] = o
			}
		}
	}
	if s.open, err = newCompiler(data, false); err != nil {
		return nil, err
	}
	s.closed, err = newCompiler(data, true)
	return s, err
})

func openAPIPath() string {
	if p := os.Getenv("DISCORD_OPENAPI"); p != "" {
		return p
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		p := filepath.Join(dir, "..", "shared", "data", "discord-openapi.json")
		if _, err := os.Stat(p); err == nil {
			return p
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// HasOpenAPI tells whether Discord's OpenAPI document was found, so that bodies are validated against it.
func HasOpenAPI() bool {
	s, err := loadSchemas()
	return s != nil && err == nil
}

func newCompiler(data []byte, closed bool) (*compiler, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	correct(doc)
	if closed {
		closeObjects(doc)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("discord.json", doc); err != nil {
		return nil, err
	}
	return &compiler{c: c, schema: map[string]*jsonschema.Schema{}}, nil
}

// correct mends what the document says wrongly.
func correct(doc any) {
	all := doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	property := func(schema, name string, to any) {
		all[schema].(map[string]any)["properties"].(map[string]any)[name] = to
	}
	ref := func(name string) map[string]any { return map[string]any{"$ref": "#/components/schemas/" + name} }
	either := func(options ...any) map[string]any { return map[string]any{"anyOf": options} }
	// files[n] is referred to by the integer n
	property("MessageAttachmentRequest", "id", either(ref("SnowflakeType"), map[string]any{"type": "integer"}))
	// a forward refers to its original with type 1
	property("MessageReferenceResponse", "type", map[string]any{"enum": []any{0, 1}})
	// a post in a forum is told with its first message
	property("CreatedThreadResponse", "message", ref("MessageResponse"))
	// form errors have words for codes
	property("Error", "code", map[string]any{"type": []any{"integer", "string"}})
	// disgo sends flags: 0 with every file and picture, which Discord ignores
	for _, name := range []string{"UnfurledMediaRequest", "UnfurledMediaRequestWithAttachmentReferenceRequired"} {
		property(name, "flags", map[string]any{"const": 0})
	}
	for _, name := range []string{"ApplicationCommandCreateRequest", "ApplicationCommandUpdateRequest", "ApplicationCommandPatchRequestPartial"} {
		property(name, "nsfw", map[string]any{"type": []any{"boolean", "null"}})
		property(name, "default_member_permissions", map[string]any{"type": []any{"integer", "string", "null"}})
	}
}

// closeObjects forbids unknown properties in all schemas but those that allOf combines.
func closeObjects(doc any) {
	combined := map[string]bool{}
	var collect func(v any, in bool)
	collect = func(v any, in bool) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && in {
				combined[ref] = true
			}
			for key, inner := range v {
				collect(inner, key == "allOf")
			}
		case []any:
			for _, inner := range v {
				collect(inner, in)
			}
		}
	}
	components := doc.(map[string]any)["components"].(map[string]any)
	collect(components, false) // the allOf of multipart bodies, in paths, are not used here
	var visit func(v any, open bool)
	visit = func(v any, open bool) {
		switch v := v.(type) {
		case map[string]any:
			_, has := v["additionalProperties"]
			if _, object := v["properties"].(map[string]any); object && v["type"] == "object" && !has && !open && v["allOf"] == nil {
				v["additionalProperties"] = false
			}
			for key, inner := range v {
				visit(inner, key == "allOf")
			}
		case []any:
			for _, inner := range v {
				visit(inner, open)
			}
		}
	}
	for name, schema := range components["schemas"].(map[string]any) {
		visit(schema, combined["#/components/schemas/"+name])
	}
	visit(doc.(map[string]any)["paths"], false)
}

func (s *schemas) operation(route string) (operation, bool) {
	method, path, _ := strings.Cut(route, " ")
	o, ok := s.paths[path][method]
	return o, ok
}

// validate checks a body against the schema at a JSON pointer of the document.
func (c *compiler) validate(pointer string, body []byte) error {
	c.mu.Lock()
	schema, ok := c.schema[pointer]
	if !ok {
		var err error
		if schema, err = c.c.Compile("discord.json#" + pointer); err != nil {
			c.mu.Unlock()
			return fmt.Errorf("compiling %s: %w", pointer, err)
		}
		c.schema[pointer] = schema
	}
	c.mu.Unlock()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func pointer(parts ...string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + escape.Replace(p))
	}
	return b.String()
}

// problem tells what the document does not allow in a call's body, or "".
func (s *Server) problem(c *call) string {
	doc, err := loadSchemas()
	if err != nil {
		panic("discordtest: " + err.Error())
	}
	if doc == nil || s.SkipSchemas {
		return ""
	}
	method, path, _ := strings.Cut(c.Route, " ")
	if o, _ := doc.operation(c.Route); o.Request.Content["application/json"] == nil {
		return ""
	}
	if len(c.body) == 0 {
		return "a body is required"
	}
	at := pointer("paths", path, strings.ToLower(method), "requestBody", "content", "application/json", "schema")
	unknown := doc.closed.validate(at, c.body)
	if unknown == nil {
		return ""
	}
	if err := doc.open.validate(at, c.body); err != nil {
		return fmt.Sprintf("%s in %.500s", explain(err), c.body)
	}
	return fmt.Sprintf("unknown field: %s in %.500s", explain(unknown), c.body)
}

// validateResponse reports an answer of this server that Discord would not give.
func (s *Server) validateResponse(route string, a *answer) {
	doc, _ := loadSchemas()
	if doc == nil || s.SkipSchemas || len(a.body) == 0 || a.status >= 500 || a.header.Get("Via") == "" {
		return
	}
	method, path, _ := strings.Cut(route, " ")
	o, ok := doc.operation(route)
	if !ok {
		return
	}
	at := pointer("paths", path, strings.ToLower(method), "responses", itoa(a.status), "content", "application/json", "schema")
	switch {
	case a.status == 429:
		at = pointer("components", "schemas", "RatelimitedResponse")
	case a.status >= 400:
		at = pointer("components", "schemas", "ErrorResponse")
	case o.Responses[itoa(a.status)].Content == nil:
		s.violate(route, "this emulator answered %d, which the OpenAPI document does not have", a.status)
		return
	}
	if err := doc.closed.validate(at, a.body); err != nil {
		s.violate(route, "this emulator's answer: %s in %.2000s", explain(err), a.body)
	}
}
