package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/internal/table"
)

// seer takes the place of the Python that looks at files.
type seer struct{ preview.Reader } // of documents: none

func (seer) Table(context.Context, files.UserID, string, files.File, int) (table.Table, error) {
	return table.Table{Columns: []string{"a", "b"}, Rows: [][]string{{"2", "x"}}, TotalRows: 2}, nil
}

func (seer) Picture(context.Context, files.UserID, string, files.File) ([]byte, error) {
	return chartPNG(300, 200), nil
}

func (seer) CSV(_ context.Context, _ files.UserID, _ string, f files.File, w io.Writer) error {
	if strings.HasPrefix(f.Name, "broken") {
		return fault.New(fault.Invalid, "It is damaged.")
	}
	_, err := io.WriteString(w, "a,b\n2,x\n10,y\n")
	return err
}

func (seer) Page(_ context.Context, _ files.UserID, _ string, _ files.File, page int) ([]byte, int, error) {
	return chartPNG(300+page, 400), 3, nil
}

func (s *site) save(name string, data []byte) files.File {
	s.t.Helper()
	saved, err := s.files.Save(s.t.Context(), files.Upload{User: 1, Name: name, Body: bytes.NewReader(data)})
	if err != nil {
		s.t.Fatal(err)
	}
	return saved.File
}

// largeCSV has 100,000 rows and 20 columns.
func largeCSV(rows int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for c := range 20 {
		fmt.Fprintf(&b, "col%d,", c)
	}
	b.Truncate(b.Len() - 1)
	for i := range rows {
		fmt.Fprintf(&b, "\n%d", (i*7919)%rows)
		for c := 1; c < 20; c++ {
			if c%2 == 0 {
				fmt.Fprintf(&b, ",%.2f", float64(r.IntN(1e6))/100)
			} else {
				fmt.Fprintf(&b, ",Köln %d", r.IntN(rows))
			}
		}
	}
	return b.Bytes()
}

// A table of any length: sorted, filtered, scrolled, copied, by the keyboard alone,
// with what a screen reader needs.
func TestBrowserLargeTable(t *testing.T) {
	const rows = 100_000
	s := newSite(t, ServerOptions{})
	f := s.save("large.csv", largeCSV(rows))
	ctx := browse(t, 1440)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files/"+string(f.ID)))
	seen(t, ctx, "the rows", `document.querySelector('data-table [role=status]')?.textContent === '100,000 rows'`)
	if got := eval[string](t, ctx, `document.querySelector('.live table').ariaRowCount + ' ' + document.querySelector('tbody tr').ariaRowIndex`); got != "100001 2" {
		t.Errorf("rows for a screen reader: %s", got)
	}
	began := time.Now()
	do(t, ctx, chromedp.Focus(`.live th button`), chromedp.SendKeys(`.live th button`, "\r"))
	seen(t, ctx, "the order", `document.querySelector('.live th').ariaSort === 'ascending' && document.querySelector('tbody td').textContent === '0'`)
	t.Logf("sorted after %v, as the person sees it", time.Since(began).Round(time.Millisecond))
	if at := eval[string](t, ctx, `document.activeElement.textContent`); at != "col0" {
		t.Errorf("the focus is at %q", at)
	}
	do(t, ctx, chromedp.SendKeys(`.live th button`, "\r"))
	seen(t, ctx, "the order turned round", `document.querySelector('tbody td').textContent === '99999'`)
	eval[bool](t, ctx, `(document.querySelector('.live .scroll, data-table .scroll').scrollTop = 28 * 50000) > 0`)
	seen(t, ctx, "a row in the middle", `[...document.querySelectorAll('tbody tr')].some(r => r.ariaRowIndex === '50002' && r.cells[0].textContent === '49999')`)
	eval[bool](t, ctx, `(document.querySelector('data-table .scroll').scrollTop = 1e9) > 0`)
	seen(t, ctx, "the last row", `[...document.querySelectorAll('tbody tr')].some(r => r.ariaRowIndex === '100001' && r.cells[0].textContent === '0')`)
	do(t, ctx, chromedp.SendKeys(`data-table input`, "col0<20 köln"))
	seen(t, ctx, "the filter", `document.querySelector('data-table [role=status]').textContent === '20 of 100,000 rows'`)
	csv := eval[string](t, ctx, `fetch(document.querySelector('a[href*="/csv"]').href).then(r => r.text())`)
	if lines := strings.Split(strings.TrimSpace(csv), "\r\n"); len(lines) != 21 || !strings.HasPrefix(lines[1], "19,") || !strings.HasPrefix(lines[20], "0,") {
		t.Errorf("the CSV has %d lines", len(lines))
	}
	eval[bool](t, ctx, `navigator.clipboard.writeText = t => { window.copied = t; return Promise.resolve() }, [...document.querySelectorAll('button')].find(b => b.textContent === 'Copy').click() || true`)
	seen(t, ctx, "the copy", `window.copied?.split('\n').length === 22 && window.copied.startsWith('col0\tcol1')`)
	if size := eval[int](t, ctx, `fetch(document.querySelector('data-table').dataset.src + '/rows?at=200').then(r => r.text()).then(t => new TextEncoder().encode(t).length)`); size > 27_000 {
		t.Errorf("a page has %d bytes", size)
	}
	if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
		t.Errorf("the policy is broken: %q", v)
	}
}

