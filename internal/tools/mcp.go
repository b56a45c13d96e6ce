package tools

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// Linker makes links that a server can fetch a user's file from.
type Linker interface {
	// Link returns a URL that serves the file for the time given, and no longer
	// than the user has it.
	Link(user files.UserID, id files.ID, life time.Duration) string
}

// linkLife is how long a link given to a server works.
const linkLife = 10 * time.Minute

// Servers are the tools of MCP servers. Each server is connected in the
// background, for as long as it takes and again whenever it is lost; until
// then its tools are absent, and nobody waits for it.
type Servers struct {
	files  *files.Service
	links  Linker
	log    *slog.Logger
	list   []*server
	cancel context.CancelFunc
	work   sync.WaitGroup
}

var _ Source = (*Servers)(nil)

// NewServers begins to connect the servers. links may be nil if no server has
// Files. Close it.
func NewServers(list []ServerConfig, fs *files.Service, links Linker, log *slog.Logger) *Servers {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Servers{files: fs, links: links, log: log, cancel: cancel}
	for _, cfg := range list {
		s := newServer(m, cfg)
		m.list = append(m.list, s)
		m.work.Go(func() { s.run(ctx) })
	}
	return m
}

// Tools implements Source. It never waits.
func (m *Servers) Tools(context.Context, files.UserID) []Tool {
	var all []Tool
	for _, s := range m.list {
		all = append(all, s.tools()...)
	}
	return all
}

// Wait waits until each server was tried once, or ctx ends.
func (m *Servers) Wait(ctx context.Context) {
	for _, s := range m.list {
		select {
		case <-s.tried:
		case <-ctx.Done():
			return
		}
	}
}

// ServerStatus is how a server does.
type ServerStatus struct {
	Name     string
	Tools    int      // that the model may call
	Err      error    // why it is not connected; its message is for the operator
	Problems []string // with single tools
}

// Status returns how each server does, in the order of the file.
func (m *Servers) Status() []ServerStatus {
	var all []ServerStatus
	for _, s := range m.list {
		st := s.state.Load()
		all = append(all, ServerStatus{Name: s.cfg.Name, Tools: len(st.tools), Err: st.err, Problems: st.problems})
	}
	return all
}

// Close ends all connections and the processes of servers. Calls that run fail.
// Twice is once.
func (m *Servers) Close() error {
	m.cancel()
	m.work.Wait()
	return nil
}
