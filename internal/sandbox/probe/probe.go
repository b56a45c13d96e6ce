// Package probe tries, from inside a sandbox, what code must not be able to do
// there, and tells of each attempt. It takes any driver.
package probe

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/sandbox"
)

// Check is what one attempt has shown.
type Check struct {
	Name   string // what must hold: "isolation: no network"
	OK     bool
	Detail string // what was seen
}

// Run makes all attempts in a session of its own. It takes about a second.
func Run(ctx context.Context, box sandbox.Sandbox) ([]Check, error) {
	canary, err := NewCanary()
	if err != nil {
		return nil, err
	}
	defer canary.Close()
	key := sandbox.Key{User: 0, Conversation: "self-test " + rand.Text()}
	defer box.Reset(context.WithoutCancel(ctx), key)
	var checks []Check
	for _, p := range Probes() {
		res, err := box.Run(ctx, key, sandbox.Cell{Code: canary.Code(p.Code)})
		if err != nil {
			return checks, err
		}
		seen := strings.TrimSpace(res.Output)
		checks = append(checks, Check{Name: "isolation: " + p.Name, OK: res.Outcome == sandbox.OK && seen == Confined, Detail: brief.Bytes(brief.Line(seen+" "+res.Error), 200)})
	}
	res, err := box.Run(ctx, key, sandbox.Cell{Code: librariesWork})
	if err != nil {
		return checks, err
	}
	checks = append(checks, Check{Name: "libraries of the system work", OK: res.Outcome == sandbox.OK && strings.TrimSpace(res.Output) == "fine", Detail: brief.Bytes(brief.Line(res.Output+" "+res.Error), 200)})
	if n := canary.Calls(); n > 0 {
		checks = append(checks, Check{Name: "isolation: nothing reached the sink", Detail: fmt.Sprintf("%d packets", n)})
	}
	return checks, nil
}

// librariesWork calls into what the environment takes from the system and from
// compiled packages: an update that does not fit shows here.
const librariesWork = `
import bz2, ctypes, hashlib, lzma, sqlite3, ssl, zlib
import numpy as np, matplotlib.font_manager as fonts
data = b"x" * 1000
assert hashlib.sha256(data).hexdigest().startswith("44f8354494a5ba03")
assert ssl.create_default_context() is not None
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
for m in (bz2, lzma, zlib): assert m.decompress(m.compress(data)) == data
assert ctypes.CDLL(None).abs(-5) == 5
assert np.allclose(np.eye(64) @ np.ones((64, 64)), 1)
assert fonts.findfont("DejaVu Sans").endswith("DejaVuSans.ttf")
print("fine")
`

// Confined is what a probe's code prints when it reached nothing. Whatever
// else it prints is what it reached.
const Confined = "confined"

// Probe is an attempt to get out. Its code runs unchanged outside a sandbox,
// and then tells what it reached.
type Probe struct{ Name, Code string }

// probeStart is put before every probe.
const probeStart = `
import os, sys, socket, glob
reached = []
def attempt(f, *args):
    try:
        r = f(*args)
        if r: reached.append(str(r)[:200])
    except BaseException:
        pass
def read(path):
    with open(path, "rb") as f: return f.read(2000).decode("latin-1")
`

const probeEnd = `
print(" | ".join(reached) if reached else "confined")
`

// Canary is what a probe looks for: a file, a variable of the environment, and
// a sink that counts what reaches it.
type Canary struct {
	Secret string // in the file and in the environment variable ATTACHE_CANARY
	File   string
	TCP    string // host:port of a listener
	UDP    string
	Unix   string // path of a socket

	calls   atomic.Int64
	closers []func() error
}

// NewCanary starts the sink and writes the file. Close it.
func NewCanary() (_ *Canary, err error) {
	c := &Canary{Secret: "canary-" + rand.Text()}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	dir, err := os.MkdirTemp("", "attache-canary")
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, func() error { return os.RemoveAll(dir) })
	os.Chmod(dir, 0o755) // the protection is not the file's mode
	c.File = filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(c.File, []byte(c.Secret), 0o644); err != nil {
		return nil, err
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.TCP = tcp.Addr().String()
	c.listen(tcp)
	c.Unix = filepath.Join(dir, "socket")
	local, err := net.Listen("unix", c.Unix)
	if err != nil {
		return nil, err
	}
	os.Chmod(c.Unix, 0o777)
	c.listen(local)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.UDP = udp.LocalAddr().String()
	c.closers = append(c.closers, udp.Close)
	go func() {
		buf := make([]byte, 1500)
		for {
			if _, _, err := udp.ReadFrom(buf); err != nil {
				return
			}
			c.calls.Add(1)
		}
	}()
	return c, nil
}

