package tools

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sandbox"
)

const documentCode = view + `.document(load_file(%q), %d, %q)`

// parts are what the text of a document is made of, where that is worth a
// headline each.
var parts = map[files.Kind]string{"pdf": "page", "presentation": "slide", "jupyter": "cell"}

// Document returns the first limit characters of the text of a user's document,
// read in the session of the conversation, and how many there are. Kinds of
// errors: Invalid (it has no text that could be read), Unavailable, Canceled.
func (p *Python) Document(ctx context.Context, user files.UserID, conversation string, f files.File, limit int) (text string, size int, err error) {
	res, err := p.in.Run(ctx, SessionKey(user, conversation), sandbox.Cell{
		Code:  fmt.Sprintf(documentCode, f.ID, limit, parts[f.Kind]),
		Files: userFiles{fs: p.files, user: user},
	})
	if err != nil {
		return "", 0, err
	}
	first, rest, _ := strings.Cut(res.Output, "\n")
	size, bad := strconv.Atoi(first)
	if res.Outcome != sandbox.OK || bad != nil {
		return "", 0, notSeen(ctx, res)
	}
	text = strings.TrimRight(rest, "\n")
	for _, n := range res.Notes {
		text += "\n[" + n.String() + "]"
	}
	for _, w := range res.Warnings {
		text += "\n[" + w + "]"
	}
	return text, size, nil
}

// reason returns what a traceback ends with, without the exception's name.
func reason(traceback string) string {
	last := brief.Bytes(strings.TrimSuffix(brief.LastLine(traceback), "."), 500)
	if name, sentence, ok := strings.Cut(last, ": "); ok && !strings.Contains(name, " ") {
		last = sentence
	}
	return last
}
