package places

import (
	"slices"
	"testing"
	"time"

	"github.com/disgoorg/snowflake/v2"
)

// Direct messages are read first, then threads, then channels with something new,
// the newest first.
func TestMissedSince(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) snowflake.ID { return snowflake.New(since.Add(d)) }
	all := []Channel{
		{Guild: 1, ID: 10, Last: at(time.Minute)},
		{Guild: 1, ID: 11, Last: at(-time.Minute)},
		{Guild: 1, ID: 12},
		{Guild: 1, ID: 13, Last: at(2 * time.Minute)},
		{Guild: 1, ID: 14, Last: at(time.Second), Thread: true},
		{Guild: 1, ID: 15, Last: at(-time.Hour), Thread: true},
		{ID: 16}, {ID: 17},
	}
	ids := func(cs []Channel) (out []snowflake.ID) {
		for _, c := range cs {
			out = append(out, c.ID)
		}
		return out
	}
	if got := ids(MissedSince(all, since, 10)); !slices.Equal(got, []snowflake.ID{16, 17, 14, 13, 10}) {
		t.Errorf("got %v", got)
	}
	if got := ids(MissedSince(all, since, 3)); !slices.Equal(got, []snowflake.ID{16, 17, 14}) {
		t.Errorf("got %v", got)
	}
}
