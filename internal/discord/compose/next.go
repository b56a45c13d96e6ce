package compose

import (
	"regexp"
	"slices"
	"strings"
)

const (
	maxNext    = 3  // questions
	nextLength = 80 // characters of one, as a button has
)

var nextLine = regexp.MustCompile(`^\s*(?:[-*]\s*)?\[\?\]\s*(.*?)\s*$`)

// Next takes the questions off an answer's end that the model suggests to ask
// next: lines that begin with "[?]".
func Next(parts []Part) (rest []Part, questions []string) {
	n := len(parts) - 1
	for n >= 0 && parts[n].Table == nil && strings.TrimSpace(parts[n].Text) == "" {
		n--
	}
	if n < 0 || parts[n].Table != nil {
		return parts, nil
	}
	lines := strings.Split(strings.TrimRight(parts[n].Text, "\n "), "\n")
	for len(lines) > 0 {
		last := lines[len(lines)-1]
		m := nextLine.FindStringSubmatch(last)
		if m == nil && (strings.TrimSpace(last) != "" || len(questions) == 0) {
			break
		}
		if m != nil && len([]rune(m[1])) > nextLength {
			break // it has no room on a button
		}
		if m != nil && m[1] != "" {
			questions = append(questions, m[1])
		}
		lines = lines[:len(lines)-1]
	}
	slices.Reverse(questions)
	rest = slices.Clone(parts[:n+1])
	rest[n].Text = strings.Join(lines, "\n")
	questions = slices.Compact(questions)
	return rest, questions[:min(len(questions), maxNext)]
}
