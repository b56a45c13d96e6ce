package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

// A secret is found in every encoding in which a server may echo it.
func TestEncodings(t *testing.T) {
	for _, secret := range []string{"hunter2", `p@ss/w"o rd+&<é>'\`, "sk-proj-Ab_cd.1234~xyz", "passwörd:100%", "日本語のひみつ"} {
		r := New(secret)
		quoted, _ := json.Marshal(secret)
		twice, _ := json.Marshal(string(quoted))
		forms := map[string]string{
			"plain": secret, "JSON": string(quoted), "JSON twice": string(twice), "quoted": fmt.Sprintf("%q", secret), "ASCII": fmt.Sprintf("%+q", secret),
			"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "query twice": url.QueryEscape(url.QueryEscape(secret)),
			"lower": strings.ToLower(url.QueryEscape("/")) + url.PathEscape(secret), "userinfo": url.UserPassword("me", secret).String(),
			"HTML": html.EscapeString(secret), "HTML twice": html.EscapeString(html.EscapeString(secret)), "hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
			"user:pass": "me:" + secret, "pass:user": secret + ":me", "slashes": strings.ReplaceAll(string(quoted), "/", `\/`),
		}
		for _, of := range []string{secret, "me:" + secret, "you:" + secret, "a:" + secret, secret + ":me", secret + "x", "Bearer " + secret + " and more"} {
			for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "URL": base64.URLEncoding, "raw": base64.RawStdEncoding} {
				forms["base64 "+name+" of "+of] = e.EncodeToString([]byte(of))
				forms["base64 "+name+" in a URL of "+of] = url.QueryEscape(e.EncodeToString([]byte(of)))
			}
		}
		for name, form := range forms {
			got := r.String("before " + form + " after")
			if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || !strings.Contains(got, Mark) || strings.Contains(got, form) {
				t.Errorf("%s of %s: %q became %q", name, secret, form, got)
			}
		}
		if clean := "before after " + secret[:3]; r.String(clean) != clean {
			t.Errorf("%q became %q", clean, r.String(clean))
		}
	}
}

// The longest secret wins, and what is no secret stays.
func TestWhatIsTaken(t *testing.T) {
	r := New("hunter22", "hunter22-and-more", "ollama", "short", "", "ollama")
	for in, want := range map[string]string{
		"hunter22-and-more hunter22": Mark + " " + Mark, "Is ollama running? In short: no.": "Is ollama running? In short: no.", "": "",
	} {
		if got := r.String(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	var none *Redactor
	if none.String("x") != "x" || New("", "abc").String("abc") != "abc" {
		t.Error("without secrets, a text has changed")
	}
	var out bytes.Buffer
	if n, err := r.Writer(&out).Write([]byte("a hunter22 b")); n != 12 || err != nil || out.String() != "a "+Mark+" b" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("hunter2", "a hunter2 b")
	f.Fuzz(func(t *testing.T, secret, text string) {
		if len(secret) < Shortest || len(secret) > 200 || strings.Contains(Mark, secret) {
			return
		}
		if got := New(secret).String(text + secret); strings.Contains(got, secret) && !strings.Contains(Mark+text+Mark, secret) && strings.ToValidUTF8(secret, "") == secret {
			t.Errorf("%q in %q", secret, got)
		}
	})
}

// 100 kB of what code printed, beside 20 secrets.
func BenchmarkRedact(b *testing.B) {
	var secrets []string
	for i := range 20 {
		secrets = append(secrets, fmt.Sprintf("sk-%d-abcdefghijklmnopqrstuvwxyz0123456789", i))
	}
	r := New(secrets...)
	text := strings.Repeat("2026-01-01 12:00:00 the quick brown fox, 1.234\n", 2200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.String(text)
	}
}
