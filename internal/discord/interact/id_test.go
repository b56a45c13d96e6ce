package interact

import (
	"context"
	"testing"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// A custom id is a wish: what was not offered to this user on this message, with
// these values, goes no further.
func TestOffered(t *testing.T) {
	as := Actions{
		"own":  {1, func(context.Context, *Interaction, ID, dg.ComponentInteraction) error { return nil }, false},
		"open": {Args: 0, Open: true}, "menu": {Args: 0}, "off": {Args: 0},
	}
	m := dg.Message{Components: []dg.LayoutComponent{
		Row(Button(dg.ButtonStyleSecondary, "", "a", NewID("own", 1, "x")), Button(dg.ButtonStyleSecondary, "", "b", NewID("open", 1)),
			Button(dg.ButtonStyleSecondary, "", "c", NewID("off", 1)).AsDisabled(), Button(dg.ButtonStyleSecondary, "", "d", NewID("unknown", 1)),
			Button(dg.ButtonStyleSecondary, "", "e", NewID("own", 1, "x", "y"))),
		Row(dg.NewStringSelectMenu(NewID("menu", 1).String(), "", dg.NewStringSelectMenuOption("A", "a"), dg.NewStringSelectMenuOption("B", "b"))),
	}}
	const offered = fault.Internal // here: it goes on to its handler
	type wish struct {
		user   uint64
		custom string
		values string
	}
	for w, want := range map[wish]fault.Kind{
		{1, "own:1:x", ""}: offered, {1, "open:1", ""}: offered, {2, "open:1", ""}: offered, {1, "menu:1", "a"}: offered, {1, "menu:1", "ab"}: offered,
		{2, "own:1:x", ""}: fault.Denied, {2, "menu:1", "a"}: fault.Denied,
		{2, "own:2:x", ""}: fault.Invalid, {1, "own:1:y", ""}: fault.Invalid, {1, "own:1", ""}: fault.Invalid, {1, "own:1:x:y", ""}: fault.Invalid,
		{1, "off:1", ""}: fault.Invalid, {1, "unknown:1", ""}: fault.Invalid, {1, "own:1:x", "a"}: fault.Invalid,
		{1, "menu:1", ""}: fault.Invalid, {1, "menu:1", "c"}: fault.Invalid, {1, "menu:1", "ac"}: fault.Invalid, {1, "own:0:x", ""}: fault.Invalid,
	} {
		var values []string
		for _, v := range w.values {
			values = append(values, string(v))
		}
		if _, err := as.Offered(m, files.UserID(w.user), w.custom, values...); (err == nil) != (want == offered) || err != nil && !fault.Is(err, want) {
			t.Errorf("%+v: %v, want %v", w, err, want)
		}
	}
}

// Nothing that a client makes up as a custom id does harm.
func FuzzID(f *testing.F) {
	f.Add("fi:123:123_1700000000_deadbeef:csv:3")
	f.Add("fz:123:123_1700000000_deadbeef::0:sbcdef")
	f.Add("retry:1:2:")
	f.Add("fl:1::-1")
	f.Add("fl:1::99999999")
	f.Add("fz:1:1_1700000000_deadbeef::0:zzzzzzzzzz")
	f.Add("fz:1:1_1700000000_deadbeef::0:-zz")
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
