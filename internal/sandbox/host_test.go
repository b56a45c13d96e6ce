package sandbox_test

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

func TestContract(t *testing.T) { sandboxtest.Contract(t) }
