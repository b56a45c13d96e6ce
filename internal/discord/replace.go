package discord

import (
	"context"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// replaced is an answer that another one takes the place of.
type replaced struct {
	messages []snowflake.ID
	made     []files.ID
}

// removeOld removes the answer that a question's new one replaces, with the
// files that it made.
func (b *Bot) removeOld(ctx context.Context, q *question) {
	b.deleteAll(ctx, q.channel(), q.old.messages)
	for _, id := range q.old.made {
		if f, err := b.assistant.Files().Get(ctx, q.user(), id); err == nil && !f.Generated {
			continue // its user keeps it
		}
		if err := b.assistant.Files().Delete(ctx, q.user(), id); err != nil && !fault.Is(err, fault.NotFound) {
			b.log.Warn("deleting a file of a replaced answer", "id", id, "error", err)
		}
	}
}

// withdraw removes what is shown of the answer to a question that its author
// deleted.
func (a *answer) withdraw(ctx context.Context) {
	ids := append([]snowflake.ID{}, a.q.told...)
	for _, s := range a.sent {
		ids = append(ids, s.id)
	}
	for _, id := range a.asked {
		ids = append(ids, id)
	}
	a.b.deleteAll(ctx, a.q.channel(), ids)
}

// deleteAll deletes messages of the bot. One that is gone already is no error.
func (b *Bot) deleteAll(ctx context.Context, channel snowflake.ID, ids []snowflake.ID) {
	done := map[snowflake.ID]bool{}
	for _, id := range ids {
		if done[id] {
			continue
		}
		done[id] = true
		if err := b.api.Delete(ctx, channel, id); err != nil && !fault.Is(err, fault.NotFound) {
			b.log.Warn("deleting a message", "channel", channel, "message", id, "error", err)
		}
	}
}
