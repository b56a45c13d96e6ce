package main

import (
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/seccomp"
)

// allowed is what Go's runtime needs, and what reading and writing of open files does:
// nothing here opens a file, a socket or another process.
var allowed = []uintptr{
	unix.SYS_BRK, unix.SYS_CLOCK_GETTIME, unix.SYS_CLONE, unix.SYS_CLOSE, unix.SYS_DUP, unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL,
	unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_FCNTL, unix.SYS_FSTAT, unix.SYS_FSYNC,
	unix.SYS_FTRUNCATE, unix.SYS_FUTEX, unix.SYS_GETPID, unix.SYS_GETRANDOM, unix.SYS_GETSOCKOPT, unix.SYS_GETTID, unix.SYS_LSEEK, unix.SYS_MADVISE,
	unix.SYS_MEMFD_CREATE, unix.SYS_MINCORE, unix.SYS_MMAP, unix.SYS_MPROTECT, unix.SYS_MUNMAP, unix.SYS_NANOSLEEP, unix.SYS_PIPE2, unix.SYS_PPOLL,
	unix.SYS_PREAD64, unix.SYS_PWRITE64, unix.SYS_READ, unix.SYS_RECVMSG, unix.SYS_RESTART_SYSCALL, unix.SYS_RT_SIGACTION,
	unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SCHED_GETAFFINITY, unix.SYS_SCHED_YIELD, unix.SYS_SENDMSG,
	unix.SYS_SETITIMER, unix.SYS_SHUTDOWN, unix.SYS_SIGALTSTACK, unix.SYS_SYNC_FILE_RANGE, unix.SYS_TGKILL, unix.SYS_TIMER_CREATE,
	unix.SYS_TIMER_DELETE, unix.SYS_TIMER_SETTIME, unix.SYS_WRITE, unix.SYS_WRITEV,
}

// most is what the process may hold for itself: a sandbox may send messages without an end.
const most = 512 << 20

// confine takes every other call of the system from this process, and memory beyond a
// bound, for good.
func confine() error {
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most}); err != nil {
		return err
	}
	rules := seccomp.NewSyscallRules()
	for _, call := range allowed {
		rules.Set(call, seccomp.MatchAll{})
	}
	p := seccomp.Program{
		RuleSets: []seccomp.RuleSet{{Rules: rules, Action: seccomp.Allow}},
		Options:  seccomp.ProgramOptions{DefaultAction: seccomp.ReturnError.Code(uint16(unix.EPERM)), BadArchAction: seccomp.KillProcess},
	}
	return p.Install(nil)
}
