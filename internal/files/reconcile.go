package files

import (
	"context"
	"io"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/fault"

	"gocloud.dev/blob"
)

// ownKey is the shape of the keys that Save makes, and of the temporary files
// beside them. Whatever else is in the bucket is not ours to remove.
var ownKey = regexp.MustCompile(`^(([1-9][0-9]*)/([1-9][0-9]*)_[0-9]+_[0-9a-f]{8}(?:\.[a-z0-9]+){0,2})(?:\.[0-9a-f]+\.tmp)?$`)

// Reconcile compares the bucket with the store and removes bytes that are
// older than any upload, that no file holds, and that the journal does not know:
// what is left when the store was brought back from a backup. It returns how
// many keys it removed. It lists the whole bucket, in constant memory; all else
// may go on meanwhile.
func (s *Service) Reconcile(ctx context.Context) (int, error) {
	old := s.now().Add(-2 * uploadLife)
	removed := 0
	for it := s.bucket.List(&blob.ListOptions{}); ; {
		o, err := it.Next(ctx)
		if err == io.EOF {
			return removed, nil
		}
		if err != nil {
			return removed, unavailable(err)
		}
		m := ownKey.FindStringSubmatch(o.Key)
		if m == nil || m[2] != m[3] || strings.HasSuffix(m[1], ".tmp") || o.ModTime.After(old) {
			continue
		}
		// To begin a key is to claim it: what a file holds, or an upload, is refused.
		err = s.store.Begin(ctx, m[1], old)
		if fault.Is(err, fault.Exists) {
			continue
		}
		if err == nil {
			err = s.erase(ctx, []string{m[1]}, true)
		}
		if err != nil {
			return removed, err
		}
		s.opts.Log.Info("bytes without a file removed", "key", m[1], "size", o.Size)
		removed++
	}
}
