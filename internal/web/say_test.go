package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	cdp "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

var (
	action     = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	spoken     = regexp.MustCompile(` (?:aria-label|alt|title|placeholder)="([^"]*)"`)
	tag        = regexp.MustCompile(`(?s)<[^>]*>`)
	wordInHTML = regexp.MustCompile(`\p{L}{2,}`)
	sentence   = regexp.MustCompile("(?:^|[^t])[(\\s=:?]['`]([A-Z][a-z]+[ .][^'`]*|[A-Z][a-z]+)['`]")
	said       = regexp.MustCompile(`\bt\('(?:[^'\\]|\\.)*'`)
)

// A text that stands in a template or a script and not in the catalogs would be
// English for everybody. Names are no texts.
func TestPagesSayTextsOfTheCatalogs(t *testing.T) {
	names := []string{"Attaché", "Discord", "ID", "curl", "Authorization", "Bearer", "api", "files"}
	found := 0
	err := fs.WalkDir(assets, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(assets, path)
		if err != nil {
			return err
		}
		text := string(data)
		if strings.HasSuffix(path, ".html") {
			found += strings.Count(text, `{{t "`)
			text = action.ReplaceAllString(text, "")
			var loose []string
			for _, m := range spoken.FindAllStringSubmatch(text, -1) {
				loose = append(loose, m[1])
			}
			for _, word := range wordInHTML.FindAllString(strings.Join(append(loose, tag.ReplaceAllString(text, " ")), " "), -1) {
				if !slices.Contains(names, word) {
					t.Errorf("%s says %q, which no catalog has", path, word)
				}
			}
		}
		if strings.HasSuffix(path, ".js") {
			found += len(said.FindAllString(text, -1))
			for _, m := range sentence.FindAllStringSubmatch(said.ReplaceAllString(text, ""), -1) {
				if !slices.Contains([]string{"Files", "Enter", "Accept", "Location"}, m[1]) && !strings.HasPrefix(m[1], "Content-") {
					t.Errorf("%s says %q, which no catalog has", path, m[1])
				}
			}
		}
		return nil
	})
	if err != nil || found < 100 {
		t.Errorf("%d texts were found: %v", found, err)
	}
}

// A page is in the language of who looks: as set for everybody, as Discord knows
// it, as the browser asks.
func TestLanguageOfPages(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	for _, c := range []struct{ accept, lang, word string }{
		{"", "en", "New question"},
		{"de-AT,de;q=0.9,en;q=0.5", "de", "Neue Frage"},
		{"da,ja;q=0.5", "ja", "新しい質問"},
		{"uk", "en", "New question"},
		{"pt", "pt-BR", "Nova pergunta"},
		{"zh-TW", "zh", "新问题"},
		{strings.Repeat("x-", 3000), "en", "New question"},
		{`"><script>`, "en", "New question"},
	} {
		_, page, _ := p.do("GET", "/c/abc", nil, "Accept-Language", c.accept)
		if !strings.Contains(page, `<html lang="`+c.lang+`">`) || !strings.Contains(page, c.word) {
			t.Errorf("%.20q: %.200s", c.accept, page)
		}
	}
	status, text, _ := p.do("GET", "/files/1_1_00000000/rows", nil, "Accept-Language", "fr")
	if status != http.StatusNotFound || strings.TrimSpace(text) != locale.For("fr").T("File not found or expired") {
		t.Errorf("an error for a script: %d %s", status, text)
	}

	s.opts.Language = locale.For("ko")
	if _, page, _ := p.do("GET", "/c/abc", nil, "Accept-Language", "de"); !strings.Contains(page, `<html lang="ko">`) {
		t.Errorf("with LANGUAGE: %.200s", page)
	}
}

func TestLanguageOfDiscord(t *testing.T) {
	s, d := discordSite(t, nil)
	for code, want := range map[string]string{"es-ES": "es", "da": "fr", "zh-CN": "zh"} { // French is what the browser asks for
		anna := d.AddUser("anna")
		anna.Locale = code
		p := s.person()
		at, err := anna.Authorize(p.toDiscord("/files"), true)
		if err != nil {
			t.Fatal(err)
		}
		p.back(at)
		if _, page, _ := p.do("GET", "/files", nil, "Accept-Language", "fr"); !strings.Contains(page, `<html lang="`+want+`">`) {
			t.Errorf("%s: %.100s", code, page)
		}
	}
}

