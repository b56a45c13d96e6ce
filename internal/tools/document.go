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

// documentCode prints how long the text of a file is, and its beginning. It
// leaves no variable behind.
const documentCode = `(lambda v, n: (lambda t: print(len(t), t[:n], sep="\n"))(
    v if isinstance(v, str) else
    "\n\n".join(f"[%[3]s {i}]\n{p}" for i, p in enumerate(v, 1)) if %[3]q else
    "\n".join(map(str, v))))(load_file(%[1]q), %[2]d)`

// parts are what the text of a document is made of, where that is worth a
// headline each.
var parts = map[files.Kind]string{"pdf": "page", "presentation": "slide", "jupyter": "cell"}

// Document returns the first limit characters of the text of a user's document,
// read in the session of the conversation, and how many there are. Kinds of
// errors: Invalid (it has no text that could be read), Unavailable, Canceled.
func (p *Python) Document(ctx context.Context, user files.UserID, conversation string, f files.File, limit int) (text string, size int, err error) {
	res, err := p.in.Run(ctx, sessionKey(user, conversation), sandbox.Cell{
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
	for _, n := range append(res.Notes, res.Warnings...) {
		text += "\n[" + n + "]"
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
