package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/files"
)

func (s *Files) Bring(ctx context.Context, conversation string, id files.ID, owner string) error {
	return s.db.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO brought_files (conversation, id, user_id, owner) VALUES (?, ?, ?, ?) "+
			"ON CONFLICT (conversation, id) DO UPDATE SET owner = excluded.owner", conversation, id, id.User(), owner)
		return err
	})
}

func (s *Files) Brought(ctx context.Context, conversation string, now time.Time, limit int) (out []files.Brought, err error) {
	columns := "f." + strings.ReplaceAll(fileColumns, ", ", ", f.")
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT b.owner, "+columns+" FROM brought_files b JOIN files f ON f.user_id = b.user_id AND f.id = b.id "+
			"WHERE b.conversation = ? AND "+alive+" ORDER BY f.uploaded_at DESC, f.id DESC LIMIT ?", conversation, millis(now), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var b files.Brought
			if b.File, err = scanFile(owned{rows, &b.Owner}); err != nil {
				return err
			}
			out = append(out, b)
		}
		return rows.Err()
	})
	return out, err
}

// owned is a row with an owner's name before the file.
type owned struct {
	rows  *sql.Rows
	owner *string
}

func (o owned) Scan(dest ...any) error { return o.rows.Scan(append([]any{o.owner}, dest...)...) }

func (s *Files) SetWord(ctx context.Context, conversation string, user files.UserID, w files.Word) error {
	return s.db.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO sharing_words (conversation, user_id, word) VALUES (?, ?, ?) "+
			"ON CONFLICT (conversation, user_id) DO UPDATE SET word = excluded.word", conversation, user, w)
		return err
	})
}

func (s *Files) WordOf(ctx context.Context, conversation string, user files.UserID) (w files.Word, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT word FROM sharing_words WHERE conversation = ? AND user_id = ?", conversation, user).Scan(&w)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return w, err
}

func (s *Files) Unshare(ctx context.Context, conversation string, user files.UserID) error {
	where, arg := "conversation = ?", any(conversation)
	if conversation == "" {
		where, arg = "user_id = ?", user
	}
	return s.db.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM brought_files WHERE "+where, arg)
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM sharing_words WHERE "+where, arg)
		}
		return err
	})
}
