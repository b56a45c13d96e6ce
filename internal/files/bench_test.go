package files_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sqlite"
)

// BenchmarkSave saves 50 MB, and copies the same 50 MB with fsync beside it.
// The goals are at least 0.7 of the copy's speed, and at most 8 MB more memory.
func BenchmarkSave(b *testing.B) {
	const size = 50 << 20
	dir := b.TempDir()
	source := filepath.Join(dir, "source")
	content := make([]byte, size)
	rand.Read(content)
	must(b, os.WriteFile(source, content, 0o600))
	content = nil
	r := newRig(b, files.Options{Expiry: -1}, filepath.Join(dir, "files"))
	read := func() *os.File {
		f, err := os.Open(source)
		must(b, err)
		b.Cleanup(func() { f.Close() })
		return f
	}
	r.save(b, alice, "warm", "up")

	var copies, saves []time.Duration
	rise := int64(0)
	one := func() {
		start := time.Now()
		to, err := os.Create(filepath.Join(dir, "copy"))
		must(b, err)
		_, err = io.Copy(to, read())
		must(b, err)
		must(b, to.Sync())
		must(b, to.Close())
		copies = append(copies, time.Since(start))

		in := read()
		debug.FreeOSMemory()
		before := memory(b, "VmRSS")
		must(b, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // the peak starts anew
		start = time.Now()
		s, err := r.Save(r.ctx, files.Upload{User: alice, Name: "data.bin", Size: size, Body: in})
		must(b, err)
		saves = append(saves, time.Since(start))
		rise = max(rise, memory(b, "VmHWM")-before)
		must(b, r.Delete(r.ctx, alice, s.ID))
	}
	for b.Loop() {
		for range 20 {
			one()
		}
	}
	// The fastest of each: what others do on the machine only makes them slower.
	copied, saved := slices.Min(copies), slices.Min(saves)
	ratio := float64(copied) / float64(saved)
	b.ReportMetric(ratio, "of-a-copy")
	b.ReportMetric(float64(rise)/(1<<20), "MB-more")
	b.ReportMetric(size/1e6/saved.Seconds(), "MB/s-saved")
	b.ReportMetric(size/1e6/copied.Seconds(), "MB/s-copied")
	if ratio < 0.7 || rise > 8<<20 {
		b.Errorf("%.2f of a copy's speed, %d bytes more memory", ratio, rise)
	}
}

// memory reads a value of /proc/self/status, in bytes.
func memory(b *testing.B, name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	must(b, err)
	for line := range strings.Lines(string(text)) {
		var kb int64
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			fmt.Sscan(rest, &kb)
			return kb << 10
		}
	}
	b.Fatal(name + " is not in /proc/self/status")
	return 0
}

// stock fills a database with files, without their bytes, past the service:
// with a journal entry and two syncs each it would take hours.
func stock(b *testing.B, path string, users, each int, life time.Duration) *sqlite.DB {
	b.Helper()
	db, err := sqlite.Open(b.Context(), path)
	must(b, err)
	b.Cleanup(func() { db.Close() })
	raw, err := sql.Open("sqlite", path)
	must(b, err)
	defer raw.Close()
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	kinds := []files.Kind{"csv", "image", "excel", "text", "pdf", "json"}
	now := time.Date(2024, 10, 1, 10, 30, 0, 0, time.UTC)
	for i := range each {
		tx, err := raw.Begin()
		must(b, err)
		insert, err := tx.Prepare(`INSERT INTO files (id, user_id, name, kind, size, sha256, mime, width, height, generated, uploaded_at, expires_at, path, shared)
			VALUES (?, ?, ?, ?, ?, ?, 'text/csv', 0, 0, 0, ?, ?, ?, 0)`)
		must(b, err)
		for u := range users {
			user, sum := benchUser(u), make([]byte, 32)
			at := now.Add(time.Duration(i)*time.Minute + time.Duration(u)*time.Millisecond)
			id := fmt.Sprintf("%d_%d_%08x", user, at.Unix(), rng.Uint32())
			rand.Read(sum)
			_, err := insert.Exec(id, user, fmt.Sprintf("report of week %d.csv", i), kinds[rng.IntN(len(kinds))], rng.Int64N(5<<20), sum,
				at.UnixMilli(), at.Add(life).UnixMilli(), fmt.Sprintf("%d/%s.csv", user, id))
			must(b, err)
		}
		must(b, tx.Commit())
	}
	return db
}

