package gvisor

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// Bounds of the pickles that accompany an image, so that they cost little
// beside it. Without an image, they may be as large as an image.
const (
	besideBytes   = 64 << 20
	besideSeconds = 0.2
	aloneSeconds  = 60
)

// Bounds of one saved variable beside its bytes.
const (
	maxName   = 1000 // bytes of a variable's name; the runner sends none that are longer
	frameCost = 256  // what a frame counts for in the bound of bytes, above its own
)

// runnerLink is what dumpVariables needs of a container.
type runnerLink interface {
	Send(v any) error
	Receive(ctx context.Context) (container.Frame, error)
}

// dumpVariables writes the variables that can be pickled to path, as frames
// that can be sent back as they are.
func dumpVariables(ctx context.Context, c runnerLink, path string, limit int64, seconds float64) (count int, lost []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration((seconds+5)*float64(time.Second)))
	defer cancel()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 256<<10)
	if err := c.Send(map[string]any{"op": "dump", "max_bytes": limit, "seconds": seconds}); err != nil {
		return 0, nil, err
	}
	for left := limit + 4<<20; ; { // what goes with 11,000 small variables and files
		fr, err := c.Receive(ctx)
		if err != nil {
			return 0, nil, err
		}
		if left -= int64(fr.Size) + frameCost; left < 0 {
			return 0, nil, errProtocol
		}
		switch m := fr.Msg; {
		case m == nil:
			err = container.WriteBytes(w, fr.Data)
		case m.Op == "var":
			if count++; count > 11_000 || m.Size < 0 || m.Size > limit || len(m.Name) > maxName {
				return 0, nil, errProtocol
			}
			err = container.WriteMessage(w, map[string]any{"op": "var", "name": m.Name, "module_var": m.IsModule, "work": m.IsWork, "size": m.Size})
		case m.Op == "dumped":
			return count, clip(m.Lost, 1000), w.Flush()
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// loadVariables gives a fresh container the variables and files that were saved,
// and says in one line what came back.
func (s *session) loadVariables(ctx context.Context) []locale.Message {
	kept, lost := s.sendVariables(ctx)
	lost = append(lost, s.stored.Lost...)
	switch {
	case len(kept) > 0 && len(lost) > 0:
		return []locale.Message{locale.Later("restored: %s · lost: %s", listed(kept), listed(lost))}
	case len(kept) > 0:
		return []locale.Message{locale.Later("restored: %s", listed(kept))}
	case len(lost) > 0:
		return []locale.Message{locale.Later("lost: %s", listed(lost))}
	}
	return nil
}

// loadNewer gives a container that was restored from an older image the variables
// and files that were saved after it, and says so.
func (s *session) loadNewer(ctx context.Context) []locale.Message {
	kept, lost := s.sendVariables(ctx)
	at := s.stored.Before.SavedOn(s.zone)
	said := locale.Later("the session is as it was on %s", at)
	if len(kept) > 0 {
		said = locale.Later("the session is as it was on %s, but for these, which are newer: %s", at, listed(kept))
	}
	if len(lost) > 0 {
		said = said.And(locale.Later("· not restored as they were last: %s", listed(lost)))
	}
	return []locale.Message{said}
}

// listed names variables, and then some of the files, in one short line.
func listed(names []string) string {
	const most = 5
	var files []string
	names = slices.Clone(names)
	names = slices.DeleteFunc(names, func(n string) bool {
		file := strings.HasPrefix(n, insideWork+"/")
		if file {
			files = append(files, n)
		}
		return file
	})
	if more := len(files) - most; more > 0 {
		files = append(files[:most], fmt.Sprintf("and %d more files in %s", more, insideWork))
	}
	return brief.Bytes(brief.Line(strings.Join(append(names, files...), ", ")), 300)
}

// sendVariables sends the runner what was saved. Where that fails, the container
// is ended.
func (s *session) sendVariables(ctx context.Context) (kept, lost []string) {
	kept, lost, err := s.trySendVariables(ctx)
	if err != nil {
		s.log.Warn("variables not restored", "user", s.key.User, "error", err)
		s.kill()()
		return nil, []string{"all that were saved"}
	}
	return kept, lost
}

func (s *session) trySendVariables(ctx context.Context) (kept, lost []string, err error) {
	if s.stored.Variables == "" {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	f, err := os.Open(filepath.Join(s.dir, s.stored.Variables))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if err := s.c.Send(map[string]any{"op": "load", "count": s.stored.Count, "packages": insidePaths(s.stored.Packages)}); err != nil {
		return nil, nil, err
	}
	if err := s.c.Stream(ctx, f); err != nil {
		return nil, nil, err
	}
	m, err := s.c.Await(ctx, "loaded")
	if err != nil {
		return nil, nil, err
	}
	return clip(m.Kept, 1000), clip(m.Lost, 1000), nil
}
