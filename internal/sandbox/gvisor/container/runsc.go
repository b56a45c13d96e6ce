package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// Runsc runs gVisor's command. With root's privileges it is called as it is;
// without, inside a new user and mount namespace that maps the user to root,
// which checkpoint and restore need (its own --rootless refuses restore).
type Runsc struct {
	Path string
	Root string // folder of its state

	Flags []string // more of them, for tests
}

// niceness of everything in a sandbox: the bot itself goes first.
const niceness = 5

func (r *Runsc) command(args ...string) *exec.Cmd {
	flags := []string{
		"--root=" + r.Root,
		"--platform=systrap",
		"--network=none",
		"--ignore-cgroups",
		"--overlay2=none",
		"--file-access-mounts=shared", // what the host adds to a bound folder is seen at once
		"--host-settings=ignore",
		"--gofer-network-namespace=new", // the default leaves a mount behind
		"--log=/dev/null",
	}
	flags = append(flags, r.Flags...)
	cmd := exec.Command(r.Path, append(flags, args...)...)
	// Nothing of our environment gets near the sandbox: the sandbox process
	// inherits what runsc has.
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !Privileged() {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// Privileged reports whether the process has CAP_SYS_ADMIN, which root in most
// containers has not. Without it, sandboxes are started in user namespaces.
var Privileged = sync.OnceValue(func() bool {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		var caps uint64
		if n, _ := fmt.Sscanf(line, "CapEff: %x", &caps); n == 1 {
			return caps&(1<<unix.CAP_SYS_ADMIN) != 0
		}
	}
	return false
})

// Call runs a short command to its end.
func (r *Runsc) Call(ctx context.Context, args ...string) error {
	return run(ctx, "runsc "+args[0], r.command(args...))
}

// run runs a command to its end, or to that of ctx. An error names it as what.
func run(ctx context.Context, what string, cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err := cmd.Wait()
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", what, err, brief.LastLine(out.String()))
	}
	return nil
}

// startNice starts cmd with a lower priority than ours. A thread can lower its
// own priority and never raise it again, so the thread is spent on it.
func startNice(cmd *exec.Cmd) error {
	errc := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if p, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
			// The raw system call returns 20 - nice.
			unix.Setpriority(unix.PRIO_PROCESS, 0, min(19, 20-p+niceness))
		}
		errc <- cmd.Start()
	}()
	return <-errc
}

// Delete removes what runsc keeps of a container, whatever its state.
func (r *Runsc) Delete(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return r.Call(ctx, "delete", "--force", id)
}

// completeFile is in the folder of an image that is whole.
const completeFile = "complete"

// Complete reports whether the image in a folder is whole.
func Complete(image string) bool {
	_, err := os.Stat(filepath.Join(image, completeFile))
	return err == nil
}

// Checkpoint writes a sandbox to folder image and ends it, whether that works or
// not. It goes on when this process dies; Complete tells whether it came to its end.
func (r *Runsc) Checkpoint(ctx context.Context, id, image string) error {
	return r.checkpoint(ctx, image, id)
}

// Leave is Checkpoint of a sandbox that goes on, if that works.
func (r *Runsc) Leave(ctx context.Context, id, image string) error {
	return r.checkpoint(ctx, image, "--leave-running", id)
}

func (r *Runsc) checkpoint(ctx context.Context, image string, args ...string) error {
	if err := os.MkdirAll(image, 0o700); err != nil {
		return err
	}
	cmd := r.command(append([]string{"checkpoint", "--image-path", image}, args...)...)
	cmd.Args = append([]string{"sh", "-c", `"$@" && : >"$0"`, filepath.Join(image, completeFile)}, cmd.Args...)
	cmd.Path = "/bin/sh"
	return run(ctx, "runsc checkpoint", cmd)
}

// StartError explains why no sandbox could be started, from what the command
// said and what is known of the system. What was said is in the cause alone: it
// may name folders of this machine.
func StartError(err error, said string) error {
	reason := ""
	switch {
	case strings.Contains(said, "fork/exec") && strings.Contains(said, syscall.ENOSPC.Error()): // likewise, in runsc
		reason = ": the limit of the number of namespaces is reached; run `sysctl " + namespaceLimit(systemSwitch) + "=15000`"
	case Privileged():
	case errors.Is(err, syscall.ENOSPC): // clone(2) says it of namespaces, not of a disk
		reason = ": this user may not create user namespaces (the limit of their number is reached)" + namespaceHint(err, os.Geteuid(), systemSwitch)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		reason = ": this user may not create user namespaces" + namespaceHint(err, os.Geteuid(), systemSwitch)
	case strings.Contains(said, "operation not permitted"):
		reason = ": user namespaces are restricted" + namespaceHint(err, os.Geteuid(), systemSwitch)
	}
	if line := brief.LastLine(said); line != "" && line != err.Error() {
		err = fmt.Errorf("%w: %s", err, line)
	}
	return fault.Wrap(err, fault.Unavailable, "Code can't run here: the sandbox did not start%s. Check with `attache doctor`.", reason)
}

// namespaceLimit names the limit of namespaces that was reached.
func namespaceLimit(read func(name string) string) string {
	for _, kind := range []string{"net", "mnt", "pid", "ipc", "uts", "cgroup"} {
		if name := "max_" + kind + "_namespaces"; read("user/"+name) == "0" {
			return "user." + name
		}
	}
	return "user.max_user_namespaces"
}

// namespaceHint names the switch of this system that forbids user namespaces.
func namespaceHint(err error, user int, read func(name string) string) string {
	switch {
	case user == 0: // it may not map its own id without CAP_SETFCAP, whatever else is allowed
		return "; root without its capabilities can't make them (CAP_SETFCAP): run it as an ordinary user"
	case errors.Is(err, syscall.ENOSPC), read("user/max_user_namespaces") == "0":
		return "; run `sysctl user.max_user_namespaces=15000`"
	case read("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "; AppArmor restricts them (Ubuntu 24.04): run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` or add a profile for runsc"
	case read("kernel/unprivileged_userns_clone") == "0":
		return "; run `sysctl kernel.unprivileged_userns_clone=1`"
	}
	return "; a container needs the seccomp profile that comes with Attaché, and no AppArmor profile (docs/hosting.md)"
}

// systemSwitch returns the value of a switch in /proc/sys, "" if there is none.
func systemSwitch(name string) string {
	b, _ := os.ReadFile("/proc/sys/" + name)
	return strings.TrimSpace(string(b))
}
