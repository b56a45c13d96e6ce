package tools

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/http/httpguts"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// ServerConfig says how one MCP server is reached, and what it may do. Either
// Command or URL is set. Env and Headers may hold secrets: print none of it.
type ServerConfig struct {
	Name    string            // letters, digits and hyphens
	Command string            // started as a process that speaks over stdio
	Args    []string          //
	Env     map[string]string // all that it gets beside PATH, HOME and LANG
	URL     string            // of a streamable HTTP endpoint
	Headers map[string]string // of every request to URL
	Tools   []string          // that the model may call; empty: all
	Timeout time.Duration     // of one call
	Files   bool              // a file id as an argument becomes a link to the file

	expanded []string // what stands for variables; likewise secret
}

const (
	maxServersFile = 1 << 20 // bytes
	maxServers     = 50
	maxListed      = 200     // entries of one list or mapping
	maxValue       = 8 << 10 // bytes of one value
	callTimeout    = time.Minute
)

var serverName = regexp.MustCompile(`^[a-zA-Z0-9-]{1,32}$`)

// ParseServers reads a tools.yaml. In command, args, env, url and headers,
// ${NAME} stands for what expand returns; its error is a part of a sentence
// after the name, such as "is not set". An error is of kind Invalid and says
// for everything that is wrong the line and what is allowed; it holds no value
// that came from expand.
func ParseServers(data []byte, expand func(name string) (string, error)) ([]ServerConfig, error) {
	r := &serversReader{expand: expand}
	list := r.read(data)
	if len(r.problems) > 0 {
		return nil, fault.New(fault.Invalid, "%s", strings.Join(r.problems, "\n"))
	}
	return list, nil
}

type serversReader struct {
	expand   func(string) (string, error)
	expanded []string // of the server that is read
	problems []string
}

func (r *serversReader) wrong(n *yaml.Node, format string, args ...any) {
	if len(r.problems) < 20 {
		r.problems = append(r.problems, fmt.Sprintf("line %d: ", max(n.Line, 1))+fmt.Sprintf(format, args...))
	}
}

func (r *serversReader) read(data []byte) []ServerConfig {
	if len(data) > maxServersFile {
		r.wrong(&yaml.Node{}, "the file is larger than %d bytes", maxServersFile)
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		r.problems = append(r.problems, strings.TrimPrefix(brief.Line(err.Error()), "yaml: "))
		return nil
	}
	if err := d.Decode(&more); err == nil {
		r.wrong(&more, "only one document is allowed")
	}
	var list []ServerConfig
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil
	}
	r.mapping(doc.Content[0], "the file", "servers:", func(key string, k, v *yaml.Node) {
		if key != "servers" {
			r.wrong(k, "%q is not known; only servers is allowed here", brief.Bytes(key, 40))
			return
		}
		if isNull(v) {
			return
		}
		r.mapping(v, "servers", "a name for each server", func(name string, k, v *yaml.Node) {
			switch {
			case !serverName.MatchString(name):
				r.wrong(k, "%q is no name of a server; allowed are 1 to 32 letters, digits and hyphens", brief.Bytes(name, 40))
			case len(list) == maxServers:
				r.wrong(k, "at most %d servers are allowed", maxServers)
			default:
				list = append(list, r.server(name, k, v))
			}
		})
	})
	return list
}

const (
	commonKeys  = "tools, timeout, files"
	commandKeys = "command, args, env"
	urlKeys     = "url, headers"
)

// server reads one server.
func (r *serversReader) server(name string, at, n *yaml.Node) (s ServerConfig) {
	s = ServerConfig{Name: name, Timeout: callTimeout}
	r.expanded = nil
	defer func() { s.expanded = r.expanded }()
	seen := map[string]*yaml.Node{}
	r.mapping(n, name, "command or url", func(key string, k, v *yaml.Node) {
		seen[key] = k
		where := name + "." + key
		switch key {
		case "command":
			s.Command = r.text(v, where)
		case "args":
			s.Args = r.list(v, where, func(v *yaml.Node) string { return r.text(v, where) })
		case "env":
			s.Env = r.texts(v, where, func(name, value string) string {
				if name == "" || strings.ContainsAny(name, "=\x00 ") || strings.Contains(value, "\x00") {
					return "is no variable of an environment"
				}
				return ""
			})
		case "url":
			s.URL = r.url(v, where)
		case "headers":
			s.Headers = r.texts(v, where, func(name, value string) string {
				if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
					return "is no HTTP header"
				}
				return ""
			})
		case "tools":
			s.Tools = r.list(v, where, func(v *yaml.Node) string { return r.plain(v, where) })
			if len(s.Tools) == 0 {
				r.wrong(v, "%s names no tool; leave it out to allow all", where)
			}
		case "timeout":
			var err error
			if s.Timeout, err = time.ParseDuration(r.plain(v, where)); err != nil || s.Timeout < time.Second || s.Timeout > time.Hour {
				r.wrong(v, "%s must be a time from 1s to 1h, such as 30s or 2m", where)
			}
		case "files":
			if v.Tag != "!!bool" || v.Decode(&s.Files) != nil {
				r.wrong(v, "%s must be true or false", where)
			}
		default:
			r.wrong(k, "%s is not known; allowed are %s, or %s, and %s", brief.Bytes(where, 80), commandKeys, urlKeys, commonKeys)
		}
	})
	switch {
	case (seen["command"] == nil) == (seen["url"] == nil):
		if n.Kind == yaml.MappingNode {
			r.wrong(at, "%s needs either command or url", name)
		}
	case seen["url"] != nil && (seen["args"] != nil || seen["env"] != nil):
		r.wrong(at, "%s has a url, so args and env are not allowed", name)
	case seen["command"] != nil && seen["headers"] != nil:
		r.wrong(at, "%s has a command, so headers is not allowed", name)
	}
	return s
}

