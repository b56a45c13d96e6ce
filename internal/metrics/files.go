package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

type store struct {
	files.Store
	m *Metrics
}

// Files counts what a store of files gets and loses, and shows what it holds.
func (m *Metrics) Files(s files.Store) files.Store {
	if m == nil {
		return s
	}
	m.registry.MustRegister(&totals{store: s})
	return &store{s, m}
}

func (s *store) Commit(ctx context.Context, f files.File, admit func(files.Usage) error) (files.File, files.ID, error) {
	stored, twin, err := s.Store.Commit(ctx, f, admit)
	switch {
	case err == nil:
		s.m.saved.Inc()
		s.m.savedBytes.Add(float64(f.Size))
	case fault.Is(err, fault.Exhausted), fault.Is(err, fault.TooLarge):
		s.m.refused.Inc()
	}
	return stored, twin, err
}

// Expired is asked by sweeps, until nothing is left.
func (s *store) Expired(ctx context.Context, now time.Time, limit int) ([]files.File, error) {
	list, err := s.Store.Expired(ctx, now, limit)
	if err == nil && len(list) == 0 {
		s.m.sweeps.Inc()
		s.m.lastSweep.SetToCurrentTime()
	}
	return list, err
}

func (s *store) Remove(ctx context.Context, list []files.File, at time.Time) ([]files.File, []string, error) {
	removed, orphans, err := s.Store.Remove(ctx, list, at)
	for _, f := range removed {
		if f.Expired(at) {
			s.m.swept.Inc()
		}
	}
	return removed, orphans, err
}

// totals are what the store holds, counted at most once in totalsFresh.
type totals struct {
	store files.Store

	mu   sync.Mutex
	at   time.Time
	last files.Totals
}

const totalsFresh = 30 * time.Second

var (
	filesDesc   = prometheus.NewDesc("attache_files", "Files that are kept, those included that wait for the sweep.", nil, nil)
	bytesDesc   = prometheus.NewDesc("attache_files_bytes", "Bytes that files take in the storage; shared ones count once.", nil, nil)
	usersDesc   = prometheus.NewDesc("attache_file_users", "Users who have a file.", nil, nil)
	expiredDesc = prometheus.NewDesc("attache_files_expired", "Files that wait for the sweep.", nil, nil)
	pendingDesc = prometheus.NewDesc("attache_files_pending", "Uploads under way, and bytes to be removed.", nil, nil)
)

func (t *totals) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{filesDesc, bytesDesc, usersDesc, expiredDesc, pendingDesc} {
		c <- d
	}
}

// Collect shows nothing while the store does not answer.
func (t *totals) Collect(c chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); now.Sub(t.at) > totalsFresh {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		last, err := t.store.Totals(ctx, now)
		if err != nil {
			return
		}
		t.last, t.at = last, now
	}
	for d, n := range map[*prometheus.Desc]int64{filesDesc: int64(t.last.Files), bytesDesc: t.last.Stored, usersDesc: int64(t.last.Users),
		expiredDesc: int64(t.last.Expired), pendingDesc: int64(t.last.Pending)} {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
}
