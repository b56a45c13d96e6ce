package table_test

import (
	"testing"

	"github.com/attachebot/attache/internal/table"
)

func TestFit(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"short", "short"},
		{"This can not be undone!", "This can\nnot be\nundone!"},
		{"two\n\nlines", "two\n\nlines"},
		{"abcdefghijkl", "abcdefghi\njkl"},
		{"日本語の文章です", "日本語の\n文章です"},
	} {
		if got := table.Fit(c.text, 9); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
