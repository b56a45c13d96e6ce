package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/attachebot/attache"

// mayImport says which of our packages a package may import; a package
// that is not named may import none. Test packages (below) and cmd are apart.
var mayImport = map[string][]string{
	"tokens":                    {},
	"runner":                    {},
	"internal/config":           {},
	"internal/fault":            {},
	"internal/brief":            {},
	"internal/redact":           {},
	"internal/table":            {},
	"internal/memory":           {},
	"internal/picture":          {"internal/memory"},
	"internal/columnar":         {"internal/fault", "internal/table"},
	"internal/files":            {"internal/durable", "internal/fault", "internal/locale"},
	"internal/fetch":            {"internal/fault"},
	"internal/transcribe":       {"internal/fault"},
	"internal/backup":           {"internal/fault"},
	"internal/preview":          {"internal/brief", "internal/columnar", "internal/fault", "internal/files", "internal/memory", "internal/picture", "internal/table"},
	"internal/bucket":           {"internal/fault"},
	"internal/sandbox":          {"internal/fault", "internal/locale", "internal/table"},
	"internal/sandbox/gvisor":   {"internal/brief", "internal/cluster", "internal/fault", "internal/locale", "internal/sandbox", "internal/sandbox/gvisor/archive", "internal/sandbox/gvisor/container", "internal/sandbox/gvisor/image", "internal/sandbox/gvisor/mapped", "internal/sandbox/gvisor/output", "internal/sandbox/gvisor/processors", "internal/sandbox/gvisor/stored", "internal/sandbox/gvisor/watchdog", "internal/sandbox/turns", "internal/sandbox/wheels", "internal/table", "runner"},
	"internal/sandbox/probe":    {"internal/brief", "internal/sandbox"},
	"internal/sandbox/remote":   {"internal/cluster", "internal/durable", "internal/fault", "internal/locale", "internal/sandbox"},
	"internal/nats":             {"internal/cluster", "internal/fault", "internal/sandbox/remote"},
	"internal/sandbox/turns":    {},
	"internal/sandbox/wheels":   {"internal/brief", "internal/fault", "internal/locale", "runner"},
	"internal/llm":              {"internal/table", "internal/locale"},
	"internal/llm/lenient":      {},
	"internal/llm/refusal":      {"internal/brief", "internal/fault", "internal/llm", "internal/llm/lenient"},
	"internal/llm/filter":       {"internal/brief", "internal/llm", "internal/llm/lenient"},
	"internal/llm/protocol":     {"internal/llm", "internal/llm/filter", "internal/llm/lenient", "internal/llm/refusal"},
	"internal/llm/completions":  {"internal/brief", "internal/llm", "internal/llm/lenient", "internal/llm/protocol", "internal/llm/refusal"},
	"internal/llm/responses":    {"internal/brief", "internal/llm", "internal/llm/lenient", "internal/llm/protocol", "internal/llm/refusal"},
	"internal/llm/messages":     {"internal/brief", "internal/llm", "internal/llm/lenient", "internal/llm/protocol", "internal/llm/refusal"},
	"internal/llm/client":       {"internal/fault", "internal/llm", "internal/llm/completions", "internal/llm/messages", "internal/llm/protocol", "internal/llm/refusal", "internal/llm/responses"},
	"internal/llm/builtin":      {"internal/brief", "internal/llm"},
	"internal/ledger":           {"internal/fault", "internal/files", "internal/locale", "tokens"},
	"internal/chat":             {"internal/brief", "internal/fault", "internal/files", "internal/ledger", "internal/llm", "internal/llm/builtin", "internal/picture", "internal/preview", "internal/table", "tokens", "internal/locale"},
	"internal/tools":            {"internal/brief", "internal/fault", "internal/files", "internal/llm", "internal/locale", "internal/sandbox", "internal/table"},
	"internal/cluster":          {"internal/fault", "internal/sandbox"},
	"internal/notes":            {},
	"internal/apitoken":         {"internal/fault", "internal/files", "internal/notes"},
	"internal/sqlite":           {"internal/cluster", "internal/notes", "internal/sandbox", "internal/fault", "internal/files", "internal/chat", "internal/ledger", "internal/llm", "tokens"},
	"internal/mongo":            {"internal/cluster", "internal/notes", "internal/sandbox", "internal/fault", "internal/files", "internal/chat", "internal/ledger", "internal/llm", "tokens"},
	"internal/discord/client":   {"internal/brief", "internal/fault", "internal/files", "tokens"},
	"internal/discord/markdown": {"internal/brief", "internal/table"},
	"internal/discord/compose":  {"internal/brief", "internal/discord/client", "internal/discord/markdown", "internal/llm", "internal/locale", "internal/table"},
	"internal/discord/around":   {"internal/brief", "internal/chat", "internal/discord/client", "internal/fault", "internal/llm", "internal/locale"},
	"internal/discord/usage":    {"internal/assistant", "internal/brief", "internal/ledger", "internal/discord/markdown", "internal/locale"},
	"internal/discord/interact": {"internal/discord/client", "internal/discord/compose", "internal/discord/pending", "internal/fault", "internal/files", "internal/locale"},
	"internal/locale":           {},
	"internal/discord/spoken":   {"internal/locale"},
	"internal/discord/pending":  {},
	"internal/discord/recent":   {},
	"internal/discord/places":   {"internal/discord/client", "internal/notes"},
	"internal/assistant":        {"internal/brief", "internal/fetch", "internal/transcribe", "internal/picture", "internal/fault", "internal/files", "internal/chat", "internal/ledger", "internal/llm", "internal/preview", "internal/table", "tokens", "internal/locale"},
	"internal/trace":            {"internal/assistant", "internal/chat", "internal/fault", "internal/files", "internal/llm", "internal/sandbox"},
	"internal/metrics":          {"internal/assistant", "internal/chat", "internal/fault", "internal/files", "internal/ledger", "internal/llm", "internal/sandbox"},
	"internal/terminal":         {"internal/assistant", "internal/fault", "internal/files", "internal/chat", "internal/llm", "internal/table", "internal/locale"},
	"internal/discord":          {"internal/brief", "internal/assistant", "internal/discord/client", "internal/discord/compose", "internal/discord/filemanager", "internal/discord/interact", "internal/discord/pending", "internal/discord/places", "internal/discord/recent", "internal/discord/usage", "internal/locale", "internal/notes", "internal/discord/markdown", "internal/fault", "internal/files", "internal/chat", "internal/ledger", "internal/llm", "internal/preview", "internal/table", "tokens", "internal/discord/around", "internal/discord/spoken"},
	"internal/chartspec":        {},
	"internal/web":              {"internal/apitoken", "internal/assistant", "internal/brief", "internal/chartspec", "internal/columnar", "internal/fault", "internal/files", "internal/chat", "internal/ledger", "internal/llm", "internal/memory", "internal/notes", "internal/table", "internal/web/guard", "internal/web/markdown", "internal/web/notebook", "internal/web/sessions", "tokens", "internal/locale"},
	"internal/web/markdown":     {},
	"internal/web/notebook":     {},
	"internal/web/sessions":     {"internal/notes"},

	"internal/discord/filemanager":       {"internal/assistant", "internal/brief", "internal/discord/client", "internal/discord/compose", "internal/discord/interact", "internal/discord/markdown", "internal/discord/pending", "internal/discord/recent", "internal/fault", "internal/files", "internal/locale", "internal/preview"},
	"internal/sandbox/gvisor/container":  {"internal/brief", "internal/fault", "internal/table"},
	"internal/sandbox/gvisor/mapped":     {},
	"internal/sandbox/gvisor/output":     {},
	"internal/sandbox/gvisor/processors": {},
	"internal/sandbox/gvisor/archive":    {"internal/fault", "internal/sandbox"},
	"internal/sandbox/gvisor/image":      {"internal/durable"},
	"internal/sandbox/gvisor/stored":     {"internal/durable", "internal/fault", "internal/locale", "internal/sandbox/gvisor/container", "internal/sandbox/gvisor/image"},
	"internal/sandbox/gvisor/watchdog":   {"internal/sandbox", "internal/sandbox/gvisor/container"},
}

