package gvisor_test

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

func TestContract(t *testing.T) { sandboxtest.Contract(t) }

func TestSessions(t *testing.T) { sandboxtest.Sessions(t) }

func TestEscape(t *testing.T) { sandboxtest.Escape(t) }

func TestLeftovers(t *testing.T) { sandboxtest.Leftovers(t) }

func TestControl(t *testing.T) { sandboxtest.Control(t) }

func TestBombs(t *testing.T) { sandboxtest.Bombs(t) }

func TestPackages(t *testing.T) { sandboxtest.Packages(t) }

func TestHostilePackages(t *testing.T) { sandboxtest.HostilePackages(t) }
