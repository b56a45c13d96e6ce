package gvisor

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

// containerInfo is stored beside a session's container, so that a later
// process knows whose it was.
type containerInfo struct {
	User         uint64
	Conversation string
	Packages     []string
	Files        []string
	Number       int64
	Snapshot     string // key of the snapshot that it came from
	Revision     uint64 // of the session's record, as long as nobody else has the session
	Adopter      string `json:",omitempty"` // the life that takes it over, and writes the next revision
}

// newest tells whether the container still is what a session was last, by its record:
// nobody has had the session since the life that began it.
func (i containerInfo) newest(s cluster.Session, life string) bool {
	if i.Revision == 0 { // an older program's
		return s.Worker == life
	}
	return s.Revision == i.Revision || s.Revision == i.Revision+1 && s.Worker == i.Adopter
}

func (i containerInfo) write(dir string) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "session.json")
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path) // whole, whenever the process dies
}

// adopt takes over the sandboxes of processes that died without closing. Their
// code goes on for a while without a host; a session's sandbox is checkpointed
// as it is, so that its next run restores it, and everything else is removed: also
// that of a session which another process has had since.
func (h *Host) adopt(ctx context.Context) {
	entries, _ := os.ReadDir(h.dirs.run)
	for _, e := range entries {
		dir := filepath.Join(h.dirs.run, e.Name())
		life, _, _ := strings.Cut(e.Name(), ".")
		if h.process.Alive(ctx, life) {
			continue
		}
		// One of those who live adopts it; if that one dies too, another does.
		free, err := h.process.Alone(ctx, "adopt/"+e.Name())
		if err != nil {
			continue
		}
		containers, _ := os.ReadDir(dir)
		for _, c := range containers {
			if c.IsDir() {
				h.adoptContainer(ctx, filepath.Join(dir, c.Name()), life)
			}
		}
		os.RemoveAll(dir)
		free()
	}
}

func (h *Host) adoptContainer(ctx context.Context, dir, life string) {
	id := filepath.Base(dir)
	defer h.starter.runsc.Delete(id)
	data, err := os.ReadFile(filepath.Join(dir, "session.json"))
	var info containerInfo
	if err != nil || json.Unmarshal(data, &info) != nil {
		return // of the pool, or not yet anybody's
	}
	key := sandbox.Key{User: info.User, Conversation: info.Conversation}
	target := h.shelf.folder(key)
	record, err := h.process.Record(ctx, key)
	if err == nil && !info.newest(record, life) {
		h.log.Info("a sandbox of a process that died is older than its session", "user", info.User)
		return
	}
	var own *cluster.Claim
	if err == nil {
		info.Revision, info.Adopter = record.Revision, h.process.Life()
		err = info.write(dir)
	}
	if err == nil {
		own, err = h.process.ClaimAs(ctx, record)
	}
	if err != nil || os.MkdirAll(target, 0o700) != nil {
		h.log.Warn("take over the session of a process that died", "user", info.User, "error", err)
		return
	}
	defer h.shelf.release(own)
	st, whole, err := stored.Settle(ctx, target)
	if err != nil {
		h.log.Warn("finish the checkpoint of a process that died", "user", info.User, "error", err)
	}
	if whole {
		h.takeAdopted(target, st)
		return
	}
	pid := alive(dir, id)
	if pid == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	// A cell may be running still; nobody waits for it any more.
	h.starter.runsc.Call(ctx, "kill", id, "INT")
	time.Sleep(100 * time.Millisecond)
	next := stored.Session{Conversation: info.Conversation, SavedAt: time.Now().UTC(), Number: info.Number,
		Packages: info.Packages, Files: info.Files, Image: "image-" + newID(), Compatible: info.Snapshot, Boot: stored.BootID()}
	st.Next = &next
	if err = st.Write(target); err == nil {
		h.opts.step("adopting")
		err = h.starter.checkpoint(ctx, id, pid, next.Compatible, filepath.Join(target, next.Image))
	}
	if err == nil {
		err = next.Write(target)
	}
	if err != nil {
		h.log.Warn("take over the session of a process that died", "user", info.User, "error", err)
		return
	}
	h.takeAdopted(target, next)
	h.log.Info("session taken over from a process that died", "user", info.User)
}

// takeAdopted gives the image of a session that nobody uses yet a file of its own.
func (h *Host) takeAdopted(dir string, st stored.Session) {
	packed, err := h.images.take(dir, st)
	if err == nil {
		err = packed.Write(dir)
	}
	if err != nil {
		h.log.Warn("the image of a session", "error", err)
	}
}

// alive returns the sandbox process of the container in dir, or 0.
func alive(dir, id string) int {
	data, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || !strings.Contains(string(args), id) {
		return 0
	}
	return pid
}
