package web

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/web/guard"
)

const (
	maxUploads      = 8 // at the same time
	maxUploadsOfOne = 4 // of them, of one user
)

// uploads are the places of those that come at the same time. While all are taken, a
// new one gets the place of the one that has stalled for the longest time: who sends is
// never shut out by who does not.
type uploads struct {
	time time.Duration // in which who sends gives a piece

	mu  sync.Mutex
	all map[*upload]struct{}
}

func newUploads() *uploads {
	return &uploads{time: guard.PieceTime, all: map[*upload]struct{}{}}
}

var errUploads = fault.New(fault.Exhausted, "Several uploads are under way. Please try again in a moment.")

// begin gives the body of a request a place until end is called.
func (u *uploads) begin(v *visit) (end func(), err error) {
	up := &upload{ReadCloser: v.r.Body, uploads: u, user: v.user, rc: http.NewResponseController(v.w)}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.room(maxUploadsOfOne, func(o *upload) bool { return o.user == v.user }) || !u.room(maxUploads, func(*upload) bool { return true }) {
		return nil, errUploads
	}
	u.all[up] = struct{}{}
	v.r.Body = up
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.all, up)
	}, nil
}

// room tells whether there may be one more of those that are alike, once the worst has
// gone that stalls. u.mu is held.
func (u *uploads) room(most int, alike func(*upload) bool) bool {
	var worst *upload
	n := 0
	for o := range u.all {
		if !alike(o) {
			continue
		}
		n++
		if o.waits() >= u.time && (worst == nil || o.waits() > worst.waits()) {
			worst = o
		}
	}
	switch {
	case n < most:
		return true
	case worst == nil:
		return false
	}
	worst.over = true
	delete(u.all, worst)
	_ = worst.rc.SetReadDeadline(time.Now()) // it may wait for more
	return true
}

// upload is the body of a request that has a place.
type upload struct {
	io.ReadCloser
	uploads *uploads
	user    files.UserID
	rc      *http.ResponseController

	// Under uploads.mu.
	came   int           // bytes of a piece
	waited time.Duration // for them
	since  time.Time     // of the read that waits now; zero: none does
	over   bool          // another one has its place
}

// waits is how long the next piece has been waited for. What is done with the bytes that
// came takes no time of the sender's.
func (u *upload) waits() time.Duration {
	if u.since.IsZero() {
		return u.waited
	}
	return u.waited + time.Since(u.since)
}

func (u *upload) Read(p []byte) (n int, err error) {
	if !u.reads(0) {
		return 0, errUploads
	}
	n, err = u.ReadCloser.Read(p)
	if !u.reads(n) {
		return 0, errUploads
	}
	return n, err
}

// reads notes that a read begins, or how it ended, and tells whether the upload goes on.
func (u *upload) reads(n int) bool {
	u.uploads.mu.Lock()
	defer u.uploads.mu.Unlock()
	if u.since.IsZero() {
		u.since = time.Now()
		return !u.over
	}
	u.waited, u.since = u.waits(), time.Time{}
	if u.came += n; u.came >= guard.PieceSize {
		u.came, u.waited = 0, 0
	}
	return !u.over
}
