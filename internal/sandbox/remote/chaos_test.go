package remote_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/remote"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

const (
	chaosLease   = 3 * time.Second // of workers, in place of 20 s
	chaosWorkers = 3
	chaosUsers   = 8
	answerBound  = 2 * time.Minute // of one question, whatever happens
)

// chaos is three processes of workers and two of those that answer people, on one
// database and one bucket, and all that goes wrong with them.
type chaos struct {
	t       *testing.T
	store   *slowStore
	server  *nats.Server
	address string
	bucket  *blob.Bucket // by the side of the wire that may be cut
	shelf   *remote.Shelf
	wire    *wire
	log     string

	mu       sync.Mutex
	gateways [2]*gateway
	workers  [chaosWorkers]*chaosWorker
}

type gateway struct {
	*remote.Driver
	nc *natsgo.Conn
}

type chaosWorker struct {
	line, dir string
	cmd       *exec.Cmd
}

// slowStore waits before each access.
type slowStore struct {
	cluster.Store
	wait atomic.Int64
}

func (s *slowStore) pause() { time.Sleep(time.Duration(s.wait.Load())) }

func (s *slowStore) Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (cluster.Lease, error) {
	s.pause()
	return s.Store.Acquire(ctx, name, holder, ttl, note)
}

func (s *slowStore) Session(ctx context.Context, k sandbox.Key) (cluster.Session, error) {
	s.pause()
	return s.Store.Session(ctx, k)
}

func (s *slowStore) SaveSession(ctx context.Context, r cluster.Session) (cluster.Session, error) {
	s.pause()
	return s.Store.SaveSession(ctx, r)
}

// wire leads to an address, unless it is cut. One that is stalled takes nothing, and
// brings nothing.
type wire struct {
	net.Listener
	cut, stalled atomic.Bool
}

