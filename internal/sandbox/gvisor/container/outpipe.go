package container

import (
	"bytes"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// outputPipe reads what the program prints, all the time: what has no sink is
// dropped, so that a program that prints between cells can't block for ever.
// Every read happens under the lock, so that redirect divides the stream
// exactly.
type outputPipe struct {
	f    *os.File
	dup  int // the same pipe, readable while f waits
	done chan struct{}

	mu   sync.Mutex
	buf  []byte
	sink func([]byte)
	last bytes.Buffer // the newest bytes without a sink, for the error of a failed start
}

func newOutputPipe(f *os.File) (*outputPipe, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	dup := -1
	if cerr := conn.Control(func(fd uintptr) { dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil || err != nil {
		return nil, firstError(cerr, err)
	}
	p := &outputPipe{f: f, dup: dup, buf: make([]byte, 64<<10), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for open := true; open; {
			err := conn.Read(func(fd uintptr) bool {
				more, end := p.readOnce()
				open = !end
				return more || end
			})
			if err != nil {
				return
			}
		}
	}()
	return p, nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// readOnce takes what is in the pipe now, at most a buffer full.
func (p *outputPipe) readOnce() (some, end bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readLocked()
}

func (p *outputPipe) readLocked() (some, end bool) {
	n, err := unix.Read(p.dup, p.buf)
	switch {
	case err == unix.EINTR:
		return true, false
	case err == unix.EAGAIN:
		return false, false
	case err != nil || n == 0:
		return false, true
	}
	b := p.buf[:n]
	if p.sink != nil {
		p.sink(b)
		return true, false
	}
	if p.last.Len() > 16<<10 {
		p.last.Reset()
	}
	p.last.Write(b)
	return true, false
}

// redirect sends what is printed from now on to sink; nil drops it. All that
// was printed before goes to the old sink first.
func (p *outputPipe) redirect(sink func([]byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 64 { // 4 MiB: a program that prints for ever is not waited for
		if some, _ := p.readLocked(); !some {
			break
		}
	}
	p.sink = sink
}

// said returns what was printed last without a sink.
func (p *outputPipe) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.String()
}

func (p *outputPipe) close() {
	p.f.Close()
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dup >= 0 {
		unix.Close(p.dup)
		p.dup = -1
	}
}
