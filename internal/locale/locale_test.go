package locale

import "testing"

func TestT(t *testing.T) {
	for _, c := range []struct {
		code string
		n    int
		want string
	}{{"en", 1, "1 file"}, {"en-GB", 2, "2 files"}, {"de", 1461, "1.461 Dateien"}, {"de-AT", 1, "1 Datei"}, {"uk", 1, "1 file"}, {"da, de;q=0.5", 2, "2 Dateien"}, {"xx", 1, "1 file"}, {"", 1, "1 file"}} {
		if got := For(c.code).T("%d files", c.n); got != c.want {
			t.Errorf("%s: got %q, want %q", c.code, got, c.want)
		}
	}
	if got := For("de").T("not there %s", "x"); got != "not there x" {
		t.Errorf("got %q", got)
	}
	if got := (*Language)(nil).T("%d files", 3); got != "3 files" {
		t.Errorf("got %q", got)
	}
}
