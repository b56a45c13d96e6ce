package tools

import (
	"context"
	"io"
	"slices"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// userFiles gives the sandbox one user's files, and those that others share
// with them in the conversation.
type userFiles struct {
	fs      *files.Service
	user    files.UserID
	ask     func(ctx context.Context, question locale.Message) (bool, error) // may be nil: a no
	sharing llm.Sharing
}

var _ sandbox.Files = userFiles{}

// mostFiles is how many files code is told of at once; list_user_files in
// runner/library.py warns of it.
const mostFiles = 5000

// List returns the user's files, newest first: mostFiles at most, or those of
// them that a shared session may see.
func (u userFiles) List(ctx context.Context) ([]sandbox.FileInfo, error) {
	var listed []string
	all := true
	if u.sharing.Listed != nil {
		var err error
		if listed, all, err = u.sharing.Listed(ctx); err != nil {
			return nil, err
		}
	}
	var out []sandbox.FileInfo
	for read := 0; ; {
		page, err := u.fs.List(ctx, u.user, files.Query{Offset: read, Limit: 500})
		if err != nil {
			return nil, err
		}
		for _, f := range page.Files {
			if all || slices.Contains(listed, string(f.ID)) {
				out = append(out, fileInfo(f))
			}
		}
		if read += len(page.Files); len(page.Files) == 0 || read >= page.Total || read >= mostFiles {
			return out, nil
		}
	}
}

// owner returns in whose name a file may be read.
func (u userFiles) owner(ctx context.Context, id string) (files.UserID, error) {
	if u.sharing.Use == nil {
		return u.user, nil
	}
	if err := u.sharing.Use(ctx, id); err != nil {
		return 0, err
	}
	return files.ID(id).User(), nil
}

// Stat describes one file.
func (u userFiles) Stat(ctx context.Context, id string) (sandbox.FileInfo, error) {
	owner, err := u.owner(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, err
	}
	f, err := u.fs.Get(ctx, owner, files.ID(id))
	if err != nil {
		return sandbox.FileInfo{}, err
	}
	return fileInfo(f), nil
}

// Open returns one file's bytes.
func (u userFiles) Open(ctx context.Context, id string) (sandbox.FileInfo, io.ReadCloser, error) {
	owner, err := u.owner(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, nil, err
	}
	f, r, err := u.fs.Open(ctx, owner, files.ID(id))
	if err != nil {
		return sandbox.FileInfo{}, nil, err
	}
	return fileInfo(f), r, nil
}

// Delete deletes one file after two confirmations of its owner.
func (u userFiles) Delete(ctx context.Context, id string) (sandbox.FileInfo, bool, error) {
	f, err := u.fs.Get(ctx, u.user, files.ID(id))
	if err != nil {
		return sandbox.FileInfo{}, false, err
	}
	name := brief.Escape(f.Name)
	for _, question := range []locale.Message{
		locale.Later("**⚠️ Confirm Deletion**\nAre you sure you want to delete:\n**%s**?\n\nThis action cannot be undone!", name),
		locale.Later("**⚠️ Final Confirmation**\nOnce more, to permanently delete:\n**%s**\n\nThis is your last chance to cancel!", name),
	} {
		if u.ask == nil {
			return fileInfo(f), false, fault.New(fault.Denied, "Nobody is there to confirm that the file may be deleted.")
		}
		if yes, err := u.ask(ctx, question); err != nil || !yes {
			return fileInfo(f), false, err
		}
	}
	return fileInfo(f), true, u.fs.Delete(ctx, u.user, f.ID)
}

func fileInfo(f files.File) sandbox.FileInfo {
	info := sandbox.FileInfo{ID: string(f.ID), Name: f.Name, Kind: string(f.Kind), Ext: f.Ext(), Size: f.Size, UploadedAt: f.UploadedAt}
	if !f.ExpiresAt.IsZero() {
		info.ExpiresAt = &f.ExpiresAt
	}
	return info
}
