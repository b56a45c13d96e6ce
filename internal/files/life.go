package files

import (
	"fmt"
	"time"

	"github.com/attachebot/attache/internal/locale"
)

// Lifetime tells how long a file is kept from now on: "⏰ Expires in 36h". From
// its upload on, if now is f.UploadedAt.
func (f File) Lifetime(l *locale.Language, now time.Time) string {
	if f.ExpiresAt.IsZero() {
		return l.T("♾️ This file never expires (permanent storage)")
	}
	return l.T("⏰ Expires in %s", l.Measure(Hours(f.ExpiresAt.Sub(now))))
}

// Countdown is Lifetime in the few words of a list: "⏰ 36h left".
func (f File) Countdown(l *locale.Language, now time.Time) string {
	if f.ExpiresAt.IsZero() {
		return l.T("♾️ Never expires")
	}
	return l.T("⏰ %s left", l.Measure(Hours(f.ExpiresAt.Sub(now))))
}

// Hours writes how long something is kept: "36h", "45min", "30d". What has less
// than a minute has one.
func Hours(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dmin", max(int((d+time.Minute-1)/time.Minute), 1))
	case d <= 14*24*time.Hour:
		return fmt.Sprintf("%dh", int((d+30*time.Minute)/time.Hour))
	}
	return fmt.Sprintf("%dd", int((d+12*time.Hour)/(24*time.Hour)))
}
