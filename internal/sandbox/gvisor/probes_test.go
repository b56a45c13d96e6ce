package gvisor_test

import (
	"context"
	"slices"
	"testing"

	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/probe"
)

// The first instruction of a session is confined already, and the self-test
// says so of each attempt.
func TestProbes(t *testing.T) {
	h := gvisortest.Open(t, gvisor.Options{})
	t.Setenv("ATTACHE_CANARY", "canary")
	checks, err := probe.Run(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range probe.Probes() {
		if !slices.ContainsFunc(checks, func(c probe.Check) bool { return c.Name == "isolation: "+p.Name }) {
			t.Errorf("no check %q", p.Name)
		}
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
}
