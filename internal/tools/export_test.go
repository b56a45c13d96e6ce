package tools

import (
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Quick makes background loops fast enough for tests.
func Quick() {
	folderEvery, folderRetry = 20*time.Millisecond, 200*time.Millisecond
}

// CheckArguments checks arguments against a schema.
func CheckArguments(parameters, arguments string) (string, error) {
	s, err := compileSchema([]byte(parameters))
	if err != nil {
		return "", err
	}
	out, err := s.check("f", []byte(arguments))
	return string(out), err
}

var PythonCall = pythonCall

// QuickServers makes the times of servers' connections short, until the test ends.
func QuickServers(cleanup func(func())) {
	old := []time.Duration{connectTime, listTime, firstPause, lastPause, relistPause, keepListed, reconnecting, pingTime}
	connectTime, listTime, firstPause, lastPause = 3*time.Second, 2*time.Second, 10*time.Millisecond, 200*time.Millisecond
	relistPause, keepListed, reconnecting, pingTime = 10*time.Millisecond, 500*time.Millisecond, 2*time.Second, 300*time.Millisecond
	cleanup(func() {
		connectTime, listTime, firstPause, lastPause, relistPause, keepListed, reconnecting, pingTime =
			old[0], old[1], old[2], old[3], old[4], old[5], old[6], old[7]
	})
}

var ObjectSchema = objectSchema

// ToolNames returns the names of a server's tools.
func ToolNames(server string, list ...*mcp.Tool) []string { return toolNames(server, list) }

// Plain returns a server without what Scrub alone needs.
func Plain(list []ServerConfig) []ServerConfig {
	for i := range list {
		list[i].expanded = nil
	}
	return list
}

// Scrub takes secrets out of a text.
func (s ServerConfig) Scrub(text string) string { return s.scrub(text) }

// ServerKeys are all keys of a server.
const ServerKeys = commandKeys + ", " + urlKeys + ", " + commonKeys
