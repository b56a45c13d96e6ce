package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// get fetches a link to its end.
func get(t *testing.T, c *Client, link string) (string, *Response, error) {
	t.Helper()
	u, err := Parse(link)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := c.Get(ctx, u)
	if err != nil {
		return "", nil, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	return string(data), r, err
}

// inner is a server inside, and one outside (as far as the client of the test
// takes it for that), which counts who comes to the first.
type world struct {
	client  *Client
	outside *httptest.Server
	reached int
	inside  int // port
}

func newWorld(t *testing.T, outside http.HandlerFunc) *world {
	w := &world{}
	secret := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.reached++
		fmt.Fprint(rw, "secret")
	}))
	t.Cleanup(secret.Close)
	w.inside = secret.Listener.Addr().(*net.TCPAddr).Port
	w.outside = httptest.NewServer(outside)
	t.Cleanup(w.outside.Close)
	w.client = New()
	t.Cleanup(w.client.Close)
	real, out := w.client.may, w.outside.Listener.Addr().(*net.TCPAddr).Port
	w.client.may = func(a netip.AddrPort) bool { return int(a.Port()) == out || real(a) }
	ports[fmt.Sprint(w.inside)], ports[fmt.Sprint(out)] = true, true
	return w
}

// Nothing of this machine and its networks is reached, however its address is
// written: also by a name that has such an address (rebinding).
func TestNothingInsideIsReached(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.",
		"[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[::]", "0.0.0.0", "0", "169.254.169.254", "100.100.100.200", "192.168.0.1",
		"10.0.0.1", "172.16.0.1", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "[fe80::1%25lo]", "[2001:0:7f00:1::]",
	} {
		for _, port := range []string{fmt.Sprint(":", w.inside), ""} {
			text, _, err := get(t, w.client, "http://"+host+port+"/")
			if err == nil {
				t.Errorf("%s%s was reached: %q", host, port, text)
			}
		}
	}
	if w.reached > 0 {
		t.Errorf("the inner server was reached %d times", w.reached)
	}
	// A name resolved by a server of somebody else may have any address: what counts
	// is the one that is dialled.
	for _, a := range []string{"127.0.0.1:80", "[::1]:80", "[::ffff:10.1.2.3]:443", "169.254.169.254:80", "[fd00::1]:80", "[64:ff9b::a00:1]:80"} {
		network := "tcp4"
		if a[0] == '[' {
			network = "tcp6"
		}
		if err := w.client.control(context.Background(), network, a, nil); !errors.Is(err, errPrivate) {
			t.Errorf("%s may be dialled: %v", a, err)
		}
	}
}

func TestPublic(t *testing.T) {
	for a, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "93.184.216.34": true, "172.32.0.1": true, "2606:4700:4700::1111": true, "::ffff:8.8.8.8": true, "2001:4860:4860::8888": true,
		"100.64.0.1": false, "192.0.0.192": false, "198.18.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "224.0.0.1": false, "203.0.113.9": false,
		"::": false, "::1": false, "2001::1": false, "2001:db8::1": false, "2002:808:808::": false, "3fff::1": false, "5f00::1": false, "100::1": false,
		"64:ff9b::808:808": false, "ff02::1": false, "fe80::1": false, "fec0::1": false, "fd12::1": false, "4000::1": false,
	} {
		if got := public(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}

// An address of this machine is not reached, a public one neither: what listens
// there may trust whoever comes from inside.
func TestOwnAddresses(t *testing.T) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if p, err := netip.ParsePrefix(i.String()); err != nil || !own(p.Addr()) || public(p.Addr()) {
			t.Errorf("%s: own %t, public %t, %v", i, own(p.Addr()), public(p.Addr()), err)
		}
	}
	if len(all) == 0 || own(netip.MustParseAddr("8.8.8.8")) {
		t.Errorf("%d addresses", len(all))
	}
	keep := interfaces
	defer func() { interfaces = keep }()
	theirs := netip.MustParseAddr("8.8.8.8")
	interfaces = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IP{8, 8, 8, 8}, Mask: net.CIDRMask(24, 32)}}, nil
	}
	if public(theirs) || public(netip.MustParseAddr("::ffff:8.8.8.8")) || !public(netip.MustParseAddr("8.8.8.9")) {
		t.Error("a public address of this machine may be reached")
	}
	interfaces = func() ([]net.Addr, error) { return nil, errors.New("no netlink") }
	if public(theirs) {
		t.Error("without knowing its own addresses, it reaches any")
	}
}

