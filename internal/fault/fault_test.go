package fault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

func TestKindOf(t *testing.T) {
	base := errors.New("disk on fire")
	cases := []struct {
		err  error
		kind fault.Kind
	}{
		{base, fault.Internal},
		{context.Canceled, fault.Canceled},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), fault.Unavailable},
		{fault.New(fault.NotFound, "no such file"), fault.NotFound},
		{fmt.Errorf("outer: %w", fault.New(fault.TooLarge, "big")), fault.TooLarge},
		{fault.Wrap(base, fault.Unavailable, "later"), fault.Unavailable},
		{fault.Wrap(context.Canceled, fault.Unavailable, "later"), fault.Canceled},
		{fault.New(fault.Denied, "no"), fault.Denied},
		{base, fault.Internal},
	}
	for _, c := range cases {
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("KindOf(%v) = %v, want %v", c.err, got, c.kind)
		}
		if !fault.Is(c.err, c.kind) {
			t.Errorf("Is(%v, %v) = false", c.err, c.kind)
		}
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("a nil error has a kind")
	}
	if fault.Wrap(nil, fault.Invalid, "y") != nil {
		t.Error("wrapping nil made an error")
	}
}

// Message may be shown to a user, so it never carries a cause; Error is for
// the log, so it carries all.
func TestMessageKeepsCausesOut(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.7: token=hunter2")
	err := fault.Wrap(secret, fault.Unavailable, "The model is busy.")
	if got := fault.Message(err); got != "The model is busy." {
		t.Errorf("Message = %q", got)
	}
	for _, e := range []error{secret, fault.Wrap(secret, fault.Internal, ""), secret} {
		if m := fault.Message(e); strings.Contains(m, "hunter2") || m == "" {
			t.Errorf("Message(%v) = %q", e, m)
		}
	}
	if !strings.Contains(err.Error(), "hunter2") || !errors.Is(err, secret) {
		t.Errorf("Error() = %q lost the cause", err)
	}
}

func TestEveryKindHasNameStatusAndSentence(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Canceled; k++ {
		m := fault.Message(&fault.Error{Kind: k})
		if k.String() == "" || k.HTTPStatus() < 400 || m == "" || seen[m] {
			t.Errorf("kind %d: %q %d %q", k, k, k.HTTPStatus(), m)
		}
		seen[m] = true
	}
	if fault.Kind(200).String() != "internal" {
		t.Error("an unknown kind is not internal")
	}
}

func TestHint(t *testing.T) {
	full := fault.New(fault.Exhausted, "You have 20 of 20 files.")
	err := fmt.Errorf("saving: %w", fault.With(fault.FreeSpace, full))
	if fault.HintOf(err) != fault.FreeSpace || fault.KindOf(err) != fault.Exhausted || fault.Message(err) != "You have 20 of 20 files." {
		t.Errorf("%q, %v, %q", fault.HintOf(err), fault.KindOf(err), fault.Message(err))
	}
	if fault.HintOf(full) != "" || fault.HintOf(nil) != "" || fault.With(fault.FreeSpace, nil) != nil {
		t.Error("a hint out of nothing")
	}
	if err := fault.Wrap(err, fault.Unavailable, "Later."); fault.HintOf(err) != fault.FreeSpace {
		t.Error("wrapping lost the hint")
	}
}
