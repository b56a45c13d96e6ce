package discordtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
)

func TestUpload(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	picture := pngOf(40, 30)
	r := sc.post(multi(`{"content":"two","attachments":[{"id":"1","description":"a chart"}]}`,
		"my sales (final).csv", "id,n\n1,2\n", "chart.png", picture))
	m := r.message(t)
	if len(m.Attachments) != 2 {
		t.Fatalf("attachments: %s", r.Raw)
	}
	csv, chart := m.Attachments[0], m.Attachments[1]
	sum := sha256.Sum256([]byte("id,n\n1,2\n"))
	kept, _ := sc.Message(m.ID)
	if csv.Filename != "my_sales_final.csv" || csv.Title != "my sales (final)" || csv.Size != 9 || csv.ContentType != "text/csv; charset=utf-8" ||
		kept.Attachments[0].SHA256 != hex.EncodeToString(sum[:]) || string(kept.Attachments[0].Bytes()) != "id,n\n1,2\n" {
		t.Errorf("csv: %+v", csv)
	}
	if chart.Width == nil || *chart.Width != 40 || *chart.Height != 30 || chart.Description != "a chart" || chart.ContentType != "image/png" {
		t.Errorf("chart: %+v", chart)
	}

	path := fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID)
	names := func(r reply) (all []string) {
		for _, a := range r.message(t).Attachments {
			all = append(all, a.Filename)
		}
		return all
	}
	for _, step := range []struct {
		body any
		want string
	}{
		{`{"content":"kept"}`, "[my_sales_final.csv chart.png]"},
		{multi(`{"content":"one more"}`, "c.txt", "c"), "[my_sales_final.csv chart.png c.txt]"},
		{fmt.Sprintf(`{"attachments":[{"id":"%d"}]}`, chart.ID), "[chart.png]"},
		{multi(fmt.Sprintf(`{"attachments":[{"id":%q},{"id":0,"filename":"new.txt"}]}`, chart.ID), "x", "y"), "[chart.png new.txt]"},
		{multi(fmt.Sprintf(`{"attachments":[{"id":%q}]}`, chart.ID), "lost", "z"), "[chart.png]"},
		{`{"content":"x","attachments":[]}`, "[]"},
	} {
		if got := fmt.Sprint(names(sc.do("PATCH", path, step.body))); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
	sc.forgive(`files[0] of "lost" is not listed`)
	if got := sc.History(m.ID)[0].Message.Attachments; len(got) != 2 {
		t.Errorf("history has %d files", len(got))
	}
}

func TestEmbeddedPicture(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	m := sc.post(multi(`{"embeds":[{"title":"Chart","image":{"url":"attachment://chart.png"}}]}`, "chart.png", pngOf(8, 6), "data.csv", "1")).message(t)
	if len(m.Attachments) != 1 || m.Attachments[0].Filename != "data.csv" {
		t.Errorf("the embedded picture is listed too: %+v", m.Attachments)
	}
	image := m.Embeds[0].Image
	if image.Width != 8 || !strings.HasPrefix(image.URL, sc.CDNURL()+"/attachments/") {
		t.Errorf("image: %+v", image)
	}
	if got := get(t, sc, image.URL); got != pngOf(8, 6) {
		t.Errorf("image has %d bytes", len(got))
	}
	v2 := sc.post(multi(`{"flags":32768,"components":[{"type":12,"items":[{"media":{"url":"attachment://chart.png"}}]},{"type":13,"file":{"url":"attachment://data.csv"}}]}`,
		"chart.png", pngOf(8, 6), "data.csv", "1"))
	if n := len(v2.message(t).Attachments); n != 0 {
		t.Errorf("%d files are listed although components show them", n)
	}
	if v2.Status != 200 || !strings.Contains(string(v2.Raw), sc.CDNURL()) || strings.Contains(string(v2.Raw), "attachment://") {
		t.Errorf("v2: %d %s", v2.Status, v2.Raw)
	}
	sc.post(`{"embeds":[{"title":"x","image":{"url":"attachment://none.png"}}]}`)
	sc.forgive("attachment://none.png names no file")
}

