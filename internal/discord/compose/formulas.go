package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
)

// maxAlt is the characters of a picture's description that Discord takes.
const maxAlt = 1024

// formulas draws the formulas of an answer that Unicode does not say well, below
// one another in one picture. The text says all of them, as well as it can. It
// returns the numbers by which the text refers to those of several.
func (w *writer) formulas(parts []Part) map[string]int {
	if w.o.Formulas == nil {
		return nil
	}
	var all []string
	for _, p := range parts {
		for _, tex := range markdown.Formulas(p.Text) {
			if !slices.Contains(all, tex) {
				all = append(all, tex)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	png, drawn := w.o.Formulas(all)
	if len(png) == 0 || len(drawn) == 0 {
		return nil
	}
	numbers := map[string]int{}
	var alt []string
	for n, i := range drawn {
		line := markdown.Math(all[i])
		if len(drawn) > 1 {
			numbers[all[i]] = n + 1
			line = fmt.Sprintf("(%d) %s", n+1, line)
		}
		alt = append(alt, line)
	}
	u := client.NewUpload("formulas.png", png)
	u.Alt = brief.Chars(strings.Join(alt, "\n"), maxAlt)
	w.body.Formulas = append(w.body.Formulas, u)
	return numbers
}
