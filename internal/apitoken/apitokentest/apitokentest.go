// Package apitokentest holds tokens against each store of notes.
package apitokentest

import (
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/notes"
)

// Tokens runs the suite. Open returns two programs' views of one empty store.
func Tokens(t *testing.T, open func(t *testing.T) (one, other notes.Store)) {
	first, second := open(t)
	here, there := apitoken.New(first), apitoken.New(second)
	ctx := t.Context()
	token, err := here.Make(ctx, 1, "laptop ☕")
	if err != nil || !strings.HasPrefix(token, apitoken.Prefix) {
		t.Fatalf("%q %v", token, err)
	}
	hash := apitoken.Hash(token)
	everything, err := first.Notes(ctx, "", 1000)
	if err != nil || len(everything) == 0 {
		t.Fatal(everything, err)
	}
	for _, n := range everything {
		if strings.Contains(n.Name+n.Text, strings.TrimPrefix(token, apitoken.Prefix)) {
			t.Errorf("the token itself is kept: %v", n)
		}
	}
	if all, err := there.List(ctx, 1); err != nil || len(all) != 1 || all[0].Name != "laptop ☕" || !all[0].Used.IsZero() || all[0].Made.IsZero() {
		t.Errorf("elsewhere: %+v %v", all, err)
	}
	for _, wrong := range []string{"", token + "x", hash, strings.ToUpper(token), apitoken.Prefix, "%", apitoken.Prefix + ".*"} {
		if one, err := there.Find(ctx, wrong); err != nil || one.Hash != "" {
			t.Errorf("%q: %+v %v", wrong, one, err)
		}
	}
	if one, err := there.Find(ctx, token); err != nil || one.User != 1 || one.Hash != hash || one.Used.IsZero() {
		t.Errorf("%+v %v", one, err)
	}
	if all, err := here.List(ctx, 1); err != nil || len(all) != 1 || all[0].Used.IsZero() {
		t.Errorf("its use elsewhere: %+v %v", all, err)
	}

	if done, err := there.Revoke(ctx, 2, hash); done || err != nil {
		t.Errorf("another revoked it: %v", err)
	}
	for _, prefix := range []string{"", hash[:10], ".*"} {
		if done, err := there.Revoke(ctx, 0, prefix); done || err != nil {
			t.Errorf("%q revoked it: %v", prefix, err)
		}
	}
	var work sync.WaitGroup // uses while it is revoked bring nothing back
	for range 4 {
		work.Go(func() {
			for range 10 {
				_, _ = here.Find(ctx, token)
			}
		})
	}
	if done, err := there.Revoke(ctx, 1, hash); !done || err != nil {
		t.Errorf("revoking: %v", err)
	}
	work.Wait()
	if one, err := here.Find(ctx, token); err != nil || one.Hash != "" {
		t.Errorf("after its revocation elsewhere: %+v %v", one, err)
	}
	if ok, err := here.Valid(ctx, hash); ok || err != nil {
		t.Errorf("it is valid: %v", err)
	}
	if done, err := here.Revoke(ctx, 0, hash); done || err != nil {
		t.Errorf("twice: %v", err)
	}

	for range apitoken.Most {
		if _, err := here.Make(ctx, 7, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := there.Make(ctx, 7, "x"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("one too many: %v", err)
	}
	if all, err := there.List(ctx, 0); err != nil || len(all) != apitoken.Most {
		t.Errorf("everybody's: %d %v", len(all), err)
	}
}
