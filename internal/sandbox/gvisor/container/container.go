// Package container runs one sandbox: gVisor's processes, with the runner of
// Python inside, and the frames between it and the host.
package container

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Container is one running sandbox. It is started cold or restored from an image,
// and ends by Destroy or by itself. One goroutine at a time may speak with it.
type Container struct {
	ID       string
	Dir      string // bundle: config.json, pid
	Files    string // bound at /files
	PID      int    // of the sandbox process; 0 until Account
	Snapshot string // name of the snapshot that it goes back to, set by who started it

	run    *Runsc
	cmd    *exec.Cmd
	stdin  *os.File
	frames chan Frame    // closed when the stream ended
	ended  chan struct{} // closed when all its processes are gone

	out *outputPipe

	memory atomic.Int64 // bytes, as last measured
	tables atomic.Int64 // of them, page tables
	why    atomic.Int32 // the Reason for which it was ended
	killed atomic.Bool  // ended by Kill
	usage  *os.File     // gVisor's file of the sandbox's memory
	pipes  [2]string    // of the frames: what links to their descriptors lead to
	link   [2][]string  // the sandbox's links to them
}

// Start makes a container out of the bundle in dir. With an image it is restored
// from it. What it starts, it ends when it fails.
func Start(run *Runsc, id, dir, image string) (_ *Container, err error) {
	c := &Container{ID: id, Dir: dir, Files: filepath.Join(dir, "files"), run: run,
		frames: make(chan Frame), ended: make(chan struct{})}
	pidFile := filepath.Join(dir, "pid")
	os.Remove(pidFile)
	args := []string{"run", "--bundle", dir, "--pid-file", pidFile, id}
	if image != "" {
		args = []string{"restore", "--bundle", dir, "--pid-file", pidFile, "--image-path", image, id}
	}
	c.cmd = run.command(args...)

	var pipes [3]struct{ r, w *os.File }
	defer func() {
		for i, p := range pipes {
			child, ours := p.w, p.r
			if i == 0 {
				child, ours = p.r, p.w
			}
			child.Close() // a nil file is fine
			if err != nil {
				ours.Close()
			}
		}
	}()
	for i := range pipes {
		if pipes[i].r, pipes[i].w, err = os.Pipe(); err != nil {
			return nil, err
		}
	}
	c.stdin = pipes[0].w
	for i, f := range []*os.File{pipes[0].r, pipes[1].w} {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		c.pipes[i] = fmt.Sprintf("pipe:[%d]", info.Sys().(*syscall.Stat_t).Ino)
	}
	if c.out, err = newOutputPipe(pipes[2].r); err != nil {
		return nil, err
	}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = pipes[0].r, pipes[1].w, pipes[2].w
	if err = startNice(c.cmd); err != nil {
		c.out.close()
		return nil, StartError(err, "")
	}
	go c.readFrames(pipes[1].r)
	go func() {
		c.cmd.Wait()
		c.stdin.Close()
		close(c.ended)
	}()
	return c, nil
}

func (c *Container) readFrames(r *os.File) {
	defer r.Close()
	defer close(c.frames)
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		f, err := readFrame(br)
		if err != nil {
			if errors.Is(err, errFrame) {
				c.EndFor(NoFrame) // the stream is out of step for good
			}
			return
		}
		select {
		case c.frames <- f:
		case <-c.ended:
			return
		}
	}
}

var ErrEnded = errors.New("the sandbox ended")

// Receive returns the next frame.
func (c *Container) Receive(ctx context.Context) (Frame, error) {
	select {
	case f, ok := <-c.frames:
		if !ok {
			return Frame{}, ErrEnded
		}
		return f, nil
	case <-ctx.Done():
		return Frame{}, context.Cause(ctx)
	}
}

// Await returns the next message with this op and drops every other frame.
func (c *Container) Await(ctx context.Context, op string) (*Message, error) {
	for {
		f, err := c.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if f.Msg != nil && f.Msg.Op == op {
			return f.Msg, nil
		}
	}
}

// sendTime is how long a runner that is not busy may leave a command unread.
const sendTime = 10 * time.Second

// Send writes a command to a runner that is not busy.
func (c *Container) Send(v any) error { return c.SendWithin(sendTime, v) }

// SendWithin sends v to a runner that may not read. After an error the stream
// is out of step.
func (c *Container) SendWithin(d time.Duration, v any) error {
	if err := c.stdin.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	return WriteMessage(c.stdin, v)
}

// Stream writes frames to the runner until it has read them or ctx ends. After an
// error the stream is out of step.
func (c *Container) Stream(ctx context.Context, frames io.Reader) error {
	end, _ := ctx.Deadline()
	if err := c.stdin.SetWriteDeadline(end); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.stdin.SetWriteDeadline(time.Now()) })
	defer stop()
	_, err := io.Copy(c.stdin, frames)
	return err
}

// Frames are what the runner sends; closed when it has ended.
func (c *Container) Frames() <-chan Frame { return c.frames }

// Redirect sends what the code prints from now on to sink, in another goroutine;
// nil drops it. All that was printed before goes to the old sink first.
func (c *Container) Redirect(sink func([]byte)) { c.out.redirect(sink) }

// Said returns what was printed last without a sink.
func (c *Container) Said() string { return c.out.said() }

