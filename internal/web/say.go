package web

import (
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/locale"
)

// templates are those of all languages; each language has a set of its own, in
// which {{t "…"}} says a text in it. This one is never executed.
var templates = template.Must(template.New("").Funcs(template.FuncMap{"t": (*locale.Language)(nil).T}).ParseFS(assets, "templates/*.html"))

var sets sync.Map // of *template.Template, by the language's code

func templatesIn(l *locale.Language) *template.Template {
	l = l.Or(locale.English())
	if set, ok := sets.Load(l.Code); ok {
		return set.(*template.Template)
	}
	set, _ := sets.LoadOrStore(l.Code, template.Must(templates.Clone()).Funcs(template.FuncMap{"t": l.T}))
	return set.(*template.Template)
}

// languageOf is the language of who looks at a page: the one that is set for
// everybody, that of their account at Discord, or what their browser asks for.
func (s *Server) languageOf(r *http.Request) *locale.Language {
	if s.opts.Language != nil {
		return s.opts.Language
	}
	if l, ok := locale.Find(s.session.GetString(r.Context(), "locale")); ok {
		return l
	}
	return locale.For(r.Header.Get("Accept-Language"))
}

// T says a text in the language of who looks.
func (v *visit) T(key string, args ...any) string { return v.lang.T(key, args...) }

func (v *visit) frontEnd() *chat.FrontEnd { return frontEnd.In(v.lang) }

// scriptTexts are the texts that scripts say, by the script's name.
var scriptTexts = sync.OnceValue(func() map[string][]string {
	said := regexp.MustCompile(`\bt\('((?:[^'\\]|\\.)*)'`)
	out := map[string][]string{}
	entries, _ := assets.ReadDir("static") // embedded: it can't fail
	for _, e := range entries {
		data, _ := assets.ReadFile("static/" + e.Name())
		for _, m := range said.FindAllSubmatch(data, -1) {
			out[e.Name()] = append(out[e.Name()], strings.ReplaceAll(string(m[1]), `\'`, `'`))
		}
	}
	return out
})

// textsOf are what the scripts of a page say, for say.js.
func textsOf(l *locale.Language, scripts []string) map[string]any {
	var keys []string
	for _, name := range scripts {
		keys = append(keys, scriptTexts()[name]...)
	}
	slices.Sort(keys)
	return l.Texts(slices.Compact(keys))
}
