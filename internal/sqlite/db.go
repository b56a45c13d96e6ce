// Package sqlite keeps metadata, conversations and usage in one SQLite
// database: a file, and nothing to install or to run.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/attachebot/attache/internal/fault"
)

// Migrations are the files of this folder, each named NNN_what.sql, numbered
// from 001 without a gap. A file that was released is never changed: what
// comes later is a new file.
//
//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database: one connection that writes, several that read. What
// a call has committed survives a crash of the program and of the machine.
// Several processes may have the same file open.
type DB struct {
	file  string
	write *sql.DB // one connection; each of its transactions has the write lock from its start
	read  *sql.DB // refuses to write
}

// Open opens the database in a file, which it creates if it is missing (its
// folder it does not), and migrates it. A database of a newer version is
// refused (Invalid). Close it after use.
func Open(ctx context.Context, file string) (*DB, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The database file %q has no absolute path.", file)
	}
	if info, err := os.Stat(abs); err == nil && !info.Mode().IsRegular() {
		return nil, fault.New(fault.Unavailable, "The database %s is no file: move away what is there.", file)
	}
	for end := time.Now().Add(time.Second); isEmpty(abs); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) { // no other process has just made it
			return nil, fault.New(fault.Unavailable, "The database %s is an empty file: its content is lost. Restore a backup, or remove the file to begin anew.", file)
		}
	}
	pool := func(conns int, params string) (*sql.DB, error) {
		u := url.URL{Scheme: "file", Path: abs, RawQuery: "_busy_timeout=10000&_defensive=1&_dqs=0&" + params}
		db, err := sql.Open("sqlite", u.String())
		if err == nil {
			db.SetMaxOpenConns(conns)
			db.SetMaxIdleConns(conns)
		}
		return db, err
	}
	db := &DB{file: abs}
	if db.write, err = pool(1, "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_txlock=immediate"); err == nil {
		if db.read, err = pool(4, "_query_only=1"); err == nil {
			err = db.migrate(ctx)
		}
	}
	if err != nil {
		db.Close()
		var native *sqlite.Error
		if errors.As(err, &native) && full(filepath.Dir(abs)) { // SQLite does not tell it from other errors everywhere
			return nil, errFull(err)
		}
		if fault.KindOf(err) != fault.Internal {
			return nil, err
		}
		return nil, fault.Wrap(err, fault.Unavailable, "The database %s can't be opened.", file)
	}
	for _, part := range []string{"", "-wal", "-shm"} { // others on the machine read none of it, wherever it lies
		if info, err := os.Stat(abs + part); err == nil && info.Mode().Perm()&0o077 != 0 {
			os.Chmod(abs+part, 0o600) // fails where it belongs to somebody else, who decides
		}
	}
	reserve(abs + "-wal")
	return db, nil
}

// isEmpty tells whether a database's file is there and has nothing, nor its log.
func isEmpty(file string) bool {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > 0 {
		return false
	}
	wal, err := os.Stat(file + "-wal")
	return err != nil || wal.Size() == 0
}

// reserve keeps disk blocks for the write-ahead log, so that on a full disk
// files can still be deleted. The log starts over after 1,000 pages of 4 KB; some
// file systems can't reserve.
func reserve(wal string) {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	f, err := os.OpenFile(wal, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	syscall.Fallocate(int(f.Fd()), keepSize, 0, 6<<20)
}

// full tells whether a folder's disk has no room for a small file.
func full(dir string) bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && int64(fs.Bavail)*int64(fs.Bsize) < 64<<10
}

func errFull(err error) error { return fault.Wrap(err, fault.Unavailable, "The disk is full.") }

// Close closes all connections. Calls that are under way fail; a second Close
// does nothing. An empty log stays, with its blocks, for the next process that
// opens the database on a full disk.
func (db *DB) Close() error {
	if db.read != nil && db.read.Ping() == nil && db.keepLog() == nil {
		defer reserve(db.file + "-wal")
	}
	var errs []error
	for _, pool := range []*sql.DB{db.read, db.write} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

// keepLog makes the last connection empty the log when it is closed, instead of
// removing it.
func (db *DB) keepLog() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA journal_size_limit = 0"); err != nil {
		return err
	}
	return conn.Raw(func(c any) error {
		_, err := c.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
}

func (db *DB) migrate(ctx context.Context) error {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	return db.update(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(entries) {
			return fault.New(fault.Invalid, "The database was made by a newer version of Attaché (its schema is %d, this program knows %d): use that version.", version, len(entries))
		}
		if err := fromFirst(ctx, tx, version); err != nil {
			return err
		}
		for i, e := range entries[version:] {
			number := version + i + 1
			if !strings.HasPrefix(e.Name(), fmt.Sprintf("%03d_", number)) {
				return fmt.Errorf("migration %s should be number %03d", e.Name(), number)
			}
			text, err := migrations.ReadFile("migrations/" + e.Name())
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("migration %s: %w", e.Name(), err)
			}
			if _, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(number)); err != nil {
				return err
			}
		}
		return nil
	})
}

