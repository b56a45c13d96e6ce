package files_test

import (
	"bytes"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/files"
)

func TestSafeName(t *testing.T) {
	long := strings.Repeat("é", 150)
	for in, want := range map[string]string{
		"sales report (final) 2024.csv":      "sales report (final) 2024.csv",
		"売上.xlsx":                            "売上.xlsx",
		"تقرير.csv":                          "تقرير.csv",
		"👨‍👩‍👧 family.png":                   "👨‍👩‍👧 family.png",
		"می\u200cخواهم.txt":                  "می\u200cخواهم.txt",
		".bashrc":                            ".bashrc",
		"a,b;c='d'.csv":                      "a,b;c='d'.csv",
		"":                                   "file",
		".":                                  "file",
		"..":                                 "file",
		"......":                             "file",
		" . . ":                              "file",
		"\u200d\u200c":                       "file",
		"../../etc/passwd":                   ".._.._etc_passwd",
		"/etc/passwd":                        "_etc_passwd",
		`..\..\boot.ini`:                     ".._.._boot.ini",
		`C:\con`:                             "C:_con",
		"a\x00b.csv":                         "ab.csv",
		"a\r\nX-Evil: 1\r\n\r\nb.csv":        "a  X-Evil: 1    b.csv",
		"a\tb\vc\u0085d\u2028e\u00a0f":       "a b c d e f",
		"\x1b[31mred\x1b[0m.txt":             "[31mred[0m.txt",
		"invoice\u202efdp.exe":               "invoicefdp.exe",
		"\u2066a\u2069\u200e\u200f\ufeff.md": "a.md",
		`a"; filename="evil.html`:            `a'; filename='evil.html`,
		"bad\xff\xfeutf8.txt":                "bad\ufffd\ufffdutf8.txt",
		"CON":                                "_CON",
		"nul.txt":                            "_nul.txt",
		"Aux .tar.gz":                        "_Aux .tar.gz",
		"com1.csv":                           "_com1.csv",
		"LPT9":                               "_LPT9",
		"COM¹":                               "_COM¹",
		"console.log":                        "console.log",
		"common.csv":                         "common.csv",
		"com.csv":                            "com.csv",
		"name. . .":                          "name",
		"  name.csv  ":                       "name.csv",
		long + ".csv":                        strings.Repeat("é", 97) + ".csv",
		long + ".nii.gz":                     strings.Repeat("é", 96) + ".nii.gz",
		long + "." + strings.Repeat("x", 99): strings.Repeat("é", 99),
		strings.Repeat("a", 300):             strings.Repeat("a", 199),
	} {
		if got := files.SafeName(in); got != want {
			t.Errorf("SafeName(%q)\n got %q\nwant %q", in, got, want)
		}
		checkName(t, in)
	}
}

// checkName holds what SafeName promises, for any name.
func checkName(t *testing.T, in string) {
	t.Helper()
	got := files.SafeName(in)
	bad := func(why string) { t.Errorf("SafeName(%q) = %q: %s", in, got, why) }
	if !utf8.ValidString(got) || len(got) == 0 || len(got) > 200 {
		bad("invalid, empty or long")
	}
	if strings.ContainsAny(got, "/\\\"\r\n\x00") {
		bad("forbidden characters")
	}
	for _, r := range got {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || (unicode.IsSpace(r) && r != ' ') {
			bad("control characters")
		}
	}
	if strings.Trim(got, " .") == "" || strings.TrimSpace(got) != got || strings.HasSuffix(got, ".") {
		bad("dots or spaces at its ends")
	}
	if !filepath.IsLocal(got) || filepath.Base(got) != got {
		bad("a path")
	}
	if files.SafeName(got) != got {
		bad(fmt.Sprintf("not stable: %q", files.SafeName(got)))
	}
	// As disgo and others write a header: raw, between double quotes.
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="files[0]"; filename="%s"`, got)}})
	part.Write([]byte("content"))
	w.Close()
	p, err := multipart.NewReader(&b, w.Boundary()).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Header) != 1 || p.FormName() != "files[0]" {
		bad(fmt.Sprintf("breaks a multipart header: %v", p.Header))
	}
	if _, params, err := mime.ParseMediaType(mime.FormatMediaType("attachment", map[string]string{"filename": got})); err != nil || params["filename"] != got {
		bad(fmt.Sprintf("does not survive FormatMediaType: %v, %v", params, err))
	}
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a.csv", "../x", "CON .txt", "a\r\nb", "\u202e", "\xff", strings.Repeat("LPT1.", 60), "CON" + strings.Repeat(" ", 300) + ".x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkName(t, s) })
}

// A hostile name is stored as safe, and touches neither key nor bucket.
func TestHostileNames(t *testing.T) {
	r := onDisk(t, files.Options{})
	for i, name := range []string{
		"../../../../tmp/evil.csv", "/etc/cron.d/x", "a\x00.csv", "a\r\nb.csv", strings.Repeat("n", 300) + ".csv", "\u202ecsv.exe", "....", "\xff\xfe",
		"CON.csv", "x.attrs", "x.18a1b2c3.tmp", "'; DROP TABLE files; --.csv", "${HOME}.csv", "a.c/sv", "a.CSV", "a.csv ", `C:\a.csv`,
	} {
		s := r.save(t, alice, name, fmt.Sprint("unique ", i))
		if s.Name != files.SafeName(name) {
			t.Errorf("%q is stored as %q", name, s.Name)
		}
		rest, ok := strings.CutPrefix(s.Path, alice.String()+"/"+string(s.ID))
		if !ok || strings.Trim(rest, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("%q is kept under %q", name, s.Path)
		}
		if got := r.read(t, alice, s.ID); got != fmt.Sprint("unique ", i) {
			t.Errorf("%q reads %q", name, got)
		}
	}
}