// A redirect is a link like the first one.
func TestRedirects(t *testing.T) {
	var w *world
	to := ""
	w = newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/to":
			if r.Header.Get("Referer") != "" {
				t.Error("the next server is told of the last")
			}
			http.Redirect(rw, r, to, http.StatusFound)
		case "/loop":
			http.Redirect(rw, r, "/loop", http.StatusFound)
		case "/twice":
			http.Redirect(rw, r, "/to", http.StatusFound)
		default:
			fmt.Fprint(rw, "data")
		}
	})
	to = "/end"
	if text, r, err := get(t, w.client, w.outside.URL+"/twice"); err != nil || text != "data" || r.Name != "end.txt" {
		t.Errorf("got %q, %+v, %v", text, r, err)
	}
	for _, to = range []string{
		fmt.Sprintf("http://127.0.0.1:%d/", w.inside), fmt.Sprintf("http://localhost:%d/", w.inside), fmt.Sprintf("http://[::ffff:127.0.0.1]:%d/", w.inside),
		"http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://user:pass@example.com/", "http://127.0.0.1:22/",
	} {
		for _, path := range []string{"/to", "/twice"} {
			if text, _, err := get(t, w.client, w.outside.URL+path); err == nil || text != "" {
				t.Errorf("to %s: got %q, %v", to, text, err)
			} else if k := fault.KindOf(err); k != fault.Denied && k != fault.Invalid || strings.Contains(err.Error(), "meta-data") {
				t.Errorf("to %s: %v (%s)", to, err, k)
			}
		}
	}
	if _, _, err := get(t, w.client, w.outside.URL+"/loop"); err == nil || !strings.Contains(fault.Message(err), "too often") {
		t.Errorf("a loop: %v", err)
	}
	if w.reached > 0 {
		t.Error("the inner server was reached")
	}
}

func TestParse(t *testing.T) {
	for link, want := range map[string]string{
		"https://Example.COM":                        "https://example.com/",
		" HTTP://example.com/a?b=C#d ":               "http://example.com/a?b=C",
		"https://bücher.example/ä":                   "https://xn--bcher-kva.example/%C3%A4",
		"https://аpple.com/":                         "https://xn--pple-43d.com/", // Cyrillic
		"https://e.org/?q=`a` b":                     "https://e.org/?q=%60a%60%20b",
		"ftp://e.org/":                               "",
		"https://":                                   "",
		"e.org/x":                                    "",
		"https://u:p@e.org/":                         "",
		"https://e.org:25/":                          "",
		"javascript:alert(1)":                        "",
		"https://e.org/\x00":                         "",
		"https://e.org/\nHost: x":                    "",
		"https://e.org/" + strings.Repeat("a", 1000): "",
	} {
		u, err := Parse(link)
		got := ""
		if err == nil {
			got = u.String()
		} else if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", link, err)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", link, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if d := r.URL.Query().Get("disposition"); d != "" {
			rw.Header().Set("Content-Disposition", d)
		}
		if r.URL.Path == "/gone" {
			rw.WriteHeader(http.StatusGone)
		}
	})
	for path, want := range map[string]string{
		"/data.csv?type=text/plain":                                       "data.csv",
		"/export?type=text/csv":                                           "export.csv",
		"/?type=text/html;charset=utf-8":                                  "127.0.0.1.html",
		"/x?type=application/pdf&disposition=attachment%3Bfilename=a.pdf": "a.pdf",
		"/x?disposition=%F0":                                              "x",
	} {
		if _, r, err := get(t, w.client, w.outside.URL+path); err != nil || r.Name != want {
			t.Errorf("%s: got %+v, %v", path, r, err)
		}
	}
	if _, _, err := get(t, w.client, w.outside.URL+"/gone"); fault.Message(err) != "127.0.0.1 answered with the status 410 (Gone)." {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("https://e.org/a?b#c")
	f.Add("http://[::1%25lo]:80/")
	f.Fuzz(func(t *testing.T, link string) {
		u, err := Parse(link)
		if err != nil {
			return
		}
		s := u.String()
		if again, err := Parse(s); err != nil || again.String() != s {
			if len(s) <= MaxURL {
				t.Errorf("%q became %q, then %v, %v", link, s, again, err)
			}
		}
		if strings.ContainsAny(s, "`\n\r \u202e") {
			t.Errorf("%q can't be shown: %q", link, s)
		}
	})
}
