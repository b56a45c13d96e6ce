package client

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"
	"go.uber.org/goleak"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
)

func TestMain(m *testing.M) {
	// A shard that is closed just after Discord's Hello ends with its second heartbeat.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/disgoorg/disgo/gateway.(*gatewayImpl).heartbeat"))
}

// bench is Discord with a channel, and a client of it.
type bench struct {
	*discordtest.Server
	ctx     context.Context
	client  *Client
	guild   *discordtest.Guild
	general snowflake.ID
}

// newBench makes a bench beside those of other tests. bend may be nil.
func newBench(t *testing.T, bend func(*discordtest.Server)) *bench {
	t.Parallel()
	return alone(t, bend)
}

func alone(t *testing.T, bend func(*discordtest.Server)) *bench {
	w := &bench{Server: discordtest.New(t), ctx: discordtest.Context(t)}
	if bend != nil {
		bend(w.Server)
	}
	w.guild = w.AddGuild("Acme")
	w.general = snowflake.ID(w.guild.Channel("general").ID)
	w.client = New(w.RESTURL(), w.Token(), 0, slog.New(slog.DiscardHandler))
	t.Cleanup(w.client.Close)
	return w
}

func TestTranslate(t *testing.T) {
	w := newBench(t, nil)
	for status, want := range map[int]fault.Kind{400: fault.Internal, 401: fault.Denied, 403: fault.Denied, 404: fault.NotFound, 413: fault.TooLarge} {
		w.Inject(discordtest.Fault{On: "POST /channels/{channel_id}/typing", Status: status})
		if err := w.client.Typing(w.ctx, w.general); fault.KindOf(err) != want {
			t.Errorf("%d became %v", status, err)
		}
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if err := w.client.Typing(ctx, w.general); !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v", err)
	}
	_, err := w.client.Message(w.ctx, w.general, 1)
	if Code(err) != rest.JSONErrorCodeUnknownMessage {
		t.Errorf("got code %d", Code(err))
	}
	if errors.Is(err, errNotSent) {
		t.Error("it was sent")
	}
}
