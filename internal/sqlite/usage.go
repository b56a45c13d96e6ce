package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/attachebot/attache/internal/ledger"
)

// AddUsage implements ledger.Store.
func (c *Chats) AddUsage(ctx context.Context, u ledger.Usage) error {
	return c.writes.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO usage (day, user_id, model, conversation, requests, estimated, unpriced, input, cached, output, reasoning, cost)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (day, user_id, model, conversation) DO UPDATE SET
				requests = requests + excluded.requests, estimated = estimated + excluded.estimated, unpriced = unpriced + excluded.unpriced,
				input = input + excluded.input, cached = cached + excluded.cached,
				output = output + excluded.output, reasoning = reasoning + excluded.reasoning,
				cost = cost + excluded.cost`,
			u.Day, int64(u.User), u.Model, u.Conversation, u.Requests, u.Estimated, u.Unpriced, u.Input, u.Cached, u.Output, u.Reasoning, u.Cost)
		return err
	})
}

// Usage implements ledger.Store.
func (c *Chats) Usage(ctx context.Context, q ledger.Query) (rows []ledger.Usage, err error) {
	var columns, group, where []string
	var args []any
	by := func(column, none string, grouped bool) {
		if grouped {
			columns, group = append(columns, column), append(group, column)
		} else {
			columns = append(columns, none)
		}
	}
	by("day", "''", q.ByDay)
	by("user_id", "0", q.ByUser)
	by("model", "''", q.ByModel)
	by("conversation", "''", q.ByConversation)
	only := func(cond string, value any, given bool) {
		if given {
			where, args = append(where, cond), append(args, value)
		}
	}
	only("user_id = ?", int64(q.User), q.User != 0)
	only("day >= ?", q.From, q.From != "")
	only("day <= ?", q.To, q.To != "")

	query := "SELECT " + strings.Join(columns, ", ") +
		", SUM(requests), SUM(estimated), SUM(unpriced), SUM(input), SUM(cached), SUM(output), SUM(reasoning), SUM(cost) FROM usage"
	if where != nil {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	if group != nil {
		query += " GROUP BY " + strings.Join(group, ", ")
	}
	query += " HAVING COUNT(*) > 0 ORDER BY 1, 2, 3, 4"
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var u ledger.Usage
			if err := found.Scan(&u.Day, &u.User, &u.Model, &u.Conversation, &u.Requests, &u.Estimated, &u.Unpriced,
				&u.Input, &u.Cached, &u.Output, &u.Reasoning, &u.Cost); err != nil {
				return err
			}
			rows = append(rows, u)
		}
		return found.Err()
	})
	return rows, err
}
