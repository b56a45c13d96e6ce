package files

import (
	"fmt"
	"time"
)

// Lifetime tells how long a file is kept from now on: "⏰ Expires in 36h". From
// its upload on, if now is f.UploadedAt.
func (f File) Lifetime(now time.Time) string {
	if f.ExpiresAt.IsZero() {
		return "♾️ This file never expires (permanent storage)"
	}
	return "⏰ Expires in " + Hours(f.ExpiresAt.Sub(now))
}

// Countdown is Lifetime in the few words of a list: "⏰ 36h left".
func (f File) Countdown(now time.Time) string {
	if f.ExpiresAt.IsZero() {
		return "♾️ Never expires"
	}
	return "⏰ " + Hours(f.ExpiresAt.Sub(now)) + " left"
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
