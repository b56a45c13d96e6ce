package discordtest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCDN(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	m := must(sc.anna.Send(sc.general, "", File{Name: "a.csv", Data: []byte("0123456789")}, File{Name: "big.bin", Size: 60 << 20}))(t)
	link := m.Attachments[0].URL
	if get(t, sc, link) != "0123456789" {
		t.Error("wrong bytes")
	}
	req, _ := http.NewRequest("GET", link, nil)
	req.Header.Set("Range", "bytes=2-4")
	res, err := sc.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 206 || string(part) != "234" {
		t.Errorf("range: %d %q", res.StatusCode, part)
	}
	if n, err := io.Copy(io.Discard, fetch(t, sc, m.Attachments[1].URL).Body); n != 60<<20 || err != nil {
		t.Errorf("big file: %d %v", n, err)
	}

	gone := func(what, link string) {
		t.Helper()
		res := fetch(t, sc, link)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 404 || !strings.Contains(string(body), "This content is no longer available.") {
			t.Errorf("%s: %d %s", what, res.StatusCode, body)
		}
	}
	gone("unsigned", strings.Split(link, "?")[0])
	gone("forged", strings.Replace(link, "hm=", "hm=00", 1))
	gone("other file", strings.Replace(link, m.Attachments[0].ID.String(), m.Attachments[1].ID.String(), 1))
	sc.Advance(23 * time.Hour)
	get(t, sc, link)
	sc.Advance(2 * time.Hour)
	gone("expired", link)

	r := sc.do("POST", "/attachments/refresh-urls", fmt.Sprintf(`{"attachment_urls":[%q]}`, link))
	list, _ := r.Body["refreshed_urls"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["original"] != link {
		t.Fatalf("refresh: %s", r.Raw)
	}
	fresh := list[0].(map[string]any)["refreshed"].(string)
	if get(t, sc, fresh) != "0123456789" {
		t.Error("refreshed link has other bytes")
	}
	again := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, m.ID), nil).message(t)
	get(t, sc, again.Attachments[0].URL)

	lost := must(sc.anna.Send(sc.general, "", File{Name: "lost.txt", Data: []byte("x"), Gone: true}))(t)
	gone("gone from the start", lost.Attachments[0].URL)
	sc.Vanish(m.Attachments[0])
	gone("vanished", fresh)
	if err := sc.anna.Delete(m); err != nil {
		t.Fatal(err)
	}
	gone("deleted", again.Attachments[1].URL)
}

func TestCDNFaults(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	m := must(sc.anna.Send(sc.general, "", File{Name: "a.bin", Data: []byte(strings.Repeat("x", 1000))}))(t)
	link := m.Attachments[0].URL

	sc.Inject(Fault{On: "CDN", Drop: true, AfterHandling: true})
	res, err := sc.client.Get(link)
	if err == nil {
		body, readErr := io.ReadAll(res.Body)
		res.Body.Close()
		if readErr == nil || len(body) != 500 {
			t.Errorf("half an answer: %d bytes, %v", len(body), readErr)
		}
	} else {
		t.Errorf("no half: %v", err)
	}
	sc.Inject(Fault{On: "CDN", Drop: true})
	if res, err := sc.client.Get(link); err == nil {
		res.Body.Close()
		t.Errorf("not cut: %d", res.StatusCode)
	}
	sc.Inject(Fault{On: "CDN", Status: 503})
	if res := fetch(t, sc, link); res.StatusCode != 503 {
		t.Errorf("status %d", res.StatusCode)
	}
	sc.Inject(Fault{On: "CDN", Delay: 50 * time.Millisecond})
	began := time.Now()
	if got := get(t, sc, link); len(got) != 1000 || time.Since(began) < 50*time.Millisecond {
		t.Errorf("%d bytes in %s", len(got), time.Since(began))
	}
	sc.client.CloseIdleConnections()
}
