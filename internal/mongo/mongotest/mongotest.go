// Package mongotest gives tests a server that speaks MongoDB's protocol.
package mongotest

import (
	"bufio"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/testbin"
)

// Start returns the URI of a server. It is the one that ATTACHE_TEST_MONGODB_URI
// names, or a FerretDB that ends with the test. Without either the test is
// skipped, or fails where REQUIRE names mongo.
func Start(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("ATTACHE_TEST_MONGODB_URI"); uri != "" {
		return uri
	}
	source := filepath.Join(testbin.Root(), "internal", "mongo", "mongotest", "ferretdb")
	version := ""
	for _, f := range []string{"main.go", "go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(source, f))
		if err != nil {
			t.Fatal(err)
		}
		version += string(text)
	}
	program, err := testbin.Build("ferretdb", version, nil, "build", "-C", source, "-o", "{out}/", ".")
	if err != nil {
		testbin.Missing(t, "mongo", err.Error())
	}
	out := bufio.NewReader(testbin.Start(t, program, t.TempDir()))
	uri := make(chan string, 1)
	go func() {
		line, _ := out.ReadString('\n')
		uri <- strings.TrimSpace(line)
	}()
	select {
	case u := <-uri:
		if u != "" {
			return u
		}
		t.Fatal("FerretDB ended at its start")
	case <-time.After(20 * time.Second):
		t.Fatal("FerretDB does not start")
	}
	return ""
}

// Database returns the URI of a database of a server that is the test's alone.
func Database(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/attache_" + strings.ToLower(rand.Text()[:12])
	return u.String()
}
