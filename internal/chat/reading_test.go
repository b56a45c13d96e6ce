package chat

import (
	"testing"

	"github.com/attachebot/attache/internal/files"
)

// It is decided for every kind of file how a model reads it, and what is a
// document can be read as one.
func TestReadingOfEveryKind(t *testing.T) {
	known := map[files.Kind]bool{}
	for _, k := range files.Kinds() {
		known[k.Kind] = true
		how, ok := reading[k.Kind]
		if !ok {
			t.Errorf("%s: say in documents.go how a model reads it", k.Kind)
		}
		if how == asText && !k.Text {
			t.Errorf("%s is no text as it is", k.Kind)
		}
	}
	for k := range reading {
		if !known[k] {
			t.Errorf("%s is no kind", k)
		}
	}
}