func (c *Canary) listen(l net.Listener) {
	c.closers = append(c.closers, l.Close)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.calls.Add(1)
			conn.Close()
		}
	}()
}

// Calls counts what reached the sink, after what is on its way has come.
func (c *Canary) Calls() int64 {
	time.Sleep(20 * time.Millisecond)
	return c.calls.Load()
}

// Close removes the file and ends the sink.
func (c *Canary) Close() {
	for _, f := range c.closers {
		f()
	}
}

// Code completes a probe's code with what it looks for.
func (c *Canary) Code(probe string) string {
	tcpHost, tcpPort, _ := net.SplitHostPort(c.TCP)
	udpHost, udpPort, _ := net.SplitHostPort(c.UDP)
	return probeStart + fmt.Sprintf("SECRET, FILE, TCP, UDP, UNIX = %q, %q, (%q, %s), (%q, %s), %q\n",
		c.Secret, c.File, tcpHost, tcpPort, udpHost, udpPort, c.Unix) + probe + probeEnd
}

// Probes returns the attempts.
func Probes() []Probe {
	return []Probe{
		{"no file of the host", `
attempt(read, FILE)
for path in ("/root/.bashrc", "/root/.profile", "/etc/shadow", "/etc/machine-id", "/etc/resolv.conf", "/home", "/var/log", "/boot", "/srv"):
    attempt(lambda: os.path.isfile(path) and read(path) and path)
    attempt(lambda: os.path.isdir(path) and os.listdir(path) and path)
attempt(lambda: [p for p in glob.glob("/proc/*/root" + FILE) if read(p)])
`},
		{"no environment of the host", `
attempt(lambda: os.environ.get("ATTACHE_CANARY"))
for path in glob.glob("/proc/[0-9]*/environ"):
    attempt(lambda: SECRET in read(path) and path)
for name in os.environ:
    attempt(lambda: any(w in name.upper() for w in ("TOKEN", "API_KEY", "SECRET", "PASSWORD", "MONGODB")) and name)
`},
		{"no process of the host", `
attempt(lambda: len(glob.glob("/proc/[0-9]*")) > 3 and len(glob.glob("/proc/[0-9]*")))
attempt(lambda: os.getppid())
`},
		{"no network", `
def connect(family, address):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(1); s.connect(address); s.send(b"x"); return address
attempt(connect, socket.AF_INET, TCP)
attempt(connect, socket.AF_UNIX, UNIX)
def send():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.sendto(b"x", UDP)  # the sink tells whether it came
attempt(send)
attempt(lambda: [n for _, n in socket.if_nameindex() if n != "lo"])
for name in ("localhost.", "example.com", SECRET + ".example.com"):
    attempt(lambda: name != "localhost." and socket.getaddrinfo(name, 80))
`},
		{"nothing of the system can be changed", `
for path in ("/", "/usr", "/usr/bin", "/etc", "/env", "/env/lib", "/opt/attache", "/packages", "/files", "/proc/sys/kernel", "/sys", "/root"):
    def write():
        p = os.path.join(path, "attache-probe")
        with open(p, "w") as f: f.write("x")
        os.remove(p)
        return path
    attempt(write)
`},
		{"no privileges", `
attempt(lambda: os.geteuid() == 0 and "uid 0")
attempt(lambda: [l for l in open("/proc/self/status") if l.startswith("CapEff") and int(l.split()[1], 16)])
attempt(lambda: os.setuid(0) or "setuid(0)")
attempt(lambda: os.mknod("/tmp/probe-device", 0o60666, os.makedev(8, 0)) or "mknod")
attempt(lambda: os.chroot("/tmp") or "chroot")
attempt(lambda: [p for p in glob.glob("/dev/*") if os.path.basename(p).startswith(("kvm", "mem", "port", "vd", "sd", "nvme", "dm-", "loop"))])
`},
		{"a kernel of its own", `
attempt(lambda: "gvisor" not in (read("/proc/version") + read("/proc/sys/kernel/osrelease")).lower() and os.uname().release != "4.4.0" and os.uname().release)
`},
	}
}
