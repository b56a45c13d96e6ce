package mapped

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A list fits while its files have the content that they had, touched or not.
func TestFits(t *testing.T) {
	image := t.TempDir()
	library := filepath.Join(t.TempDir(), "libssl.so.3")
	put := func(content string) {
		t.Helper()
		if err := os.WriteFile(library, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-time.Hour)
		if err := os.Chtimes(library, then, then); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want bool) {
		t.Helper()
		if got := ImageFits(image); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	expect("an image without a list", false)
	put("version 1")
	f, err := describe(library, library)
	if err != nil {
		t.Fatal(err)
	}
	list := List{f}
	if err := list.Write(image); err != nil {
		t.Fatal(err)
	}
	expect("the same file", true)
	if err := os.Chtimes(library, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	expect("a file that was touched", true)
	put("version 2")
	expect("another content of the same size", false)
	other, err := describe(library, library)
	if err != nil {
		t.Fatal(err)
	}
	if list.Digest() == (List{other}).Digest() {
		t.Error("two contents have one digest")
	}
	put("version 10")
	expect("another size", false)
	if err := os.Remove(library); err != nil {
		t.Fatal(err)
	}
	expect("no file", false)
	for _, s := range []string{"", "{", "\"x\""} {
		if Fits([]byte(s)) {
			t.Errorf("%q fits", s)
		}
	}
}
