package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
)

const (
	shardLease    = 6 * time.Second
	identifyPause = 5100 * time.Millisecond // Discord asks for five seconds
	takeOverLease = time.Minute             // that the turns of a life that ended are one other's to tell about
)

// shareShards divides the shards of the bot among all who serve it on one
// database, and hands over the turns of those who are gone. It is called before
// the engine is opened: who leaves is gone when its own turns have ended.
func (m *Main) shareShards(ctx context.Context, recoverOf func(context.Context, string) ([]chat.Record, error), log *slog.Logger) (err error) {
	if m.Config.MongoURI == "" || m.Config.DiscordToken == "" {
		return nil
	}
	background, stop := context.WithCancel(context.Background())
	m.gone = make(chan discord.Gone, 16)
	m.division, err = cluster.NewDivision(ctx, m.shared, "discord", m.instance, shardLease, func(instance string, life uint64) {
		go m.takeOver(background, instance, life, recoverOf, log)
	})
	if err != nil {
		stop()
		return err
	}
	m.onClose(func() error {
		stop()
		m.division.Close()
		return nil
	})
	return nil
}

// takeOver hands the turns of a life of an instance, which is gone, to the front end.
// One of those who live does it.
func (m *Main) takeOver(ctx context.Context, instance string, life uint64, recoverOf func(context.Context, string) ([]chat.Record, error), log *slog.Logger) {
	holder := m.instance + " " + rand.Text()
	for {
		l, err := m.shared.Acquire(ctx, "take over/"+instance, holder, takeOverLease, strconv.FormatUint(life, 10))
		if fault.Is(err, fault.Exists) {
			if of, _ := strconv.ParseUint(l.Note, 10, 64); of >= life {
				return
			}
			if err = m.shared.Release(ctx, l); err == nil { // another life's, before
				continue
			}
		}
		var turns []chat.Record
		if err == nil {
			turns, err = recoverOf(ctx, instance)
		}
		if err == nil || len(turns) > 0 {
			select {
			case m.gone <- discord.Gone{Instance: instance, Turns: turns}:
			case <-ctx.Done():
			}
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		log.Warn("take over the turns of a process that is gone", "instance", instance, "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// divide lets the bot connect its share of the shards.
func (m *Main) divide(o *discord.Options) {
	if m.division == nil {
		return
	}
	o.Gone = m.gone
	o.Division = &client.Division{
		Run:  func(ctx context.Context, of int, w client.Work) { m.division.Run(ctx, of, w) },
		Grow: m.division.Grow,
		Identify: func(ctx context.Context, key int) error {
			return cluster.Pace(ctx, m.shared, fmt.Sprint("identify/", key), identifyPause)
		},
	}
}
