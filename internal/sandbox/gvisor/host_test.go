package gvisor_test

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	sandboxtest.Contract(t, gvisortest.Driver)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	sandboxtest.Sessions(t, gvisortest.Driver)
}

func TestEscape(t *testing.T) {
	t.Parallel()
	sandboxtest.Escape(t, gvisortest.Driver)
}

func TestControl(t *testing.T) {
	t.Parallel()
	sandboxtest.Control(t, gvisortest.Driver)
}

func TestPackages(t *testing.T) {
	t.Parallel()
	sandboxtest.Packages(t, gvisortest.Driver)
}

func TestRewind(t *testing.T) {
	t.Parallel()
	sandboxtest.Rewind(t, gvisortest.Driver)
}