// firstFiles makes the files of the very first schemas 1 and 2 those of the later
// ones, which were numbered alike.
const firstFiles = `
ALTER TABLE files RENAME TO first_files;
DROP INDEX files_by_id;
DROP INDEX files_by_path;
DROP INDEX files_by_expiry;
DROP INDEX files_by_content;
DROP INDEX file_journal_by_time;
CREATE TABLE files (
    user_id INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, sha256 BLOB, mime TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, generated INTEGER NOT NULL, uploaded_at INTEGER NOT NULL, expires_at INTEGER,
    path TEXT NOT NULL, shared INTEGER NOT NULL, PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;
INSERT INTO files SELECT user_id, id, name, kind, size, sha256, mime, width, height, generated, uploaded_at, expires_at, path,
    (SELECT count(*) > 1 FROM first_files g WHERE g.user_id = f.user_id AND g.path = f.path) FROM first_files f;
DROP TABLE first_files;
`

func fromFirst(ctx context.Context, tx *sql.Tx, version int) error {
	if version < 1 || version > 2 {
		return nil
	}
	var later bool
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info('files') WHERE name = 'shared'").Scan(&later)
	if err != nil || later {
		return err
	}
	if _, err := tx.ExecContext(ctx, firstFiles); err != nil {
		return fmt.Errorf("the first schema: %w", err)
	}
	return nil
}

// update runs do in a transaction that has the write lock from its start. It
// is committed if do returns nil, and rolled back otherwise. Errors of SQLite
// are translated; others of do come back as they are.
func (db *DB) update(ctx context.Context, do func(*sql.Tx) error) error {
	return transact(ctx, db.write, do)
}

// view runs do in a transaction that sees one state of the database.
func (db *DB) view(ctx context.Context, do func(*sql.Tx) error) error {
	return transact(ctx, db.read, do)
}

func transact(ctx context.Context, pool *sql.DB, do func(*sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return translate(err)
	}
	return translate(tx.Commit())
}

// translate gives an error of SQLite its kind and its sentence: a violated
// unique key is Exists, whatever else the database can't do is Unavailable.
// Errors that have a kind keep it.
func translate(err error) error {
	var known *fault.Error
	var native *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, sql.ErrTxDone): // its context ended
		return fault.Wrap(err, fault.Canceled, "")
	case errors.As(err, &native):
		switch code := native.Code(); {
		case code == lib.SQLITE_CONSTRAINT_UNIQUE || code == lib.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fault.Wrap(err, fault.Exists, "")
		case code&0xff == lib.SQLITE_CONSTRAINT || code&0xff == lib.SQLITE_ERROR || code&0xff == lib.SQLITE_MISUSE:
			return fault.Wrap(err, fault.Internal, "")
		case code&0xff == lib.SQLITE_INTERRUPT:
			return fault.Wrap(err, fault.Canceled, "")
		case code&0xff == lib.SQLITE_FULL:
			return errFull(err)
		case code&0xff == lib.SQLITE_BUSY || code&0xff == lib.SQLITE_LOCKED:
			return fault.Wrap(err, fault.Unavailable, "The database is locked: another program holds it, perhaps a backup. Try again when it has ended.")
		case code&0xff == lib.SQLITE_CORRUPT || code&0xff == lib.SQLITE_NOTADB:
			return fault.Wrap(err, fault.Unavailable, "The database is damaged. Restore a backup.")
		case code&0xff == lib.SQLITE_READONLY || code&0xff == lib.SQLITE_PERM || code == lib.SQLITE_CANTOPEN_ISDIR:
			return fault.Wrap(err, fault.Unavailable, "The database can't be written: it is a folder, or its file or folder belongs to another user.")
		}
	}
	return fault.Wrap(err, fault.Unavailable, "The database is not available right now.")
}

// millis is how times are stored.
func millis(t time.Time) int64 { return t.UnixMilli() }

// nullMillis stores the zero time as NULL.
func nullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func nullTimeOf(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return timeOf(ms.Int64)
}
