package wheels

import (
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// requirement is what may be asked of the index: a name, extras and versions,
// never an address, a path or an option.
type requirement struct{ name, spec string }

const oneVersion = `(?:===?|>=|<=|~=|!=|<|>) *[A-Za-z0-9][A-Za-z0-9.*+!]{0,40}`

var (
	moduleName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)
	projectSpec = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)(\[[A-Za-z0-9._, -]{1,100}\])? *(` + oneVersion + `(?: *, *` + oneVersion + `){0,9})?$`)
	folderName  = regexp.MustCompile(`^([a-z0-9-]+)-([0-9][A-Za-z0-9.+!]*)$`)
)

func parseRequirement(spec string) (requirement, error) {
	m := projectSpec.FindStringSubmatch(strings.TrimSpace(spec))
	if m == nil {
		return requirement{}, fault.New(fault.Invalid, "%q can't be installed: give the name of a package on the index, with a version if need be.", brief.Bytes(brief.Line(spec), 80))
	}
	return requirement{name: normalize(m[1]), spec: strings.ReplaceAll(m[0], " ", "")}, nil
}

func parseFolder(f string) (distribution, bool) {
	m := folderName.FindStringSubmatch(f)
	if m == nil {
		return distribution{}, false
	}
	return distribution{m[1], m[2]}, true
}

var separators = regexp.MustCompile(`[-_.]+`)

// normalize returns the one spelling of a project's name (PEP 503).
func normalize(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }
