package files_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

const (
	traceExitKill  = 0x100000
	waitAll        = 0x40000000 // __WALL
	waitThisThread = 0x20000000 // __WNOTHREAD: not the servers that other tests have started
	stopOfSyscall  = syscall.SIGTRAP | 0x80
)

// runAndKill runs a program and kills it as it enters the nth system call that
// changes what outlives it: files, folders, what goes over a socket. Calls are
// counted from the program's first byte on standard output on. It returns the
// calls up to there, and whether the program was killed: it may come to its end
// before.
func runAndKill(path string, args, env []string, stdout *os.File, n int) (calls []string, killed bool, err error) {
	runtime.LockOSThread() // of which the program is a child
	defer runtime.UnlockOSThread()
	p, err := os.StartProcess(path, args, &os.ProcAttr{
		Env: env, Files: []*os.File{nil, stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return nil, false, err
	}
	defer p.Release()
	pid := p.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, waitAll, nil); err != nil {
		return nil, false, err
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACESYSGOOD|traceExitKill); err != nil {
		return nil, false, err
	}
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		return nil, false, err
	}
	entered, known, counting := map[int]bool{}, map[int]bool{pid: true}, false
	for {
		tid, err := syscall.Wait4(-1, &status, waitAll|waitThisThread, nil)
		if err != nil {
			return nil, false, err
		}
		if status.Exited() || status.Signaled() {
			switch { // the first thread is the last to be reported
			case tid != pid:
				continue
			case !killed && status.ExitStatus() != 0:
				return nil, false, fmt.Errorf("the program ended with status %d", status)
			}
			return calls, killed, nil
		}
		pass := 0
		switch s := status.StopSignal(); {
		case s == stopOfSyscall:
			entered[tid] = !entered[tid]
			if !entered[tid] || killed {
				break
			}
			call, out := lastingCall(pid, tid)
			counting = counting || out
			if counting && call != "" {
				if calls = append(calls, call); len(calls) == n {
					killed = true
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						return nil, false, err
					}
				}
			}
		case s == syscall.SIGTRAP, s == syscall.SIGSTOP && !known[tid]:
			known[tid] = true
		default:
			pass = int(s)
		}
		if err := syscall.PtraceSyscall(tid, pass); err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, false, err
		}
	}
}

// lastingCall names the system call that a thread enters if it changes what
// outlives the program, and tells whether it writes to standard output.
func lastingCall(pid, tid int) (call string, out bool) {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return "", false
	}
	file := func() string {
		name, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, r.Rdi))
		return name
	}
	switch r.Orig_rax {
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV, syscall.SYS_SENDTO, syscall.SYS_SENDMSG:
		if r.Rdi == 1 {
			return "", true
		}
		name := file()
		if !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "socket:") || strings.HasPrefix(name, "/dev/") {
			return "", false
		}
		return "write " + name, false
	case syscall.SYS_OPENAT:
		if r.Rdx&syscall.O_CREAT != 0 {
			return "create", false
		}
	case syscall.SYS_OPEN:
		if r.Rsi&syscall.O_CREAT != 0 {
			return "create", false
		}
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		return "sync " + file(), false
	case syscall.SYS_MKDIR, syscall.SYS_MKDIRAT:
		return "mkdir", false
	case syscall.SYS_RENAME, syscall.SYS_RENAMEAT, 316: // renameat2
		return "rename", false
	case syscall.SYS_UNLINK, syscall.SYS_RMDIR:
		return "remove " + text(tid, r.Rdi), false
	case syscall.SYS_UNLINKAT:
		return "remove " + text(tid, r.Rsi), false
	case syscall.SYS_FTRUNCATE, syscall.SYS_TRUNCATE, syscall.SYS_FALLOCATE:
		return "truncate", false
	}
	return "", false
}

// text reads a string of a stopped thread.
func text(tid int, at uint64) string {
	b := make([]byte, 256)
	n, _ := syscall.PtracePeekText(tid, uintptr(at), b)
	s, _, _ := strings.Cut(string(b[:n]), "\x00")
	return s
}
