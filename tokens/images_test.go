package tokens

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func TestImageTokens(t *testing.T) {
	for _, c := range []struct {
		model string
		w, h  int
		d     Detail
		want  int
	}{
		{"gpt-4o", 1024, 1024, High, 765},
		{"gpt-4o", 1024, 1024, Auto, 765},
		{"gpt-4o", 2048, 4096, High, 1105},
		{"gpt-4o", 4096, 8192, Low, 85},
		{"gpt-4o", 1, 1, High, 255},
		{"gpt-4o", 512, 512, "", 255},
		{"gpt-4o", 513, 512, "", 425},
		{"gpt-4.1", 1024, 1024, Original, 765},
		{"gpt-4.5-preview", 1024, 1024, High, 765},
		{"gpt-4o-mini", 1024, 1024, High, 25501},
		{"gpt-4o-mini", 1024, 1024, Low, 2833},
		{"gpt-5", 1024, 1024, High, 630},
		{"gpt-5.1", 1024, 1024, High, 630},
		{"o1", 1024, 1024, High, 675},
		{"o1-pro", 1024, 1024, High, 675},
		{"o3", 1024, 1024, High, 675},
		{"computer-use-preview", 1024, 1024, High, 65 + 4*129},

		{"gpt-5.4", 1024, 1024, High, 1229},
		{"gpt-5.4", 2048, 2048, High, 3000},
		{"gpt-5.4", 2048, 2048, Auto, 3000},
		{"gpt-5.4", 3200, 3200, Original, 12000},
		{"gpt-5.4-mini", 1024, 1024, High, 1229},
		{"gpt-5.5", 2048, 2048, Auto, 4915},
		{"gpt-5.5", 512, 512, Low, 307},
		{"gpt-5.5", 4096, 4096, Low, 307},
		{"gpt-5.6-sol", 4096, 4096, Auto, 19661},
		{"gpt-5.6-luna", 4096, 4096, High, 3000},
		{"gpt-4.1-mini", 4000, 1474, High, 2488},
		{"gpt-5-mini", 1800, 2400, High, 1742},   // 1452 patches
		{"gpt-5-nano", 1800, 2400, High, 2178},   // of 1.5
		{"gpt-4.1-nano", 1800, 2400, High, 3572}, // of 2.46
		{"o4-mini", 1800, 2400, High, 2497},      // of 1.72
		{"o4-mini", 1024, 1024, Low, 1761},
	} {
		m := ForModel(c.model)
		b := m.CountRequest(Request{Messages: []Message{{Role: "user", Parts: []Part{{Image: &Image{Detail: c.d, Width: c.w, Height: c.h}}}}}})
		if b.Images != (Amount{c.want, true}) {
			t.Errorf("%s: %d by %d %s: %+v, not %d", c.model, c.w, c.h, c.d, b.Images, c.want)
		}
	}
}

