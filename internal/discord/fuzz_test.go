package discord

import "testing"

func FuzzTurnID(f *testing.F) {
	f.Add("discord/1/2")
	f.Add("discord/1/2/3")
	f.Fuzz(func(t *testing.T, s string) {
		channel, message, ok := parseTurnID(s)
		if ok && (channel == 0 || message == 0) {
			t.Errorf("%q gives %d and %d", s, channel, message)
		}
	})
}
