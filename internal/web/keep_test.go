package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
)

// Keep makes a file that code made an upload, whose time begins anew, and does so
// with the person's own files alone. A chart stays one.
func TestKeep(t *testing.T) {
	s := newSite(t, ServerOptions{Script: libraries(t)})
	p := s.person()
	p.signIn()
	path := s.page("chart.html", `<script>Plotly.newPlot("x", [{"x": [1]}], {})</script>`)
	if _, text, _ := p.do("GET", path, nil); !strings.Contains(text, `action="`+path+`/keep"`) || !strings.Contains(text, "<live-chart") {
		t.Fatalf("no button: %s", text)
	}
	if status, _, h := p.do("POST", path+"/keep", url.Values{}); status != http.StatusSeeOther || h.Get("Location") != path {
		t.Fatalf("keeping: %d", status)
	}
	f, err := s.files.Get(t.Context(), 1, files.ID(strings.TrimPrefix(path, "/files/")))
	if err != nil || f.Generated || time.Until(f.ExpiresAt) < s.files.Expiry()-time.Minute {
		t.Errorf("%+v %v", f, err)
	}
	if _, text, _ := p.do("GET", path, nil); !strings.Contains(text, "<live-chart") {
		t.Error("a chart that is kept is none any more")
	}
	if status, _, h := p.do("GET", path+"/chart", nil, "Sec-Fetch-Dest", "iframe"); status != 200 || h.Get("Content-Security-Policy") != drawPolicy {
		t.Errorf("the chart that is kept: %d", status)
	}
	theirs, err := s.files.Save(t.Context(), files.Upload{User: 2, Name: "a.csv", Body: strings.NewReader("a"), Generated: true})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := p.do("POST", "/files/"+string(theirs.ID)+"/keep", url.Values{}); status != http.StatusNotFound {
		t.Errorf("another's: %d", status)
	}
	if got, err := s.files.Get(t.Context(), 2, theirs.ID); err != nil || !got.Generated {
		t.Errorf("another's file was kept: %+v %v", got, err)
	}
}

// Only admins see what everybody used, and are offered it.
func TestUsageOfEverybody(t *testing.T) {
	for admin, want := range map[bool]int{true: http.StatusOK, false: http.StatusForbidden} {
		o := assistant.Options{}
		if admin {
			o.Admins = []files.UserID{1}
		}
		s := newSiteWith(t, ServerOptions{}, o, files.Options{})
		p := s.person()
		p.signIn()
		p.do("POST", "/c/abc/ask", url.Values{"q": {"hello"}})
		for end := time.Now().Add(time.Minute); len(s.model.Requests()) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		status, text, _ := p.do("GET", "/usage?all=1", nil)
		if status != want || admin != strings.Contains(text, "Everybody&#39;s Usage") {
			t.Errorf("admin %v: %d %s", admin, status, text)
		}
		if _, text, _ := p.do("GET", "/usage", nil); admin != strings.Contains(text, "/usage?all=1") {
			t.Errorf("admin %v: the link", admin)
		}
	}
}
