package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/backup"
	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/web/sessions"
)

// inBackup is what a backup has of the data folder beside database and files.
var inBackup = []string{"instance", "link.key", "tools", "tools.yaml"}

var errMongoBackup = fault.New(fault.Invalid, "The database is MongoDB: back it up with its own tools (mongodump), and the bucket after it; `attache files export` writes the files alone.")

func (m *Main) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "write all that is kept into one archive, also while the bot runs",
		Long: "Writes database, files, tools and keys into a tar, also while the bot runs; - is standard output. Python's variables\n" +
			"and what can be made again are not in it. Whoever has the archive has everybody's files: keep it safe.",
		Example: "  attache backup attache-$(date +%F).tar\n  attache backup - | ssh elsewhere 'cat > attache.tar'",
		Args:    exactly(1, "the file"), RunE: m.with(m.backup),
	}
}

func (m *Main) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "bring back what backup wrote, into a new data folder",
		Long: "Brings a backup back into a data folder that has no database yet. All of the archive is verified before anything is\n" +
			"changed. Files that have expired since are deleted at the next start. Everybody signs in anew in the browser; tokens of\n" +
			"scripts are those of then, and what was revoked since has to be revoked again.",
		Example: "  DATA_DIR=./restored attache restore attache.tar",
		Args:    exactly(1, "the file"), RunE: m.with(m.restore),
	}
}

func (m *Main) backup(ctx context.Context, args []string) error {
	if m.Config.MongoURI != "" {
		return errMongoBackup
	}
	if _, err := os.Stat(filepath.Join(m.Config.DataDir, "attache.db")); err != nil {
		return fault.New(fault.NotFound, "There is no database in the data folder %s.", m.Config.DataDir)
	}
	if _, err := m.openDataDir(ctx); err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, filepath.Join(m.Config.DataDir, "attache.db"))
	if err != nil {
		return err
	}
	m.onClose(db.Close)
	b, err := m.openBucket(ctx)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp(m.Config.DataDir, ".backup-")
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The data folder %s can't be written: %v.", m.Config.DataDir, err)
	}
	m.onClose(func() error { return os.RemoveAll(stage) })
	file := filepath.Join(stage, "attache.db")
	if err := db.CopyTo(ctx, file); err != nil {
		return err
	}
	copied, err := sqlite.Open(ctx, file)
	if err != nil {
		return err
	}
	m.onClose(copied.Close)
	var done backup.Done
	write := func(w io.Writer) (err error) {
		done, err = backup.Write(ctx, w, backup.Source{Database: copied, File: file, Bucket: b.Bucket, Dir: m.Config.DataDir, Others: inBackup, Version: version()})
		return err
	}
	if args[0] == "-" {
		err = write(m.Stdout)
	} else {
		err = writeWhole(args[0], 0o600, write)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "Backup made: the database and the content of %s, %d bytes.\n", plural(done.Files, "file"), done.Bytes)
	return nil
}

func (m *Main) restore(ctx context.Context, args []string) error {
	if m.Config.MongoURI != "" {
		return errMongoBackup
	}
	in, err := m.openInput(args[0])
	if err != nil {
		return err
	}
	defer in.Close()
	if err := m.serveAlone(ctx); err != nil {
		return err
	}
	b, err := m.openBucket(ctx)
	if err != nil {
		return err
	}
	var tokens []apitoken.Token
	done, err := backup.Read(ctx, in, backup.Target{Dir: m.Config.DataDir, Bucket: b.Bucket, Check: func(ctx context.Context, file string) (keys map[string]string, err error) {
		keys, tokens, err = prepareDatabase(ctx, file)
		return keys, err
	}})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "Restored and verified: the database and the content of %s, %d bytes.\n", plural(done.Files, "file"), done.Bytes)
	if len(tokens) > 0 {
		fmt.Fprintf(m.Stderr, "It has %s for scripts, also those that were revoked since: see `attache api-tokens list`.\n", plural(len(tokens), "token"))
	}
	return nil
}

// prepareDatabase migrates and checks a database that is to be restored, and ends
// its sessions: who signed out since must not be in again. It returns the keys of
// the bucket, and the tokens of scripts.
func prepareDatabase(ctx context.Context, file string) (keys map[string]string, tokens []apitoken.Token, err error) {
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		return nil, nil, err
	}
	notes := sqlite.NewNotes(db)
	if _, err := sessions.New(notes).End(ctx, func(sessions.Session) bool { return true }); err != nil {
		return nil, nil, err
	}
	if tokens, err = apitoken.New(notes).List(ctx, 0); err != nil {
		return nil, nil, err
	}
	keys, err = db.Keys(ctx)
	return keys, tokens, err
}

// openBucket opens where the bytes of files are.
func (m *Main) openBucket(ctx context.Context) (*bucket.Bucket, error) {
	where := m.Config.BucketURL.Reveal()
	if where == "" {
		where = filepath.Join(m.Config.DataDir, "user_files")
	}
	b, err := bucket.Open(ctx, where)
	if err != nil {
		return nil, err
	}
	m.onClose(b.Close)
	return b, nil
}
