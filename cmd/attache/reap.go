package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// asInit makes the program work as process 1 of a container: it runs itself as
// a child, passes signals on, and reaps what sandboxes leave behind. It
// returns only where it is not process 1.
func asInit() {
	if os.Getpid() != 1 {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	if err := cmd.Start(); err != nil {
		return
	}
	child := cmd.Process.Pid
	for s := range signals {
		if s != syscall.SIGCHLD {
			if s != syscall.SIGURG { // the Go runtime's own
				syscall.Kill(child, s.(syscall.Signal))
			}
			continue
		}
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
			if pid != child {
				continue
			}
			if status.Signaled() {
				os.Exit(128 + int(status.Signal()))
			}
			os.Exit(status.ExitStatus())
		}
	}
}
