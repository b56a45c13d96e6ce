package mongo_test

import (
	"testing"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/cluster/clustertest"
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
