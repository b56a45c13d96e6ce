package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
)

// language is that of the person at the terminal: what LANGUAGE sets, or what the
// system's variables say.
func (m *Main) language() *locale.Language {
	if l, ok := locale.Find(m.Config.Language); ok {
		return l
	}
	code := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	code, _, _ = strings.Cut(code, ".") // de_DE.UTF-8
	code, _, _ = strings.Cut(code, "@") // ca_ES@valencia
	return locale.For(code)
}

// checkLanguage refuses a LANGUAGE that there are no texts for.
func checkLanguage(code string) error {
	if _, ok := locale.Find(code); ok || code == "auto" {
		return nil
	}
	codes := []string{"auto"}
	for _, l := range locale.Languages() {
		codes = append(codes, l.Code)
	}
	return fault.New(fault.Invalid, "LANGUAGE is %q: it must be one of %s.", code, strings.Join(codes, ", "))
}
