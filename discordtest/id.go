package discordtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An ID is a Discord snowflake: milliseconds since 2015 in the high 42 bits.
// In JSON it is a string, as everywhere in Discord's API. Zero means none.
type ID uint64

const discordEpoch = 1420070400000

// Time is the instant the id was made, to the millisecond.
func (id ID) Time() time.Time { return time.UnixMilli(int64(id>>22) + discordEpoch).UTC() }

func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

func (id ID) MarshalJSON() ([]byte, error) { return []byte(`"` + id.String() + `"`), nil }

// UnmarshalJSON accepts a string or a number, as Discord does. null leaves id unchanged.
func (id *ID) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("snowflake %s: %w", b, err)
	}
	*id = ID(n)
	return nil
}

// MarshalText lets an ID be the key of a JSON object.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (id *ID) UnmarshalText(b []byte) error { return id.UnmarshalJSON(b) }

func idAt(t time.Time) ID { return ID(t.UnixMilli()-discordEpoch) << 22 }

func parseID(s string) ID {
	n, _ := strconv.ParseUint(s, 10, 64)
	return ID(n)
}

// newID returns an id greater than every id it returned before.
func (s *Server) newID() ID {
	s.lastID = max(s.lastID+1, idAt(s.now()))
	return s.lastID
}

// oldID returns an id of a thing that existed before the test: each a minute after the previous one,
// so that consecutive guilds fall on different shards.
func (s *Server) oldID() ID {
	s.oldIDs++
	return idAt(time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(s.oldIDs) * (time.Minute + 1*time.Millisecond)))
}