// Nothing that is seen or heard on a page is English for a Japanese reader, apart
// from names and what people and models wrote.
func TestBrowserJapanese(t *testing.T) {
	s := newSite(t, ServerOptions{})
	file := s.fill()
	pdf := s.save("report.pdf", []byte("%PDF-1.4\n"))
	several := s.save("表.csv", []byte("列,値\n1,2\n"))
	s.model.Push(
		llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"1"}`}}},
		llmtest.Reply{Text: "はい。"})
	ctx := browse(t, 1440)
	in := func(language string) {
		if _, err := chromedp.Call(ctx, cdp.SetExtraHTTPHeaders, cdp.SetExtraHTTPHeadersParams{Headers: cdp.Headers{"Accept-Language": language}}); err != nil {
			t.Fatal(err)
		}
	}
	in("ja")
	own := []string{longName, "sales", "month", "revenue", "seattle", "notes", "report", "chart", "Attaché", "ID", "UTC", "Python", "CSV", "OpenAPI", "Discord",
		"text", "image", "csv", "pdf", "txt", "png", "KB", "MB", "curl", "Authorization", "Bearer", "http", "api", "files", "execute", "code", "model", "test", "col"}
	foreign := func(what string) {
		t.Helper()
		text := eval[string](t, ctx, `[document.title, document.body.innerText, ...[...document.querySelectorAll('[aria-label],[alt],[title],[placeholder]')].map(e =>
			[e.ariaLabel, e.alt, e.title, e.placeholder].join('\n'))].join('\n')`)
		for _, f := range []files.File{file, pdf, several} {
			text = strings.ReplaceAll(text, string(f.ID), "")
		}
		for _, word := range own {
			text = strings.ReplaceAll(text, word, "")
		}
		if words := regexp.MustCompile(`[A-Za-z]{3,}(?: [A-Za-z]+)*`).FindAllString(text, -1); len(words) > 0 {
			t.Errorf("%s says in English: %q", what, words)
		}
	}
	do(t, ctx, chromedp.Navigate(s.origin+"/"))
	foreign("sign in")
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	foreign("empty")
	do(t, ctx, chromedp.Navigate(s.origin+"/c/abc"))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.SendKeys("#q", "売上は？\r"))
	seen(t, ctx, "an answer", `document.querySelector('figure img')?.complete && document.querySelector('.live') && document.querySelector('[data-do$="/retry"]')`)
	foreign("a live answer")
	for _, v := range append(s.visits(file), visited{"pdf", "/files/" + string(pdf.ID), `document.querySelector('document-pages [role=status]')`}) {
		ready := strings.NewReplacer("Nothing was found", "見つかりませんでした", "File not found", "ファイルが見つからない", "document.querySelectorAll('.turn').length === 2", "true").Replace(v.ready)
		do(t, ctx, chromedp.Navigate(s.origin+v.path))
		seen(t, ctx, v.name, ready)
		foreign(v.name)
		if wide := eval[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s scrolls sideways by %d pixels", v.name, wide)
		}
	}
	for range 2 {
		do(t, ctx, chromedp.Navigate(s.origin+"/files/"+string(several.ID)))
		eval[bool](t, ctx, `document.querySelector('form[action$="/delete"] button').click() || true`)
		seen(t, ctx, "a confirmation", `document.querySelector('button.bad')`)
		foreign("a confirmation")
	}

	in("pl") // a language whose words change with the number
	do(t, ctx, chromedp.Navigate(s.origin+"/files"))
	seen(t, ctx, "the files", `document.querySelectorAll('input[name=id]').length >= 5`)
	for n, want := range []string{"Usuń wybrane pliki", "Usuń 1 plik", "Usuń 2 pliki", "Usuń 3 pliki", "Usuń 4 pliki", "Usuń 5 plików"} {
		if n > 0 {
			eval[bool](t, ctx, fmt.Sprintf(`document.querySelectorAll('input[name=id]')[%d].click() || true`, n-1))
		}
		if got := eval[string](t, ctx, `document.querySelector('#several > button').textContent`); got != want {
			t.Errorf("%d chosen: %q, want %q", n, got, want)
		}
	}
}