// A folder whose name ends so holds suites, doubles or generators: only tests,
// other such folders and programs for developers import it.
func apart(dir string) bool {
	for _, part := range strings.Split(dir, "/") {
		if strings.HasSuffix(part, "test") || slices.Contains([]string{"generate", "pictures", "bench", "render", "oracle", "testbin"}, part) {
			return true
		}
	}
	return false
}

// check returns what is wrong with an import, or "".
func check(dir, file, imported string) string {
	rest, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		return ""
	}
	test := strings.HasSuffix(file, "_test.go") || apart(dir)
	public := func(p string) bool { return p == "discordtest" || strings.HasPrefix(p, "discordtest/") }
	switch {
	case public(dir) && !public(rest):
		return fmt.Sprintf("%s imports %s, but discordtest is a library for everybody", file, rest)
	case dir == "internal/sandbox/sandboxtest" && strings.HasPrefix(rest, "internal/sandbox/gvisor"):
		return fmt.Sprintf("%s imports %s, but the suites are for every driver", file, rest)
	case apart(rest) && !test:
		return fmt.Sprintf("%s imports the test package %s", file, rest)
	case test, strings.HasPrefix(dir, "cmd/"):
		return ""
	}
	allowed, known := mayImport[dir]
	if !known {
		return fmt.Sprintf("%s: the package %s has no import rule", file, dir)
	}
	if !slices.Contains(allowed, rest) {
		return fmt.Sprintf("%s imports %s, which %s may not", file, rest, dir)
	}
	return ""
}

