package discord

import (
	"errors"

	"github.com/attachebot/attache/internal/fault"
)

// explain makes the one sentence that somebody sees about an error; "" for what
// needs none. What is our fault is logged, under a number that they are told.
func (b *Bot) explain(err error, what string) string {
	switch fault.KindOf(err) {
	case fault.Canceled:
		if errors.Is(err, errClosing) {
			return "I have to stop for a moment. Please ask again in a minute."
		}
		return ""
	case fault.Internal:
		number := shortID()
		b.log.Error("something went wrong", "doing", what, "request", number, "error", err)
		return "Something went wrong on my side. If it happens again, tell the operator this number: `" + number + "`"
	case fault.Unavailable:
		b.log.Warn("something is not available", "doing", what, "error", err)
	default:
		b.log.Debug("a request was refused", "doing", what, "error", err)
	}
	return fault.Message(err)
}
