package main

import (
	"encoding/json"
	"log"
	"os"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	bpf "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/moby/profiles/seccomp"
	xbpf "golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// confine becomes the program of args, under the profile in file as a container
// without capabilities gets it.
func confine(file string, args []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	var p seccomp.Seccomp
	if err := json.Unmarshal(text, &p); err != nil {
		log.Fatal(err)
	}
	policy, err := filter(&p)
	if err != nil {
		log.Fatal(err)
	}
	runtime.LockOSThread()
	if err := bpf.LoadFilter(bpf.Filter{NoNewPrivs: true, Flag: bpf.FilterFlagTSync, Policy: policy}); err != nil {
		log.Fatal(err)
	}
	if err := withoutClone3(); err != nil {
		log.Fatal(err)
	}
	log.Fatal(syscall.Exec(args[0], args, os.Environ()))
}

// filter turns a profile into what the kernel takes. Calls that the library has
// no number of are forbidden, as those that the profile does not name.
func filter(p *seccomp.Seccomp) (bpf.Policy, error) {
	table, err := arch.GetInfo("")
	if err != nil {
		return bpf.Policy{}, err
	}
	free := map[string]bool{}
	bound := map[string][]bpf.ArgumentConditions{}
	for _, rule := range p.Syscalls {
		if rule.Action != "SCMP_ACT_ALLOW" || !applies(rule) {
			continue
		}
		var conditions bpf.ArgumentConditions
		for _, a := range rule.Args {
			c := bpf.Condition{Argument: uint32(a.Index), Value: a.Value}
			switch a.Op {
			case "SCMP_CMP_EQ":
				c.Operation = bpf.Equal
			case "SCMP_CMP_LT":
				c.Operation = bpf.LessThan
			case "SCMP_CMP_MASKED_EQ": // with 0, in Docker's profile
				c.Operation = bpf.BitsNotSet
			default:
				log.Fatalf("unknown condition %s", a.Op)
			}
			conditions = append(conditions, c)
		}
		for _, name := range rule.Names {
			if _, known := table.SyscallNames[name]; !known {
				continue
			}
			if len(conditions) == 0 {
				free[name] = true
			} else {
				bound[name] = append(bound[name], conditions)
			}
		}
	}
	free["clone3"] = true // see withoutClone3
	policy := bpf.Policy{DefaultAction: bpf.ActionErrno}
	allowed := bpf.SyscallGroup{Action: bpf.ActionAllow}
	for name := range free {
		allowed.Names = append(allowed.Names, name)
	}
	slices.Sort(allowed.Names)
	for name, list := range bound {
		if free[name] {
			continue
		}
		for _, c := range list {
			allowed.NamesWithCondtions = append(allowed.NamesWithCondtions, bpf.NameWithConditions{Name: name, Conditions: c})
		}
	}
	policy.Syscalls = []bpf.SyscallGroup{allowed}
	return policy, nil
}

// applies tells whether a rule is for this architecture and a container without
// capabilities.
func applies(rule *seccomp.Syscall) bool {
	in, out := rule.Includes, rule.Excludes
	if in != nil && (len(in.Caps) > 0 || len(in.Arches) > 0 && !slices.Contains(in.Arches, runtime.GOARCH)) {
		return false
	}
	return out == nil || !slices.Contains(out.Arches, runtime.GOARCH)
}

// withoutClone3 answers clone3 with ENOSYS, on which alone programs fall back;
// the library knows EPERM only.
func withoutClone3() error {
	program, err := xbpf.Assemble([]xbpf.Instruction{
		xbpf.LoadAbsolute{Off: 0, Size: 4},
		xbpf.JumpIf{Cond: xbpf.JumpEqual, Val: unix.SYS_CLONE3, SkipFalse: 1},
		xbpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		xbpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(program))
	for i, f := range program {
		filters[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	list := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&list)))
	if errno != 0 {
		return errno
	}
	return nil
}
