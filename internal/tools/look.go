package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/table"
)

const (
	pictureName = "attache-picture.jpg"
	maxPicture  = 16 << 20 // bytes
)

// Calls of the runner's package view: they leave no variable behind.
const (
	view        = `__import__("attache.view", fromlist=["view"])`
	pictureCode = view + `.picture(load_file(%q), %q)`
	tableCode   = view + `.table(load_file(%q))`
	removeCode  = `__import__("os").remove(%q)`
)

// Picture returns a user's image as a JPEG of at most 2048 pixels a side, drawn
// in the session of the conversation. Kinds of errors: Invalid (it can't be
// drawn), Unavailable, Canceled.
func (p *Python) Picture(ctx context.Context, user files.UserID, conversation string, f files.File) ([]byte, error) {
	var picture []byte
	key := sessionKey(user, conversation)
	res, err := p.in.Run(ctx, key, sandbox.Cell{
		Code: fmt.Sprintf(pictureCode, f.ID, "/work/"+pictureName), Files: userFiles{fs: p.files, user: user},
		// Caught, and kept nowhere.
		Save: func(_ context.Context, name string, r io.Reader) error {
			if name != pictureName {
				return nil
			}
			b, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
			if err == nil && len(b) > maxPicture {
				err = errors.New("the picture is too large")
			}
			if err == nil {
				picture = b
			}
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	if res.Outcome == sandbox.OK {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		// What can't be removed is a file that the code may see, and no more.
		_, _ = p.in.Run(ctx, key, sandbox.Cell{Code: fmt.Sprintf(removeCode, "/work/"+pictureName)})
	}
	if len(picture) == 0 {
		return nil, notSeen(ctx, res)
	}
	return picture, nil
}

// Table returns the first rows of a user's table, of the first one of a file
// that has several. Errors are those of Picture.
func (p *Python) Table(ctx context.Context, user files.UserID, conversation string, f files.File, rows int) (table.Table, error) {
	res, err := p.in.Run(ctx, sessionKey(user, conversation), sandbox.Cell{Code: fmt.Sprintf(tableCode, f.ID), Files: userFiles{fs: p.files, user: user}})
	if err != nil {
		return table.Table{}, err
	}
	if res.Outcome != sandbox.OK || len(res.Shown) == 0 || res.Shown[0].Table == nil {
		return table.Table{}, notSeen(ctx, res)
	}
	t := *res.Shown[0].Table
	t.Rows = t.Rows[:min(len(t.Rows), rows)]
	return t, nil
}

// notSeen is why code that looks at a file has nothing to show.
func notSeen(ctx context.Context, res sandbox.Result) error {
	switch {
	case ctx.Err() != nil:
		return fault.Wrap(ctx.Err(), fault.Unavailable, "It took too long.")
	case res.Outcome != sandbox.Failed:
		return fault.New(fault.Invalid, "It can't be read.")
	}
	return fault.New(fault.Invalid, "%s.", reason(res.Error))
}