func TestImportRules(t *testing.T) {
	root := "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin" || name == "data") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		for _, imp := range f.Imports {
			imported, _ := strconv.Unquote(imp.Path.Value)
			if problem := check(filepath.ToSlash(filepath.Dir(rel)), rel, imported); problem != "" {
				t.Error(problem)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
}

// The rules see a violation where one is planted.
func TestImportRulesCatch(t *testing.T) {
	for _, c := range [][3]string{
		{"internal/sandbox", "internal/sandbox/x.go", module + "/internal/files"},
		{"internal/fault", "internal/fault/x.go", module + "/internal/config"},
		{"internal/tools", "internal/tools/x.go", module + "/internal/chat"},
		{"internal/discord", "internal/discord/x.go", module + "/internal/sqlite"},
		{"internal/chat", "internal/chat/x.go", module + "/internal/chat/chattest"},
		{"cmd/attache", "cmd/attache/x.go", module + "/internal/llm/llmtest"},
		{"internal/discord/client", "internal/discord/client/x.go", module + "/internal/discord"},
		{"internal/discord/markdown", "internal/discord/markdown/x.go", module + "/internal/fault"},
		{"internal/brandnew", "internal/brandnew/x.go", module + "/internal/fault"},
		{"discordtest", "discordtest/x_test.go", module + "/internal/fault"},
		{"discordtest/render", "discordtest/render/x.go", module + "/tokens"},
		{"internal/sandbox/wheels", "internal/sandbox/wheels/x.go", module + "/internal/sandbox/gvisor"},
		{"internal/sandbox/wheels", "internal/sandbox/wheels/x.go", module + "/internal/sandbox"},
		{"internal/sandbox", "internal/sandbox/x.go", module + "/internal/sandbox/gvisor"},
		{"internal/sandbox/gvisor/container", "internal/sandbox/gvisor/container/x.go", module + "/internal/sandbox/gvisor"},
		{"internal/tools", "internal/tools/x.go", module + "/internal/sandbox/gvisor"},
		{"internal/sandbox/sandboxtest", "internal/sandbox/sandboxtest/x.go", module + "/internal/sandbox/gvisor"},
		{"internal/sandbox/sub", "internal/sandbox/sub/x.go", module + "/internal/fault"},
		{"internal/llm", "internal/llm/x.go", module + "/internal/llm/client"},
		{"internal/llm/refusal", "internal/llm/refusal/x.go", module + "/internal/llm/protocol"},
	} {
		if check(c[0], c[1], c[2]) == "" {
			t.Errorf("%s may import %s", c[1], c[2])
		}
	}
	for _, c := range [][3]string{
		{"internal/chat", "internal/chat/x.go", module + "/internal/files"},
		{"internal/chat", "internal/chat/x_test.go", module + "/internal/chat/chattest"},
		{"cmd/attache", "cmd/attache/x.go", module + "/internal/sqlite"},
		{"internal/chat", "internal/chat/x.go", "github.com/openai/openai-go/v3"},
	} {
		if problem := check(c[0], c[1], c[2]); problem != "" {
			t.Error(problem)
		}
	}
}
