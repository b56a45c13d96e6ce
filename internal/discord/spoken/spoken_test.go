package spoken

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/locale"
)

// name is Discord's rule for names of commands and options:
// https://docs.discord.com/developers/interactions/application-commands
var name = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// What Discord is told of commands, and labels, keep its limits in every language.
func TestLimits(t *testing.T) {
	if len(All("Files")) != len(locales) || len(locale.Languages()) != 11 {
		t.Fatalf("%d of %d languages", len(All("Files")), len(locales))
	}
	for _, key := range []string{"question", "file", "file2", "file3", "name", "everybody"} {
		for at, text := range All(key) {
			if !name.MatchString(text) || strings.ToLower(text) != text {
				t.Errorf("%s: %q is no name", at, text)
			}
		}
	}
	for limit, keys := range map[int][]string{
		32:  {"Ask Attaché"},
		45:  {"Ask Attaché", "Go to page", "What do you want to know?", "Files", "Page, 1 to %d"},
		80:  {"Click Again to Confirm", "Run the edited question", "Only when mentioned", "Delete my files too", "Forget the conversation", "Delete several"},
		150: {"Select a file...", "Select files to delete...", "Show one kind only…"},
		100: {"Ask me something, here and now", "What you want to know", "A file that it is about", "Another file", "Stop what I am working on for you here",
			"What was said here since your last message, for you alone", "Your files: look at them, download and delete them",
			"Forget this conversation, and your files if you want", "Which model answers you", "The model to use from now on",
			"What you used and what it cost", "All users together, for admins", "What I can do", "Leave it empty to ask about the message itself."},
	} {
		for _, key := range keys {
			for at, text := range All(key) {
				if n := utf8.RuneCountInString(text); n > limit {
					t.Errorf("%s: %q has %d characters of %d", at, text, n, limit)
				}
			}
		}
	}
}

func TestSeen(t *testing.T) {
	var s Seen
	guild, other := snowflake.ID(1), snowflake.ID(2)
	s.Guild(guild, "pt-BR")
	for want, got := range map[string]*locale.Language{
		"pt-BR": s.At(&guild, 7), "en": s.At(&other, 7),
	} {
		if got.Code != want {
			t.Errorf("got %s, want %s", got.Code, want)
		}
	}
	if got := s.At(nil, 7); got.Code != "en" {
		t.Errorf("direct messages of somebody who was not seen: %s", got.Code)
	}
	s.Fix("auto")
	if got := s.At(&guild, 7); got.Code != "pt-BR" {
		t.Errorf("auto: %s", got.Code)
	}
	s.Fix("ja")
	if got := s.At(&guild, 7); got.Code != "ja" {
		t.Errorf("fixed: %s", got.Code)
	}
}