func TestPatches(t *testing.T) {
	for _, c := range []struct{ w, h, side, budget, want int }{
		{1024, 1024, 0, 1536, 1024},
		{1800, 2400, 0, 1536, 1452},
		{2048, 2048, 2048, 2500, 2500},
		{4000, 1474, 2048, 6144, 1536},
		{1, 1, 2048, 2500, 1},
		{33, 32, 0, 0, 2},
		{1 << 20, 1, 2048, 2500, 64},
		{1 << 20, 1, 0, 1536, 1536},
		{1 << 20, 1 << 20, 0, 1536, 1521},
	} {
		if got := patches(c.w, c.h, c.side, c.budget); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// No image has more tokens than one of unknown size is taken for, unless the
// model looks at originals; none has less than one.
func TestMostTokens(t *testing.T) {
	for _, name := range BuiltIn().Names() {
		rule := ForModel(name).entry.Images
		if rule == nil {
			continue
		}
		for _, d := range []Detail{Low, High} {
			most := rule.most(d)
			for w := 1; w < 9000; w = w*5/4 + 1 {
				for h := 1; h < 9000; h = h*5/4 + 1 {
					if n := rule.tokens(w, h, d); n < 1 || n > most {
						t.Fatalf("%s %s: %d by %d has %d tokens, the most is %d", name, d, w, h, n, most)
					}
				}
			}
		}
	}
}

func encoded(t testing.TB, f func(w io.Writer, m image.Image) error, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpVP8X is the head of an extended WebP of a size.
func webpVP8X(w, h int) []byte {
	b := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	b = append(b, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	return append(b, "VP8 \x00\x00\x00\x00"...)
}

// webpLossless is the head of a lossless WebP of a size.
func webpLossless(w, h int) []byte {
	bits := uint32(w-1) | uint32(h-1)<<14
	chunk := append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, bits)...)
	b := append([]byte("RIFF\x20\x00\x00\x00WEBPVP8L"), binary.LittleEndian.AppendUint32(nil, uint32(len(chunk)+1))...)
	return append(append(b, chunk...), make([]byte, 16)...)
}

var imageFiles = map[string]func(t testing.TB) []byte{
	"png":  func(t testing.TB) []byte { return encoded(t, png.Encode, 321, 123) },
	"jpeg": func(t testing.TB) []byte { return encoded(t, jpegEncode, 321, 123) },
	"jpeg, metadata": func(t testing.TB) []byte {
		b := encoded(t, jpegEncode, 321, 123)
		segment := append([]byte{0xff, 0xe1, 0xff, 0xff}, make([]byte, 0xffff-2)...)
		return append(append(b[:2:2], segment...), b[2:]...)
	},
	"gif":           func(t testing.TB) []byte { return encoded(t, gifEncode, 321, 123) },
	"bmp":           func(t testing.TB) []byte { return encoded(t, bmp.Encode, 321, 123) },
	"tiff":          func(t testing.TB) []byte { return encoded(t, tiffEncode, 321, 123) },
	"webp":          func(t testing.TB) []byte { return webpVP8X(321, 123) },
	"webp lossless": func(t testing.TB) []byte { return webpLossless(321, 123) },
}

func jpegEncode(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
func gifEncode(w io.Writer, m image.Image) error  { return gif.Encode(w, m, nil) }
func tiffEncode(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }

func TestImageSize(t *testing.T) {
	for name, make := range imageFiles {
		b := make(t)
		if w, h, err := ImageSize(bytes.NewReader(b)); w != 321 || h != 123 || err != nil {
			t.Errorf("%s: %d by %d, %v", name, w, h, err)
		}
		url := "data:image/x;base64," + base64.StdEncoding.EncodeToString(b)
		m := ForModel("gpt-4o")
		if n := m.CountMessage(Message{Parts: []Part{{Image: &Image{URL: url}}}}).Images; n != (Amount{255, true}) {
			t.Errorf("%s in a data URL: %+v", name, n)
		}
		for n := range min(len(b), 40) {
			if w, h, err := ImageSize(bytes.NewReader(b[:n])); err == nil && (w != 321 || h != 123) {
				t.Errorf("%s cut to %d: %d by %d", name, n, w, h)
			}
		}
	}
	for _, b := range []string{"", "x", "<svg width='1'/>", "\x89PNG\r\n\x1a\n", "GIF89a\x00\x00\x00\x00", "RIFF....WEBP", "%PDF-1.7 and more"} {
		if w, h, err := ImageSize(strings.NewReader(b)); !errors.Is(err, ErrImage) {
			t.Errorf("%q: %d by %d, %v", b, w, h, err)
		}
	}
	for _, u := range []string{"data:", "data:image/png,abc", "data:image/png;base64", "data:image/png;base64,!!!!", "data:;base64,iVBORw0KGgo="} {
		if _, _, isData, err := dataURLSize(u); !isData || !errors.Is(err, ErrImage) {
			t.Errorf("%q: %v, %v", u, isData, err)
		}
	}
}

func FuzzImageSize(f *testing.F) {
	for _, make := range imageFiles {
		f.Add(make(f))
	}
	for _, file := range []string{"plain.avif", "plain.heic", "turned.avif"} {
		data, err := os.ReadFile("testdata/images/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, h, err := ImageSize(bytes.NewReader(b)); err == nil && (w < 1 || h < 1 || w > maxSide || h > maxSide) {
			t.Errorf("%d by %d", w, h)
		}
	})
}

func TestDiscordLink(t *testing.T) {
	const good = "https://cdn.discordapp.com/attachments/123/456/a%20b.png?ex=65d903de&is=65c68ede&hm=2481f30d&"
	l, ok := ParseDiscordLink(good)
	if want := (DiscordLink{"123", "456", "a b.png", time.Unix(0x65d903de, 0).UTC()}); !ok || l != want {
		t.Errorf("%+v, %v", l, ok)
	}
	if l.Expired(l.Expires.Add(-time.Second)) || !l.Expired(l.Expires) {
		t.Error("it expires at another time")
	}
	if l, ok := ParseDiscordLink("https://media.discordapp.net/ephemeral-attachments/1/2/x.webp?width=10"); !ok || !l.Expires.IsZero() || l.Expired(time.Now()) {
		t.Errorf("%+v, %v", l, ok)
	}
	for _, bad := range []string{
		"", "x", "http://cdn.discordapp.com/attachments/1/2/x", "https://cdn.discordapp.com.evil.com/attachments/1/2/x",
		"https://evil.com/attachments/1/2/x", "https://user@cdn.discordapp.com/attachments/1/2/x", "https://cdn.discordapp.com:8443/attachments/1/2/x",
		"https://cdn.discordapp.com/avatars/1/2/x", "https://cdn.discordapp.com/attachments/a/2/x", "https://cdn.discordapp.com/attachments/1/2", "https://cdn.discordapp.com/attachments/1/2/3/4",
	} {
		if l, ok := ParseDiscordLink(bad); ok {
			t.Errorf("%q is %+v", bad, l)
		}
	}
}

// host serves files as Discord's CDN does, and counts what is received of it.
type host struct {
	*httptest.Server
	files    map[string][]byte
	requests atomic.Int32
	received atomic.Int64
	handle   func(w http.ResponseWriter, r *http.Request) bool // instead, if it returns true
}

func newHost(t *testing.T) *host {
	h := &host{files: map[string][]byte{}}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		if h.handle != nil && h.handle(w, r) {
			return
		}
		b, ok := h.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(h.Close)
	return h
}

type countingConn struct {
	net.Conn
	n *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// sizer returns one that finds every host at the test server.
func (h *host) sizer(o SizerOptions) *Sizer {
	s := NewSizer(o)
	real := s.client.Transport.(*http.Transport)
	test := h.Client().Transport.(*http.Transport).Clone()
	test.TLSClientConfig.InsecureSkipVerify = true
	test.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		for _, host := range s.opts.Hosts {
			if addr == host+":443" {
				conn, err := smallBuffer(new(net.Dialer).DialContext(ctx, network, h.Listener.Addr().String()))
				return &countingConn{conn, &h.received}, err
			}
		}
		return real.DialContext(ctx, network, addr)
	}
	s.client.Transport = test
	return s
}

const cdn = "https://cdn.discordapp.com"

func TestSizerReadsTheBeginning(t *testing.T) {
	for name, make := range imageFiles {
		h := newHost(t)
		b := make(t)
		filler := bytes.Repeat([]byte{0}, 30<<20)
		if name == "tiff" {
			filler = nil // its directory is behind the pixels
			b = encoded(t, tiffEncode, 3000, 2000)
		}
		h.files["/attachments/1/2/x"] = append(b, filler...)
		img, err := h.sizer(SizerOptions{}).Size(t.Context(), Image{URL: cdn + "/attachments/1/2/x", Detail: High})
		if err != nil || name != "tiff" && (img.Width != 321 || img.Height != 123) || name == "tiff" && (img.Width != 3000 || img.Height != 2000) || img.Detail != High {
			t.Errorf("%s: %+v, %v", name, img, err)
		}
		if n := h.received.Load(); n > 150<<10 || h.requests.Load() > 5 {
			t.Errorf("%s: %d bytes in %d requests", name, n, h.requests.Load())
		}
	}
}

// What carries its size is not asked about.
func TestSizerNeedNotAsk(t *testing.T) {
	h := newHost(t)
	s := h.sizer(SizerOptions{})
	for _, img := range []Image{
		{URL: cdn + "/attachments/1/2/x", Width: 5, Height: 6},
		{URL: "https://media.discordapp.net/attachments/1/2/x?width=5&height=6"},
		{URL: "https://media.discordapp.net/external/hash/https/example.com/x.png?format=webp&width=5&height=6"},
		{URL: "data:image/png;base64," + base64.StdEncoding.EncodeToString(encoded(t, png.Encode, 5, 6))},
	} {
		if got, err := s.Size(t.Context(), img); err != nil || got.Width != 5 || got.Height != 6 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if h.requests.Load() != 0 {
		t.Error("the host was asked")
	}
}

// A link to Discord's proxy tells the size, to which others say nothing.
func TestProxySize(t *testing.T) {
	count := func(url string) Amount {
		return ForModel("gpt-4o").CountRequest(Request{Messages: []Message{{Role: "user", Parts: []Part{{Image: &Image{URL: url}}}}}}).Images
	}
	if a := count("https://media.discordapp.net/attachments/1/2/x.png?ex=1&width=1024&height=1024"); a != (Amount{765, true}) {
		t.Errorf("%+v", a)
	}
	for _, other := range []string{
		"https://media.discordapp.net/attachments/1/2/x.png?width=1024", "https://media.discordapp.net/attachments/1/2/x.png?width=-1&height=1",
		"https://cdn.discordapp.com/attachments/1/2/x.png?width=1024&height=1024", "https://evil.com/x.png?width=1&height=1", "https://u@media.discordapp.net/a?width=1&height=1",
	} {
		if a := count(other); a.Exact {
			t.Errorf("%s: %+v", other, a)
		}
	}
}

func TestSizerAsksNobodyElse(t *testing.T) {
	h := newHost(t)
	h.files["/x.png"] = encoded(t, png.Encode, 5, 6)
	s := h.sizer(SizerOptions{})
	for _, u := range []string{
		"http://cdn.discordapp.com/x.png", "https://example.com/x.png", "https://cdn.discordapp.com.example.com/x.png",
		"https://cdn.discordapp.com@example.com/x.png", "https://example.com@cdn.discordapp.com/x.png", "https://cdn.discordapp.com:444/x.png",
		"https://127.0.0.1/x.png", "https://[::1]/x.png", "https://169.254.169.254/latest/meta-data", "file:///etc/passwd", "ftp://cdn.discordapp.com/x.png",
		"//cdn.discordapp.com/x.png", "", "%", "https://", h.URL + "/x.png",
	} {
		if img, err := s.Size(t.Context(), Image{URL: u}); !errors.Is(err, ErrHost) || img.Width != 0 {
			t.Errorf("%q: %+v, %v", u, img, err)
		}
	}
	if h.requests.Load() != 0 {
		t.Error("the host was asked")
	}

	// Not by redirects either.
	for _, to := range []string{"https://example.com/x.png", "http://cdn.discordapp.com/x.png", "https://127.0.0.1/x.png", "https://169.254.169.254/"} {
		h.handle = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, to, http.StatusFound)
			return true
		}
		if _, err := s.Size(t.Context(), Image{URL: cdn + "/y.png"}); !errors.Is(err, ErrHost) {
			t.Errorf("redirected to %s: %v", to, err)
		}
	}
	h.handle = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/y.png" {
			http.Redirect(w, r, "https://media.discordapp.net/x.png", http.StatusFound)
			return true
		}
		return false
	}
	if img, err := s.Size(t.Context(), Image{URL: cdn + "/y.png"}); err != nil || img.Width != 5 {
		t.Errorf("redirected to another allowed host: %+v, %v", img, err)
	}
	h.handle = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, cdn+"/y.png", http.StatusFound)
		return true
	}
	if _, err := s.Size(t.Context(), Image{URL: cdn + "/y.png"}); err == nil {
		t.Error("a circle of redirects has a size")
	}
}

