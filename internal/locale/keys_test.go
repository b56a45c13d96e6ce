package locale

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// spoken are the packages whose errors members read. Those of the others are for the
// model or the operator, in English (but for those of signing in), and so are the
// sentences that operators and models match.
var spoken = []string{"apitoken", "assistant", "chat", "columnar", "discord", "fault", "files", "ledger", "preview", "terminal", "web"}

var operators = regexp.MustCompile(`^(OPENAI_BASE_URL |The page can't be served|File links can't be served|The key of file links|The body must be JSON|Discord does not (accept the bot|accept DISCORD_TOKEN|let the bot)|Discord closed the connection for good|` +
	`The archive |%q in the archive|The bytes of %s in the archive|A user's id is|A file needs a user|Give the file a name: /api|The name of a conversation has small letters|The body must be |%d turns were stopped|The model's server did not answer with a list)`)

// models matches sentences that a model or code reads, and no person.
var models = regexp.MustCompile(`^(%d channels have this name|%d links were fetched|%q belongs to |%q was not attached|The arguments must be|The user did not write|The user does not want|` +
	`There is no such channel that the user|Write the channel's id|before must be|%s$)`)

var (
	inTemplate = regexp.MustCompile("\\b(?:t|\\$\\.T) (\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)")
	inScript   = regexp.MustCompile(`\bt\('((?:[^'\\]|\\.)*)'`)
)

// used finds the keys in the sources, each with a place.
func used(t *testing.T) (keys map[string]string) {
	keys = map[string]string{}
	add := func(key, place string) { keys[key] = place }
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != "../.." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "filestest", "node_modules", "bin", "data", "discordtest", "tokens"}, name)) {
				return fs.SkipDir
			}
			return nil
		}
		switch ext := filepath.Ext(name); {
		case ext == ".go" && !strings.HasSuffix(name, "_test.go"):
			keysOfGo(t, path, add)
		case ext == ".html" && strings.Contains(path, "internal/web/"), ext == ".js" && strings.Contains(path, "internal/web/"):
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if ext == ".js" {
				for _, m := range inScript.FindAllSubmatch(data, -1) {
					add(strings.ReplaceAll(string(m[1]), `\'`, `'`), path)
				}
				return nil
			}
			for _, m := range inTemplate.FindAllSubmatch(data, -1) {
				key, err := strconv.Unquote(string(m[1]))
				if err != nil {
					return err
				}
				add(key, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func keysOfGo(t *testing.T, path string, add func(key, place string)) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]ast.Expr{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					constants[name.Name] = v.Values[i]
				}
			}
		}
		return true
	})
	pkg := strings.Split(strings.TrimPrefix(filepath.ToSlash(path), "../../internal/"), "/")[0]
	ast.Inspect(file, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name, at := "", 0
		switch f := c.Fun.(type) {
		case *ast.SelectorExpr:
			name = f.Sel.Name
			if x, ok := f.X.(*ast.Ident); ok && x.Name == "fault" {
				name = "fault." + name
			}
		case *ast.Ident:
			name = f.Name
		}
		switch name {
		case "T", "Key", "Later", "notice":
		case "fault.New":
			at = 1
		case "fault.Wrap":
			at = 2
		default:
			return true
		}
		if len(c.Args) <= at {
			return true
		}
		key, ok := literal(c.Args[at], constants)
		place := fset.Position(c.Pos()).String()
		if strings.HasPrefix(name, "fault.") {
			if !ok || key == "" || models.MatchString(key) || !(slices.Contains(spoken, pkg) || strings.HasSuffix(path, "cmd/attache/page.go")) || operators.MatchString(key) {
				return true
			}
		} else if !ok {
			return true // the key is marked where it stands
		}
		add(key, place)
		return true
	})
	if pkg == "fault" {
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name != "generic" {
				return false
			}
			if r, ok := n.(*ast.ReturnStmt); ok {
				if key, ok := literal(r.Results[0], nil); ok {
					add(key, fset.Position(r.Pos()).String())
				}
			}
			return true
		})
	}
}

func literal(e ast.Expr, constants map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, ok1 := literal(e.X, constants)
		y, ok2 := literal(e.Y, constants)
		return x + y, ok1 && ok2 && e.Op == token.ADD
	case *ast.Ident:
		if v := constants[e.Name]; v != nil {
			return literal(v, nil)
		}
	}
	return "", false
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*[\d.]*([a-zA-Z%])`)

// verbs lists what a text says of its arguments: "1d", "2s".
func verbs(s string) []string {
	var out []string
	n := 0
	for _, m := range verb.FindAllStringSubmatch(s, -1) {
		if m[2] == "%" {
			continue
		}
		n++
		if m[1] != "" {
			n, _ = strconv.Atoi(m[1])
		}
		out = append(out, fmt.Sprint(n, m[2]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// formsOf are the forms that whole numbers take in a language.
func formsOf(code string) []string {
	names := map[plural.Form]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}
	forms := map[string]bool{"other": true}
	for n := range 1000 {
		forms[names[plural.Cardinal.MatchPlural(language.MustParse(code), n, 0, 0, 0, 0)]] = true
	}
	return slices.Sorted(maps.Keys(forms))
}

// Every text is in every language, with its arguments and its forms, and no catalog
// has what nobody says.
func TestCatalogs(t *testing.T) {
	keys := used(t)
	if len(keys) < 100 {
		t.Fatalf("only %d texts were found", len(keys))
	}
	english, err := readCatalog("en")
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, l := range Languages() {
		texts, err := readCatalog(l.Code)
		if err != nil {
			t.Fatal(err)
		}
		for key := range texts {
			if keys[key] == "" && key != ownName {
				t.Errorf("%s: nobody says %q", l.Code, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			got, ok := texts[key]
			counts := english[key].forms != nil
			switch {
			case !ok && (l.Code != "en" || key == ownName):
				wrong = append(wrong, fmt.Sprintf("%s: %q is missing (%s)", l.Code, key, keys[key]))
				continue
			case !ok:
				continue
			case counts != (got.forms != nil):
				t.Errorf("%s: %q has forms in one of this language and English alone", l.Code, key)
				continue
			}
			if got.forms == nil {
				got.forms = map[string]string{"other": got.one}
			} else if have := slices.Sorted(maps.Keys(got.forms)); !slices.Equal(have, formsOf(l.Code)) {
				t.Errorf("%s: %q has the forms %v, and needs %v", l.Code, key, have, formsOf(l.Code))
			}
			for form, text := range got.forms {
				if !slices.Equal(verbs(text), verbs(key)) {
					t.Errorf("%s: %q (%s) has %v, and %q has %v", l.Code, text, form, verbs(text), key, verbs(key))
				}
				if strings.TrimSpace(text) == "" || strings.HasPrefix(key, " ") != strings.HasPrefix(text, " ") {
					t.Errorf("%s: %q is %q", l.Code, key, text)
				}
			}
		}
	}
	for _, w := range wrong[:min(len(wrong), 20)] {
		t.Error(w)
	}
	if path := os.Getenv("KEYS"); path != "" { // the list for who adds a language
		data, _ := json.MarshalIndent(slices.Sorted(maps.Keys(keys)), "", " ")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
