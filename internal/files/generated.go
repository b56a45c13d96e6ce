package files

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// trim deletes the user's oldest files made by code until those that are left
// keep within their limits. The newest, f, stays whatever its size. What can't be
// deleted now is at the next one.
func (s *Service) trim(ctx context.Context, f File) {
	ctx, cancel := s.detached(ctx)
	defer cancel()
	o := s.live()
	over := func(n int, bytes int64) bool {
		return o.MaxGenerated > 0 && n > o.MaxGenerated || o.MaxGeneratedBytes > 0 && bytes > o.MaxGeneratedBytes
	}
	u, err := s.store.Usage(ctx, f.User, s.now())
	if err != nil || !over(u.Generated, u.GeneratedBytes) {
		return
	}
	var made []File // newest first
	for offset := 0; ; {
		page, err := s.List(ctx, f.User, Query{Offset: offset, Limit: 1000})
		if err != nil || len(page.Files) == 0 {
			break
		}
		for _, one := range page.Files {
			if one.Generated && one.ID != f.ID {
				made = append(made, one)
			}
		}
		if offset += len(page.Files); offset >= page.Total {
			break
		}
	}
	for n, bytes := u.Generated, u.GeneratedBytes; len(made) > 0 && over(n, bytes); made = made[:len(made)-1] {
		oldest := made[len(made)-1]
		if err := s.Delete(ctx, f.User, oldest.ID); err != nil && !fault.Is(err, fault.NotFound) {
			s.opts.Log.Warn("making room for a generated file", "id", oldest.ID, "error", err)
			return
		}
		n, bytes = n-1, bytes-oldest.Size
	}
}

// Keep keeps a file from now on as long as an upload that is saved now. One that
// code made counts as an upload from then on. Kinds: NotFound; Exhausted as of Save.
func (s *Service) Keep(ctx context.Context, user UserID, id ID) (File, error) {
	f, err := s.Get(ctx, user, id)
	if err != nil {
		return f, err
	}
	now := s.now()
	admit := func(u Usage) error {
		if s.admit(f.Size)(u) != nil {
			return fault.New(fault.Exhausted, "Your files are at their limit. Delete some, then keep this one.")
		}
		return nil
	}
	kept := f
	kept.Generated, kept.ExpiresAt = false, time.Time{}
	if life := s.live().Expiry; life > 0 {
		kept.ExpiresAt = now.Add(life).Truncate(time.Millisecond)
	}
	if err := s.store.Keep(ctx, user, id, kept.ExpiresAt, now, admit); fault.Is(err, fault.NotFound) {
		return f, errNotFound()
	} else if err != nil {
		return f, err
	}
	s.log("file kept", kept)
	return kept, nil
}
