package mongo_test

import (
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/cluster/clustertest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

func openCluster(t *testing.T, uri string) *mongo.Cluster {
	t.Helper()
	c, err := mongo.NewCluster(t.Context(), open(t, uri))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCluster(t *testing.T) {
	server := mongotest.Start(t)
	clustertest.Store(t, func(t *testing.T) clustertest.Opened {
		c := openCluster(t, mongotest.Database(t, server))
		return clustertest.Opened{Store: c, Jump: c.Jump, Pass: c.Pass}
	})
}

func TestClusterChild(t *testing.T) {
	clustertest.Child(t, func(t *testing.T, where string) cluster.Store { return openCluster(t, where) })
}

func TestClusterProcesses(t *testing.T) {
	uri := mongotest.Database(t, mongotest.Start(t))
	openCluster(t, uri)
	clustertest.Race(t, "TestClusterChild", uri)
}

// A process that starts after the server's clock was set forward, and before a lease
// is renewed, may take it early. One of the two counts: the other is refused from then
// on, and so it is where the lease was renewed before.
func TestStartAfterJump(t *testing.T) {
	uri := mongotest.Database(t, mongotest.Start(t))
	first := openCluster(t, uri)
	acquire := func(c *mongo.Cluster, name, holder string) (cluster.Lease, error) {
		return c.Acquire(t.Context(), name, holder, time.Hour, "")
	}
	for _, name := range []string{"not renewed", "renewed"} {
		if _, err := acquire(first, name, "a"); err != nil {
			t.Fatal(err)
		}
	}
	first.Jump(100 * time.Hour)
	if l, err := acquire(first, "renewed", "a"); err != nil || l.Generation != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	late := openCluster(t, uri)
	late.Jump(100 * time.Hour)
	if l, err := acquire(late, "renewed", "b"); !fault.Is(err, fault.Exists) || l.Holder != "a" {
		t.Errorf("what was renewed since: %+v, %v", l, err)
	}
	if l, err := acquire(late, "not renewed", "b"); err != nil || l.Generation != 2 {
		t.Errorf("what was not: %+v, %v", l, err)
	}
	if l, err := acquire(first, "not renewed", "a"); !fault.Is(err, fault.Exists) || l.Holder != "b" {
		t.Errorf("and who had it: %+v, %v", l, err)
	}
}