// An allowed name that resolves to an address inside is not dialled.
func TestSizerDialsPublicAddressesOnly(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "224.0.0.1"} {
		s := NewSizer(SizerOptions{Hosts: []string{ip}, Timeout: 2 * time.Second})
		if _, err := s.Size(t.Context(), Image{URL: "https://" + ip + "/x.png"}); !errors.Is(err, ErrHost) {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for _, addr := range []string{"8.8.8.8:443", "[2001:4860:4860::8888]:443"} {
		if err := publicOnly("tcp", addr, nil); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	s := NewSizer(SizerOptions{})
	if _, err := s.client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "example.com:443"); !errors.Is(err, ErrHost) {
		t.Errorf("another host is dialled: %v", err)
	}
	if _, err := s.client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "cdn.discordapp.com:80"); !errors.Is(err, ErrHost) {
		t.Errorf("another port is dialled: %v", err)
	}
}

func TestSizerBounds(t *testing.T) {
	const url = cdn + "/attachments/1/2/x.png"
	jpegWithoutEnd := append([]byte{0xff, 0xd8}, bytes.Repeat(append([]byte{0xff, 0xe1, 0xff, 0xff}, make([]byte, 0xffff-2)...), 100)...)
	for name, handle := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"no size": func(w http.ResponseWriter, r *http.Request) bool {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(jpegWithoutEnd))
			return true
		},
		"no ranges, no end": func(w http.ResponseWriter, r *http.Request) bool {
			w.Write([]byte{0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff})
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					break
				}
			}
			return true
		},
		"another range": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "bytes 5-9/100")
			w.WriteHeader(http.StatusPartialContent)
			return true
		},
		"no range told": func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusPartialContent)
			return true
		},
		"empty":          func(w http.ResponseWriter, r *http.Request) bool { return true },
		"error":          func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(500); return true },
		"unsatisfiable":  func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(416); return true },
		"not an image":   func(w http.ResponseWriter, r *http.Request) bool { io.WriteString(w, "<html>"); return true },
		"never answered": func(w http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true },
		"stalls": func(w http.ResponseWriter, r *http.Request) bool {
			io.WriteString(w, "\x89PNG")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		},
	} {
		h := newHost(t)
		h.handle = handle
		start := time.Now()
		img, err := h.sizer(SizerOptions{Timeout: 500 * time.Millisecond}).Size(t.Context(), Image{URL: url})
		if err == nil {
			t.Errorf("%s: %+v", name, img)
		} else if strings.Contains(err.Error(), "attachments") {
			t.Errorf("%s: %v tells the link", name, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: %v", name, d)
		}
		if n := h.received.Load(); n > maxRead+64<<10 {
			t.Errorf("%s: %d bytes were received", name, n)
		}
	}
}