func benchUser(i int) files.UserID { return files.UserID(200_000_000_000_000_000 + i*7919) }

// BenchmarkPage lists a page of /files of a random user among 10,000 who have
// 1,000,000 files. The goal is 5 ms for 99 of 100.
func BenchmarkPage(b *testing.B) {
	const users, each = 10_000, 100
	db := stock(b, filepath.Join(b.TempDir(), "a.db"), users, each, 1000*time.Hour)
	now := time.Date(2024, 10, 2, 0, 0, 0, 0, time.UTC)
	s := files.New(sqlite.NewFiles(db, "bench"), nil, files.Options{Now: func() time.Time { return now }})
	var took []time.Duration
	one := func(i int) {
		q := files.Query{Limit: 10, Offset: 10 * mathrand.IntN(10)}
		if i%4 == 0 {
			q.Kind, q.Offset = "image", 0
		}
		start := time.Now()
		p, err := s.List(b.Context(), benchUser(mathrand.IntN(users)), q)
		took = append(took, time.Since(start))
		if err != nil || p.Usage.Files != each || len(p.Files) == 0 {
			b.Fatalf("%+v, %v", p, err)
		}
	}
	for b.Loop() {
		for i := range 5000 {
			one(i)
		}
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(p99.Microseconds())/1000, "ms-p99")
	if p99 > 5*time.Millisecond {
		b.Errorf("p99 is %v", p99)
	}
}

// BenchmarkListAll lists the 100,000 files of one user as `attache files list`
// does. The goal is a second.
func BenchmarkListAll(b *testing.B) {
	const each = 100_000
	db := stock(b, filepath.Join(b.TempDir(), "a.db"), 1, each, 100*24*365*time.Hour)
	now := time.Date(2024, 10, 2, 0, 0, 0, 0, time.UTC)
	s := files.New(sqlite.NewFiles(db, "bench"), nil, files.Options{Now: func() time.Time { return now }})
	for b.Loop() {
		p, err := s.List(b.Context(), benchUser(0), files.Query{Limit: each})
		must(b, err)
		if n := len(p.Files); n != each {
			b.Fatalf("%d files", n)
		}
	}
}

// BenchmarkSweep sweeps 100,000 expired files and their bytes off the disk.
// The goals are 5,000 files a second, and memory that does not grow with them.
func BenchmarkSweep(b *testing.B) {
	const users, each = 1000, 100
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		db := stock(b, filepath.Join(dir, "a.db"), users, each, time.Hour)
		bucket, err := bucket.Open(b.Context(), filepath.Join(dir, "files"))
		must(b, err)
		store := sqlite.NewFiles(db, "bench")
		for after := files.ID(""); ; {
			fs, err := store.Scan(b.Context(), after, 1000)
			must(b, err)
			if len(fs) == 0 {
				break
			}
			for _, f := range fs {
				path := filepath.Join(bucket.Dir, f.Path)
				if err := os.WriteFile(path, []byte("some bytes"), 0o600); os.IsNotExist(err) {
					must(b, os.Mkdir(filepath.Dir(path), 0o700))
					must(b, os.WriteFile(path, []byte("some bytes"), 0o600))
				}
				after = f.ID
			}
		}
		s := files.New(store, bucket.Bucket, files.Options{Dir: bucket.Dir})
		debug.FreeOSMemory()
		before := memory(b, "VmRSS")
		must(b, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
		b.StartTimer()
		start := time.Now()
		n, err := s.Sweep(b.Context())
		rate := float64(n) / time.Since(start).Seconds()
		b.StopTimer()
		rise := memory(b, "VmHWM") - before
		b.ReportMetric(rate, "files/s")
		b.ReportMetric(float64(rise)/(1<<20), "MB-more")
		keys, listErr := list(b.Context(), bucket.Bucket)
		if err != nil || listErr != nil || n != users*each || len(keys) != 0 {
			b.Fatalf("%d files swept, %d left, %v, %v", n, len(keys), err, listErr)
		}
		if rate < 5000 || rise > 32<<20 {
			b.Errorf("%.0f files a second, %d bytes more memory", rate, rise)
		}
		bucket.Close()
		b.StartTimer()
	}
}
