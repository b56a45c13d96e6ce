package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Chats is a [chat.Store].
type Chats struct {
	db     *DB
	writes batch
}

var _ chat.Store = (*Chats)(nil)

// NewChats returns the conversations and the usage of a database.
func NewChats(db *DB) *Chats { return &Chats{db, batch{db: db}} }

const turnColumns = "id, conversation, user_id, instance, state, model, started, ended, messages"

func scanTurn(row interface{ Scan(...any) error }) (r chat.Record, err error) {
	var started int64
	var ended sql.NullInt64
	var messages []byte
	err = row.Scan(&r.ID, &r.Conversation, &r.User, &r.Instance, &r.State, &r.Model, &started, &ended, &messages)
	if err != nil {
		return r, err
	}
	r.Started = time.UnixMicro(started).UTC()
	if ended.Valid {
		r.Ended = time.UnixMicro(ended.Int64).UTC()
	}
	return r, json.Unmarshal(messages, &r.Messages)
}

func queryTurns(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]chat.Record, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var turns []chat.Record
	for rows.Next() {
		r, err := scanTurn(rows)
		if err != nil {
			return nil, err
		}
		turns = append(turns, r)
	}
	return turns, rows.Err()
}

func turnValues(r chat.Record) (ended sql.NullInt64, messages string, err error) {
	b, err := json.Marshal(r.Messages)
	return sql.NullInt64{Int64: r.Ended.UnixMicro(), Valid: !r.Ended.IsZero()}, string(b), err
}

const insertTurn = "INSERT INTO turns (" + turnColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

// Claim implements chat.Store.
func (c *Chats) Claim(ctx context.Context, r chat.Record) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertTurn, r.ID, r.Conversation, int64(r.User), r.Instance, chat.Claimed, "", r.Started.UnixMicro(), nil, "[]")
		return err
	})
}

// Release implements chat.Store.
func (c *Chats) Release(ctx context.Context, id string) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE turns SET state = ? WHERE id = ? AND state = ?", chat.Dropped, id, chat.Claimed)
		return err
	})
}

// Begin implements chat.Store.
func (c *Chats) Begin(ctx context.Context, r chat.Record, replaces string) error {
	ended, messages, err := turnValues(r)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "")
	}
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if replaces != "" {
			if err := dropLast(ctx, tx, r, replaces); err != nil {
				return err
			}
		}
		// The claim gives way to the turn; any other row of the id is in the way.
		if _, err := tx.ExecContext(ctx, "DELETE FROM turns WHERE id = ? AND state = ? AND user_id = ? AND instance = ?",
			r.ID, chat.Claimed, int64(r.User), r.Instance); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertTurn,
			r.ID, r.Conversation, int64(r.User), r.Instance, r.State, r.Model, r.Started.UnixMicro(), ended, messages)
		return err
	})
}

// dropLast drops the turn with an id if it is the last one of the conversation
// that r continues, and of the same user.
func dropLast(ctx context.Context, tx *sql.Tx, r chat.Record, id string) error {
	var last string
	var state chat.State
	err := tx.QueryRowContext(ctx,
		"SELECT state FROM turns WHERE id = ? AND conversation = ? AND user_id = ? AND state NOT IN ('dropped', 'claimed')",
		id, r.Conversation, int64(r.User)).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.NotFound, "That message is no longer in my history.")
	case err != nil:
		return err
	case state == chat.Running:
		return fault.New(fault.Invalid, "That message is still being answered.")
	}
	err = tx.QueryRowContext(ctx,
		"SELECT id FROM turns WHERE conversation = ? AND state <> 'dropped' AND state <> 'claimed' ORDER BY started DESC, id DESC LIMIT 1",
		r.Conversation).Scan(&last)
	if err != nil {
		return err
	}
	if last != id {
		return fault.New(fault.Invalid, "Only the last message of a conversation can be run again.")
	}
	_, err = tx.ExecContext(ctx, "UPDATE turns SET state = ?, messages = '[]' WHERE id = ?", chat.Dropped, id)
	return err
}

// Save implements chat.Store.
func (c *Chats) Save(ctx context.Context, r chat.Record) error {
	ended, messages, err := turnValues(r)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "")
	}
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE turns SET state = ?, model = ?, ended = ?, messages = ? WHERE id = ? AND state = ?",
			r.State, r.Model, ended, messages, r.ID, chat.Running)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, fault.New(fault.NotFound, "That message is no longer in my history."))
		}
		return nil
	})
}

// Get implements chat.Store.
func (c *Chats) Get(ctx context.Context, id string) (r chat.Record, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		r, err = scanTurn(tx.QueryRowContext(ctx, "SELECT "+turnColumns+" FROM turns WHERE id = ? AND state NOT IN ('dropped', 'claimed')", id))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "That message is no longer in my history.")
		}
		return err
	})
	return r, err
}

// History implements chat.Store.
func (c *Chats) History(ctx context.Context, conversation string, limit int) (turns []chat.Record, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		turns, err = queryTurns(ctx, tx, "SELECT "+turnColumns+" FROM turns"+
			" WHERE conversation = ? AND state <> 'dropped' AND state NOT IN ('running', 'claimed') AND messages <> '[]' ORDER BY started DESC, id DESC LIMIT ?",
			conversation, limit)
		return err
	})
	slices.Reverse(turns)
	return turns, err
}

