package tools

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/attachebot/attache/internal/brief"
)

const (
	maxMessage   = 32 << 20        // bytes of one message of a server
	writeTime    = 5 * time.Second // that a server may take to read a message
	stopTime     = 2 * time.Second // that a server has for each step of its end
	maxSaidBytes = 2 << 10         // kept of what a server writes to standard error
)

// process is an MCP server that runs beside this program and speaks over its
// standard input and output. It leads a process group of its own, which ends
// with it.
type process struct {
	cmd    *exec.Cmd
	stdin  *os.File
	stdout *os.File
	said   tail
	exited chan struct{}
	stop   sync.Once
}

var _ mcp.Transport = (*process)(nil)

// startProcess starts the command of a server. Of this program's environment
// it gets PATH, HOME and LANG only.
func startProcess(s *ServerConfig) (_ *process, err error) {
	p := &process{exited: make(chan struct{})}
	var childIn, childOut *os.File
	if childIn, p.stdin, err = os.Pipe(); err != nil {
		return nil, err
	}
	defer childIn.Close()
	if p.stdout, childOut, err = os.Pipe(); err != nil {
		p.stdin.Close()
		return nil, err
	}
	defer childOut.Close()
	p.cmd = exec.Command(s.Command, s.Args...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = childIn, childOut, &p.said
	p.cmd.Env = environ(s.Env)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 200 * time.Millisecond // its children may hold standard error open
	if err := p.cmd.Start(); err != nil {
		p.stdin.Close()
		p.stdout.Close()
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		p.signal(syscall.SIGKILL) // what it left behind
		close(p.exited)
		// What it said last may still be in the pipe.
		p.stdout.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	}()
	return p, nil
}

// environ is the whole environment of a server.
func environ(own map[string]string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG"} {
		if value, ok := os.LookupEnv(name); ok {
			if _, replaced := own[name]; !replaced {
				env = append(env, name+"="+value)
			}
		}
	}
	for name, value := range own {
		env = append(env, name+"="+value)
	}
	return env
}

// Connect implements mcp.Transport. Closing the connection ends the process.
func (p *process) Connect(ctx context.Context) (mcp.Connection, error) {
	t := &mcp.IOTransport{Reader: p.stdout, Writer: processInput{p}, MaxLineLength: maxMessage}
	return t.Connect(ctx)
}

// processInput is a process's standard input: a write that nobody reads fails
// after a while, so that a server that hangs holds nobody up.
type processInput struct{ p *process }

func (w processInput) Write(b []byte) (int, error) {
	w.p.stdin.SetWriteDeadline(time.Now().Add(writeTime))
	return w.p.stdin.Write(b)
}

func (w processInput) Close() error {
	w.p.close()
	return nil
}

// close ends the process, by and by harder, and waits for that. Twice is once.
func (p *process) close() {
	p.stop.Do(func() {
		p.stdin.Close()
		for _, sig := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
			if sig != 0 {
				p.signal(sig)
			}
			select {
			case <-p.exited:
				p.stdout.Close()
				return
			case <-time.After(stopTime):
			}
		}
		p.stdout.Close()
	})
}

// signal sends to the process and all that it started.
func (p *process) signal(sig syscall.Signal) {
	if err := syscall.Kill(-p.cmd.Process.Pid, sig); errors.Is(err, syscall.EPERM) {
		p.cmd.Process.Signal(sig)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - maxSaidBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

// last returns the last line.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	return brief.Bytes(string(bytes.TrimSpace(lines[len(lines)-1])), 300)
}
