// Package render draws a discordtest.Transcript as people see it in Discord's dark theme.
//
// It needs Chromium (Debian: apt-get install chromium), and node with npm, which install the components and fonts
// of package-lock.json into the user's cache on first use. Emojis are drawn with Twemoji from there; those newer than
// it fall back to the system's font (Debian: fonts-noto-color-emoji). Nothing is loaded from the network while drawing.
package render

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/internal/npm"
)

// Options say how to draw. The zero value is fine.
type Options struct {
	Width    int               // of the conversation in CSS pixels; 0 means 760. The picture has twice as many.
	Header   bool              // show the channel's name above
	Start    time.Time         // shift all times so that the first message has this one; zero: as they are
	Location *time.Location    // nil means UTC
	Font     string            // a font's file for Han, Kana and Hangul, which the page's own fonts lack; empty: the system's
	Avatars  map[string]string // pictures by name, as data: links; others are made of the name

	shift time.Duration
}

// ErrUnavailable means that Chromium, or node with npm, is not installed, or that npm cannot get the packages.
var ErrUnavailable = errors.New("nothing to draw with")

//go:embed page.html draw.js style.css package.json package-lock.json
var assets embed.FS

var page = template.Must(template.ParseFS(assets, "page.html"))

// PNG draws a transcript, cropped to it, with two pixels for each CSS pixel.
func PNG(ctx context.Context, t discordtest.Transcript, o Options) ([]byte, error) {
	browser, err := findBrowser()
	if err != nil {
		return nil, err
	}
	modules, err := npm.Install(ctx, assets)
	if errors.Is(err, npm.ErrUnavailable) {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return nil, err
	}
	if o.Width == 0 {
		o.Width = 760
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if !o.Start.IsZero() && len(t.Messages) > 0 {
		o.shift = o.Start.Sub(t.Messages[0].Time)
	}
	var doc bytes.Buffer
	if err := page.Execute(&doc, template.HTML(o.fontFace()+o.conversation(t))); err != nil {
		return nil, err
	}
	url, stop, err := serve(doc.Bytes(), modules, o.Font)
	if err != nil {
		return nil, err
	}
	defer stop()
	for height := 3200; ; height *= 2 {
		shot, err := screenshot(ctx, browser, url, o.Width, height)
		if err != nil {
			return nil, err
		}
		cropped, whole := crop(shot)
		if cropped == nil {
			return nil, errors.New("render: the picture is empty")
		}
		if whole || height >= 16000 {
			var out bytes.Buffer
			if err := png.Encode(&out, cropped); err != nil {
				return nil, err
			}
			if !whole {
				return nil, errors.New("render: the conversation is too long for one picture")
			}
			return out.Bytes(), nil
		}
	}
}

// fontFace makes the font given part of the one that clients have.
func (o Options) fontFace() string {
	if o.Font == "" {
		return ""
	}
	return "<style>@font-face { font-family: 'gg sans'; font-weight: 300 900; src: url(/font); " +
		"unicode-range: U+1100-11FF, U+2E80-A4CF, U+AC00-D7FF, U+F900-FAFF, U+FE30-FE4F, U+FF00-FFEF; }</style>"
}

func findBrowser() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: chromium is not installed (Debian: apt-get install chromium; or set CHROMIUM)", ErrUnavailable)
}

// serve gives the browser the page and what it imports, on loopback.
func serve(doc []byte, modules, font string) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(doc)
	})
	if font != "" {
		mux.HandleFunc("GET /font", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, font) })
	}
	files, err := fs.Sub(os.DirFS(modules), "node_modules")
	if err != nil {
		return "", nil, err
	}
	mux.Handle("GET /node_modules/", http.StripPrefix("/node_modules/", http.FileServerFS(files)))
	mux.Handle("GET /", http.FileServerFS(assets))
	srv := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	return "http://" + l.Addr().String() + "/", func() { srv.Close(); <-done }, nil
}

func screenshot(ctx context.Context, browser, url string, width, height int) (*image.NRGBA, error) {
	dir, err := os.MkdirTemp("", "discord-picture-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "shot.png")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	args := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--force-device-scale-factor=2", "--default-background-color=00000000", "--virtual-time-budget=10000",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--screenshot=" + file, fmt.Sprintf("--window-size=%d,%d", width, height), url}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, browser, args...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "TZ=UTC")
		return cmd.CombinedOutput()
	}
	unboxed := append([]string{"--no-sandbox"}, args...) // the page is our own
	var out []byte
	if os.Geteuid() == 0 { // Chromium refuses to sandbox itself as root
		out, err = run(unboxed...)
	} else if out, err = run(args...); err != nil && bytes.Contains(out, []byte("No usable sandbox")) {
		out, err = run(unboxed...)
	}
	if err != nil {
		return nil, fmt.Errorf("chromium: %w\n%s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("chromium made no picture: %s", out)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, err
	}
	shot, ok := img.(*image.NRGBA)
	if !ok {
		return nil, fmt.Errorf("chromium made a picture without transparency: %T", img)
	}
	return shot, nil
}

// crop cuts the transparent surroundings off. whole is false when the picture reaches the lower edge.
func crop(img *image.NRGBA) (cropped image.Image, whole bool) {
	box := image.Rectangle{}
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:4*img.Rect.Dx()]
		left, right := 0, len(row)/4
		for left < right && row[4*left+3] == 0 {
			left++
		}
		for left < right && row[4*right-1] == 0 {
			right--
		}
		if left < right {
			box = box.Union(image.Rect(left, y, right, y+1))
		}
	}
	if box.Empty() {
		return nil, false
	}
	return img.SubImage(box), box.Max.Y < img.Rect.Max.Y
}
