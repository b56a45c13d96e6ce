package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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
	pageName    = "attache-page.jpg"
	pageCode    = view + `.page(get_file_path(%q), %d, %q)`
	csvName     = "attache-table.csv"
	csvCode     = view + `.csv(load_file(%q), %q)`
	formulaName = "attache-formulas.png"
	formulaCode = `__import__("attache.formula", fromlist=["draw"]).draw(%s, %q)`
	tableCode   = view + `.head(load_file(%q))`
	removeCode  = `__import__("os").remove(%q)`
)

// Picture returns a user's image as a JPEG of at most 2048 pixels a side, drawn
// in the session of the conversation. Kinds of errors: Invalid (it can't be
// drawn), Unavailable, Canceled.
func (p *Python) Picture(ctx context.Context, user files.UserID, conversation string, f files.File) ([]byte, error) {
	var picture []byte
	_, err := p.makes(ctx, user, conversation, fmt.Sprintf(pictureCode, f.ID, "/work/"+pictureName), pictureName, into(&picture))
	return picture, err
}

// into takes a picture.
func into(picture *[]byte) func(io.Reader) error {
	return func(r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
		if err == nil && len(b) > maxPicture {
			err = errors.New("the picture is too large")
		}
		if err == nil {
			*picture = b
		}
		return err
	}
}

// Page returns a page of a user's PDF as a JPEG, the first is 1, and how many
// there are. Errors are those of Picture, and NotFound: there is no such page.
func (p *Python) Page(ctx context.Context, user files.UserID, conversation string, f files.File, page int) (jpeg []byte, pages int, err error) {
	output, err := p.makes(ctx, user, conversation, fmt.Sprintf(pageCode, f.ID, page, "/work/"+pageName), pageName, into(&jpeg))
	if pages, bad := strconv.Atoi(strings.TrimSpace(output)); bad == nil && page <= pages {
		return jpeg, pages, err
	} else if bad == nil {
		return nil, pages, fault.New(fault.NotFound, "There is no such page.")
	}
	if err == nil {
		err = fault.New(fault.Invalid, "It can't be read.")
	}
	return nil, 0, err
}

// Formulas draws formulas in LaTeX, whatever they are, below one another as one
// PNG, with numbers if there are several, and tells which could be drawn. Errors
// are those of Picture.
func (p *Python) Formulas(ctx context.Context, user files.UserID, conversation string, tex []string) (png []byte, drawn []int, err error) {
	list, err := json.Marshal(tex) // a list of Python too
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Internal, "")
	}
	output, err := p.makes(ctx, user, conversation, fmt.Sprintf(formulaCode, list, "/work/"+formulaName), formulaName, into(&png))
	if bad := json.Unmarshal([]byte(output), &drawn); bad == nil && len(drawn) == 0 {
		return nil, nil, nil // none could be
	} else if bad != nil && err == nil {
		err = fault.Wrap(bad, fault.Internal, "")
	}
	drawn = slices.DeleteFunc(drawn, func(i int) bool { return i < 0 || i >= len(tex) })
	return png, drawn, err
}

// CSV writes a user's whole table as CSV in UTF-8, of a file with several the
// first one. Errors are those of Picture, and those of w.
func (p *Python) CSV(ctx context.Context, user files.UserID, conversation string, f files.File, w io.Writer) error {
	var failed error
	_, err := p.makes(ctx, user, conversation, fmt.Sprintf(csvCode, f.ID, "/work/"+csvName), csvName, func(r io.Reader) error {
		_, failed = io.Copy(w, r)
		return failed
	})
	if failed != nil {
		return failed
	}
	return err
}

// makes runs code that looks at a file and makes one of a name, which is given to
// take and kept nowhere. What take refuses was not made. It returns what the code
// printed.
func (p *Python) makes(ctx context.Context, user files.UserID, conversation, code, name string, take func(io.Reader) error) (string, error) {
	taken := false
	key := SessionKey(user, conversation)
	res, err := p.in.Run(ctx, key, sandbox.Cell{
		Code: code, Files: userFiles{fs: p.files, user: user},
		Save: func(_ context.Context, made string, r io.Reader) error {
			if made != name {
				return nil
			}
			err := take(r)
			taken = err == nil
			return err
		},
	})
	if err != nil {
		return "", err
	}
	if res.Outcome == sandbox.OK {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		// What can't be removed is a file that the code may see, and no more.
		_, _ = p.in.Run(ctx, key, sandbox.Cell{Code: fmt.Sprintf(removeCode, "/work/"+name)})
	}
	if !taken {
		return res.Output, notSeen(ctx, res)
	}
	return res.Output, nil
}

// Table returns the first rows of a user's table, of the first one of a file
// that has several. Errors are those of Picture.
func (p *Python) Table(ctx context.Context, user files.UserID, conversation string, f files.File, rows int) (table.Table, error) {
	res, err := p.in.Run(ctx, SessionKey(user, conversation), sandbox.Cell{Code: fmt.Sprintf(tableCode, f.ID), Files: userFiles{fs: p.files, user: user}})
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
