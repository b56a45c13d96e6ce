package web_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/web"
)

// Requests of a link that no browser sends: each is answered in words, or the
// connection ends; none gets more than the file, a part of it, or a change of the
// protocol, and the next one is answered.
func TestOddRequestsOfLinks(t *testing.T) {
	r := newRig(t, web.Options{})
	content := "content " + strings.Repeat("0123456789", 100)
	f := r.save(bob, "a.txt", content)
	base, token, name := cut(r.links.Link(bob, f.ID, time.Hour))
	_, host, _ := strings.Cut(base, "://")
	host, path, _ := strings.Cut(host, "/")
	at := "/" + path + token
	send := func(request string) (int, string, http.Header) {
		c, err := net.Dial("tcp", host)
		must(t, err)
		defer c.Close()
		must(t, c.SetDeadline(time.Now().Add(time.Minute)))
		_, _ = io.WriteString(c, request) // a refusal may come before all is sent
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return 0, "", nil
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(text), res.Header
	}
	const end = "Host: x\r\nConnection: close\r\n\r\n"
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + end }
	with := func(headers string) string { return "GET " + at + " HTTP/1.1\r\n" + headers + "\r\n" + end }
	for what, c := range map[string]struct {
		request string
		whole   bool // the file comes
	}{
		"as it is":                        {get(at), true},
		"with a name":                     {get(at + "/" + name), true},
		"with any name":                   {get(at + "/%2e%2e%2fetc%2fpasswd"), true},
		"an absolute address":             {get("http://elsewhere" + at), true},
		"a user in the address":           {get("http://u:p@elsewhere" + at), true},
		"a question":                      {get(at + "?token=x&" + strings.Repeat("a=b&", 100)), true},
		"HTTP/1.0":                        {"GET " + at + " HTTP/1.0\r\n\r\n", true},
		"a body":                          {with("Content-Length: 3") + "abc", true},
		"an expectation":                  {with("Expect: 100-continue"), true},
		"an upgrade":                      {with("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"), true},
		"HTTP/2 over plain text":          {with("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings"), true},
		"another method by a header":      {with("X-HTTP-Method-Override: DELETE"), true},
		"another path by a header":        {with("X-Original-URL: /etc/passwd\r\nX-Rewrite-URL: /etc/passwd"), true},
		"a forwarded host":                {with("X-Forwarded-Host: elsewhere\r\nX-Forwarded-For: 1.2.3.4, , ;\r\nForwarded: for=\"[::1\""), true},
		"a range without a number":        {with("Range: bytes=-"), false},
		"a range backwards":               {with("Range: bytes=9-1"), false},
		"a range past all numbers":        {with("Range: bytes=99999999999999999999-"), false},
		"two lengths":                     {with("Content-Length: 1\r\nContent-Length: 2") + "ab", false},
		"a length and pieces":             {with("Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\nGET /", true},
		"pieces of no length":             {with("Transfer-Encoding: chunked") + "zz\r\n", true},
		"another coding":                  {with("Transfer-Encoding: gzip"), false},
		"a negative length":               {with("Content-Length: -1"), false},
		"no host":                         {"GET " + at + " HTTP/1.1\r\n\r\n", false},
		"two hosts":                       {with("Host: y"), false},
		"a folded header":                 {with("X-A: b\r\n c"), true},
		"a space before the colon":        {with("Range : bytes=0-1"), false},
		"a name with NUL":                 {get(at + "/a%00b"), true},
		"NUL as it is":                    {get(at + "/a\x00b"), false},
		"half a percent sign":             {get(at + "/%"), false},
		"a line feed in the token":        {get(strings.Replace(at, ".", ".%0a", 1)), false},
		"a dot as a percent sign":         {get(strings.Replace(at, ".", "%2e", 1)), false},
		"slashes before":                  {get("//" + strings.TrimPrefix(at, "/")), false},
		"a step up":                       {get("/x/.." + at), false},
		"another case of the path":        {get(strings.ToUpper(at)), false},
		"more below the name":             {get(at + "/a/b"), false},
		"a header of a megabyte":          {with("X-A: " + strings.Repeat("a", 1<<20)), false},
		"ten thousand headers":            {with(strings.Repeat("X-A: b\r\n", 10_000) + "X-A: b"), false},
		"an address of a megabyte":        {get(at + "/" + strings.Repeat("a", 1<<20)), false},
		"TLS":                             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false},
		"HTTP/2 from the start":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false},
		"HTTP/0.9":                        {"GET " + at + "\r\n", false},
		"nothing but line feeds":          {strings.Repeat("\r\n", 5), false},
		"TRACE":                           {"TRACE " + at + " HTTP/1.1\r\n" + end, false},
		"CONNECT":                         {"CONNECT elsewhere:443 HTTP/1.1\r\n" + end, false},
		"OPTIONS of all":                  {"OPTIONS * HTTP/1.1\r\n" + end, false},
		"a method of our own":             {"FETCH " + at + " HTTP/1.1\r\n" + end, false},
		"the file in another's place":     {get(strings.Replace(at, string(f.ID), "9"+string(f.ID), 1)), false},
		"the same token twice":            {get(at + "." + token), false},
		"a token of the next user's name": {get("/" + path + token + "%20"), false},
	} {
		status, text, h := send(c.request)
		if whole := status == http.StatusOK && text == content; whole != c.whole {
			t.Errorf("%s: %d %.60q", what, status, text)
		}
		if status == http.StatusSwitchingProtocols || status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported || !c.whole && strings.Contains(text, "content 0") {
			t.Errorf("%s: %d %.60q", what, status, text)
		}
		if c.whole && (h.Get("Content-Security-Policy") == "" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("Location")+h.Get("Set-Cookie") != "") {
			t.Errorf("%s: %v", what, h)
		}
	}
	if status, text, _ := send(get(at)); status != http.StatusOK || text != content {
		t.Errorf("afterwards: %d", status)
	}
}
