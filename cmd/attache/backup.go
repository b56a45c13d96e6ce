package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/backup"
	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sqlite"
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
			"changed. Files that have expired since are deleted at the next start.",
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
	done, err := backup.Read(ctx, in, backup.Target{Dir: m.Config.DataDir, Bucket: b.Bucket, Check: checkDatabase})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "Restored and verified: the database and the content of %s, %d bytes.\n", plural(done.Files, "file"), done.Bytes)
	return nil
}

// checkDatabase migrates and checks a database that is to be restored.
func checkDatabase(ctx context.Context, file string) (map[string]string, error) {
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		return nil, err
	}
	return db.Keys(ctx)
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
