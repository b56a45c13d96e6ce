package sandbox

import (
	"context"
	"io"
)

// Images keeps what is stored of sessions beside the machines that have them.
type Images interface {
	// Has tells whether something has this name.
	Has(ctx context.Context, name string) (bool, error)
	// Put keeps what r has under a name: whole, or not at all.
	Put(ctx context.Context, name string, r io.Reader) error
	// Get returns what has a name, or NotFound. Reading an image may end with NotFound too,
	// after all its bytes: it is not what was kept then, and nothing of it may be used.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
}
