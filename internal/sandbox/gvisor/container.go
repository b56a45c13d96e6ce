package gvisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// container is one running sandbox: gVisor's processes, with the runner
// inside. It is started cold or restored from an image, and ends by destroy or
// by itself. One goroutine at a time may speak with it.
type container struct {
	id    string
	dir   string // bundle: config.json, pid
	files string // bound at /files
	run   *runsc

	cmd      *exec.Cmd
	pid      int    // of the sandbox process
	snapshot string // name of the snapshot that it goes back to
	stdin    *os.File
	frames   chan frame    // closed when the stream ended
	ended    chan struct{} // closed when all its processes are gone

	out *outputPipe

	memory atomic.Int64 // bytes, as last measured
	oom    atomic.Bool  // ended by the watcher
	usage  *os.File     // gVisor's file of the sandbox's memory
}

// startContainer makes a container out of a bundle. With an image it is
// restored from it. What it starts, it ends when it fails.
func startContainer(run *runsc, id, dir, image string) (_ *container, err error) {
	c := &container{id: id, dir: dir, files: filepath.Join(dir, "files"), run: run,
		frames: make(chan frame), ended: make(chan struct{})}
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
	if c.out, err = newOutputPipe(pipes[2].r); err != nil {
		return nil, err
	}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = pipes[0].r, pipes[1].w, pipes[2].w
	if err = startNice(c.cmd); err != nil {
		c.out.close()
		return nil, startError(err, "")
	}
	go c.readFrames(pipes[1].r)
	go func() {
		c.cmd.Wait()
		c.stdin.Close()
		close(c.ended)
	}()
	return c, nil
}

func (c *container) readFrames(r *os.File) {
	defer r.Close()
	defer close(c.frames)
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		f, err := readFrame(br)
		if err != nil {
			if errors.Is(err, errFrame) {
				c.kill() // the stream is out of step for good
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

var errEnded = errors.New("the sandbox ended")

// receive returns the next frame.
func (c *container) receive(ctx context.Context) (frame, error) {
	select {
	case f, ok := <-c.frames:
		if !ok {
			return frame{}, errEnded
		}
		return f, nil
	case <-ctx.Done():
		return frame{}, context.Cause(ctx)
	}
}

// await returns the next message with this op and drops every other frame.
func (c *container) await(ctx context.Context, op string) (*message, error) {
	for {
		f, err := c.receive(ctx)
		if err != nil {
			return nil, err
		}
		if f.msg != nil && f.msg.Op == op {
			return f.msg, nil
		}
	}
}

// sendTime is how long a runner that is not busy may leave a command unread.
const sendTime = 10 * time.Second

func (c *container) send(v any) error { return c.sendWithin(sendTime, v) }

// sendWithin sends v to a runner that may not read. After an error the stream
// is out of step.
func (c *container) sendWithin(d time.Duration, v any) error {
	if err := c.stdin.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	return writeJSON(c.stdin, v)
}

// account opens the account of the sandbox's memory, once it is up.
func (c *container) account() error {
	data, err := os.ReadFile(filepath.Join(c.dir, "pid"))
	if err != nil {
		return err
	}
	c.pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return err
	}
	c.usage, err = memoryFile(c.pid)
	return err
}

// memoryFile opens the memory file of a sandbox process: all memory of the
// code, tmpfs included, is in it.
func memoryFile(pid int) (*os.File, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if target, _ := os.Readlink(path); strings.HasPrefix(target, "/memfd:runsc-memory") {
			// Opened without reading rights: only its size is wanted.
			fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, err
			}
			return os.NewFile(uintptr(fd), "runsc-memory"), nil
		}
	}
	return nil, errors.New("the sandbox has no memory file")
}

// kernelOwn is what gVisor's kernel may hold for itself. What it holds beyond
// that it holds for the code, and counts: pipes, sockets, names of files.
const kernelOwn = 40 << 20

// measure returns the bytes of memory that the code holds now.
func (c *container) measure() int64 {
	if c.usage == nil {
		return 0
	}
	info, err := c.usage.Stat() // an error once it is destroyed
	if err != nil {
		return 0
	}
	n := info.Sys().(*syscall.Stat_t).Blocks*512 + max(anonymous(c.pid)-kernelOwn, 0)
	c.memory.Store(n)
	return n
}

// anonymous returns the bytes of a process's memory that no file has.
func anonymous(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, resident, shared int64
	if err != nil {
		return 0
	}
	if n, _ := fmt.Sscan(string(data), &size, &resident, &shared); n < 3 {
		return 0
	}
	return (resident - shared) * int64(os.Getpagesize())
}

// gone reports whether all its processes have ended.
func (c *container) gone() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// interrupt sends SIGINT to the runner.
func (c *container) interrupt(ctx context.Context) error {
	return c.run.call(ctx, "kill", c.id, "INT")
}

// kill ends the sandbox at once. It does not wait.
func (c *container) kill() {
	if c.pid > 0 {
		select {
		case <-c.ended: // the number may be somebody else's by now
		default:
			syscall.Kill(c.pid, syscall.SIGKILL)
		}
		return
	}
	// Not up yet: its parent ends, and takes it along.
	c.cmd.Process.Kill()
}

// end kills the sandbox and waits until it is gone.
func (c *container) end() {
	c.kill()
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.cmd.Process.Kill()
		<-c.ended
	}
}

// completeFile is in the folder of an image that is whole.
const completeFile = "complete"

// checkpoint writes the sandbox to folder image and ends it, whether that works or
// not. It goes on when this process dies, and leaves completeFile.
func (c *container) checkpoint(ctx context.Context, image string) error {
	if err := os.MkdirAll(image, 0o700); err != nil {
		return err
	}
	cmd := c.run.command("checkpoint", "--image-path", image, c.id)
	cmd.Args = append([]string{"sh", "-c", `"$@" && : >"$0"`, filepath.Join(image, completeFile)}, cmd.Args...)
	cmd.Path = "/bin/sh"
	return run(ctx, "runsc checkpoint", cmd)
}

// destroy ends the container and removes everything of it. Twice is once.
func (c *container) destroy() error {
	c.end()
	for range c.frames { // lets the reader end
	}
	c.out.close()
	if c.usage != nil {
		c.usage.Close()
	}
	return errors.Join(c.run.delete(c.id), os.RemoveAll(c.dir))
}
