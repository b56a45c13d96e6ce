package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/cluster/clustertest"
	"github.com/attachebot/attache/internal/sqlite"
)

func openCluster(t *testing.T, file string) *sqlite.Cluster {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := sqlite.NewCluster(db)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCluster(t *testing.T) {
	clustertest.Store(t, func(t *testing.T) clustertest.Opened {
		c := openCluster(t, filepath.Join(t.TempDir(), "attache.db"))
		noClock := func(time.Duration) {} // nobody can set the machine's clock since boot
		return clustertest.Opened{Store: c, Jump: noClock, Pass: c.Pass}
	})
}

func TestClusterChild(t *testing.T) {
	clustertest.Child(t, func(t *testing.T, where string) cluster.Store { return openCluster(t, where) })
}

func TestClusterProcesses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "attache.db")
	openCluster(t, file)
	clustertest.Race(t, "TestClusterChild", file)
}

// The leases of before a restart of the machine are over, whatever its clock says.
func TestClusterReboot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "attache.db")
	before := openCluster(t, file)
	l, err := before.Acquire(t.Context(), "x", "a", 1<<50, "")
	if err != nil {
		t.Fatal(err)
	}
	after := openCluster(t, file)
	after.Reboot()
	next, err := after.Acquire(t.Context(), "x", "b", 1<<50, "")
	if err != nil || next.Generation != l.Generation+1 {
		t.Errorf("%+v, %v", next, err)
	}
}

func openFolder(t *testing.T, dir string) cluster.Store {
	return openCluster(t, filepath.Join(dir, "owners.db"))
}

func TestFolderMember(t *testing.T) { clustertest.Member(t, openFolder) }

func TestFolderProcesses(t *testing.T) { clustertest.Processes(t, "TestFolderMember", openFolder) }
