package spoken

import (
	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/locale"
)

// locales are Discord's names of our languages, beside English.
var locales = map[dg.Locale]string{
	dg.LocaleGerman: "de", dg.LocaleFrench: "fr", dg.LocaleSpanishES: "es", dg.LocaleSpanishLATAM: "es", dg.LocalePortugueseBR: "pt-BR",
	dg.LocalePolish: "pl", dg.LocaleTurkish: "tr", dg.LocaleRussian: "ru", dg.LocaleChineseCN: "zh", dg.LocaleJapanese: "ja", dg.LocaleKorean: "ko",
}

// All says a key in every language, as Discord takes it for commands.
func All(key string) map[dg.Locale]string {
	out := map[dg.Locale]string{}
	for at, code := range locales {
		if l, ok := locale.Find(code); ok {
			out[at] = l.T(key)
		}
	}
	return out
}

// Option gives an option of a command its name and description in every language.
func Option(o dg.ApplicationCommandOption) dg.ApplicationCommandOption {
	switch o := o.(type) {
	case dg.ApplicationCommandOptionString:
		o.NameLocalizations, o.DescriptionLocalizations = All(o.Name), All(o.Description)
		return o
	case dg.ApplicationCommandOptionBool:
		o.NameLocalizations, o.DescriptionLocalizations = All(o.Name), All(o.Description)
		return o
	case dg.ApplicationCommandOptionAttachment:
		o.NameLocalizations, o.DescriptionLocalizations = All(o.Name), All(o.Description)
		return o
	}
	return o
}
