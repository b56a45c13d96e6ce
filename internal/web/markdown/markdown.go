// Package markdown renders what a model writes.
package markdown

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var markdownOf = goldmark.New(goldmark.WithExtensions(extension.GFM))

// smallPrint is how Discord's Markdown begins a line of small print.
var smallPrint = regexp.MustCompile(`(?m)^-# `)

// HTML renders a model's text. HTML in it is left out, and so are images:
// nothing is fetched from elsewhere, whatever a text says.
func HTML(md string) template.HTML {
	if costly(md) {
		return template.HTML("<pre>" + template.HTMLEscapeString(md) + "</pre>")
	}
	if !strings.Contains(md, "```") {
		md = smallPrint.ReplaceAllString(md, "\n\n")
	}
	var b bytes.Buffer
	if err := markdownOf.Convert([]byte(md), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(md))
	}
	return template.HTML(b.String())
}

// Bounds of what is rendered: the time for brackets, emphasis and for quotes and lists
// within one another grows with their square, and each row of a table gets all its columns.
const (
	maxBrackets = 3000
	maxEmphasis = 8000
	maxNested   = 100
	maxCells    = 50_000
)

// item is what an item of a list begins with.
var item = regexp.MustCompile(`[-+*.)][ \t]`)

// costly tells whether a text would take long, or much memory. Code between
// fences costs nothing.
func costly(md string) bool {
	brackets, emphasis, rows, widest, fenced := 0, 0, 0, 0, false
	for line := range strings.Lines(md) {
		if fence, code := strings.CutPrefix(line, "```"); code && !strings.Contains(fence, "`") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		brackets += strings.Count(line, "[")
		emphasis += strings.Count(line, "*") + strings.Count(line, "_")
		if columns := strings.Count(line, "|"); columns > 0 {
			rows, widest = rows+1, max(widest, columns)
		}
		start := strings.TrimLeft(line, " \t>-+*.)0123456789")
		before := line[:len(line)-len(start)]
		if strings.Count(before, ">")+len(item.FindAllString(before, maxNested+1)) > maxNested {
			return true
		}
	}
	return brackets > maxBrackets || emphasis > maxEmphasis || rows*widest > maxCells
}
