package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Files is a [files.Store].
type Files struct {
	db    *DB
	owner string
}

var _ files.Store = (*Files)(nil)

// NewFiles returns the files of a database. The owner, noted in the journal,
// names one running program: the next start of the same one gives the same owner.
func NewFiles(db *DB, owner string) *Files { return &Files{db: db, owner: owner} }

const (
	fileColumns = "id, user_id, name, kind, size, sha256, mime, width, height, generated, uploaded_at, expires_at, path"
	// alive wants the time as one parameter.
	alive = "(expires_at IS NULL OR expires_at > ?)"
)

func scanFile(row interface{ Scan(...any) error }) (f files.File, err error) {
	var (
		sum      []byte
		uploaded int64
		expires  sql.NullInt64
	)
	err = row.Scan(&f.ID, &f.User, &f.Name, &f.Kind, &f.Size, &sum, &f.MIME, &f.Width, &f.Height, &f.Generated, &uploaded, &expires, &f.Path)
	f.SHA256, f.UploadedAt, f.ExpiresAt = hex.EncodeToString(sum), timeOf(uploaded), nullTimeOf(expires)
	return f, err
}

func queryFiles(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]files.File, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var fs []files.File
	for rows.Next() {
		f, err := scanFile(rows)
		if err != nil {
			return nil, err
		}
		fs = append(fs, f)
	}
	return fs, rows.Err()
}

func (s *Files) Begin(ctx context.Context, key string, at time.Time) error {
	user, _, _ := strings.Cut(key, "/")
	owner, err := files.ParseUserID(user)
	if err != nil {
		return err
	}
	return s.db.update(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, enter, key, s.owner, millis(at), 0, owner))
		if err == nil && n == 0 {
			err = fault.New(fault.Exists, "")
		}
		return err
	})
}

// enter enters a key into the journal unless one of the user's files holds it.
const enter = "INSERT INTO file_journal (key, owner, at, reclaimed) " +
	"SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM files WHERE user_id = ?5 AND path = ?1)"

func (s *Files) Commit(ctx context.Context, f files.File, admit func(files.Usage) error) (files.File, files.ID, error) {
	stored, twin := f, files.ID("")
	err := s.db.update(ctx, func(tx *sql.Tx) error {
		if admit != nil {
			u, err := usage(ctx, tx, f.User, f.UploadedAt)
			if err == nil {
				err = admit(u)
			}
			if err != nil {
				return err
			}
		}
		var begun bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM file_journal WHERE key = ? AND reclaimed = 0)", f.Path).Scan(&begun); err != nil {
			return err
		}
		if !begun {
			return fault.New(fault.NotFound, "")
		}
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil {
			return fault.Wrap(err, fault.Internal, "")
		}
		if len(sum) == 0 {
			sum = nil
		} else {
			err = tx.QueryRowContext(ctx, "SELECT id, path FROM files WHERE user_id = ? AND sha256 = ? AND size = ? AND "+alive+
				" ORDER BY uploaded_at, id LIMIT 1", f.User, sum, f.Size, millis(f.UploadedAt)).Scan(&twin, &stored.Path)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		if twin == "" {
			_, err = tx.ExecContext(ctx, "DELETE FROM file_journal WHERE key = ?", f.Path)
		} else {
			_, err = tx.ExecContext(ctx, "UPDATE files SET shared = 1 WHERE user_id = ? AND id = ?", f.User, twin)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO files ("+fileColumns+", shared) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			f.ID, f.User, f.Name, f.Kind, f.Size, sum, f.MIME, f.Width, f.Height, f.Generated, millis(f.UploadedAt), nullMillis(f.ExpiresAt), stored.Path, twin != "")
		return err
	})
	if err != nil {
		return files.File{}, "", err
	}
	stored.UploadedAt, stored.ExpiresAt = timeOf(millis(f.UploadedAt)), nullTimeOf(nullMillis(f.ExpiresAt))
	return stored, twin, nil
}

// Committed need not write, not even on a full disk: a Commit that has returned
// has committed or it never will.
func (s *Files) Committed(ctx context.Context, f files.File) (known bool, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM files WHERE user_id = ? AND id = ?)", f.User, f.ID).Scan(&known)
	})
	return known, err
}

func (s *Files) Get(ctx context.Context, user files.UserID, id files.ID, now time.Time) (f files.File, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		f, err = scanFile(tx.QueryRowContext(ctx, "SELECT "+fileColumns+" FROM files WHERE user_id = ? AND id = ? AND "+alive, user, id, millis(now)))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "")
		}
		return err
	})
	return f, err
}

func (s *Files) Keep(ctx context.Context, user files.UserID, id files.ID, expires, now time.Time, admit func(files.Usage) error) error {
	return s.db.update(ctx, func(tx *sql.Tx) error {
		var generated bool
		err := tx.QueryRowContext(ctx, "SELECT generated FROM files WHERE user_id = ? AND id = ? AND "+alive, user, id, millis(now)).Scan(&generated)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "")
		}
		if err == nil && generated && admit != nil {
			var u files.Usage
			if u, err = usage(ctx, tx, user, now); err == nil {
				err = admit(u)
			}
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE files SET generated = 0, expires_at = ? WHERE user_id = ? AND id = ?", nullMillis(expires), user, id)
		return err
	})
}

