package sandboxtest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// Packages is what happens when code imports what is not there, against the
// real package index.
func Packages(t *testing.T, open Open) {
	NeedIndex(t)
	h := open(t, t.TempDir(), Options{})
	s := NewSession(t, h)
	refuse := func(name, code string, contains ...string) {
		t.Helper()
		res := s.Run(code)
		for _, c := range contains {
			if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, c) {
				t.Errorf("%s: %s %s\nwant %q", name, res.Outcome, res.Error, c)
			}
		}
	}
	// Well known: at once, visible in the running session, no code but the import.
	var states []string
	s.Cell.Status = func(st sandbox.Status) {
		states = append(states, strings.TrimSpace(string(st.State)+" "+st.Detail))
	}
	res1 := s.Run("import emoji\nemoji.emojize(':thumbs_up:')")
	if res1.Outcome != sandbox.OK || len(res1.Shown) != 1 || res1.Shown[0].Text != "'👍'" || len(res1.Packages) != 1 || !strings.HasPrefix(res1.Packages[0], "emoji ") {
		t.Errorf("%+v", res1)
	}
	if got := strings.Join(states, ", "); got != "starting, running, installing emoji, running" {
		t.Errorf("states %s", got)
	}
	if res := s.Run("import emoji"); len(res.Packages) != 0 {
		t.Errorf("installed twice: %q", res.Packages)
	}
	// Named otherwise; through pip; by pandas.
	s.Expect("import docx\ndocx.Document().paragraphs", "[]")
	s.Expect("!pip install -q inflect\nimport inflect\ninflect.engine().plural('file')", "'files'")
	s.Expect("%pip install xmltodict==0.14.2\nimport xmltodict\nxmltodict.__version__", "'0.14.2'")
	s.Expect("import pandas as pd, io\nb = io.BytesIO()\npd.DataFrame({'a': [1]}).to_excel(b, engine='xlsxwriter')\nlen(b.getvalue()) > 1000", "True")
	// What is there stays as it is.
	refuse("another pandas", "%pip install pandas==2.2.0", "does not fit the packages that are here")
	s.Expect("%pip install pandas\nprint('ok')", "ok")

	// Not well known: the user is asked, and may say no.
	refuse("nobody to ask", "import pyfiglet", "did not allow the installation of pyfiglet")
	var questions []string
	answer := false
	s.Cell.Ask = func(_ context.Context, q locale.Message) (bool, error) {
		questions = append(questions, q.String())
		return answer, nil
	}
	refuse("no", "import pyfiglet", "did not allow the installation of pyfiglet")
	answer = true
	s.Expect("import pyfiglet\n'FONT' in dir(pyfiglet) or True", "True")
	if len(questions) != 2 || !strings.Contains(questions[1], "**pyfiglet**") || !strings.Contains(questions[1], "First published: 20") {
		t.Errorf("%q", questions)
	}
	// A library's optional import is not the user's wish.
	n := len(questions)
	s.Run("open('/tmp/lib_x.py', 'w').write('try:\\n    import attache_optional_thing\\nexcept ImportError: pass\\n')\nimport sys; sys.path.append('/tmp'); import lib_x")
	if len(questions) != n {
		t.Errorf("asked for an optional import: %q", questions[n:])
	}

	// What can't be: one sentence each.
	refuse("no such package", "import attache_no_such_package_xyz", "There is no package named attache-no-such-package-xyz on the package index")
	refuse("no wheel", "%pip install odfpy", "odfpy has no wheel for Python")
	refuse("no version", "%pip install emoji==999", "emoji")
	refuse("not a name", "%pip install https://example.com/x.whl", "can't be installed")
	refuse("an option", "%pip install -r /etc/passwd", "can't be installed")

	// Two sessions at once: installed once, there for both.
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			res, err := h.Run(context.Background(), sandbox.Key{User: uint64(10 + i), Conversation: "both"}, sandbox.Cell{Code: "import holidays\nprint(holidays.__name__)"})
			if err != nil || res.Output != "holidays\n" {
				t.Errorf("%+v %v", res, err)
			}
		})
	}
	wg.Wait()
	h.Reset(context.Background(), s.Key)

	t.Run("policies", func(t *testing.T) {
		off := NewSession(t, open(t, t.TempDir(), Options{Packages: wheels.Off}))
		if res := off.Run("import emoji"); !strings.Contains(res.Error, "switched off") {
			t.Errorf("%+v", res)
		}
		curated := NewSession(t, open(t, t.TempDir(), Options{Packages: wheels.Curated}))
		if res := curated.Run("import pyfiglet"); !strings.Contains(res.Error, "not on the list") {
			t.Errorf("%+v", res)
		}
		open := NewSession(t, open(t, t.TempDir(), Options{Packages: wheels.Any}))
		open.Expect("import pyfiglet\npyfiglet.__name__", "'pyfiglet'")
	})
}
