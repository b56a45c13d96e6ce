package files_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/testbin"
)

const crashChild = "ATTACHE_CRASH_CHILD"

func TestMain(m *testing.M) {
	if where := os.Getenv(crashChild); where != "" {
		if err := victim(context.Background(), where); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if how := os.Getenv(fullChild); how != "" {
		fullMain(how)
	}
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err) // connections of the S3 client end by themselves
		code = 1
	}
	os.Exit(code)
}

// A program is killed at steps that it makes between the first byte of an upload
// and the last of its metadata, of shared and refused and deleted and expired files
// too: at each fifth one, or with ATTACHE_KILLS=all at every one. After the next
// start nothing that it had confirmed is lost, and nothing is left over.
func TestKill(t *testing.T) {
	every := 5
	switch {
	case testing.Short():
		every = 7
	case os.Getenv("ATTACHE_KILLS") == "all":
		every = 1
	}
	kills := 0
	for _, c := range []struct {
		name  string
		step  int // on the servers each third of these is enough, for each test
		where func(t *testing.T) func(i int) string
	}{
		{"sqlite and disk", every, func(t *testing.T) func(int) string {
			return func(i int) string {
				return filepath.Join(t.TempDir(), "a.db") + "|" + filepath.Join(t.TempDir(), "files")
			}
		}},
		{"mongodb and disk", 3 * every, func(t *testing.T) func(int) string {
			server := mongotest.Start(t)
			return func(i int) string { return mongotest.Database(t, server) + "|" + filepath.Join(t.TempDir(), "files") }
		}},
		{"sqlite and s3", 3 * every, func(t *testing.T) func(int) string {
			s3 := buckettest.S3(t)
			return func(i int) string {
				return filepath.Join(t.TempDir(), "a.db") + "|" + strings.Replace(s3, "attache%2F", fmt.Sprintf("attache%%2F%d%%2F", i), 1)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := c.where(t)
			n, start := 1, time.Now()
			for ; ; n += c.step {
				where := next(n)
				at := killAt(t, where, n)
				if at == "" {
					break
				}
				kills++
				if t.Failed() {
					t.Fatalf("killed at step %d: %s", n, at)
				}
			}
			t.Logf("%d steps, %d kills, %v", n-1, (n-1)/c.step, time.Since(start).Round(time.Second))
		})
	}
	t.Logf("%d kills in all", kills)
	if kills < 200/every && !t.Failed() {
		t.Errorf("%d kills, at least %d were promised", kills, 200/every)
	}
}

// killAt kills the victim at its nth step, and checks what the next start
// finds. It returns the step, or "" if the victim came to its end.
func killAt(t *testing.T, where string, n int) (at string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	defer log.Close()
	calls, killed, err := runAndKill(os.Args[0], []string{os.Args[0]}, append(os.Environ(), crashChild+"="+where), log, n)
	if err != nil {
		testbin.Missing(t, "ptrace", err.Error())
	}
	text, err := os.ReadFile(log.Name())
	must(t, err)
	aftermath(t, where, text)
	if !killed {
		return ""
	}
	return calls[len(calls)-1]
}

// What a failure of power would find out, the order of the victim's calls
// shows: a file's bytes are on the disk before its name is, both before its
// metadata, and a name that was removed is off the disk before the journal
// forgets it.
func TestOrderOfSync(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	defer log.Close()
	dir := t.TempDir()
	calls, _, err := runAndKill(os.Args[0], []string{os.Args[0]}, append(os.Environ(), crashChild+"="+dir+"/a.db|"+dir+"/files"), log, -1)
	if err != nil {
		testbin.Missing(t, "ptrace", err.Error())
	}
	dirty := map[string]bool{} // what is not synced: temporary files, and the folder after a change of names
	folder := filepath.Join(dir, "files", alice.String())
	renames, removes := 0, 0
	for _, c := range calls {
		what, path, _ := strings.Cut(c, " ")
		switch {
		case what == "write" && strings.HasSuffix(path, ".tmp"):
			dirty[path] = true
		case what == "write" && strings.HasSuffix(path, "a.db-wal"):
			if dirty[folder] {
				t.Fatalf("metadata is written while names are not on the disk: %q", calls)
			}
		case what == "sync":
			delete(dirty, path)
		case what == "rename":
			for p := range dirty {
				if strings.HasSuffix(p, ".tmp") {
					t.Fatalf("%s is renamed before it is on the disk", p)
				}
			}
			dirty[folder] = true
			renames++
		case what == "remove" && strings.HasSuffix(path, ".tmp"):
			delete(dirty, path)
		case what == "remove" && strings.HasPrefix(path, folder) && !strings.HasSuffix(path, ".attrs"):
			dirty[folder] = true
			removes++
		}
	}
	if renames < 6 || removes < 5 {
		t.Errorf("%d renames and %d removes were seen in %q", renames, removes, calls)
	}
}

// openAt opens a service on a database and a bucket: FILE|URL or mongodb:…|URL.
func openAt(ctx context.Context, where string, opts files.Options) (*files.Service, *bucket.Bucket, func(), error) {
	at, url, _ := strings.Cut(where, "|")
	var store files.Store
	var closeDB func() error
	if strings.HasPrefix(at, "mongodb:") {
		db, err := mongo.Open(ctx, at)
		if err != nil {
			return nil, nil, nil, err
		}
		if store, err = mongo.NewFiles(ctx, db, "me"); err != nil {
			return nil, nil, nil, err
		}
		closeDB = db.Close
	} else {
		db, err := sqlite.Open(ctx, at)
		if err != nil {
			return nil, nil, nil, err
		}
		store, closeDB = sqlite.NewFiles(db, "me"), db.Close
	}
	b, err := bucket.Open(ctx, url)
	if err != nil {
		return nil, nil, nil, err
	}
	opts.Dir, opts.Abort = b.Dir, b.Abort
	return files.New(store, b.Bucket, opts), b, func() { b.Close(); closeDB() }, nil
}

// victim does one thing after the other, and says before and after each what
// it is about to do and what it has done.
func victim(ctx context.Context, where string) error {
	var shift time.Duration
	s, _, done, err := openAt(ctx, where, files.Options{
		Expiry: time.Hour, MaxUpload: 7 << 20, MaxFiles: 6, Now: func() time.Time { return time.Now().Add(shift) },
	})
	if err != nil {
		return err
	}
	defer done()
	say := func(what string, id files.ID, sum string) { fmt.Println(what, id, sum) }
	say("ready", "", "")
	save := func(content string) (files.ID, error) {
		f, err := s.Save(ctx, files.Upload{User: alice, Name: "a.csv", Body: iotest.HalfReader(strings.NewReader(content))})
		if err == nil {
			say("saved", f.ID, f.SHA256)
		}
		return f.ID, err
	}
	drop := func(id files.ID) error {
		say("deleting", id, "")
		err := s.Delete(ctx, alice, id)
		if err == nil {
			say("deleted", id, "")
		}
		return err
	}
	a, err := save("first")
	b, err2 := save("first") // a twin
	_, err3 := save(strings.Repeat("0123456789abcdef", 40_000))
	if err := errors.Join(err, err2, err3, drop(a)); err != nil {
		return err
	}
	if _, err := s.Save(ctx, files.Upload{User: alice, Name: "broken", Body: io.MultiReader(strings.NewReader(strings.Repeat("x", 600_000)), iotest.ErrReader(errors.New("reset")))}); !fault.Is(err, fault.Unavailable) {
		return fmt.Errorf("a broken upload: %v", err)
	}
	if _, err := s.Save(ctx, files.Upload{User: alice, Name: "large", Body: strings.NewReader(strings.Repeat("x", 7<<20+1))}); !fault.Is(err, fault.TooLarge) {
		return fmt.Errorf("a large upload: %v", err)
	}
	if err := drop(b); err != nil { // the last with these bytes
		return err
	}
	c, err := save("second")
	_, err2 = save("third")
	_, err3 = save(strings.Repeat("y", 6<<20)) // several parts on S3
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	shift = time.Hour
	say("expiring", "", "")
	if _, err := s.Sweep(ctx); err != nil {
		return err
	}
	say("expired", "", "")
	if _, err := s.Get(ctx, alice, c); !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("after the sweep: %v", err)
	}
	_, err = save("fourth")
	return err
}

