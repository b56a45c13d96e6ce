package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/terminal"
)

// filesCommand is the command files, with the flags of those below it.
type filesCommand struct {
	m       *Main
	service *files.Service
	user    files.UserID
	hasUser bool // it was given
	asJSON  bool
	name    string
	kind    string
	out     string
	all     bool
}

func (m *Main) filesCommand() *cobra.Command {
	c := &filesCommand{m: m, user: 1}
	files := group(&cobra.Command{
		Use: "files COMMAND", Short: "manage users' files",
		Long: "Manages users' files, as the operator: beside a bot that runs, or without it.",
		Example: `  attache files put --user 7 sales.csv costs.xlsx
  attache files list --user 7 --kind csv
  attache files get ID --out folder/
  attache files export --out files.tar`,
	})
	files.PersistentFlags().Var(userFlag{&c.user}, "user", "the `ID` of the user; get, rm, export: of any, unless given")
	files.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print the result as JSON")
	add := func(use, short string, args cobra.PositionalArgs, run func(context.Context, []string) error) *pflag.FlagSet {
		sub := &cobra.Command{Use: use, Short: short, Args: args, RunE: m.with(func(ctx context.Context, args []string) error { return c.open(ctx, files, run, args) })}
		files.AddCommand(sub)
		return sub.Flags()
	}
	put := add("put FILE...", "save files of this machine as the user's, and print their ids; - is standard input", least(1, "the file"), c.put)
	put.StringVar(&c.name, "name", "", "the `NAME` to save under; needed for standard input")
	list := add("list", "list what a user has", exactly(0, ""), c.list)
	list.StringVar(&c.kind, "kind", "", "only files of this `KIND`, such as csv or image")
	get := add("get ID", "print a file, or write it", exactly(1, "the id"), c.get)
	get.StringVar(&c.out, "out", "", "the `FILE` or folder to write, instead of standard output")
	add("rm ID...", "delete files", least(1, "the id"), c.rm)
	sweep := add("sweep", "delete what has expired, now", exactly(0, ""), c.sweep)
	sweep.BoolVar(&c.all, "all", false, "also remove bytes that no file holds, as after a backup was brought back; lists the whole bucket")
	export := add("export", "write files with their metadata as a tar", exactly(0, ""), c.export)
	export.StringVar(&c.out, "out", "", "the `FILE` to write, instead of standard output")
	add("import FILE", "bring back what export wrote; - is standard input", exactly(1, "the file"), c.imports)
	return files
}

// userFlag is a user's id as a flag.
type userFlag struct{ *files.UserID }

func (u userFlag) String() string {
	if u.UserID == nil {
		return ""
	}
	return fmt.Sprint(uint64(*u.UserID))
}
func (u userFlag) Set(s string) error { return u.UnmarshalText([]byte(s)) }
func (u userFlag) Type() string       { return "ID" }

// open opens the files, and runs one of the commands.
func (c *filesCommand) open(ctx context.Context, command *cobra.Command, run func(context.Context, []string) error, args []string) error {
	c.hasUser = command.PersistentFlags().Changed("user")
	st, err := c.m.openStores(ctx)
	if err != nil {
		return err
	}
	if c.service, err = c.m.openFiles(ctx, st, c.m.log(c.m.quiet())); err != nil {
		return err
	}
	return run(ctx, args)
}

// print prints v as JSON, or the text.
func (c *filesCommand) print(v any, format string, args ...any) error {
	if c.asJSON {
		return c.m.printJSON(v)
	}
	_, err := fmt.Fprintf(c.m.Stdout, format, args...)
	return err
}

// savedFile is what put prints with --json.
type savedFile struct {
	files.File
	SameAs files.ID `json:"same_as,omitempty"` // an older file with the same bytes
	Note   string   `json:"note,omitempty"`
}

func (c *filesCommand) put(ctx context.Context, paths []string) error {
	all := []savedFile{}
	for _, path := range paths {
		s, err := c.putOne(ctx, path)
		if err != nil {
			return errors.Join(err, c.printSaved(all)) // what is saved is told
		}
		saved := savedFile{File: s.File, Note: s.Note}
		if s.Twin != nil {
			saved.SameAs = s.Twin.ID
			fmt.Fprintf(c.m.Stderr, "%s has the same content as %s (%s): it is stored once.\n", s.Name, s.Twin.Name, s.Twin.ID)
		}
		if s.Note != "" {
			fmt.Fprintln(c.m.Stderr, s.Note)
		}
		all = append(all, saved)
	}
	return c.printSaved(all)
}

func (c *filesCommand) printSaved(all []savedFile) error {
	ids := ""
	for _, s := range all {
		ids += string(s.ID) + "\n"
	}
	return c.print(all, "%s", ids)
}

func (c *filesCommand) putOne(ctx context.Context, path string) (files.Saved, error) {
	u := files.Upload{User: c.user, Name: c.name, Body: c.m.Stdin}
	if path != "-" {
		f, info, err := terminal.OpenFile(path)
		if err != nil {
			return files.Saved{}, err
		}
		defer f.Close()
		u.Body, u.Size = f, info.Size()
		if u.Name == "" {
			u.Name = filepath.Base(path)
		}
	}
	return c.service.Save(ctx, u)
}

