package web

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/testbin"
)

var update = flag.Bool("update", false, "write docs/pictures/web-*.png")

// axe-core judges pages; its script comes from npm, whole and unchanged.
const (
	axeVersion = "4.14.1"
	axeSHA512  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

func axeScript(t *testing.T) string {
	t.Helper()
	path := filepath.Join(testbin.Root(), ".cache", "axe-core-"+axeVersion+".js")
	if data, err := os.ReadFile(path); err == nil {
		return string(data)
	}
	data, err := fetchAxe(t.Context(), t.TempDir())
	if err != nil {
		testbin.Missing(t, "axe-core", err.Error())
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func fetchAxe(ctx context.Context, dir string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "axe-core@"+axeVersion)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w %s", err, out)
	}
	pack, err := os.ReadFile(filepath.Join(dir, "axe-core-"+axeVersion+".tgz"))
	if err != nil {
		return nil, err
	}
	if sum := sha512.Sum512(pack); base64.StdEncoding.EncodeToString(sum[:]) != axeSHA512 {
		return nil, errors.New("axe-core is not the one that was expected")
	}
	z, err := gzip.NewReader(bytes.NewReader(pack))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return nil, err
		}
		if h.Name == "package/axe.min.js" {
			return io.ReadAll(r)
		}
	}
}

const (
	longName = "a_very_long_file_name_without_any_space_that_goes_on_and_on_and_on_2026_final_v2_really_final.csv"
	arabic   = "كيف نمت الإيرادات في الربع الأول؟"
)

// fill gives a person what pages have to show: long names, Arabic, charts, tables,
// code, an error.
func (s *site) fill() (file files.File) {
	file = s.save(longName, largeCSV(500))
	s.save("إيرادات 2026.csv", []byte("شهر,مبلغ\nيناير,120\nفبراير,150\n"))
	s.save("notes.txt", []byte("one\ntwo\n"))
	s.save("chart.png", chartPNG(600, 300))
	s.tools.Handle = func(ctx context.Context, user files.UserID, conv string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		res := s.makes(ctx, user, conv, c, h)
		res.Tables = []table.Table{{Columns: []string{"month", "revenue"}}}
		for i := range 12 {
			res.Tables[0].Rows = append(res.Tables[0].Rows, []string{fmt.Sprintf("2026-%02d", i+1), fmt.Sprint(1000 + i*i*37)})
		}
		return res
	}
	return file
}

// person's pages, each brought to the state that is looked at.
type visited struct{ name, path, ready string }

func (s *site) visits(file files.File) []visited {
	at := "/files/" + string(file.ID)
	return []visited{
		{"empty", "/c/empty", `document.getElementById('start')`},
		{"answer", "/c/abc", `document.querySelector('figure img')?.complete && !document.querySelector('[data-do$="/stop"]') && document.querySelectorAll('.turn').length === 2 && document.querySelector('.live')`},
		{"conversations", "/conversations", `document.querySelector('.list a')`},
		{"files", "/files", `document.querySelector('.list a')`},
		{"files-nothing", "/files?q=nosuch", `document.body.innerText.includes('Nothing was found')`},
		{"file", at, `document.querySelector('.live td')`},
		{"tokens", "/tokens", `document.getElementById('n')`},
		{"usage", "/usage", `document.querySelector('meter')`},
		{"error", "/files/1_1_00000000", `document.body.innerText.includes('File not found')`},
	}
}

// ask asks by a program and waits for the end of the answer.
func (p *person) ask(conv, text string) {
	p.t.Helper()
	if status, body, _ := p.do("POST", "/c/"+conv+"/ask", map[string][]string{"q": {text}}); status != 204 {
		p.t.Fatalf("asking: %d %s", status, body)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, page, _ := p.do("GET", "/c/"+conv, nil); !strings.Contains(page, `/stop"`) && strings.Contains(page, `/retry"`) {
			return
		}
	}
	p.t.Fatal("no end of the answer")
}

