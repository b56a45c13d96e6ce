package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
)

const (
	beatEvery = 400 * time.Millisecond
	goneAfter = time.Second     // no server has a connection of the other side
	silent    = 3 * time.Second // the other side says nothing
)

// repeatFor is how long an order is repeated: much less than a worker remembers a call
// that ended, so that none runs twice.
var repeatFor = 20 * time.Second

var (
	errGone   = errors.New("the other side is not connected")
	errSilent = errors.New("the other side says nothing")
)

// link is one side of a call. Frames arrive in order and exactly once, also over
// a message server that was restarted in between; a sender waits while the
// receiver does not use up what it has.
type link struct {
	publish   func([]byte) error // what it can't send is asked for again
	connected func() bool        // whether we are, ourselves

	in   chan frame    // in order
	over chan struct{} // closed when the link is broken
	stop chan struct{} // closed by close

	mu     sync.Mutex
	room   chan struct{} // closed when there may be room to send
	sent   uint32
	acked  uint32
	unsent [][]byte // from acked+1 to sent: what may have to be sent again
	next   uint32   // the number that is expected
	used   uint32
	told   uint32        // used, as the other side knows it
	heard  time.Duration // since boot
	gone   time.Duration // since when the other side is not connected; 0: it is
	asked  uint32        // for which frame again, until a beat tells of more
	err    error
	once   sync.Once
}

func newLink(publish func([]byte) error, connected func() bool) *link {
	l := &link{publish: publish, connected: connected, in: make(chan frame, window), over: make(chan struct{}), stop: make(chan struct{}),
		room: make(chan struct{}), next: 1, heard: cluster.SinceBoot()}
	go l.watch()
	return l
}

// send sends a frame in order. It waits for room.
func (l *link) send(ctx context.Context, k kind, id uint32, data []byte) error {
	for {
		l.mu.Lock()
		if l.err != nil {
			defer l.mu.Unlock()
			return l.err
		}
		if l.sent-l.acked < window {
			l.sent++
			b := frame{k, id, l.sent, data}.encode()
			l.unsent = append(l.unsent, b)
			l.publish(b) // under the lock: in order
			l.mu.Unlock()
			return nil
		}
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-l.over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sendJSON sends a message of any length.
func (l *link) sendJSON(ctx context.Context, k kind, id uint32, v any) error {
	b, err := json.Marshal(v)
	for err == nil && len(b) > chunk {
		err = l.send(ctx, part, id, b[:chunk])
		b = b[chunk:]
	}
	if err != nil {
		return err
	}
	return l.send(ctx, k, id, b)
}

// sendFile sends what r has, and its end, or why it has no more.
func (l *link) sendFile(ctx context.Context, id uint32, r io.Reader) error {
	buf := make([]byte, chunk)
	for {
		n, err := 0, error(nil)
		for n < len(buf) && err == nil { // io.ReadFull would take an io.ErrUnexpectedEOF of r for its end
			var more int
			more, err = r.Read(buf[n:])
			n += more
		}
		if n > 0 {
			if err := l.send(ctx, data, id, buf[:n]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
			continue
		case io.EOF:
			return l.send(ctx, end, id, nil)
		case io.ErrUnexpectedEOF:
			err = notWhole(err)
		}
		return errors.Join(err, l.sendJSON(context.WithoutCancel(ctx), end, id, failureOf(err)))
	}
}

// notWhole is the error for a file of which a part is missing.
func notWhole(err error) error {
	return fault.Wrap(err, fault.Unavailable, "The file did not come whole.")
}

// control sends a frame that needs no order.
func (l *link) control(k kind, seq uint32) { l.publish(frame{kind: k, seq: seq}.encode()) }

// receive takes a message as it comes; it does not wait. It returns the kind of
// frames that are not in order.
func (l *link) receive(b []byte) kind {
	f, err := decode(b)
	if err != nil {
		l.fail(err)
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard, l.gone = cluster.SinceBoot(), 0
	switch {
	case f.kind == ack:
		l.acknowledged(f.seq)
	case f.kind == again:
		l.acknowledged(f.seq - 1)
		for _, b := range l.unsent {
			l.publish(b)
		}
	case f.kind == beat:
		if f.seq >= l.next {
			l.control(again, l.next)
		}
	case !f.kind.ordered():
		return f.kind
	case f.seq == l.next:
		select {
		case l.in <- f:
			l.next++
		default:
			l.failLocked(errFrame) // more than the window
		}
	case f.seq > l.next && l.asked != l.next: // once: all that come after it are as late
		l.asked = l.next
		l.control(again, l.next)
	}
	return 0
}

func (l *link) acknowledged(seq uint32) {
	if n := seq - l.acked; n > 0 && n <= uint32(len(l.unsent)) {
		l.unsent = l.unsent[n:]
		l.acked = seq
		close(l.room)
		l.room = make(chan struct{})
	}
}

// usedUp tells the sender, sooner or later, that a frame makes room for another.
func (l *link) usedUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used++; l.used-l.told >= window/4 {
		l.told = l.used
		l.control(ack, l.used)
	}
}

// noResponders notes that no server has a connection of the other side.
func (l *link) noResponders() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := cluster.SinceBoot()
	if l.gone == 0 {
		l.gone = now
	} else if now-l.gone >= goneAfter {
		l.failLocked(errGone)
	}
}

// watch says that we live, and looks whether the other side does.
func (l *link) watch() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	last := cluster.SinceBoot()
	for connected := last; ; {
		select {
		case <-l.stop:
			return
		case <-l.over:
			return
		case <-tick.C:
		}
		now := cluster.SinceBoot()
		l.mu.Lock()
		// Where we were stopped or not connected, it is we who heard nothing.
		here := l.connected()
		if pause := now - last; pause > silent/2 || !here {
			l.heard += pause
		}
		if last = now; here {
			connected = now
		} else if now-connected > leaseTime+silent { // the cell has ended
			l.failLocked(errGone)
		}
		if now-l.heard > silent {
			l.failLocked(errSilent)
		}
		l.told = l.used
		l.control(ack, l.used) // again: the last one may have been lost
		l.control(beat, l.sent)
		l.mu.Unlock()
	}
}

func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failLocked(err)
}

func (l *link) failLocked(err error) {
	if l.err == nil {
		l.err = err
		close(l.over)
	}
}

// close ends the link on this side. Twice is once.
func (l *link) close() {
	l.once.Do(func() { close(l.stop) })
	l.fail(errGone)
}

// take returns the next frame, unless the link breaks or stop is closed.
func (l *link) take(stop <-chan struct{}) (frame, error) {
	select {
	case f := <-l.in:
		return f, nil
	default:
	}
	select {
	case f := <-l.in:
		return f, nil
	case <-stop:
		return frame{}, context.Canceled
	case <-l.over:
		select {
		case f := <-l.in: // what came before the end counts
			return f, nil
		default:
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		return frame{}, l.err
	}
}
