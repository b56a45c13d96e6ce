package gvisor

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// A start that fails is tried again, twice; each failure is in the log, and the last is
// the error. Nothing is tried again for whoever gave up.
func TestFreshTriesAgain(t *testing.T) {
	for _, c := range []struct {
		fail, tries int
		stop        bool
	}{{0, 1, false}, {1, 2, false}, {2, 3, false}, {3, 3, false}, {3, 1, true}} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var log bytes.Buffer
		tries, failure := 0, errors.New("it was killed")
		p := &pool{log: slog.New(slog.NewTextHandler(&log, nil)), wake: make(chan struct{}, 1), start: func(context.Context) (*container.Container, error) {
			if tries++; c.stop {
				cancel()
			}
			if tries <= c.fail {
				return nil, failure
			}
			return &container.Container{ID: "up"}, nil
		}}
		got, err := p.fresh(ctx)
		if up := err == nil && got.ID == "up"; tries != c.tries || up != (c.fail < c.tries) || !up && !errors.Is(err, failure) {
			t.Errorf("%+v: %d tries, %v", c, tries, err)
		}
		if said := strings.Count(log.String(), failure.Error()); said != c.tries-1 {
			t.Errorf("%+v: %d failures in the log", c, said)
		}
	}
}
