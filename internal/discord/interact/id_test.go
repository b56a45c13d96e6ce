package interact

import "testing"

// Nothing that a client makes up as a custom id does harm.
func FuzzID(f *testing.F) {
	f.Add("fi:123:123_1700000000_deadbeef:csv:3")
	f.Add("fz:123:123_1700000000_deadbeef::0:sbcdef")
	f.Add("retry:1:2:")
	f.Add("fl:1::-1")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		if id.User == 0 || id.String() != s {
			t.Fatalf("%q became %+v, %q", s, id, id.String())
		}
		for i := range len(id.args) + 1 {
			if n := id.Number(i); n < 0 || n > 1_000_000 {
				t.Errorf("number %d", n)
			}
			id.Snowflake(i)
			if m := id.Moment(i); m.Year() > 9999 {
				t.Errorf("moment %v", m)
			}
		}
	})
}
