package sandbox_test

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

func TestContract(t *testing.T) { sandboxtest.Contract(t) }

func TestSessions(t *testing.T) { sandboxtest.Sessions(t) }
