package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/attachebot/attache/internal/fault"
)

// Check is one thing that the program needs to answer people.
type Check struct {
	Name string
	Try  func(ctx context.Context) error
}

// Server serves /healthz, /readyz and /metrics.
type Server struct {
	http *http.Server
	addr net.Addr
	done chan struct{}
}

// checkTime is how long all checks of one /readyz may take.
const checkTime = 3 * time.Second

// Open serves at an address, host:port. /healthz answers 200 while the program
// runs; /readyz 200 if every check passes, else 503, and says which do not, in
// sentences that may be shown to anybody.
func (m *Metrics) Open(addr string, checks ...Check) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "METRICS_LISTEN: the address %s can't be listened at: %v.", addr, errors.Unwrap(err))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { ready(w, r, checks) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	s := &Server{http: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, addr: l.Addr(), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr.String() }

// Close ends it. Twice is once.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

func ready(w http.ResponseWriter, r *http.Request, checks []Check) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	states, status := map[string]string{}, http.StatusOK
	for _, c := range checks {
		states[c.Name] = "ok"
		if err := c.Try(ctx); err != nil {
			states[c.Name], status = fault.Message(err), http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(states)
}
