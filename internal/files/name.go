package files

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name, in bytes: with an id before it or a number
// after it, it still fits the 255 bytes that file systems allow.
const maxName = 200

// SafeName returns name made safe to show, to log and to write into a header
// such as Content-Disposition: valid UTF-8 of 1 to 200 bytes on one line, with
// neither control nor invisible formatting characters (which can turn the
// order of letters round), nor slashes, backslashes or double quotes. It does
// not begin or end with a space, ends with no dot, is never only dots, and is
// no name that Windows reserves. A name that is all that already comes back
// as it is; a long one keeps its extension. The result is still no path.
func SafeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case r == '"':
			return '\''
		case strings.ContainsRune(joiners, r):
			return r
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r):
			return -1
		}
		return r // an invalid byte arrives, and is written, as U+FFFD
	}, name)
	if name = trimName(name); reserved(name) {
		name = "_" + name
	}
	if len(name) > maxName {
		ext := nameExt(name)
		if len(ext) > 20 {
			ext = ""
		}
		cut := maxName - 1 - len(ext)
		for !utf8.RuneStart(name[cut]) {
			cut--
		}
		if name = trimName(trimName(name[:cut]) + ext); reserved(name) {
			name = "_" + name
		}
	}
	if name == "" {
		return "file"
	}
	return name
}

// Zero-width joiners make emoji and Persian words, between other characters.
const joiners = "\u200c\u200d"

func trimName(s string) string {
	return strings.TrimLeft(strings.TrimRight(s, " ."+joiners), " "+joiners)
}

// reserved tells the device names of Windows, with any extension.
func reserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	port, ok := strings.CutPrefix(base, "COM")
	if !ok {
		port, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && len(port) > 0 && strings.Contains("0123456789¹²³", port)
}
