package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/attachebot/attache/internal/durable"
)

// batch is how many files one step of the sweep takes: its memory.
const batch = 5000

// Run recovers and sweeps at once, and sweeps every hour until ctx ends. What
// goes wrong is logged, and tried again the next time.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	note := func(err error) {
		if err != nil && ctx.Err() == nil {
			s.opts.Log.Warn("the sweep of expired files is not finished; it goes on in an hour", "error", err)
		}
	}
	note(s.Recover(ctx))
	for {
		_, err := s.Sweep(ctx)
		note(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Recover removes what an earlier run of this program left when it crashed:
// bytes without metadata. Call it at start; an upload that is under way in the
// name of the same owner fails. It costs what was left, not what is stored.
func (s *Service) Recover(ctx context.Context) error {
	return s.reclaim(ctx, true)
}

// Sweep deletes expired files, and bytes that older crashes and failures have
// left, of other programs too. It returns how many files it deleted. Memory
// does not grow with their number. Several may sweep at once.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	swept := 0
	for {
		fs, err := s.store.Expired(ctx, s.now(), batch)
		if err != nil || len(fs) == 0 {
			return swept, errors.Join(err, s.reclaim(ctx, false))
		}
		removed, orphans, err := s.store.Remove(ctx, fs, s.now())
		for _, f := range removed {
			s.log("file expired", f)
		}
		swept += len(removed)
		if err == nil {
			err = s.erase(ctx, orphans, false)
		}
		if err != nil || len(removed) == 0 { // another sweep takes them at this moment
			return swept, err
		}
	}
}

func (s *Service) reclaim(ctx context.Context, own bool) error {
	for {
		keys, err := s.store.Reclaim(ctx, s.now().Add(-2*uploadLife), own, batch)
		if err != nil || len(keys) == 0 {
			return err
		}
		if err := s.erase(ctx, keys, true); err != nil {
			return err
		}
	}
}

// erase removes the bytes under keys, and then the keys from the journal. It
// stops at the first error; what is not yet removed stays in the journal.
// broken says that the uploads of the keys may have broken off halfway.
func (s *Service) erase(ctx context.Context, keys []string, broken bool) error {
	if len(keys) == 0 {
		return nil
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, k := range keys {
		g.Go(func() error {
			if broken {
				if err := s.eraseParts(gctx, k); err != nil {
					return err
				}
			}
			if err := s.bucket.Delete(gctx, k); gcerrors.Code(err) != gcerrors.NotFound {
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return unavailable(err)
	}
	if s.opts.Dir != "" {
		if err := s.syncDirs(keys); err != nil {
			return unavailable(err)
		}
	}
	return s.store.Forget(ctx, keys)
}

// eraseParts removes what a writer that was killed has left beside its key: the
// temporary file of a bucket on disk, the parts of an upload to S3.
func (s *Service) eraseParts(ctx context.Context, key string) error {
	for it := s.bucket.List(&blob.ListOptions{Prefix: key + "."}); ; {
		o, err := it.Next(ctx)
		if err == io.EOF {
			break
		}
		if err == nil && strings.HasSuffix(o.Key, ".tmp") {
			err = s.bucket.Delete(ctx, o.Key)
		}
		if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
	}
	if s.opts.Abort == nil {
		return nil
	}
	return s.opts.Abort(ctx, key)
}

// syncDirs makes the removal of keys last.
func (s *Service) syncDirs(keys []string) error {
	dirs := map[string]bool{}
	for _, k := range keys {
		dirs[filepath.Join(s.opts.Dir, filepath.FromSlash(path.Dir(k)))] = true
	}
	if len(dirs) > 8 { // each costs a flush of the disk; all of it costs one
		return syncFS(s.opts.Dir)
	}
	for dir := range dirs {
		if err := durable.SyncDir(dir); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
