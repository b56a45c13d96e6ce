package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"os"

	"github.com/attachebot/attache/internal/fault"
)

// CopyTo writes a copy of the database, as it is at one moment, into a new file,
// while others go on writing. A file that is there already is refused (Exists).
func (db *DB) CopyTo(ctx context.Context, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fault.New(fault.Exists, "The file of the copy is there already.")
	}
	_, err := db.write.ExecContext(ctx, "VACUUM INTO ?", file)
	return translate(err)
}

// Check says whether the database is whole: Invalid, if it is not.
func (db *DB) Check(ctx context.Context) error {
	var verdict string
	if err := db.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return translate(err)
	}
	if verdict != "ok" {
		return fault.New(fault.Invalid, "The database is damaged: %s.", verdict)
	}
	return nil
}

// Keys returns what files have as their keys in the bucket, each with the SHA-256
// of its bytes as hex digits; "" where that is not known.
func (db *DB) Keys(ctx context.Context) (map[string]string, error) {
	keys := map[string]string{}
	err := db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT path, sha256 FROM files")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var sum []byte
			if err := rows.Scan(&key, &sum); err != nil {
				return err
			}
			keys[key] = hex.EncodeToString(sum)
		}
		return rows.Err()
	})
	return keys, err
}

// Forget removes the files that have one of these keys, and the whole journal: for
// a copy, whose bytes they are not.
func (db *DB) Forget(ctx context.Context, keys []string) error {
	return db.update(ctx, func(tx *sql.Tx) error {
		for _, key := range keys {
			if _, err := tx.ExecContext(ctx, "DELETE FROM files WHERE path = ?", key); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM file_journal")
		return err
	})
}
