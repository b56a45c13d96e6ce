package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/testbin"
)

// documents are the texts for people: paths and contents.
func documents(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		paths, err := filepath.Glob(filepath.Join(testbin.Root(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			text, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all[p] = string(text)
		}
	}
	if len(all) < 15 {
		t.Fatalf("only %d documents", len(all))
	}
	return all
}

var (
	docLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	docHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	docFence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
)

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Every link within the documents leads to a file that is there, and to a heading in it.
func TestDocumentsLinks(t *testing.T) {
	docs := documents(t)
	links := 0
	for path, text := range docs {
		for _, m := range docLink.FindAllStringSubmatch(docFence.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			file, heading, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere", filepath.Base(path), m[1])
				continue
			}
			if heading == "" || strings.HasPrefix(heading, "L") {
				continue
			}
			found := slices.ContainsFunc(docHeading.FindAllStringSubmatch(docFence.ReplaceAllString(docs[target], ""), -1), func(h []string) bool { return anchor(h[1]) == heading })
			if !found {
				t.Errorf("%s: %s has no such heading", filepath.Base(path), m[1])
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

var docCommand = regexp.MustCompile("(?m)(?:^|[|`(;] ?|\\bsudo |&& )(?:[A-Z_]+=\\S* )*(?:\\S*/)?attache ([a-z][^`\\n]*)")

// Every command in the documents is one that the program has, with options that it
// takes and a make target that is there.
func TestDocumentsCommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(testbin.Root(), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for path, text := range documents(t) {
		name := filepath.Base(path)
		for _, m := range docCommand.FindAllStringSubmatch(text, -1) {
			line, _, _ := strings.Cut(m[1], "  #")
			line, _, _ = strings.Cut(line, " | ")
			words := strings.Fields(strings.NewReplacer(`"`, "", ")", " ", "|", " ").Replace(line))
			program := &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}
			if words[0] == "is" || words[0] == "needs" || words[0] == "process" { // a sentence on the program
				continue
			}
			commands++
			c, rest, err := program.root().Traverse(words)
			if err != nil || c == c.Root() {
				t.Errorf("%s: attache %s: there is no such command (%v)", name, line, err)
				continue
			}
			for _, word := range rest {
				flag, _, _ := strings.Cut(strings.TrimRight(word, ".,;:"), "=")
				if c.Name() == "exec" && strings.HasSuffix(word, ".py") {
					break // what follows is the program's own
				}
				var known *pflag.Flag
				if long, ok := strings.CutPrefix(flag, "--"); ok && long != "" {
					known = c.Flags().Lookup(long)
					if known == nil {
						known = c.InheritedFlags().Lookup(long)
					}
					if known == nil {
						t.Errorf("%s: attache %s: %s has no option %s", name, line, c.Name(), flag)
					}
				}
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:^ *|`)make ([a-z][a-z-]*)").FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: there is no make %s", name, m[1])
			}
		}
	}
	if commands < 40 {
		t.Errorf("only %d commands were found", commands)
	}
}

var (
	docSetting = regexp.MustCompile("`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`")
	// Variables that others read: Go's, libraries', the tests' own.
	notOurs = regexp.MustCompile(`^(ATTACHE_|AWS_|AZURE_|GOOGLE_|OTEL_|NO_COLOR$|HTTPS?_PROXY$|NO_PROXY$|CGO_|UPDATE_SCRIPTS$|SSL_|CAP_|GIT_|LC_|APPLICATION_ID$|CHAOS_SEED$)`)
)

// Every setting in the documents is one.
func TestDocumentsSettings(t *testing.T) {
	known := config.Example()
	settings := 0
	for path, text := range documents(t) {
		for _, m := range docSetting.FindAllStringSubmatch(text, -1) {
			if notOurs.MatchString(m[1]) {
				continue
			}
			settings++
			if !strings.Contains(known, "#"+m[1]+"=") && m[1] != "FILES_EXPIRATION_HOURS" {
				t.Errorf("%s: %s is no setting", filepath.Base(path), m[1])
			}
		}
	}
	if settings < 60 {
		t.Errorf("only %d settings were found", settings)
	}
}

var (
	docTest    = regexp.MustCompile("`(Test[A-Z]\\w*)")
	docGoTest  = regexp.MustCompile(`go test ([^\x60\n]*)`)
	docRun     = regexp.MustCompile(`-(?:run|bench|fuzz) '?([^' ]+)`)
	docPackage = regexp.MustCompile(`(?:^| )(\./[\w./]+)`)
	goTest     = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)
)

// Every test in the documents is there, and every command of one runs something in
// its package.
func TestDocumentsTests(t *testing.T) {
	root := testbin.Root()
	tests := map[string][]string{} // of a folder
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range goTest.FindAllStringSubmatch(string(text), -1) {
			tests[filepath.Dir(path)] = append(tests[filepath.Dir(path)], m[1])
			all[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for path, text := range documents(t) {
		for _, m := range docTest.FindAllStringSubmatch(text, -1) {
			if named++; !all[m[1]] {
				t.Errorf("%s: there is no %s", filepath.Base(path), m[1])
			}
		}
		for _, command := range docGoTest.FindAllStringSubmatch(text, -1) {
			in := docPackage.FindStringSubmatch(command[1])
			for _, m := range docRun.FindAllStringSubmatch(command[1], -1) {
				top, _, _ := strings.Cut(m[1], "/")
				re, err := regexp.Compile(top)
				if in == nil || err != nil || m[1] == "^$" {
					continue
				}
				if named++; !slices.ContainsFunc(tests[filepath.Join(root, in[1])], re.MatchString) {
					t.Errorf("%s: nothing in %s matches %q", filepath.Base(path), in[1], m[1])
				}
			}
		}
	}
	if named < 80 {
		t.Errorf("only %d tests are named", named)
	}
}