func TestSizerRefreshes(t *testing.T) {
	h := newHost(t)
	h.files["/attachments/1/2/x.png"] = encoded(t, png.Encode, 5, 6)
	now := time.Unix(0x65d903de, 0)
	at := func(d time.Duration) string {
		return fmt.Sprintf("%s/attachments/1/2/x.png?ex=%x&is=1&hm=2", cdn, now.Add(d).Unix())
	}
	clock := func() time.Time { return now }
	asked := 0
	refresh := func(_ context.Context, link string) (string, error) {
		asked++
		if link != at(-time.Hour) {
			t.Errorf("asked for %s", link)
		}
		return at(time.Hour), nil
	}
	img, err := h.sizer(SizerOptions{Now: clock, Refresh: refresh}).Size(t.Context(), Image{URL: at(-time.Hour)})
	if err != nil || img.URL != at(time.Hour) || img.Width != 5 || asked != 1 {
		t.Errorf("%+v, %v, %d", img, err, asked)
	}
	if _, err := h.sizer(SizerOptions{Now: clock}).Size(t.Context(), Image{URL: at(-time.Hour)}); !errors.Is(err, ErrExpired) {
		t.Errorf("without Refresh: %v", err)
	}
	failing := func(context.Context, string) (string, error) { return "", errors.New("gone") }
	if _, err := h.sizer(SizerOptions{Now: clock, Refresh: failing}).Size(t.Context(), Image{URL: at(-time.Hour)}); !errors.Is(err, ErrExpired) || !strings.Contains(err.Error(), "gone") {
		t.Errorf("with a Refresh that fails: %v", err)
	}
	same := func(_ context.Context, link string) (string, error) { return link, nil }
	if _, err := h.sizer(SizerOptions{Now: clock, Refresh: same}).Size(t.Context(), Image{URL: at(-time.Hour)}); !errors.Is(err, ErrExpired) {
		t.Errorf("with a Refresh that gives an expired link: %v", err)
	}
	elsewhere := func(context.Context, string) (string, error) { return "https://127.0.0.1/x.png", nil }
	if _, err := h.sizer(SizerOptions{Now: clock, Refresh: elsewhere}).Size(t.Context(), Image{URL: at(-time.Hour)}); !errors.Is(err, ErrHost) {
		t.Errorf("with a Refresh that leads elsewhere: %v", err)
	}
	sized := Image{URL: at(-time.Hour), Width: 7, Height: 8}
	if got, err := h.sizer(SizerOptions{Now: clock, Refresh: refresh}).Size(t.Context(), sized); err != nil || got != (Image{URL: at(time.Hour), Width: 7, Height: 8}) {
		t.Errorf("of known size: %+v, %v", got, err)
	}
	if _, err := h.sizer(SizerOptions{Now: clock}).Size(t.Context(), sized); !errors.Is(err, ErrExpired) {
		t.Errorf("of known size, without Refresh: %v", err)
	}
	if got, err := h.sizer(SizerOptions{Now: clock, Refresh: elsewhere}).Size(t.Context(), sized); !errors.Is(err, ErrHost) || got.URL != sized.URL {
		t.Errorf("of known size, with a Refresh that leads elsewhere: %v, %v", got, err)
	}
	if _, err := h.sizer(SizerOptions{Now: clock}).Size(t.Context(), Image{URL: cdn + "/attachments/1/2/gone.png"}); !errors.Is(err, ErrExpired) {
		t.Errorf("404: %v", err)
	}
}

