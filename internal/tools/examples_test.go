package tools_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/tools"
)

const examples = "../../examples/tools/"

// The examples do what they say.
func TestExamplePythonTools(t *testing.T) {
	source, err := os.ReadFile(examples + "tables.py")
	must(t, err)
	r := newFolderRig(t, map[string]string{"tables.py": string(source)})
	if _, problems := r.folder.Status(); len(problems) > 0 {
		t.Fatal(problems)
	}
	before := save(t, r.files, alice, "before.csv", "id,price,note\n1,5,a\n2,6,\n3,7,c\n")
	after := save(t, r.files, alice, "after.csv", "id,price,stock\n2,6,1\n3,8,2\n4,9,3\n")
	res := succeed(t, call(r.box, alice, "compare_tables", `{"before_id":"`+string(before.ID)+`","after_id":"`+string(after.ID)+`","key":"id"}`),
		"added:\n\n[4]", "removed:\n\n[1]", `["stock"]`, `["note"]`, "Saved for the user and sent: ")
	if len(res.Tables) != 1 || res.Tables[0].TotalRows != 1 {
		t.Errorf("tables: %+v", res.Tables)
	}
	if len(res.Files) != 1 {
		t.Fatalf("files: %q", res.Files)
	}
	if f, data := content(t, r.files, alice, res.Files[0]); f.Name != "changes.csv" || string(data) != "id,column,before,after\n3,price,7,8\n" {
		t.Errorf("%s: %q", f.Name, data)
	}
	fail(t, call(r.box, alice, "compare_tables", `{"before_id":"`+string(before.ID)+`","after_id":"`+string(after.ID)+`","key":"nr"}`), "has no column 'nr'; it has id, price, note")

	twice := save(t, r.files, alice, "twice.csv", "a,b\n1,2\n1,3\n1,2\n4,5\n")
	for args, rows := range map[string]int{``: 2, `,"columns":["a"]`: 3, `,"columns":["a"],"keep":"last"`: 1} {
		res := succeed(t, call(r.box, alice, "find_duplicates", `{"file_id":"`+string(twice.ID)+`"`+args+`}`))
		if len(res.Tables) != 1 || res.Tables[0].TotalRows != rows {
			t.Errorf("%s: %+v", args, res.Tables)
		}
	}
	fail(t, call(r.box, bob, "find_duplicates", `{"file_id":"`+string(twice.ID)+`"}`), "File not found or expired")
}

func TestExampleServers(t *testing.T) {
	data, err := os.ReadFile(examples + "tools.yaml")
	must(t, err)
	var asked []string
	list, err := tools.ParseServers(data, func(name string) (string, error) {
		asked = append(asked, name)
		return "secret-of-" + name, nil
	})
	must(t, err)
	if len(list) != 3 || list[1].Env["GITHUB_PERSONAL_ACCESS_TOKEN"] != "secret-of-GITHUB_TOKEN" || !list[2].Files || list[2].Headers["Authorization"] != "Bearer secret-of-CONVERTER_KEY" {
		t.Errorf("%+v", list)
	}
	// Without the variables, it is said which are missing.
	_, err = tools.ParseServers(data, func(string) (string, error) { return "", errors.New("is not set") })
	for _, name := range asked {
		if !strings.Contains(err.Error(), "${"+name+"} is not set") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The guide's own examples are right, and it names every key.
func TestGuide(t *testing.T) {
	data, err := os.ReadFile("../../docs/tools.md")
	must(t, err)
	block := func(lang string) string {
		_, rest, ok := strings.Cut(string(data), "\n```"+lang+"\n")
		text, _, end := strings.Cut(rest, "\n```\n")
		if !ok || !end {
			t.Fatalf("no block of %s", lang)
		}
		return text
	}
	if _, err := tools.ParseServers([]byte(block("yaml")), func(string) (string, error) { return "value", nil }); err != nil {
		t.Error(err)
	}
	for _, key := range strings.Split(tools.ServerKeys, ", ") {
		if !strings.Contains(string(data), "\n| `"+key+"` | ") {
			t.Errorf("%s is not explained", key)
		}
	}
	r := newFolderRig(t, map[string]string{"guide.py": "import pandas as pd\n" + block("python")})
	if _, problems := r.folder.Status(); names(r.box, alice) != "execute_python_code find_duplicates" || len(problems) > 0 {
		t.Errorf("%s %q", names(r.box, alice), problems)
	}
}
