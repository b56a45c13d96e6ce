package terminal

import (
	"os"
	"path/filepath"
	"testing"
)

// The line that Tab makes goes to the terminal as it is: a name that would command
// the terminal is not offered.
func TestTabOffersNoControlCharacters(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.csv", "p\x1b]0;OWNED\x07.csv", "p\u009b2J.csv", "p\u202exe.csv", "p\n.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ways := (&Terminal{}).complete("/attach " + dir + "/p")
	if len(ways) != 1 || ways[0] != "/attach "+filepath.Join(dir, "plain.csv") {
		t.Errorf("%q", ways)
	}
}
