package wheels

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/attachebot/attache/internal/fault"
)

// scripts are JavaScript libraries that draw charts in a browser, as files of
// wheels: the package index is the one place from which anything is fetched. Both
// the wheel and the file are pinned by their SHA-256.
var scripts = map[string]struct{ project, wheel, wheelSum, file, fileSum string }{
	// plotly.js 4.1.1, MIT. From https://pypi.org/project/plotly/.
	"plotly": {"plotly", "plotly-7.1.0-py3-none-any.whl", "dbb7fa18afce40d0a8e80d1bf162eceb3faa0ce5a77fe741ad09a74cf78f53f3",
		"plotly/package_data/plotly.min.js", "3b6e15d45dbb7fca5bd2094291e961ddc5472cd887009e6009a56dab668d721f"},
	// Vega 6.1.2, Vega-Lite 6.3.0 and Vega-Embed 7.0.2, BSD. From https://pypi.org/project/panel/.
	"vega":       {"panel", panelWheel, panelSum, "panel/dist/bundled/vegaplot/vega@6.1.2", "2aa7a28f64fa8fa23cc197bfdea248a775d2260a3c7f2e68d2e866b08f2b596a"},
	"vega-lite":  {"panel", panelWheel, panelSum, "panel/dist/bundled/vegaplot/vega-lite@6.3.0", "512da459b824b9a6ebbb9c12b2e91b2b35ebb70954535933dcc22fb1bc8eecb0"},
	"vega-embed": {"panel", panelWheel, panelSum, "panel/dist/bundled/vegaplot/vega-embed@7.0.2", "ae1c1ecd09745281079259d82977c1c18a57f57ac2f83e58640fb2a533813565"},
}

const (
	panelWheel = "panel-1.10.0-py3-none-any.whl"
	panelSum   = "15c9f2bb58567a9e36a22396cb38776df77eb0cc52cd9a99cebb78424b0363c0"
)

// Script returns a library that draws charts in a browser: plotly, vega, vega-lite
// or vega-embed. It is kept below dir, and fetched from the index the first time.
// Kind Unavailable: it can't be had right now.
func Script(ctx context.Context, dir, index, name string) ([]byte, error) {
	s, ok := scripts[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no script %s.", name)
	}
	path := filepath.Join(dir, "scripts", s.fileSum+".js")
	if data, err := os.ReadFile(path); err == nil && sumOf(data) == s.fileSum {
		return data, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of chart libraries can't be made.")
	}
	wheel, err := fetchWheel(ctx, index, s.project, s.wheel, s.wheelSum)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The library that draws this chart can't be fetched right now.")
	}
	z, err := zip.NewReader(bytes.NewReader(wheel), int64(len(wheel)))
	if err != nil {
		return nil, err
	}
	for _, other := range scripts { // what else is wanted of the same wheel
		f, err := z.Open(other.file)
		if err != nil || other.wheel != s.wheel {
			continue
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err == nil && sumOf(data) != other.fileSum {
			err = fmt.Errorf("%s of %s has the SHA-256 %s", other.file, other.wheel, sumOf(data))
		}
		if err == nil {
			err = replaceFile(filepath.Join(dir, "scripts", other.fileSum+".js"), data)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The library that draws this chart can't be kept.")
		}
	}
	return os.ReadFile(path)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// replaceFile writes a file, whole or not at all.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
