package markdown

import (
	"fmt"
	"time"
)

// Styles of times, which Discord writes in the language and on the clock of who reads
// them. https://docs.discord.com/developers/reference#message-formatting
const (
	Relative = "R" // "in 2 days", and it counts down
	Clock    = "t" // "16:20"
	Moment   = "f" // "20 April 2021 16:20"
)

// Time writes a time in a style.
func Time(t time.Time, style string) string { return fmt.Sprintf("<t:%d:%s>", t.Unix(), style) }
