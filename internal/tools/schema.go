package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

const (
	maxSchema      = 32 << 10 // bytes of a tool's parameters
	maxDescription = 8 << 10  // bytes of a tool's description
)

// schema is a tool's parameters, ready to check arguments against.
type schema struct {
	compiled *jsonschema.Schema
	omit     map[string]bool // arguments that may be left out and can't be null
	names    []string        // of the arguments that there are, if no others may be
}

// noLoader refuses references out of a schema: it must not make the program
// read files or fetch URLs.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, errors.New("no reference out of a schema") }

// compileSchema reads a JSON Schema of type object.
func compileSchema(raw json.RawMessage) (*schema, error) {
	if len(raw) > maxSchema {
		return nil, fmt.Errorf("its parameters take %d bytes; at most %d are allowed", len(raw), maxSchema)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	const name = "mem:///parameters"
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	s := &schema{omit: map[string]bool{}}
	if s.compiled, err = c.Compile(name); err != nil {
		return nil, err
	}
	if s.compiled.Types == nil || !slices.Equal(s.compiled.Types.ToStrings(), []string{"object"}) {
		return nil, errors.New("its parameters are not of type object")
	}
	for arg, p := range s.compiled.Properties {
		if !argumentName.MatchString(arg) {
			return nil, fmt.Errorf("models refuse the name of its parameter %q", brief.Bytes(arg, 80))
		}
		if !slices.Contains(s.compiled.Required, arg) && p.Validate(nil) != nil {
			s.omit[arg] = true
		}
		s.names = append(s.names, arg)
	}
	slices.Sort(s.names)
	return s, nil
}

// check returns the arguments as the tool gets them, or an error of kind
// Invalid with one sentence for the model. A null stands for an argument that
// was left out, as models write it.
func (s *schema) check(tool string, raw json.RawMessage) (json.RawMessage, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	args, ok := value.(map[string]any)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "The arguments of %s must be a JSON object.", tool)
	}
	if n := tooLarge(args); n != "" {
		return nil, fault.New(fault.Invalid, "The arguments of %s are wrong: the number %s is too large.", tool, brief.Bytes(n, 40))
	}
	for name, v := range args {
		if v == nil && s.omit[name] {
			delete(args, name)
		}
	}
	var wrong *jsonschema.ValidationError
	if err := s.compiled.Validate(args); errors.As(err, &wrong) {
		list := s.sentences(wrong, nil)
		if len(list) > 3 {
			list = append(list[:3], "and more")
		}
		return nil, fault.New(fault.Invalid, "The arguments of %s are wrong: %s.", tool, strings.Join(list, "; "))
	}
	return json.Marshal(args)
}

// tooLarge returns a number in v that no program reads as one: beyond the
// range of a float, or of more digits than Python takes.
func tooLarge(v any) string {
	switch v := v.(type) {
	case json.Number:
		if _, err := v.Float64(); err != nil || len(v) > 1000 {
			return v.String()
		}
	case []any:
		for _, e := range v {
			if n := tooLarge(e); n != "" {
				return n
			}
		}
	case map[string]any:
		for _, e := range v {
			if n := tooLarge(e); n != "" {
				return n
			}
		}
	}
	return ""
}

var english = message.NewPrinter(language.English)

// sentences appends what is wrong, each as a part of a sentence.
func (s *schema) sentences(e *jsonschema.ValidationError, list []string) []string {
	at := strings.Join(e.InstanceLocation, ".")
	if at == "" {
		at = "they"
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return append(list, strings.Join(k.Missing, " and ")+" is missing")
	case *kind.AdditionalProperties:
		allowed := "there are none"
		if len(s.names) > 0 {
			allowed = "there are " + strings.Join(s.names, ", ")
		}
		return append(list, fmt.Sprintf("there is no argument %s (%s)", strings.Join(k.Properties, ", "), allowed))
	case *kind.Type:
		return append(list, fmt.Sprintf("%s must be of type %s and is %s", at, strings.Join(k.Want, " or "), k.Got))
	case *kind.Enum:
		return append(list, fmt.Sprintf("%s must be one of %s", at, literals(k.Want)))
	case *kind.AnyOf:
		var types []string
		for _, c := range e.Causes {
			t, simple := c.ErrorKind.(*kind.Type)
			if !simple || len(c.InstanceLocation) != len(e.InstanceLocation) {
				// It is of one of the types, but wrong further inside.
				return s.sentences(c, list)
			}
			types = append(types, t.Want...)
		}
		return append(list, fmt.Sprintf("%s must be of type %s", at, strings.Join(types, " or ")))
	}
	if len(e.Causes) == 0 {
		return append(list, at+": "+e.ErrorKind.LocalizedString(english))
	}
	for _, c := range e.Causes {
		list = s.sentences(c, list)
	}
	return list
}

func literals(values []any) string {
	var list []string
	for _, v := range values {
		text, _ := json.Marshal(v)
		list = append(list, string(text))
	}
	return strings.Join(list, ", ")
}
