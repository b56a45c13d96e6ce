package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// wrongClock returns a sentence if this machine's clock says a time before that
// at which the data folder or this program was made.
func (m *Main) wrongClock(now time.Time) string {
	made := []string{filepath.Join(m.Config.DataDir, "instance")}
	if self, err := os.Executable(); err == nil {
		made = append(made, self)
	}
	const at = "2006-01-02 15:04 MST"
	for _, file := range made {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(now.Add(24*time.Hour)) {
			return fmt.Sprintf("The clock of this machine is wrong: it says %s, and %s was made on %s. Set it: files would expire at a wrong time, and certificates are refused.",
				now.UTC().Format(at), file, info.ModTime().UTC().Format(at))
		}
	}
	return ""
}

// leastFiles is how many files a process with sandboxes must be allowed to open.
const leastFiles = 256

// fewFiles is the error of a process that may open too few files.
func fewFiles() error {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil || l.Max >= leastFiles {
		return nil
	}
	return fault.New(fault.Unavailable, "Code can't run here: this process may open %d files only; start it with 1024 or more (`ulimit -n 1024`, in a unit LimitNOFILE=).", l.Max)
}

// bucket is doctor's row on a bucket that is no folder of this machine.
func (d *diagnosis) bucket(ctx context.Context) {
	if d.m.Config.BucketURL == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	b, err := d.m.openBucket(ctx)
	if err != nil {
		d.add("bucket", false, fault.Message(err))
		return
	}
	switch ok, err := b.IsAccessible(ctx); {
	case err != nil:
		d.add("bucket", false, "The bucket of BUCKET_URL can't be reached, or refuses: see its address and the credentials in the environment.")
	case !ok:
		d.add("bucket", false, "There is no such bucket as that of BUCKET_URL.")
	default:
		d.add("bucket", true, "can be reached")
	}
}

// addresses are doctor's rows on those that serve listens at. While it runs, it
// has them itself.
func (d *diagnosis) addresses(ctx context.Context) {
	free, err := d.m.claimServe(ctx)
	if err != nil {
		return
	}
	defer free()
	c := d.m.Config
	for _, a := range [][2]string{{"WEB_LISTEN", c.WebListen}, {"LISTEN", c.Listen}, {"METRICS_LISTEN", c.MetricsListen}, {"CLUSTER_LISTEN", c.ClusterListen}} {
		if a[1] == "" {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", a[1])
		if err != nil {
			var cause *net.OpError
			if errors.As(err, &cause) {
				err = cause.Err
			}
			d.add(a[0], false, fmt.Sprintf("serve can't listen at %s: %v.", a[1], err))
			continue
		}
		l.Close()
		d.add(a[0], true, a[1])
	}
}