// mapping calls each for the entries of a mapping whose keys are texts, each there once.
func (r *serversReader) mapping(n *yaml.Node, what, wanted string, each func(key string, k, v *yaml.Node)) {
	if n = resolve(n); n.Kind != yaml.MappingNode {
		r.wrong(n, "%s must be a mapping with %s", what, wanted)
		return
	}
	if len(n.Content) > 2*maxListed {
		r.wrong(n, "%s has more than %d entries", what, maxListed)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], resolve(n.Content[i+1])
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			r.wrong(k, "%s has a key that is no text", what)
		case seen[k.Value]:
			r.wrong(k, "%s is there twice", brief.Bytes(k.Value, 40))
		default:
			seen[k.Value] = true
			each(k.Value, k, v)
		}
	}
}

func (r *serversReader) list(n *yaml.Node, where string, text func(*yaml.Node) string) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxListed {
		r.wrong(n, "%s must be a list of at most %d texts", where, maxListed)
		return nil
	}
	var out []string
	for _, e := range n.Content {
		out = append(out, text(resolve(e)))
	}
	return out
}

func (r *serversReader) texts(n *yaml.Node, where string, check func(name, value string) string) map[string]string {
	out := map[string]string{}
	r.mapping(n, where, "texts", func(key string, k, v *yaml.Node) {
		value := r.value(v, where+"."+brief.Bytes(key, 40))
		if problem := check(key, value); problem != "" {
			r.wrong(k, "%s.%s %s", where, brief.Bytes(key, 40), problem)
		}
		out[key] = value
	})
	return out
}

func (r *serversReader) url(n *yaml.Node, where string) string {
	text := r.text(n, where)
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.wrong(n, "%s must begin with http:// or https://", where)
	case u.User != nil:
		r.wrong(n, "%s has a password in it; use headers", where)
	}
	return text
}

// text reads a value that may not be empty, and expands it.
func (r *serversReader) text(n *yaml.Node, where string) string {
	if r.plain(n, where) == "" {
		return ""
	}
	text := r.value(n, where)
	if strings.Contains(text, "\x00") {
		r.wrong(n, "%s has a NUL in it", where)
	}
	return text
}

// plain reads a value that may not be empty.
func (r *serversReader) plain(n *yaml.Node, where string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" || isNull(n) || len(n.Value) > maxValue {
		r.wrong(n, "%s must be a text of 1 to %d bytes", where, maxValue)
		return ""
	}
	return n.Value
}

var variable = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

// value reads a value and puts variables in; $${ stands for ${ itself.
func (r *serversReader) value(n *yaml.Node, where string) string {
	if n.Kind != yaml.ScalarNode || len(n.Value) > maxValue {
		r.wrong(n, "%s must be a text of at most %d bytes", where, maxValue)
		return ""
	}
	if isNull(n) {
		return ""
	}
	return variable.ReplaceAllStringFunc(n.Value, func(m string) string {
		if strings.HasPrefix(m, "$$") {
			return m[1:]
		}
		name, ok := strings.CutSuffix(m[2:], "}")
		if !ok || !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
			r.wrong(n, "%s: %q is no variable such as ${NAME}; $${ stands for ${ itself", where, brief.Bytes(m, 40))
			return ""
		}
		value, err := r.expand(name)
		if err != nil {
			r.wrong(n, "%s: ${%s} %v", where, name, err)
		}
		r.expanded = append(r.expanded, value)
		return value
	})
}

// resolve follows an alias, which leads to a node that is none.
func resolve(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && n.Alias != nil && i < 10; i++ {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// allowed tells whether the model may call a tool of the server.
func (s *ServerConfig) allowed(tool string) bool {
	return len(s.Tools) == 0 || slices.Contains(s.Tools, tool)
}

// scrub takes out of a text what may be secret: values of env and headers,
// what variables stood for, and the path and query of the URL.
func (s *ServerConfig) scrub(text string) string {
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err == nil {
			text = strings.ReplaceAll(text, s.URL, u.Scheme+"://"+u.Host)
		}
	}
	secrets := slices.Concat(s.expanded, slices.Collect(maps.Values(s.Env)), slices.Collect(maps.Values(s.Headers)))
	for _, value := range s.Headers {
		_, credentials, _ := strings.Cut(value, " ") // of Bearer and its like
		secrets = append(secrets, credentials)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, secret := range secrets {
		if len(secret) >= 6 { // shorter ones are words
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
