// Package notebook reads a Jupyter notebook as a page shows it.
package notebook

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"regexp"
	"strings"
)

// Cell is a cell of a notebook: of Markdown, or of code.
type Cell struct {
	Markdown string
	Code     string
	Output   string
	Pictures []template.URL // data: addresses of PNG and JPEG
}

// Bounds of what is shown of a notebook. What is more is left out.
const (
	maxCells    = 300
	maxText     = 2 << 20  // bytes of all texts
	maxPictures = 20 << 20 // bytes of all pictures
	pictureCost = 16 << 10 // what a picture counts for in them, beside its own
	maxDepth    = 1000     // how deep values may lie in one another
)

// errFull ends the reading of a notebook that has more than is shown.
var errFull = errors.New("more than is shown")

// reader reads a notebook token by token: whoever wrote it decides how many cells,
// outputs and lines it has.
type reader struct {
	dec            *json.Decoder
	text, pictures int // bytes that may be shown yet
}

// Read reads a notebook. What is not of its format is refused. It takes as much
// memory as the longest text in it a few times, and what is shown.
func Read(r io.Reader) (out []Cell, err error) {
	n := &reader{json.NewDecoder(r), maxText, maxPictures}
	n.dec.UseNumber()
	err = n.each('{', func(key string) error {
		if key != "cells" {
			return n.skip()
		}
		return n.each('[', func(string) error {
			if len(out) == maxCells || n.text == 0 {
				return errFull
			}
			c, err := n.cell()
			out = append(out, c)
			return err
		})
	})
	if err != nil && err != errFull {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("no cells")
	}
	return out, nil
}

func (n *reader) cell() (Cell, error) {
	var c Cell
	var kind, source string
	var output strings.Builder
	err := n.each('{', func(key string) (err error) {
		switch key {
		case "cell_type":
			kind, err = n.lines(&n.text, "")
		case "source":
			source, err = n.lines(&n.text, "")
		case "outputs":
			err = n.each('[', func(string) error { return n.output(&c, &output) })
		default:
			err = n.skip()
		}
		return err
	})
	if kind == "markdown" {
		return Cell{Markdown: source}, err
	}
	c.Code, c.Output = source, output.String()
	return c, err
}

// output reads an output: a picture, or text, which is added to that of the cell.
func (n *reader) output(c *Cell, text *strings.Builder) error {
	var stream, plain, png, jpeg, trace string
	err := n.each('{', func(key string) (err error) {
		switch key {
		case "text":
			stream, err = n.lines(&n.text, "")
		case "traceback":
			trace, err = n.lines(&n.text, "\n")
		case "data":
			err = n.each('{', func(mime string) (err error) {
				switch mime {
				case "text/plain":
					plain, err = n.lines(&n.text, "")
				case "image/png":
					png, err = n.lines(&n.pictures, "")
				case "image/jpeg":
					jpeg, err = n.lines(&n.pictures, "")
				default:
					err = n.skip()
				}
				return err
			})
		default:
			err = n.skip()
		}
		return err
	})
	for _, picture := range []template.URL{address("image/png", png), address("image/jpeg", jpeg)} {
		if picture != "" {
			n.pictures = max(n.pictures-pictureCost, 0)
			c.Pictures = append(c.Pictures, picture)
			return err
		}
	}
	for _, part := range []string{stream, plain, colours.ReplaceAllString(trace, "")} {
		text.WriteString(part)
	}
	if s := stream + plain + trace; s != "" && !strings.HasSuffix(s, "\n") {
		text.WriteByte('\n')
	}
	return err
}

// address returns a picture as its own address, empty if there is none.
func address(mime, data string) template.URL {
	data = strings.Join(strings.Fields(data), "")
	if _, err := base64.StdEncoding.DecodeString(data); data == "" || err != nil {
		return ""
	}
	return template.URL("data:" + mime + ";base64," + data)
}

// each calls do for what is in an array or an object, with its key; do reads it. A
// value of another kind is skipped.
func (n *reader) each(open json.Delim, do func(key string) error) error {
	t, err := n.dec.Token()
	if err != nil {
		return err
	}
	if d, is := t.(json.Delim); !is {
		return nil
	} else if d != open {
		return n.leave()
	}
	for n.dec.More() {
		key := ""
		if open == '{' {
			if t, err = n.dec.Token(); err != nil {
				return err
			}
			key, _ = t.(string)
		}
		if err := do(key); err != nil {
			return err
		}
	}
	_, err = n.dec.Token()
	return err
}

// skip reads a value that is not shown.
func (n *reader) skip() error { return n.each(0, nil) }

// leave reads to the end of an array or object.
func (n *reader) leave() error {
	for depth := 1; depth > 0; {
		t, err := n.dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			if depth++; depth > maxDepth {
				return errors.New("too deep")
			}
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

// lines reads what a notebook has as a text or as its lines, as many bytes as are
// left. A value of another kind is JSON, which is not shown.
func (n *reader) lines(left *int, between string) (string, error) {
	t, err := n.dec.Token()
	if err != nil {
		return "", err
	}
	switch t := t.(type) {
	case string:
		return clip(t, left), nil
	case json.Delim:
		if t != '[' {
			return "", n.leave()
		}
	default:
		return "", nil
	}
	var all strings.Builder
	for n.dec.More() {
		t, err := n.dec.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case string:
			if all.Len() > 0 {
				all.WriteString(clip(between, left))
			}
			all.WriteString(clip(t, left))
		case json.Delim:
			if err := n.leave(); err != nil {
				return "", err
			}
		}
	}
	_, err = n.dec.Token()
	return all.String(), err
}

// clip returns of a text what is left to be shown.
func clip(s string, left *int) string {
	if len(s) > *left {
		s = strings.ToValidUTF8(s[:*left], "")
		*left = 0
		return s
	}
	*left -= len(s)
	return s
}

// colours are those of a terminal.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
