// Command container makes seccomp.json: Docker's own profile, and what gVisor
// needs beyond it to make a sandbox in a user namespace.
//
//	go run . seccomp.json
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/moby/profiles/seccomp"
)

// needed are the system calls that Docker's profile forbids without
// CAP_SYS_ADMIN and gVisor makes in its own user namespace; none can be left
// out.
var needed = []string{"chroot", "clone", "mount", "pivot_root", "umount2"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: container FILE")
	}
	text, err := profile(needed)
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// profile is Docker's profile, with more system calls allowed.
func profile(more []string) ([]byte, error) {
	p := seccomp.DefaultProfile()
	if len(more) > 0 {
		rule := &seccomp.Syscall{Comment: "gVisor makes its sandbox in a user namespace"}
		rule.Names, rule.Action = more, "SCMP_ACT_ALLOW"
		p.Syscalls = append(p.Syscalls, rule)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}
