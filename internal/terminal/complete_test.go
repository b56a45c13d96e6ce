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

// A command that is not there is told with the one that was probably meant.
func TestLikely(t *testing.T) {
	for name, want := range map[string]string{"/modle": "/model", "/fil": "/files", "/delet": "/delete", "/attatch": "/attach", "/x": "", "/u": "", "/usgae": "/usage", "/zzz": "", "/": ""} {
		if got := likely(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