// aftermath opens what the victim left, and compares it with what it said.
func aftermath(t *testing.T, where string, said []byte) {
	t.Helper()
	ctx := t.Context()
	const sure, open, gone = "sure", "open", "gone"
	state, sums := map[files.ID]string{}, map[files.ID]string{}
	for line := range bytes.Lines(said) {
		w := bufio.NewScanner(bytes.NewReader(line))
		w.Split(bufio.ScanWords)
		var words []string
		for w.Scan() {
			words = append(words, w.Text())
		}
		switch words[0] {
		case "saved":
			state[files.ID(words[1])], sums[files.ID(words[1])] = sure, words[2]
		case "deleting":
			state[files.ID(words[1])] = open
		case "deleted":
			state[files.ID(words[1])] = gone
		case "expiring", "expired":
			for id := range state {
				if words[0] == "expired" {
					state[id] = gone
				} else if state[id] == sure {
					state[id] = open
				}
			}
		}
	}
	s, b, done, err := openAt(ctx, where, files.Options{})
	must(t, err)
	defer done()
	must(t, s.Recover(ctx))

	page, err := s.List(ctx, alice, files.Query{Limit: 1000})
	must(t, err)
	var paths []string
	for _, f := range page.Files {
		if state[f.ID] == gone {
			t.Errorf("%s was deleted, and is there", f.ID)
		}
		_, r, err := s.Open(ctx, alice, f.ID)
		if err != nil {
			t.Errorf("%s is known, and can't be read: %v", f.ID, err)
			continue
		}
		h := sha256.New()
		_, err = io.Copy(h, r)
		r.Close()
		if got := hex.EncodeToString(h.Sum(nil)); err != nil || got != f.SHA256 || sums[f.ID] != "" && got != sums[f.ID] {
			t.Errorf("%s has other bytes than were saved (%v)", f.ID, err)
		}
		delete(state, f.ID)
		paths = append(paths, f.Path)
	}
	for id, st := range state {
		if st == sure {
			t.Errorf("%s was confirmed, and is lost", id)
		}
	}
	slices.Sort(paths)
	keys, err := list(ctx, b.Bucket)
	must(t, err)
	if want := slices.Compact(paths); !slices.Equal(keys, want) {
		t.Errorf("the bucket has %q, the files need %q", keys, want)
	}
	if totals, err := s.Totals(ctx); err != nil || totals.Pending != 0 {
		t.Errorf("the journal has %d entries, %v", totals.Pending, err)
	}
	for _, k := range buckettest.Parts(t, b.Bucket) {
		if len(keys) == 0 || strings.Contains(where, "s3:") {
			t.Errorf("parts of a broken upload of %s are left", k)
		}
	}
}