// Account opens the account of the sandbox's memory, once it is up.
func (c *Container) Account() error {
	data, err := os.ReadFile(filepath.Join(c.Dir, "pid"))
	if err != nil {
		return err
	}
	c.PID, err = strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return err
	}
	return c.open()
}

// open looks through the descriptors of the sandbox process: for its memory file, which
// has all memory of the code, tmpfs included, and for the pipes of frames.
func (c *Container) open() error {
	dir := fmt.Sprintf("/proc/%d/fd", c.PID)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		target, _ := os.Readlink(path)
		if c.usage == nil && strings.HasPrefix(target, "/memfd:runsc-memory") {
			// Opened without reading rights: only its size is wanted.
			fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			c.usage = os.NewFile(uintptr(fd), "runsc-memory")
		}
		for i, pipe := range c.pipes {
			if target == pipe {
				c.link[i] = append(c.link[i], path)
			}
		}
	}
	if c.usage == nil {
		return errors.New("the sandbox has no memory file")
	}
	return nil
}

// Linked reports whether the code still has the pipes of frames. Without them it can't
// be reached; the pipes do not end, because gVisor's process outside has them too.
func (c *Container) Linked() bool {
	for i, pipe := range c.pipes {
		if !slices.ContainsFunc(c.link[i], func(path string) bool {
			target, _ := os.Readlink(path)
			return target == pipe
		}) {
			return false
		}
	}
	return true
}

// KernelOwn is what gVisor's kernel may hold for itself. What it holds beyond
// that it holds for the code, and counts: pipes, sockets, names of files.
const KernelOwn = 40 << 20

// Measure returns the bytes of memory that the code holds now. Its page tables are
// those that were measured last.
func (c *Container) Measure() int64 {
	if c.usage == nil {
		return 0
	}
	info, err := c.usage.Stat() // an error once it is destroyed
	if err != nil {
		return 0
	}
	own := inStatus(c.PID, "RssAnon:", "VmSwap:")
	n := info.Sys().(*syscall.Stat_t).Blocks*512 + max(own-KernelOwn, 0) + c.tables.Load()
	c.memory.Store(n)
	return n
}

// MeasureTables has Measure count the page tables of the code as they are now: memory
// of the host's kernel, 4 kB for each 2 MB of addresses that code has touched, even
// if one page is behind all of them. gVisor keeps the addresses of each process of
// the code in one below its own; procs is the sandbox's tree.
func (c *Container) MeasureTables(procs []int) {
	n := int64(0)
	for _, pid := range procs {
		if pid != c.PID {
			n += inStatus(pid, "VmPTE:")
		}
	}
	c.tables.Store(n)
}

// inStatus returns the sum of numbers of bytes in the status of a process, 0 if it
// has ended.
func inStatus(pid int, names ...string) (sum int64) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && slices.Contains(names, fields[0]) {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			sum += n << 10 // kB
		}
	}
	return sum
}

// Memory returns the bytes that were last measured.
func (c *Container) Memory() int64 { return c.memory.Load() }

// Reason is why a sandbox is ended from outside.
type Reason int32

const (
	OverMemory Reason = iota + 1 // it holds too much
	CutOff                       // its code is not Linked
	NoFrame                      // it sent what is no frame
)

// EndFor kills a sandbox. It reports whether this is its first reason, which stays.
func (c *Container) EndFor(why Reason) bool {
	defer c.Kill()
	return c.why.CompareAndSwap(0, int32(why))
}

// EndedFor reports whether a sandbox was ended for a reason.
func (c *Container) EndedFor(why Reason) bool { return Reason(c.why.Load()) == why }

// Ended is closed when all its processes have ended.
func (c *Container) Ended() <-chan struct{} { return c.ended }

// Gone reports whether Ended is closed.
func (c *Container) Gone() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// Interrupt sends SIGINT to the runner.
func (c *Container) Interrupt(ctx context.Context) error {
	return c.run.Call(ctx, "kill", c.ID, "INT")
}

// Kill ends the sandbox at once. It does not wait.
func (c *Container) Kill() {
	if !c.Gone() {
		c.killed.Store(true)
	}
	if c.PID > 0 {
		select {
		case <-c.ended: // the number may be somebody else's by now
		default:
			syscall.Kill(c.PID, syscall.SIGKILL)
		}
		return
	}
	// Not up yet: its parent ends, and takes it along.
	c.cmd.Process.Kill()
}

// End kills the sandbox and waits until it is gone.
func (c *Container) End() {
	c.Kill()
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.cmd.Process.Kill()
		<-c.ended
	}
}

// Status returns the status that the runner's process ended with, as a shell has it:
// 128 and its number for a signal. It is not known (ok is false) while it runs, and
// when the sandbox was ended around it.
func (c *Container) Status() (status int, ok bool) {
	if !c.Gone() || c.killed.Load() || c.cmd.ProcessState == nil {
		return 0, false
	}
	status = c.cmd.ProcessState.ExitCode()
	return status, status >= 0 && status != lost
}

// lost is what gVisor ends with when it has lost its sandbox.
const lost = 128

// Destroy ends the container and removes everything of it. Twice is once.
func (c *Container) Destroy() error {
	c.End()
	for range c.frames { // lets the reader end
	}
	c.out.close()
	if c.usage != nil {
		c.usage.Close()
	}
	return errors.Join(c.run.Delete(c.ID), os.RemoveAll(c.Dir))
}
