package remote_test

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// A driver whose sandboxes are elsewhere keeps every promise of one that has
// them here.
func TestContract(t *testing.T) { sandboxtest.Contract(t, gvisorRig) }

func TestSessions(t *testing.T) { sandboxtest.Sessions(t, gvisorRig) }
