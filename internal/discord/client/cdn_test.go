package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

// Only Discord's CDN is fetched from, whatever the link looks like.
func TestCDNAllows(t *testing.T) {
	c := NewCDN([]string{"127.0.0.1:8080"})
	for link, want := range map[string]bool{
		"https://cdn.discordapp.com/attachments/1/2/a.csv?ex=1&is=2&hm=3&": true,
		"https://CDN.discordapp.com/attachments/1/2/a.csv":                 true,
		"https://cdn.discordapp.com:443/a":                                 true,
		"https://media.discordapp.net/a":                                   true,
		"http://127.0.0.1:8080/a":                                          true,

		"http://cdn.discordapp.com/a":                   false,
		"https://cdn.discordapp.com:8443/a":             false,
		"https://user@cdn.discordapp.com/a":             false,
		"https://cdn.discordapp.com@evil.example/a":     false,
		"https://cdn.discordapp.com.evil.example/a":     false,
		"https://evil.example/cdn.discordapp.com":       false,
		"https://evil.example#cdn.discordapp.com":       false,
		`https://evil.example\@cdn.discordapp.com`:      false,
		"https://169.254.169.254/latest/meta-data":      false,
		"http://127.0.0.1:8081/a":                       false,
		"http://localhost:8080/a":                       false,
		"http://[::1]:8080/a":                           false,
		"http://2130706433:8080/a":                      false,
		"http://0x7f.1:8080/a":                          false,
		"file:///etc/passwd":                            false,
		"gopher://cdn.discordapp.com/":                  false,
		"//cdn.discordapp.com/a":                        false,
		"cdn.discordapp.com/a":                          false,
		"":                                              false,
		"https://discord.com/api/v10/users/@me":         false,
		"https://cdn.discordapp.com\r\nHost: x/":        false,
		"https://cdn。discordapp。com/a":                  false,
		"https://user:password@127.0.0.1:8080/":         false,
		"https://cdn.discordapp.com%2eevil.example/a":   false,
		"https://cdn.discordapp.com%00.evil.example/":   false,
		"https://[::ffff:169.254.169.254]/":             false,
		"https://xn--cdn-discordapp.example/":           false,
		"https://cdn.discordapp.com:443@evil.example/a": false,
	} {
		a := &attachment{ctx: t.Context(), cdn: c, name: "a.csv", url: link}
		u, err := url.Parse(link)
		if err == nil {
			err = c.allow(u)
		}
		if (err == nil) != want {
			t.Errorf("%q: %v", link, err)
		}
		if want {
			continue
		}
		if _, err := a.Read(make([]byte, 1)); !fault.Is(err, fault.Denied) {
			t.Errorf("%q: reading gives %v", link, err)
		}
	}
}

// A name of the CDN that stands for an address inside the house is not dialed:
// the addresses are looked at when they are used.
func TestCDNDial(t *testing.T) {
	c := NewCDN(nil)
	ips := []netip.Addr{}
	c.lookup = func(context.Context, string, string) ([]netip.Addr, error) { return ips, nil }
	for _, ip := range []string{"127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1",
		"fc00::1", "::ffff:127.0.0.1", "::", "224.0.0.1", "255.255.255.255"} {
		ips = []netip.Addr{netip.MustParseAddr(ip)}
		if conn, err := c.dial(t.Context(), &net.Dialer{}, "tcp", "cdn.discordapp.com:443"); err == nil || !strings.Contains(err.Error(), "no public address") {
			t.Errorf("%s: %v, %v", ip, conn, err)
		}
	}
	for _, addr := range []string{"evil.example:443", "cdn.discordapp.com:80", "127.0.0.1:443", "cdn.discordapp.com"} {
		if _, err := c.dial(t.Context(), &net.Dialer{}, "tcp", addr); err == nil || !strings.Contains(err.Error(), "none of Discord's CDN hosts") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// A redirect leads nowhere else either.
func TestCDNRedirect(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached = true }))
	defer inside.Close()
	target := inside.URL
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			io.WriteString(w, "0123456789")
			return
		}
		http.Redirect(w, r, target, http.StatusFound)
	}))
	defer outside.Close()
	c := NewCDN([]string{strings.TrimPrefix(outside.URL, "http://")})
	defer c.Close()
	for _, target = range []string{inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), "https://169.254.169.254/", outside.URL,
		strings.Replace(outside.URL, "http://", "http://me:secret@", 1) + "/end"} {
		a := &attachment{ctx: t.Context(), cdn: c, name: "a.csv", size: 10, url: outside.URL}
		if _, err := io.ReadAll(a); err == nil {
			t.Errorf("redirected to %s without an error", target)
		}
		a.Close()
	}
	if reached {
		t.Error("the redirect was followed")
	}
}
