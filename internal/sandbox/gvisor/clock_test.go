package gvisor_test

import (
	"context"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// The time limit is of execution: a user who thinks about a question does not
// use it up, and what ran before does not start anew.
func TestClockStopsForQuestions(t *testing.T) {
	sandboxtest.NeedIndex(t)
	h := gvisortest.Open(t, gvisor.Options{Limits: sandbox.Limits{Time: 3 * time.Second}})
	s := sandboxtest.NewSession(t, h)
	s.Cell.Ask = func(context.Context, locale.Message) (bool, error) {
		time.Sleep(4 * time.Second)
		return false, nil
	}
	const ask = "\ntry:\n    import pyfiglet\nexcept ImportError:\n    print('no')\n"
	if res := s.Run("import time" + ask + "time.sleep(1)"); res.Outcome != sandbox.OK || res.Output != "no\n" {
		t.Errorf("%+v", res)
	}
	if res := s.Run("import time\ntime.sleep(2)" + ask + "time.sleep(20)"); res.Outcome != sandbox.TimedOut || res.Output != "no\n" {
		t.Errorf("%+v", res)
	} else if res.Elapsed < 2900*time.Millisecond || res.Elapsed > 5*time.Second {
		t.Errorf("%v of execution", res.Elapsed)
	}
}