const notebookJSON = `{"cells":[{"cell_type":"markdown","source":["# Title\n","<script>alert(1)</script>"]},
 {"cell_type":"code","source":"print(1)","outputs":[{"text":["1\n"]},{"data":{"image/png":"%s","text/plain":"<Figure>"}},{"traceback":["\u001b[31mBoom\u001b[0m"]},{"data":{"text/html":"<script>alert(2)</script>","text/plain":"plain"}}]}]}`

// Each kind of file is seen in its way.
func TestBrowserPreviews(t *testing.T) {
	axe := axeScript(t)
	s := newSite(t, ServerOptions{})
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	wav := append([]byte("RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x08\x00\x00"), bytes.Repeat([]byte{0x80}, 2048)...)
	for _, c := range []struct{ name, content, js string }{
		{"a.csv", "x,y\n2,b\n10,a\n", `document.querySelector('.live tbody')?.innerText.includes('10')`},
		{"a.parquet", "PAR1xxxxPAR1", `document.querySelector('.live tbody')?.innerText.includes('10')`},
		{"broken.parquet", "PAR1yyyyPAR1", `document.querySelector('data-table.failed [role=status]')?.textContent.includes('damaged')`},
		{"a.png", string(chartPNG(300, 200)), `(i => i?.naturalWidth === 300)(document.querySelector('figure img'))`},
		{"a.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", `(i => i?.naturalWidth === 300)(document.querySelector('figure img'))`},
		{"a.pdf", "%PDF-1.4\n%%EOF\n", `document.querySelector('[role=status]')?.textContent === 'Page 1 of 3' && (document.querySelectorAll('document-pages button')[1].click(), true)`},
		{"b.pdf", "%PDF-1.4\n%b\n", `document.querySelector('[role=status]')?.textContent === 'Page 1 of 3'`},
		{"a.wav", string(wav), `document.querySelector('audio')?.duration > 0.2`},
		{"a.txt", "\xff\xfeh\x00i\x00", `document.querySelector('main pre')?.textContent === 'hi'`},
		{"a.html", "<script>alert(1)</script>", `document.querySelector('main pre')?.textContent === '<script>alert(1)</script>'`},
		{"a.ipynb", fmt.Sprintf(notebookJSON, base64.StdEncoding.EncodeToString(chartPNG(30, 20))), `document.querySelector('.cell h1')?.textContent === 'Title' && document.querySelector('.out').textContent === '1\nBoom\nplain\n' && document.querySelector('.cell img').naturalWidth === 30`},
		{"empty.txt", "", `!document.querySelector('main pre')`},
	} {
		f := s.save(c.name, []byte(c.content))
		do(t, ctx, chromedp.Navigate(s.origin+"/files/"+string(f.ID)))
		seen(t, ctx, c.name, c.js)
		check(t, ctx, axe, c.name)
		if v := eval[[]string](t, ctx, `violations`); len(v) > 0 {
			t.Errorf("%s breaks the policy: %q", c.name, v)
		}
		if eval[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s scrolls sideways", c.name)
		}
	}
}

// Several files at once: sent with progress, found by kind and name, deleted after
// two confirmations.
func TestBrowserFileManager(t *testing.T) {
	s := newSite(t, ServerOptions{})
	for i := range 3 {
		s.save(fmt.Sprintf("note %d.txt", i), fmt.Append(nil, "text ", i))
	}
	ctx := browse(t, 390)
	do(t, ctx, chromedp.Navigate(s.SignInURL()))
	seen(t, ctx, "the chat", `document.getElementById('q')`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files"))
	seen(t, ctx, "the files", `document.body.innerText.includes('You have 3 file(s) uploaded.')`)
	eval[bool](t, ctx, strings.Replace(dropCSV, "dispatchEvent", "d.items.add(new File(['{}'], 'b.json')); dispatchEvent", 1))
	seen(t, ctx, "both dropped files", `document.body?.innerText.includes('You have 5 file(s) uploaded.')`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files?kind=text"))
	seen(t, ctx, "the texts", `document.querySelectorAll('.list li').length === 3`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files?q=NOTE+1"))
	seen(t, ctx, "the one that was looked for", `document.querySelectorAll('.list li').length === 1`)
	do(t, ctx, chromedp.Navigate(s.origin+"/files?kind=text"))
	seen(t, ctx, "the texts", `document.querySelectorAll('.list li').length === 3`)
	eval[bool](t, ctx, `[...document.querySelectorAll('input[name=id]')].slice(1).forEach(i => i.click()) || true`)
	for _, confirm := range []string{"Delete 2 files", "Yes, Delete", "Click Again to Confirm"} {
		seen(t, ctx, confirm, fmt.Sprintf(`[...document.querySelectorAll('main button')].some(b => b.innerText === %q)`, confirm))
		eval[bool](t, ctx, fmt.Sprintf(`[...document.querySelectorAll('main button')].find(b => b.innerText === %q).click() || true`, confirm))
	}
	seen(t, ctx, "that they are gone", `document.body?.innerText.includes('You have 3 file(s) uploaded.')`)
}
