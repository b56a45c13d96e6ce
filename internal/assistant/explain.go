package assistant

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
)

// Explain makes the one sentence that somebody sees about an error; "" for what
// needs none. Doing says for the log what was tried. What is our fault is logged
// under a number that they are told.
func (a *Assistant) Explain(err error, doing string, f *chat.FrontEnd) string {
	if errors.Is(err, ErrClosing) {
		return fault.In(ErrClosing, f.T)
	}
	switch fault.KindOf(err) {
	case fault.Canceled:
		return ""
	case fault.Internal:
		number := strings.ToLower(rand.Text()[:10])
		a.log.Error(doing, "request", number, "error", err)
		return f.T("Something went wrong on my side. If it happens again, tell the operator this number: %s", "`"+number+"`")
	case fault.Unavailable:
		a.log.Warn(doing, "error", err)
	default:
		a.log.Debug(doing, "error", err)
	}
	return f.Explain(err)
}