func TestFill(t *testing.T) {
	h := newHost(t)
	h.files["/attachments/1/2/x.png"] = encoded(t, png.Encode, 5, 6)
	req := Request{Messages: []Message{
		Text("user", "no image"),
		{Role: "user", Parts: []Part{
			{Text: "look"},
			{Image: &Image{URL: cdn + "/attachments/1/2/x.png"}},
			{Image: &Image{URL: cdn + "/attachments/1/2/x.png?ex=1"}},
			{Image: &Image{URL: cdn + "/attachments/1/2/x.png?ex=1", Width: 3, Height: 4}},
			{Image: &Image{URL: "https://example.com/y.png"}},
			{Image: &Image{URL: "https://example.com/z.png", Width: 7, Height: 8}},
		}},
	}}
	filled, notes := h.sizer(SizerOptions{}).Fill(t.Context(), req)
	var got []string
	for _, p := range filled.Messages[1].Parts {
		if p.Image == nil {
			got = append(got, p.Text)
		} else {
			got = append(got, fmt.Sprintf("%d", p.Image.Width))
		}
	}
	if s := strings.Join(got, " "); s != "look 5 0 7" {
		t.Errorf("%s", s)
	}
	if len(notes) != 3 || !strings.Contains(notes[0], "expired; it is left out") || notes[1] != notes[0] || !strings.Contains(notes[2], "example.com") {
		t.Errorf("%q", notes)
	}
	if req.Messages[1].Parts[1].Image.Width != 0 || len(req.Messages[1].Parts) != 6 {
		t.Error("the request was changed")
	}
}
