package discordtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	xmessage "golang.org/x/text/message"
)

// explain is a validation error in as few words as possible: of the alternatives of a union, only the one that was
// meant, which is the one whose type fits and which fits best.
func explain(err error) string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return err.Error()
	}
	return strings.Join(reasons(v), "; ")
}

var english = xmessage.NewPrinter(language.English)

func reasons(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		return []string{fmt.Sprintf("at /%s: %s", strings.Join(e.InstanceLocation, "/"), e.ErrorKind.LocalizedString(english))}
	}
	_, one := e.ErrorKind.(*kind.OneOf)
	_, any := e.ErrorKind.(*kind.AnyOf)
	var all, best []string
	for _, cause := range e.Causes {
		r := reasons(cause)
		all = append(all, r...)
		if (one || any) && !otherType(cause, len(e.InstanceLocation)) && (best == nil || len(r) < len(best)) {
			best = r
		}
	}
	if best != nil {
		return best
	}
	return all
}

// otherType tells whether an alternative failed because the value is of another kind altogether.
func otherType(e *jsonschema.ValidationError, depth int) bool {
	at := e.InstanceLocation
	switch e.ErrorKind.(type) {
	case *kind.Const, *kind.Enum:
		return len(at) == depth+1 && at[depth] == "type"
	case *kind.Type:
		return len(at) == depth
	}
	for _, cause := range e.Causes {
		if otherType(cause, depth) {
			return true
		}
	}
	return false
}
