// Package compose lays out what an answer says as Discord can show it: Markdown
// as models write it, and tables. No word is lost: what has no room in a message
// is in a picture, and in a file.
package compose

import (
	"fmt"
	"strings"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// Part is a piece of an answer: what a model wrote, or a table that code showed.
type Part struct {
	Text  string
	Table *table.Table
}

// Body is the whole of an answer.
type Body struct {
	Text     string          // Markdown as Discord shows it
	Formulas []client.Upload // a picture of those that Unicode does not say well, if there are any
	Tables   []Drawn         // that are too wide for the text
	Files    []client.Upload // long code, and tables that can't be drawn
}

// Drawn is a table as a picture.
type Drawn struct {
	Picture client.Upload
	CSV     []byte
}

// Options bend the layout. The zero value works.
type Options struct {
	Language *locale.Language
	Fonts    []string // files of fonts for what Go's own can't write

	// Formulas draws formulas in LaTeX as one PNG, with numbers if there are several,
	// and tells which could be drawn. Nil: none are.
	Formulas func(tex []string) (png []byte, drawn []int)
}

const (
	phoneWidth   = 42   // characters of a code block that a phone shows without wrapping
	embedWidth   = 32   // the same in an embed
	shownRows    = 12   // of a table that code showed, as text
	previewLines = 24   // of a glance at a table
	shownTable   = 3    // such tables of an answer: the last ones
	longCode     = 1500 // characters of a block of code: a longer one is a file
	shortList    = 900  // characters of a table as a list: a longer one is a picture
	longList     = 3000 // characters of a table that can't be drawn as a list: a longer one is a file
)

// Draft is an answer that is still being written. Everything is text.
func Draft(parts []Part) string {
	parts, _ = Next(parts)
	var out []string
	for _, p := range showable(parts) {
		for _, piece := range pieces(p, nil) {
			switch {
			case piece.Code != nil:
				out = append(out, piece.Code.Source)
			case piece.Table != nil:
				if text, ok := monospace(*piece.Table, p.Table != nil); ok {
					out = append(out, text)
				} else {
					out = append(out, list(*piece.Table, p.Table != nil))
				}
			default:
				out = append(out, piece.Text)
			}
		}
	}
	return strings.Join(out, "\n\n")
}

// Whole is an answer as it stays.
func Whole(parts []Part, o Options) Body {
	w := writer{o: o}
	parts = showable(parts)
	numbers := w.formulas(parts)
	for _, p := range parts {
		for _, piece := range pieces(p, numbers) {
			switch {
			case piece.Code != nil:
				w.code(*piece.Code)
			case piece.Table != nil:
				w.table(*piece.Table, p.Table != nil)
			default:
				w.say(piece.Text)
			}
		}
	}
	w.body.Text = strings.Join(w.paragraphs, "\n\n")
	return w.body
}

// showable leaves out tables that code showed before the last ones.
func showable(parts []Part) (out []Part) {
	tables := 0
	for _, p := range parts {
		if p.Table != nil {
			tables++
		}
	}
	for _, p := range parts {
		if p.Table != nil {
			if tables--; tables >= shownTable {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

func pieces(p Part, numbers map[string]int) []markdown.Piece {
	if p.Table != nil {
		return []markdown.Piece{{Table: p.Table}}
	}
	return markdown.Pieces(p.Text, numbers)
}

type writer struct {
	o          Options
	body       Body
	paragraphs []string
	codes      int
}

func (w *writer) say(paragraph string) { w.paragraphs = append(w.paragraphs, paragraph) }

// code says code where it is short, else it is a file.
func (w *writer) code(c markdown.Code) {
	if markdown.Length(c.Source) <= longCode {
		w.say(c.Source)
		return
	}
	w.codes++
	name := "code"
	if w.codes > 1 {
		name = fmt.Sprintf("code-%d", w.codes)
	}
	name += extension(c.Language)
	w.body.Files = append(w.body.Files, client.NewUpload(name, []byte(strings.TrimRight(c.Text, "\n")+"\n")))
	w.say("-# 📄 " + w.o.Language.T("%[2]s: %[1]d lines", strings.Count(c.Text, "\n")+1, "**"+markdown.Escape(name)+"**"))
}

// table says a table where it is narrow or short, else it is a picture, or a file
// where none can be drawn. Shown is whether code showed it: then its cells are no
// Markdown, and its first rows do.
func (w *writer) table(t table.Table, shown bool) {
	if text, ok := monospace(t, shown); ok {
		w.say(text)
		return
	}
	asList := list(t, shown)
	if !shown && markdown.Length(asList) <= shortList {
		w.say(asList)
		return
	}
	plain := t
	if !shown {
		plain = plainTable(t)
	}
	n := len(w.body.Tables) + 1
	name := fmt.Sprintf("table-%d", n)
	picture, alt, err := plain.Picture(w.o.Fonts...)
	if err == nil {
		u := client.NewUpload(name+".png", picture)
		u.Alt = alt
		w.body.Tables = append(w.body.Tables, Drawn{u, plain.CSV()})
		w.say("-# 🖼️ " + w.o.Language.T("Table %d is a picture below.", n))
		return
	}
	if markdown.Length(asList) <= longList {
		w.say(asList)
		return
	}
	some := t
	for len(some.Rows) > 1 && markdown.Length(list(some, shown)) > shortList {
		some.Rows = some.Rows[:len(some.Rows)/2]
	}
	name = fmt.Sprintf("table-%d.csv", len(w.body.Files)+1)
	w.body.Files = append(w.body.Files, client.NewUpload(name, plain.CSV()))
	w.say(list(some, shown))
	w.say("-# 📄 " + w.o.Language.T("%[2]s: all %[1]d rows", len(t.Rows), "**"+name+"**"))
}

// extension is that of files of a language.
func extension(language string) string {
	switch l := strings.ToLower(language); l {
	case "python", "py", "python3":
		return ".py"
	case "javascript", "js":
		return ".js"
	case "typescript", "ts":
		return ".ts"
	case "bash", "sh", "shell", "zsh", "console":
		return ".sh"
	case "markdown", "md":
		return ".md"
	case "rust":
		return ".rs"
	case "ruby":
		return ".rb"
	case "kotlin":
		return ".kt"
	case "c++":
		return ".cpp"
	case "c#", "csharp":
		return ".cs"
	case "yaml":
		return ".yml"
	case "r", "c", "cpp", "h", "cs", "go", "java", "json", "html", "css", "sql", "xml", "yml", "toml", "csv", "tex", "php", "lua", "swift", "scala", "jl", "tsx", "jsx", "ini", "rs", "rb", "kt":
		return "." + l
	}
	return ".txt"
}