func (c *filesCommand) list(ctx context.Context, _ []string) error {
	var all []files.File
	for {
		p, err := c.service.List(ctx, c.user, files.Query{Kind: files.Kind(c.kind), Offset: len(all), Limit: 100_000}) // each page costs a look at all
		if err != nil {
			return err
		}
		if all = append(all, p.Files...); len(p.Files) == 0 || len(all) >= p.Total {
			break
		}
	}
	if c.asJSON {
		return c.m.printJSON(append([]files.File{}, all...))
	}
	out, place, now := bufio.NewWriterSize(c.m.Stdout, 64<<10), c.m.Config.Location(), time.Now()
	for _, f := range all {
		uploaded := f.UploadedAt.In(place).Format("2006-01-02 15:04")
		fmt.Fprintf(out, "%s  %s %s  %s  %s  %s  %s\n", f.ID, f.Emoji(), f.Name, f.Kind, files.Size(f.Size), uploaded, f.Countdown(nil, now))
	}
	out.Flush() // a terminal or pipe that is gone is not told of, as elsewhere
	return nil
}

// owner is the user given, or the one that the id names: the operator may do
// with all files what their users may.
func (c *filesCommand) owner(id string) files.UserID {
	if c.hasUser {
		return c.user
	}
	return files.ID(id).User()
}

func (c *filesCommand) get(ctx context.Context, args []string) error {
	f, r, err := c.service.Download(ctx, c.owner(args[0]), files.ID(args[0]))
	if err != nil {
		return err
	}
	defer r.Close()
	if c.out == "" {
		_, err := io.Copy(c.m.Stdout, r)
		return fault.Wrap(err, fault.Unavailable, "The file can't be written.")
	}
	path := c.out
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path, err = terminal.WriteNew(path, f.Name, r)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "%s can't be written: %v.", c.out, err)
		}
	} else if err := writeWhole(path, 0o644, func(w io.Writer) error { _, err := io.Copy(w, r); return err }); err != nil {
		return err
	}
	return c.print(map[string]any{"file": f, "path": path}, "%s\n", path)
}

func (c *filesCommand) rm(ctx context.Context, ids []string) error {
	deleted := []string{}
	var failed error
	for _, id := range ids {
		if err := c.service.Delete(ctx, c.owner(id), files.ID(id)); err != nil {
			failed = errors.Join(failed, err)
			fmt.Fprintf(c.m.Stderr, "%s: %s\n", id, fault.Message(err))
			continue
		}
		deleted = append(deleted, id)
	}
	if c.asJSON {
		failed = errors.Join(failed, c.m.printJSON(deleted))
	}
	if failed != nil {
		return errCode(1)
	}
	return nil
}

func (c *filesCommand) sweep(ctx context.Context, _ []string) error {
	n, err := c.service.Sweep(ctx)
	if err != nil {
		return err
	}
	if !c.all {
		return c.print(map[string]int{"expired": n}, "%d expired files deleted\n", n)
	}
	orphans, err := c.service.Reconcile(ctx)
	if err != nil {
		return err
	}
	return c.print(map[string]int{"expired": n, "orphans": orphans}, "%d expired files deleted, and bytes of %d that are no files\n", n, orphans)
}

func (c *filesCommand) export(ctx context.Context, _ []string) error {
	user := files.UserID(0)
	if c.hasUser {
		user = c.user
	}
	var moved files.Moved
	write := func(w io.Writer) (err error) {
		moved, err = c.service.Export(ctx, w, user)
		return err
	}
	if c.out == "" {
		if err := write(c.m.Stdout); err != nil {
			return err
		}
		fmt.Fprintf(c.m.Stderr, "%d files exported\n", moved.Files)
	} else {
		if err := writeWhole(c.out, 0o644, write); err != nil {
			return err
		}
		if err := c.print(moved, "%d files exported\n", moved.Files); err != nil {
			return err
		}
	}
	if moved.Skipped > 0 {
		return fault.New(fault.Internal, "%d files are not in the archive: their content is missing from the storage.", moved.Skipped)
	}
	return nil
}

func (c *filesCommand) imports(ctx context.Context, args []string) error {
	in, err := c.m.openInput(args[0])
	if err != nil {
		return err
	}
	defer in.Close()
	moved, err := c.service.Import(ctx, in)
	return errors.Join(err, c.print(moved, "%d files imported, %d skipped\n", moved.Files, moved.Skipped))
}

// writeWhole writes a file so that it is there as a whole or, if write fails,
// as it was before.
func writeWhole(path string, mode os.FileMode, write func(io.Writer) error) error {
	failed := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "%s can't be written: %v.", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".attache-*")
	if err != nil {
		return failed(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := write(f); err != nil {
		if fault.KindOf(err) == fault.Internal {
			return failed(err)
		}
		return err
	}
	if err := errors.Join(f.Chmod(mode), f.Sync(), f.Close(), os.Rename(f.Name(), path)); err != nil {
		return failed(err)
	}
	return nil
}