func TestFileLimits(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.RequestLimit = 100 << 10
	s.NoRateLimits = true
	sc := sceneOn(t, s)
	sc.guild.SetFileLimit(50 << 10)
	check := func(what string, body any, status int) {
		t.Helper()
		if r := sc.post(body); r.Status != status || status == 413 && r.code() != 40005 {
			t.Errorf("%s: %d %s", what, r.Status, r.Raw)
		}
	}
	check("at the limit", multi(`{}`, "a.bin", strings.Repeat("x", 50<<10)), 200)
	check("over the file limit", multi(`{}`, "a.bin", strings.Repeat("x", 50<<10+1)), 413)
	check("over the request limit", multi(`{}`, "a.bin", strings.Repeat("x", 40<<10), "b.bin", strings.Repeat("x", 40<<10), "c.bin", strings.Repeat("x", 40<<10)), 413)
	if n := len(sc.Messages(sc.general)); n != 1 {
		t.Errorf("%d messages", n)
	}
	// the limit that is stated can be too high
	sc.Inject(Fault{On: "/messages", Over: 8 << 10, Status: 413, Code: 40005, Times: -1})
	check("stated too high", multi(`{}`, "a.bin", strings.Repeat("x", 9<<10)), 413)
	check("below", multi(`{}`, "a.bin", "x"), 200)
	sc.Heal()
	check("healed", multi(`{}`, "a.bin", strings.Repeat("x", 9<<10)), 200)
	if r := sc.post(multi(`{"content":"eleven"}`, strings.Split(strings.Repeat("a.txt,x,", 11), ",")[:22]...)); r.code() != 50035 {
		t.Errorf("11 files: %s", r.Raw)
	}
	sc.forgive("attachments")
}

func TestKeepNoBytes(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.KeepBytes = -1
	sc := sceneOn(t, s)
	m := sc.post(multi(`{}`, "p.png", pngOf(5, 5))).message(t)
	kept, _ := sc.Message(m.ID)
	if a := kept.Attachments[0]; a.Bytes() != nil || a.SHA256 == "" || *a.Width != 5 {
		t.Errorf("%+v", a)
	}
	if res := fetch(t, sc, m.Attachments[0].URL); res.StatusCode != 500 {
		t.Errorf("CDN: %d", res.StatusCode)
	}
	sc.forgive("was not kept")
	// what a person sends is there all the same
	theirs := must(sc.anna.Send(sc.general, "", File{Name: "a.txt", Data: []byte("abc")}))(t)
	if got := get(t, sc, theirs.Attachments[0].URL); got != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestInjectedHeader(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	f.w.WriteField("payload_json", "{}")
	part, _ := f.w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {"form-data; name=\"files[0]\"; filename=\"a.txt\"\r\nX-Evil: 1"}})
	io.WriteString(part, "x")
	sc.post(f)
	sc.forgive(`header "X-Evil"`)
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sales.csv": "sales.csv", "my file.csv": "my_file.csv", "_bug1.png": "bug1.png", "hello (world).png": "hello_world.png",
		"../../etc/passwd": "etc_passwd", `C:\x.txt`: "C_x.txt", "café.txt": "cafe.txt", "画像.png": "unknown.png", "...": "unknown", "": "unknown", ".env": "unknown.env",
		"a\r\nb.txt": "a_b.txt",
	} {
		if got := safeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func fetch(t *testing.T, sc *scene, url string) *http.Response {
	t.Helper()
	res, err := sc.client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func get(t *testing.T, sc *scene, url string) string {
	t.Helper()
	res := fetch(t, sc, url)
	var b bytes.Buffer
	if _, err := io.Copy(&b, res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 {
		t.Fatalf("%s: %d %s", url, res.StatusCode, b.String())
	}
	return b.String()
}
