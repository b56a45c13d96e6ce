package discordtest

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// New is a Server for a test: it is closed at the end, and violations fail the test.
func New(tb testing.TB) *Server {
	s := &Server{}
	tb.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			tb.Errorf("discordtest: violation: %s", v)
		}
	})
	return s
}

// Context is a context for awaiting in a test: it ends with the test, and after
// five minutes at the latest, which is longer than any wait on a busy machine.
func Context(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	tb.Cleanup(cancel)
	return ctx
}

// Require skips the test because a dependency is absent, or fails it if $REQUIRE, a comma-separated list, names it.
func require(tb testing.TB, name, reason string) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv("REQUIRE"), ","), name) {
		tb.Fatalf("%s is required: %s", name, reason)
	}
	tb.Skipf("%s: %s", name, reason)
}
