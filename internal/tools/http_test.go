package tools

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// When the client library says no more than that the connection ended, what
// the server answered last says why.
func TestWhyAConnectionEnded(t *testing.T) {
	status, kind := 200, "application/json"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, "{}")
	}))
	defer srv.Close()
	transport, end := httpTransport(&ServerConfig{URL: srv.URL})
	post := func() {
		resp, err := transport.(*mcp.StreamableClientTransport).HTTPClient.Post(srv.URL, "application/json", strings.NewReader("{}"))
		if err == nil {
			resp.Body.Close()
		}
	}
	for _, c := range []struct {
		status     int
		kind, want string
	}{
		{200, "text/html", `its answer makes no sense: unsupported content type "text/html"`},
		{200, "text/event-stream", "it ended"},
		{401, "application/json", "it answers Unauthorized"},
		{202, "", "it ended"},
	} {
		status, kind = c.status, c.kind
		post()
		for _, err := range []error{nil, io.EOF} {
			if got := ending(end(err)); got != c.want {
				t.Errorf("%d %s: %s, want %s", c.status, c.kind, got, c.want)
			}
		}
		if got := ending(end(errors.New("another thing"))); got != "another thing" {
			t.Error(got)
		}
	}
	srv.Close()
	post()
	if got := ending(end(io.EOF)); !strings.Contains(got, "connection refused") {
		t.Error(got)
	}
}
