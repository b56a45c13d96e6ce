package gvisor

import (
	"context"
	"slices"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// provide installs what the code imports, or asks for.
func (s *session) provide(ctx context.Context, cell sandbox.Cell, m *container.Message) (map[string]any, error) {
	installing := false
	r := wheels.Request{Specs: m.Specs, Have: s.stored.Packages, Ask: cell.Ask, Installing: func(names string) {
		installing = true
		cell.Status(sandbox.Status{State: sandbox.Installing, Detail: names})
	}}
	if m.What == "import" {
		r.Module = m.Module
		if r.Module == "" {
			return nil, fault.New(fault.Invalid, "No module named %q.", "")
		}
	}
	got, err := s.h.wheels.Provide(ctx, r)
	if installing {
		cell.Status(sandbox.Status{State: sandbox.Running})
	}
	if err != nil {
		return nil, err
	}
	for _, f := range got.Folders {
		if !slices.Contains(s.stored.Packages, f) {
			s.stored.Packages = append(s.stored.Packages, f)
		}
	}
	s.notePackages()
	return map[string]any{"paths": insidePaths(got.Folders), "installed": got.Names}, s.claim()
}

// notePackages tells the sweep what the session needs.
func (s *session) notePackages() {
	list := slices.Clone(s.stored.Packages)
	s.packages.Store(&list)
}

// inUse tells whether a session needs a folder of packages.
func (h *Host) inUse(folder string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if list := s.packages.Load(); list != nil && slices.Contains(*list, folder) {
			return true
		}
	}
	return false
}
