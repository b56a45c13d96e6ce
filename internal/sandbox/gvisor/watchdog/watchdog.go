// Package watchdog bounds the sandboxes of a host that was killed, until the next
// one takes them over.
package watchdog

import (
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// After the host's death its sandboxes wait for another one so long.
const orphanTime = 10 * time.Minute

//go:embed watchdog.py
var code string

// Watchdog is a process that outlives the host and bounds its sandboxes then.
type Watchdog struct {
	dir    string // of the host's containers
	python string
	limits sandbox.Limits
	log    *slog.Logger

	mu   sync.Mutex
	pipe *os.File // its end is the host's end
	stop bool
	done chan struct{}
}

// Start starts one for the containers in folder dir, with a Python. It is started again if it ends before the host.
func Start(dir, python string, limits sandbox.Limits, log *slog.Logger) (*Watchdog, error) {
	w := &Watchdog{dir: dir, python: python, limits: limits, log: log, done: make(chan struct{})}
	cmd, err := w.start()
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(w.done)
		for {
			err := cmd.Wait()
			for again := true; again; {
				if w.stopped() {
					return
				}
				w.log.Warn("the watchdog of sandboxes ended", "error", err)
				time.Sleep(time.Second)
				cmd, err = w.start()
				again = err != nil
			}
		}
	}()
	return w, nil
}

func (w *Watchdog) start() (*exec.Cmd, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	script := filepath.Join(w.dir, "watchdog.py")
	if err := os.WriteFile(script, []byte(code), 0o600); err != nil {
		pipe.Close()
		return nil, err
	}
	cmd := exec.Command(w.python, "-I", "-S", script,
		w.dir, fmt.Sprint(w.limits.Memory), fmt.Sprint(int64(container.KernelOwn)), fmt.Sprint(w.limits.Time.Seconds()), fmt.Sprint(orphanTime.Seconds()))
	cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{"PATH=/usr/bin:/bin"}, r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // not ended with the host from a terminal
	if err := cmd.Start(); err != nil {
		pipe.Close()
		return nil, err
	}
	if w.pipe != nil {
		w.pipe.Close()
	}
	if w.pipe = pipe; w.stop {
		pipe.Close()
	}
	return cmd, nil
}

func (w *Watchdog) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop
}

// Close ends it, when the host's folder is gone.
func (w *Watchdog) Close() {
	w.mu.Lock()
	w.stop = true
	w.pipe.Close()
	w.mu.Unlock()
	<-w.done
}
