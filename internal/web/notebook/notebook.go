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

// maxCells is how many cells of a notebook are shown.
const maxCells = 300

// lines is what a notebook has as a text or as its lines.
type lines string

func (l *lines) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = lines(one)
		return nil
	}
	var many []string
	if json.Unmarshal(data, &many) == nil { // else it is JSON, which is not shown
		*l = lines(strings.Join(many, ""))
	}
	return nil
}

// Read reads a notebook. What is not of its format is refused.
func Read(r io.Reader) (out []Cell, err error) {
	var nb struct {
		Cells []struct {
			Type    string `json:"cell_type"`
			Source  lines  `json:"source"`
			Outputs []struct {
				Text      lines            `json:"text"`
				Data      map[string]lines `json:"data"`
				Traceback []string         `json:"traceback"`
			} `json:"outputs"`
		} `json:"cells"`
	}
	if err := json.NewDecoder(r).Decode(&nb); err != nil {
		return nil, err
	}
	if len(nb.Cells) == 0 {
		return nil, errors.New("no cells")
	}
	for _, c := range nb.Cells[:min(len(nb.Cells), maxCells)] {
		if c.Type == "markdown" {
			out = append(out, Cell{Markdown: string(c.Source)})
			continue
		}
		cell := Cell{Code: string(c.Source)}
		for _, o := range c.Outputs {
			picture := ""
			for _, mime := range []string{"image/png", "image/jpeg"} {
				if data := strings.Join(strings.Fields(string(o.Data[mime])), ""); data != "" && picture == "" {
					if _, err := base64.StdEncoding.DecodeString(data); err == nil {
						picture = "data:" + mime + ";base64," + data
					}
				}
			}
			if picture != "" {
				cell.Pictures = append(cell.Pictures, template.URL(picture))
				continue
			}
			cell.Output += string(o.Text) + string(o.Data["text/plain"]) + colours.ReplaceAllString(strings.Join(o.Traceback, "\n"), "")
			if cell.Output != "" && !strings.HasSuffix(cell.Output, "\n") {
				cell.Output += "\n"
			}
		}
		out = append(out, cell)
	}
	return out, nil
}

// colours are those of a terminal.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