// No page has a serious violation of accessibility, scrolls sideways or breaks its
// policy: light and dark, phone and desktop. ATTACHE_SHOTS names a folder for
// pictures of all of them; -update writes those of the documentation.
func TestBrowserAccessible(t *testing.T) {
	axe := axeScript(t)
	s := newSite(t, ServerOptions{})
	file := s.fill()
	s.model.Push(
		llmtest.Reply{Text: "Let me look at the file.", Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"df = load_file('1_1')\nrevenue = df.groupby('month').sum()\nrevenue.plot()\nrevenue"}`}}},
		llmtest.Reply{Text: "Revenue **grew by 45 %** from January to December.\n\n- The best month was December.\n- See `" + longName + "`.\n"},
		llmtest.Reply{Text: "نمت الإيرادات بنسبة **45 %**.\n\n| شهر | مبلغ |\n|---|---|\n| يناير | 120 |\n"})
	p := s.person()
	p.signIn()
	p.ask("abc", "How did revenue grow in "+longName+"?")
	p.ask("abc", arabic)
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.origin+"/"))
	check(t, ctx, axe, "sign in")
	if eval[bool](t, ctx, `document.body.append(document.createElement('img')) || true`); len(violations(t, ctx)) == 0 {
		t.Error("a picture without a text is not found")
	}
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	inEachLook(t, ctx, func(look string) {
		for _, v := range s.visits(file) {
			do(t, ctx, chromedp.Navigate(s.origin+v.path))
			seen(t, ctx, v.name, v.ready)
			name := v.name + "-" + look
			check(t, ctx, axe, name)
			shot(t, ctx, name)
			if *update && slices.Contains([]string{"answer-light-1440", "answer-dark-390", "file-light-1440", "files-light-1440", "usage-light-1440"}, name) {
				picture(t, ctx, "web-"+name)
			}
		}
		do(t, ctx, chromedp.Navigate(s.origin+"/files/"+string(file.ID)))
		for _, step := range []string{"Confirm Deletion", "Final Confirmation"} {
			seen(t, ctx, "a way to delete", `document.querySelector('form[action$="/delete"] button')`)
			eval[bool](t, ctx, `document.querySelector('form[action$="/delete"] button').click() || true`)
			seen(t, ctx, step, fmt.Sprintf(`document.querySelector('h2')?.textContent === %q`, step))
			check(t, ctx, axe, step+"-"+look)
		}
	})
}

// inEachLook calls a function with a browser that is light or dark, a phone's or a
// desktop's: "dark-390".
func inEachLook(t *testing.T, ctx context.Context, f func(look string)) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{390, 1440} {
			do(t, ctx, chromedp.EmulateViewport(int64(width), 900))
			f(fmt.Sprint(scheme, "-", width))
		}
	}
}

// What passes is accessible as well: signing in with Discord and its refusal, a
// conversation of Discord, files that are attached, an answer that is written, a
// question that waits, what was answered, code that is open.
func TestBrowserAccessibleOnTheWay(t *testing.T) {
	axe := axeScript(t)
	s, _, anna, _ := inDiscord(t)
	s.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Output("12 rows\n")
		yes, _ := h.Ask(ctx, locale.Later("May **geopandas** be installed?"))
		return llm.ToolResult{Failed: !yes, Error: "ImportError", Run: &llm.Run{Code: "import geopandas", Output: "12 rows\n", Elapsed: time.Second}}
	}
	p := s.as(anna)
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.origin+"/files"))
	inEachLook(t, ctx, func(look string) {
		do(t, ctx, chromedp.Navigate(s.origin+"/files"))
		check(t, ctx, axe, "sign in with Discord "+look)
		shot(t, ctx, "signin-"+look)
		do(t, ctx, chromedp.Navigate(s.origin+"/in/discord/back?code=x&state=y"))
		seen(t, ctx, "a refusal", `document.querySelector('[role=alert]')`)
		check(t, ctx, axe, "a refusal "+look)
		shot(t, ctx, "refused-"+look)
	})
	p.lend(ctx)
	turns := 0
	inEachLook(t, ctx, func(look string) {
		do(t, ctx, chromedp.Navigate(s.origin+"/c/discord-chain-5-50"))
		seen(t, ctx, "the conversation of Discord", `document.querySelector('figure img')?.complete`)
		eval[bool](t, ctx, `document.querySelector('details').open = true`)
		check(t, ctx, axe, "a conversation of Discord "+look)
		shot(t, ctx, "discord-"+look)

		s.model.Push(llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"import geopandas"}`}}},
			llmtest.Reply{Text: "It can't be drawn."})
		do(t, ctx, chromedp.Navigate(s.origin+"/c/way"))
		eval[bool](t, ctx, strings.ReplaceAll(dropCSV, "sales <i>.csv", longName))
		seen(t, ctx, "what is attached", `document.querySelector('#files button')`)
		check(t, ctx, axe, "attached "+look)
		do(t, ctx, chromedp.SendKeys("#q", "Draw a map\r"))
		seen(t, ctx, "the question", `document.querySelector('.q button')`)
		check(t, ctx, axe, "a question "+look)
		shot(t, ctx, "question-"+look)
		eval[bool](t, ctx, `document.querySelectorAll('.q button')[1].click() || true`)
		turns++
		seen(t, ctx, "the end", fmt.Sprintf(`document.querySelectorAll('.turn').length === %d && !document.getElementById('q').value.trim() && document.querySelector('[data-do$="/retry"]')`, turns))
		check(t, ctx, axe, "answered "+look)
		shot(t, ctx, "answered-"+look)
	})
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	width, height := eval[int64](t, ctx, `innerWidth`), eval[int64](t, ctx, `document.documentElement.scrollHeight`)
	do(t, ctx, chromedp.EmulateViewport(width, height)) // what sticks to the bottom is at the bottom
	defer do(t, ctx, chromedp.EmulateViewport(width, 900))
	data, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(testbin.Root(), "docs", "pictures", name+".png"), data, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

// check runs axe-core in a page. A script tag is refused by the page's policy, so
// it comes by the debugger.
func check(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	if _, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: axe + ";true"}); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations(t, ctx) {
		t.Errorf("%s: %s", name, v)
	}
	if wide := eval[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("%s scrolls sideways by %d pixels", name, wide)
	}
	if v := eval[[]string](t, ctx, `window.violations`); len(v) > 0 {
		t.Errorf("%s breaks its policy: %q", name, v)
	}
}

// violations are what axe-core, which is in the page, finds.
func violations(t *testing.T, ctx context.Context) []string {
	t.Helper()
	return eval[[]string](t, ctx, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(r => r.violations.map(v =>
		v.impact + ' ' + v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary.split('\n')[1]).slice(0, 3).join(' | ')))`)
}
