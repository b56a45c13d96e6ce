package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
	"github.com/attachebot/attache/internal/tools"
)

// openPython opens the files and the Python of a test's own data folder.
func openPython(t *testing.T) (*files.Service, *tools.Python) {
	t.Helper()
	for name, value := range map[string]string{"DATA_DIR": dataDir(t), "RUNSC": gvisortest.Runsc(), "MAX_FILES_PER_USER": "0", "DISCORD_TOKEN": ""} {
		t.Setenv(name, value)
	}
	m := &Main{Stdin: strings.NewReader(""), Stdout: &lockedBuilder{}, Stderr: &lockedBuilder{}}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	var err error
	if m.Config, err = config.Load(""); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	st, err := m.openStores(ctx)
	if err != nil {
		t.Fatal(err)
	}
	log := m.log(m.quiet())
	service, err := m.openFiles(ctx, st, log)
	if err != nil {
		t.Fatal(err)
	}
	host, err := m.openPython(ctx, log, m.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return service, tools.NewPython(host, service)
}

// A file of every kind is saved, loaded inside the sandbox by its id, and
// checked by value. What a kind needs is installed on its first use.
func TestEveryKindInTheSandbox(t *testing.T) {
	service, python := openPython(t)
	ctx := t.Context()
	dir := filepath.Join(testbin.Root(), "runner", "tests")
	source, err := os.ReadFile(filepath.Join(dir, "kinds_check.py"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(code string) llm.ToolResult {
		return python.Run(ctx, tools.Call{User: 1, Conversation: "kinds", Hooks: llm.ToolHooks{}.Filled()}, code)
	}
	res := run(strings.Replace(string(source), `__name__ == "__main__"`, "False", 1) + "\nimport json\nprint(json.dumps([c[:2] for c in CHECKS]))")
	var checks [][2]string
	if err := json.Unmarshal([]byte(res.Run.Output), &checks); err != nil {
		t.Fatalf("%v\n%s", err, res.ForModel())
	}
	kinds := map[files.Kind]bool{}
	var ids []string
	for _, c := range checks {
		data, err := os.Open(filepath.Join(dir, "testdata", c[0]))
		if err != nil {
			t.Fatal(err)
		}
		name := c[0]
		if !strings.HasSuffix(name, c[1]) {
			name = "renamed" + c[1]
		}
		s, err := service.Save(ctx, files.Upload{User: 1, Name: name, Size: -1, Body: data})
		data.Close()
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		kinds[s.Kind] = true
		ids = append(ids, string(s.ID))
	}
	// In pieces, each within the time limit of a run.
	const piece = 12
	ok := map[string]bool{}
	line := regexp.MustCompile(`(?m)^(ok|FAILED) \S+ (\.\S+).*$`)
	for from := 0; from < len(ids); from += piece {
		to := min(from+piece, len(ids))
		list, _ := json.Marshal(ids[from:to])
		res := run(fmt.Sprintf(`
import numpy as np, pandas as pd
for (file, ext, expression), fid in zip(CHECKS[%d:%d], %s):
    try:
        v = load_file(fid)
        print('ok' if eval(expression, {'v': v, 'np': np, 'pd': pd}) else 'FAILED', file, ext, type(v).__name__)
    except BaseException as e:
        print('FAILED', file, ext, type(e).__name__, e)
v = None
`, from, to, list))
		seen := 0
		for _, l := range line.FindAllStringSubmatch(res.Run.Output, -1) {
			seen++
			if l[1] == "ok" {
				ok[l[2]] = true
				t.Log(l[0])
			} else {
				t.Error(l[0])
			}
		}
		if seen != to-from {
			t.Errorf("%d lines for %d files:\n%s", seen, to-from, res.ForModel())
		}
	}
	t.Logf("%d extensions, %d kinds, %d files", len(ok), len(kinds), len(ids))
	if len(ok) < 160 {
		t.Errorf("only %d extensions were loaded", len(ok))
	}
}