func (s *Files) List(ctx context.Context, user files.UserID, q files.Query, now time.Time) (p files.Page, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		if p.Usage, err = usage(ctx, tx, user, now); err != nil {
			return err
		}
		kind, args := "", []any{user, millis(now)}
		p.Total = p.Usage.Files
		if q.Kind != "" {
			kind, args = " AND kind = ?", append(args, q.Kind)
			p.Total = p.Usage.Kinds[q.Kind]
		}
		p.Files, err = queryFiles(ctx, tx, "SELECT "+fileColumns+" FROM files WHERE user_id = ? AND "+alive+kind+
			" ORDER BY uploaded_at DESC, id DESC LIMIT ? OFFSET ?", append(args, q.Limit, q.Offset)...)
		return err
	})
	return p, err
}

func (s *Files) Usage(ctx context.Context, user files.UserID, now time.Time) (u files.Usage, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		u, err = usage(ctx, tx, user, now)
		return err
	})
	return u, err
}

func usage(ctx context.Context, tx *sql.Tx, user files.UserID, now time.Time) (files.Usage, error) {
	u := files.Usage{Kinds: map[files.Kind]int{}}
	rows, err := tx.QueryContext(ctx, "SELECT kind, generated, count(*), sum(size) FROM files WHERE user_id = ? AND "+alive+" GROUP BY kind, generated", user, millis(now))
	if err != nil {
		return u, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind files.Kind
		var generated bool
		var n int
		var bytes int64
		if err := rows.Scan(&kind, &generated, &n, &bytes); err != nil {
			return u, err
		}
		if generated {
			u.Generated += n
			u.GeneratedBytes += bytes
		}
		u.Kinds[kind] += n
		u.Files += n
		u.Bytes += bytes
	}
	return u, rows.Err()
}

func (s *Files) Remove(ctx context.Context, fs []files.File, at time.Time) (removed []files.File, orphans []string, err error) {
	err = s.db.update(ctx, func(tx *sql.Tx) error {
		del, err := tx.PrepareContext(ctx, "DELETE FROM files WHERE user_id = ? AND id = ? RETURNING shared")
		if err != nil {
			return err
		}
		enter, err := tx.PrepareContext(ctx, enter)
		if err != nil {
			return err
		}
		for _, f := range fs {
			var shared bool
			if err := del.QueryRowContext(ctx, f.User, f.ID).Scan(&shared); errors.Is(err, sql.ErrNoRows) {
				continue
			} else if err != nil {
				return err
			}
			removed = append(removed, f)
			if _, err := tx.ExecContext(ctx, "DELETE FROM brought_files WHERE id = ?", f.ID); err != nil {
				return err
			}
			holder := files.UserID(0) // nobody: not shared, so nobody has to be asked
			if shared {
				holder = f.User
			}
			if n, err := affected(enter.ExecContext(ctx, f.Path, s.owner, millis(at), 1, holder)); err != nil {
				return err
			} else if n > 0 {
				orphans = append(orphans, f.Path)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return removed, orphans, nil
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *Files) Expired(ctx context.Context, now time.Time, limit int) (fs []files.File, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		fs, err = queryFiles(ctx, tx, "SELECT "+fileColumns+" FROM files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?", millis(now), limit)
		return err
	})
	return fs, err
}

func (s *Files) Scan(ctx context.Context, after files.ID, limit int) (fs []files.File, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		fs, err = queryFiles(ctx, tx, "SELECT "+fileColumns+" FROM files WHERE (user_id, id) > (?, ?) ORDER BY user_id, id LIMIT ?", after.User(), after, limit)
		return err
	})
	return fs, err
}

func (s *Files) Reclaim(ctx context.Context, before time.Time, own bool, limit int) (keys []string, err error) {
	err = s.db.update(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "UPDATE file_journal SET reclaimed = 1 WHERE key IN "+
			"(SELECT key FROM file_journal WHERE at < ? OR (? AND owner = ?) ORDER BY at LIMIT ?) RETURNING key", millis(before), own, s.owner, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

func (s *Files) Forget(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.db.update(ctx, func(tx *sql.Tx) error {
		args := make([]any, len(keys))
		for i, k := range keys {
			args[i] = k
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM file_journal WHERE key IN (?"+strings.Repeat(", ?", len(keys)-1)+")", args...)
		return err
	})
}

func (s *Files) Totals(ctx context.Context, now time.Time) (t files.Totals, err error) {
	err = s.db.view(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(DISTINCT user_id), count(*), coalesce(sum(size), 0),
			(SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM files GROUP BY path)),
			count(*) FILTER (WHERE expires_at <= ?),
			(SELECT count(*) FROM file_journal)
			FROM files`, millis(now)).Scan(&t.Users, &t.Files, &t.Bytes, &t.Stored, &t.Expired, &t.Pending)
	})
	return t, err
}
