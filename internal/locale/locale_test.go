package locale

import "testing"

func TestT(t *testing.T) {
	for _, c := range []struct {
		code string
		n    int
		want string
	}{{"en", 1, "1 file"}, {"en-GB", 2, "2 files"}, {"xx", 1, "1 file"}, {"", 1, "1 file"}} {
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
