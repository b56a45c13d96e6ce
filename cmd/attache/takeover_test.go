package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/sqlite"
)

// Of those who live, one tells about each life of an instance that ended, however
// soon after one another they did.
func TestEachLifeTakenOver(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	store, err := sqlite.NewCluster(db)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	recoverOf := func(_ context.Context, instance string) ([]chat.Record, error) {
		told++
		return []chat.Record{{ID: instance}}, nil
	}
	living := []*Main{{shared: store, instance: "a"}, {shared: store, instance: "b"}}
	for i, life := range []uint64{1, 2, 1, 5, 5, 3} {
		for _, m := range living {
			m.gone = make(chan discord.Gone, 1)
			m.takeOver(t.Context(), "dead", life, recoverOf, slog.New(slog.DiscardHandler))
		}
		if want := []int{1, 2, 2, 3, 3, 3}[i]; told != want {
			t.Errorf("after the end of life %d, %d ends were told, want %d", life, told, want)
		}
	}
}
