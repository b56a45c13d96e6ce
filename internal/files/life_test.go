package files_test

import (
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]string{
		time.Second: "1min", 20 * time.Minute: "20min", 59*time.Minute + time.Second: "60min", time.Hour: "1h",
		89 * time.Minute: "1h", 36 * time.Hour: "36h", 48 * time.Hour: "48h", 30 * 24 * time.Hour: "30d", -time.Hour: "1min",
	} {
		f := files.File{ExpiresAt: now.Add(left)}
		if got := f.Lifetime(nil, now); got != "⏰ Expires in "+want {
			t.Errorf("%v: %q", left, got)
		}
		if got := f.Countdown(nil, now); got != "⏰ "+want+" left" {
			t.Errorf("%v: %q", left, got)
		}
	}
	if f := (files.File{}); f.Lifetime(nil, now) != "♾️ This file never expires (permanent storage)" || f.Countdown(nil, now) != "♾️ Never expires" {
		t.Errorf("%q %q", f.Lifetime(nil, now), f.Countdown(nil, now))
	}
}