// Clear implements chat.Store.
func (c *Chats) Clear(ctx context.Context, conversation string) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE turns SET state = 'dropped', messages = '[]' WHERE conversation = ? AND state <> 'dropped' AND state <> 'claimed'", conversation)
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM conversation_titles WHERE conversation = ?", conversation)
		}
		return err
	})
}

// forgotten is how many turns are deleted at a time; others write in between.
const forgotten = 200

// Forget implements chat.Store.
func (c *Chats) Forget(ctx context.Context, before time.Time) error {
	for n := int64(forgotten); n == forgotten; {
		err := c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, "DELETE FROM turns WHERE rowid IN"+
				" (SELECT rowid FROM turns WHERE state NOT IN ('running', 'claimed') AND started < ? LIMIT ?)", before.UnixMicro(), forgotten)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Recover implements chat.Store.
func (c *Chats) Recover(ctx context.Context, instance string, before time.Time) (turns []chat.Record, err error) {
	err = c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const these = " WHERE state IN ('running', 'claimed') AND (instance = ? OR started < ?)"
		turns, err = queryTurns(ctx, tx, "SELECT "+turnColumns+" FROM turns"+these+" ORDER BY started, id", instance, before.UnixMicro())
		if err != nil {
			return err
		}
		for i := range turns {
			turns[i].State = chat.Interrupted
		}
		if _, err = tx.ExecContext(ctx, "UPDATE turns SET state = 'interrupted', ended = started"+these, instance, before.UnixMicro()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM turns WHERE state = 'dropped' AND started < ?", before.AddDate(0, 0, -7).UnixMicro())
		return err
	})
	return turns, err
}

// Conversations implements chat.Store.
func (c *Chats) Conversations(ctx context.Context, q chat.ConversationQuery) (list []chat.Conversation, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, conversationsQuery, int64(q.User), likePrefix(q.Prefix), int64(q.User),
			q.Search, likePart(q.Search), likePart(q.Search), cmp.Or(q.Limit, 50), q.Offset)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var one chat.Conversation
			var started, updated int64
			var first []byte
			if err := rows.Scan(&one.ID, &started, &updated, &one.Turns, &one.Title, &first); err != nil {
				return err
			}
			one.Started, one.Updated = time.UnixMicro(started).UTC(), time.UnixMicro(updated).UTC()
			if one.Title == "" {
				var messages []llm.Message
				if err := json.Unmarshal(first, &messages); err != nil {
					return err
				}
				one.Title = messages[0].Text()
			}
			list = append(list, one)
		}
		return rows.Err()
	})
	return list, err
}

// The user's turns lead to their conversations; of these count those that they
// began. In the JSON of messages a text stands as it is, but for quotes,
// backslashes and control characters.
const conversationsQuery = `
WITH mine AS (SELECT DISTINCT conversation FROM turns WHERE user_id = ? AND state <> 'dropped' AND conversation LIKE ? ESCAPE '\'),
shown AS (SELECT t.* FROM turns t JOIN mine USING (conversation)
          WHERE t.state <> 'dropped' AND t.state <> 'claimed' AND t.messages <> '[]'),
sums AS (SELECT conversation, min(started) AS first, max(started) AS last, count(*) AS n FROM shown GROUP BY conversation)
SELECT s.conversation, s.first, s.last, s.n, coalesce(n.title, ''), f.messages
FROM sums s JOIN shown f ON f.conversation = s.conversation AND f.started = s.first AND f.user_id = ?
LEFT JOIN conversation_titles n ON n.conversation = s.conversation
WHERE ? = '' OR n.title LIKE ? ESCAPE '\'
   OR EXISTS (SELECT 1 FROM shown m WHERE m.conversation = s.conversation AND m.messages LIKE ? ESCAPE '\')
ORDER BY s.last DESC, s.conversation LIMIT ? OFFSET ?`

func likePrefix(s string) string { return likeEscape.Replace(s) + "%" }
func likePart(s string) string   { return "%" + likeEscape.Replace(s) + "%" }

var likeEscape = strings.NewReplacer(`\`, `\`, `%`, `\%`, `_`, `\_`)

// Began implements chat.Store.
func (c *Chats) Began(ctx context.Context, conversation string) (user files.UserID, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT user_id FROM turns WHERE conversation = ? AND state <> 'dropped' AND state <> 'claimed'"+
			" ORDER BY started, id LIMIT 1", conversation).Scan(&user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return user, err
}

// Rename implements chat.Store.
func (c *Chats) Rename(ctx context.Context, conversation, title string) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		query, args := "INSERT INTO conversation_titles (conversation, title) VALUES (?, ?) ON CONFLICT (conversation) DO UPDATE SET title = excluded.title", []any{conversation, title}
		if title == "" {
			query, args = "DELETE FROM conversation_titles WHERE conversation = ?", args[:1]
		}
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// ModelOf implements chat.Store.
func (c *Chats) ModelOf(ctx context.Context, user files.UserID) (model string, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT model FROM user_models WHERE user_id = ?", int64(user)).Scan(&model)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return model, err
}

// SetModel implements chat.Store.
func (c *Chats) SetModel(ctx context.Context, user files.UserID, model string) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		query, args := "INSERT INTO user_models (user_id, model) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET model = excluded.model", []any{int64(user), model}
		if model == "" {
			query, args = "DELETE FROM user_models WHERE user_id = ?", args[:1]
		}
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}