// pass copies until one side ends.
func (w *wire) pass(to io.Writer, from io.Reader) {
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		for w.stalled.Load() && !w.cut.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func newWire(t *testing.T, to string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.(*net.TCPConn).SetReadBuffer(8 << 10) // what is on its way fills it soon
			out, err := net.Dial("tcp", to)
			if err != nil || w.cut.Load() {
				c.Close()
				continue
			}
			ended := make(chan struct{})
			go func() {
				defer c.Close()
				defer out.Close()
				for !w.cut.Load() {
					select {
					case <-ended:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
			}()
			go func() { defer close(ended); w.pass(out, c) }()
			go func() { w.pass(c, out); c.Close() }()
		}
	}()
	return w
}

// realSandboxes says that the sessions of TestChaos are Python's in gVisor.
var realSandboxes = os.Getenv("ATTACHE_CHAOS_DRIVER") == "gvisor"

// TestChaos lets everything go wrong while people ask. ATTACHE_CHAOS_MINUTES is
// for how many minutes; a minute takes some seconds. ATTACHE_CHAOS_DRIVER=gvisor takes
// real sandboxes, which know themselves what ran in them.
func TestChaos(t *testing.T) {
	minutes, _ := strconv.Atoi(os.Getenv("ATTACHE_CHAOS_MINUTES"))
	if minutes == 0 {
		minutes = 10
	}
	users := chaosUsers
	if realSandboxes {
		gvisortest.Python(t)
		users = 3
	}
	remote.SetLeaseTime(chaosLease)
	t.Cleanup(func() { remote.SetLeaseTime(remote.LeaseTime) })
	c := openChaos(t)
	stop := make(chan struct{})
	var asking sync.WaitGroup
	people := make([]*person, users)
	for i := range people {
		people[i] = &person{c: c, key: key(i + 1), rand: rand.New(rand.NewPCG(1, uint64(i)))}
		asking.Go(func() { people[i].live(stop) })
	}
	r := rand.New(rand.NewPCG(7, uint64(minutes)))
	faults := c.faults()
	for i := range minutes {
		f := faults[i%len(faults)]
		if i >= len(faults) {
			f = faults[r.IntN(len(faults))]
		}
		f.do(r)
		time.Sleep(time.Duration(r.IntN(1000)) * time.Millisecond)
		if t.Failed() {
			t.Logf("after minute %d: %s", i, f.name)
			break
		}
	}
	close(stop)
	asking.Wait()
	total, lost, again, images := 0, 0, 0, 0
	for _, p := range people { // all is well again
		p.ask()
		images += p.images
		total, lost, again = total+p.answered, lost+p.lost, again+p.again
	}
	c.checkLog()
	t.Logf("%d minutes: %d answers, %d of them told of a loss, %d questions asked again; %d images", minutes, total, lost, again, images)
	if images < total/20 {
		t.Error("hardly any session was kept in the bucket: the test shows nothing of that")
	}
}

func openChaos(t *testing.T) *chaos {
	uri := mongotest.Database(t, mongotest.Start(t))
	db, err := mongo.Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := mongo.NewCluster(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	c := &chaos{t: t, store: &slowStore{Store: store}, log: filepath.Join(t.TempDir(), "cells")}
	direct := buckettest.S3(t)
	open := func(where string) *blob.Bucket {
		b, err := bucket.Open(t.Context(), where)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b.Bucket
	}
	c.bucket = open(direct)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	c.wire = newWire(t, strings.TrimPrefix(q.Get("endpoint"), "http://"))
	q.Set("endpoint", "http://"+c.wire.Addr().String())
	u.RawQuery = q.Encode()
	c.shelf = remote.NewShelf(open(u.String()), time.Hour, nil)
	if c.server, err = nats.Serve(t.Context(), "127.0.0.1:0", "test", store); err != nil {
		t.Fatal(err)
	}
	c.address = c.server.Addr()
	for i := range c.gateways {
		c.gateways[i] = c.openGateway()
	}
	for i := range c.workers {
		name := fmt.Sprint("w", i)
		line, err := nats.Invite(t.Context(), store, name, c.address)
		if err != nil {
			t.Fatal(err)
		}
		c.workers[i] = &chaosWorker{line: line, dir: t.TempDir()}
		c.start(i)
	}
	t.Cleanup(func() {
		for _, w := range c.workers {
			if realSandboxes { // which outlive what is killed
				w.cmd.Process.Signal(syscall.SIGTERM)
			} else {
				w.cmd.Process.Kill()
			}
			w.cmd.Wait()
		}
		for _, g := range c.gateways {
			g.Close(context.Background())
			g.nc.Close()
		}
		c.server.Close()
	})
	return c
}

func (c *chaos) openGateway() *gateway {
	nc, err := nats.Connect(context.Background(), "tls://"+c.address, c.store)
	if err != nil {
		c.t.Fatal(err)
	}
	d, err := remote.Open(nc, c.store, c.shelf, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return &gateway{d, nc}
}

func (c *chaos) gateway(i int) *gateway {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gateways[i]
}

// start starts a worker's process, on the disk that it had.
func (c *chaos) start(i int) {
	w := c.workers[i]
	w.cmd = exec.Command(os.Args[0], "-test.run=^TestChaosWorker$")
	w.cmd.Env = append(os.Environ(), "ATTACHE_CHAOS_INVITE="+w.line, "ATTACHE_CHAOS_DIR="+w.dir, "ATTACHE_CHAOS_LOG="+c.log)
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// TestChaosWorker is the process of a worker.
func TestChaosWorker(t *testing.T) {
	line, dir := os.Getenv("ATTACHE_CHAOS_INVITE"), os.Getenv("ATTACHE_CHAOS_DIR")
	if line == "" {
		t.Skip("a helper of TestChaos")
	}
	remote.SetLeaseTime(chaosLease)
	nc, name, err := nats.Join(line, nil)
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context) (remote.Local, error) {
		if realSandboxes {
			return gvisortest.Driver(t, dir, sandboxtest.Options{Idle: 300 * time.Millisecond, Max: 4}), nil
		}
		return openDurable(filepath.Join(dir, "disk"), os.Getenv("ATTACHE_CHAOS_LOG"))
	}
	w, err := remote.NewWorker(nc, name, filepath.Join(dir, "epochs"), open, remote.WorkerOptions{Max: 4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() { <-signals; stop() }()
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

type misfortune struct {
	name string
	do   func(*rand.Rand)
}

func (c *chaos) faults() []misfortune {
	some := func(r *rand.Rand) int { return r.IntN(chaosWorkers) }
	short := func(r *rand.Rand, most time.Duration) { time.Sleep(time.Duration(r.Int64N(int64(most)))) }
	return []misfortune{
		{"a worker is killed", func(r *rand.Rand) {
			i := some(r)
			c.workers[i].cmd.Process.Kill()
			c.workers[i].cmd.Wait()
			short(r, 4*time.Second)
			c.start(i)
		}},
		{"a worker is stopped past its lease", func(r *rand.Rand) {
			p := c.workers[some(r)].cmd.Process
			p.Signal(syscall.SIGSTOP)
			time.Sleep(chaosLease + 2*time.Second)
			p.Signal(syscall.SIGCONT)
		}},
		{"the message server restarts", func(r *rand.Rand) {
			c.server.Close()
			short(r, time.Second)
			for end := time.Now().Add(time.Minute); ; {
				var err error
				if c.server, err = nats.Serve(context.Background(), c.address, "test", c.store.Store); err == nil {
					return
				} else if time.Now().After(end) {
					c.t.Error(err)
					return
				}
			}
		}},
		{"the bucket is down", func(r *rand.Rand) {
			c.wire.cut.Store(true)
			short(r, 3*time.Second)
			c.wire.cut.Store(false)
		}},
		{"the database is slow", func(r *rand.Rand) {
			c.store.wait.Store(int64(400 * time.Millisecond))
			short(r, 3*time.Second)
			c.store.wait.Store(0)
		}},
		{"the database's clock jumps: all leases end", func(*rand.Rand) {
			leases, err := c.store.Leases(context.Background(), "worker/")
			if err != nil {
				c.t.Error(err)
			}
			for _, l := range leases {
				if err := c.store.Release(context.Background(), l); err != nil {
					c.t.Error(err)
				}
			}
		}},
		{"a worker is told to stop, and comes back", func(r *rand.Rand) {
			i := some(r)
			c.workers[i].cmd.Process.Signal(syscall.SIGTERM)
			c.workers[i].cmd.Wait()
			c.start(i)
		}},
		{"a process that answers people is gone", func(r *rand.Rand) {
			i := r.IntN(2)
			next := c.openGateway()
			c.mu.Lock()
			old := c.gateways[i]
			c.gateways[i] = next
			c.mu.Unlock()
			old.nc.Close()
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			old.Close(ctx)
		}},
		{"who takes over from a dead worker dies too", func(r *rand.Rand) {
			i := some(r)
			j := (i + 1 + r.IntN(chaosWorkers-1)) % chaosWorkers
			for _, w := range []int{i, j} {
				c.workers[w].cmd.Process.Kill()
				c.workers[w].cmd.Wait()
				short(r, 2500*time.Millisecond) // about as long as a take-over
			}
			c.start(i)
			c.start(j)
		}},
		{"a bucket that is down while a worker is killed", func(r *rand.Rand) {
			c.wire.cut.Store(true)
			short(r, time.Second)
			i := some(r)
			c.workers[i].cmd.Process.Kill()
			c.workers[i].cmd.Wait()
			short(r, 3*time.Second)
			c.wire.cut.Store(false)
			c.start(i)
		}},
	}
}

// person asks one question after the other in one session, and knows what the
// answer may be.
type person struct {
	c    *chaos
	key  sandbox.Key
	rand *rand.Rand

	image                 string // that the record named
	least, most           int    // of the cells that the session has counted
	n                     int    // of questions
	answered, lost, again int
	images                int // that the record named, one after the other
}

func (p *person) live(stop <-chan struct{}) {
	for !p.c.t.Failed() {
		p.ask()
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(p.rand.IntN(300)) * time.Millisecond):
		}
	}
}

// ask asks until there is an answer.
func (p *person) ask() {
	for began := time.Now(); ; {
		ctx, cancel := context.WithTimeout(context.Background(), answerBound)
		floor, record := p.floor(ctx)
		p.n++
		code := fmt.Sprintf("step %d-%d %dms", p.key.User, p.n, p.rand.IntN(100))
		if p.rand.IntN(2) == 0 {
			code += " store"
		}
		if realSandboxes {
			code = fmt.Sprintf("ran = globals().get('ran', []) + [%d]\nassert len(set(ran)) == len(ran), ran\nprint(len(ran))", p.n)
		}
		res, err := p.c.gateway(p.rand.IntN(2)).Run(ctx, p.key, sandbox.Cell{Code: code})
		late := ctx.Err() != nil
		cancel()
		if late || time.Since(began) > answerBound {
			p.c.t.Errorf("%v, question %d: not answered: %+v, %v", p.key, p.n, res, err)
			return
		}
		if err != nil || res.Outcome != sandbox.OK { // it may have run
			p.most++
			p.again++
			if toldOfLoss(res) { // an interrupted cell tells too
				p.least = min(p.least, floor)
				p.lost++
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		got, err := strconv.Atoi(strings.TrimSpace(res.Output))
		least := p.least + 1
		if toldOfLoss(res) {
			least = floor + 1
			p.lost++
		}
		if err != nil || got < least || got > p.most+1 {
			p.c.t.Errorf("%v, question %d: cell %q is counted, want %d to %d (an image has %d, %+v); notes: %q", p.key, p.n, res.Output, least, p.most+1, floor, record, res.Notes)
		}
		p.least, p.most = got, got
		p.answered++
		return
	}
}

func toldOfLoss(res sandbox.Result) bool {
	notes := fmt.Sprint(res.Notes)
	return strings.Contains(notes, "lost:") || realSandboxes && strings.Contains(notes, "the session is as it was")
}

// floor is what the image in the session's record has: no less may come back.
func (p *person) floor(ctx context.Context) (n int, s cluster.Session) {
	s, err := p.c.store.Store.Session(ctx, p.key)
	if err != nil {
		p.c.t.Error(err)
	}
	if s.Image == "" && p.image != "" {
		p.c.t.Errorf("%v, question %d: the record names no image any more, after %s", p.key, p.n, p.image)
	}
	if s.Image != p.image {
		p.images++
	}
	if p.image = s.Image; s.Image != "" && !realSandboxes {
		data, err := p.c.bucket.ReadAll(ctx, s.Image)
		if err == nil { // or another one has just taken its place
			fmt.Sscan(string(data), &n)
		}
	}
	return n, s
}

// checkLog looks whether a cell ran twice.
func (c *chaos) checkLog() {
	if realSandboxes {
		return
	}
	f, err := os.Open(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	began := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if began[lines.Text()] {
			c.t.Errorf("a cell ran twice: %s", lines.Text())
		}
		began[lines.Text()] = true
	}
	c.t.Logf("%d cells began", len(began))
}
