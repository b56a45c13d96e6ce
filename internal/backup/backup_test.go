package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/attachebot/attache/internal/backup"
	"github.com/attachebot/attache/internal/fault"
)

// copied is a database that is a list of keys.
type copied struct {
	file   string
	keys   map[string]string
	closed bool
}

func (c *copied) Keys(context.Context) (map[string]string, error) { return c.keys, nil }
func (c *copied) Forget(_ context.Context, keys []string) error {
	for _, k := range keys {
		delete(c.keys, k)
	}
	return nil
}
func (c *copied) Close() error {
	c.closed = true
	var lines []string
	for k := range c.keys {
		lines = append(lines, k)
	}
	return os.WriteFile(c.file, []byte(strings.Join(lines, "\n")), 0o600)
}

func check(_ context.Context, file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil || string(data) == "bad" {
		return nil, fault.Wrap(errors.Join(err, errors.New("x")), fault.Invalid, "It is damaged.")
	}
	keys := map[string]string{}
	for _, k := range strings.Split(string(data), "\n") {
		keys[k] = ""
	}
	return keys, nil
}

func bucketOf(t *testing.T, content map[string]string) *blob.Bucket {
	b := memblob.OpenBucket(nil)
	t.Cleanup(func() { b.Close() })
	for key, text := range content {
		if err := b.WriteAll(t.Context(), key, []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func write(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "instance"), []byte("i"), 0o600), os.MkdirAll(filepath.Join(dir, "tools/deep"), 0o755),
		os.WriteFile(filepath.Join(dir, "tools/deep/a.py"), []byte("a"), 0o755), os.Symlink("/etc/passwd", filepath.Join(dir, "tools/link"))); err != nil {
		t.Fatal(err)
	}
	db := &copied{file: filepath.Join(dir, "copy"), keys: map[string]string{"7/a.csv": "", "7/ü b.csv": "", "7/deleted": ""}}
	var out bytes.Buffer
	done, err := backup.Write(t.Context(), &out, backup.Source{Database: db, File: db.file, Dir: dir, Others: []string{"instance", "tools", "none"},
		Bucket: bucketOf(t, map[string]string{"7/a.csv": "one", "7/ü b.csv": "two", "7/other": "of nobody"}), Version: "v"})
	if err != nil || done.Files != 2 || len(db.keys) != 2 || !db.closed {
		t.Fatalf("%+v, %v, %+v", done, err, db)
	}
	return out.Bytes()
}

func TestThereAndBack(t *testing.T) {
	data := write(t)
	dir, b := t.TempDir(), bucketOf(t, nil)
	done, err := backup.Read(t.Context(), bytes.NewReader(data), backup.Target{Dir: dir, Bucket: b, Check: check})
	if err != nil || done.Files != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	for key, want := range map[string]string{"7/a.csv": "one", "7/ü b.csv": "two"} {
		if got, err := b.ReadAll(t.Context(), key); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "tools/deep/a.py"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(names) != 3 || len(hidden) != 0 { // attache.db, instance, tools
		t.Errorf("%q %q", names, hidden)
	}
	if _, err := backup.Read(t.Context(), bytes.NewReader(data), backup.Target{Dir: dir, Bucket: b, Check: check}); !fault.Is(err, fault.Exists) {
		t.Errorf("a second time: %v", err)
	}
}

// Whatever is done to an archive is seen, and nothing is changed then.
func TestDamage(t *testing.T) {
	data := write(t)
	entry := func(name string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		w.WriteHeader(&tar.Header{Name: name, Size: 1, Mode: 0o644})
		w.Write([]byte("x"))
		w.Flush()
		return append(b.Bytes(), data...)
	}
	damaged := map[string][]byte{
		"empty": nil, "no tar": []byte("hello"), "cut": data[:len(data)/2], "without an end": data[:len(data)-3000],
		"content": bytes.Replace(data, []byte("one"), []byte("two"), 1), "database": bytes.Replace(data, []byte("7/a.csv\n"), []byte("7/b.csv\n"), 1),
		"more": entry("data/more"), "outside": entry("../outside"), "absolute": entry("/etc/x"), "through": entry("data/../../x"), "unknown": entry("other"),
	}
	for i := 0; i < len(data); i += 257 { // some bytes of a header matter to nobody
		bad := bytes.Clone(data)
		bad[i] ^= 0x55
		damaged["byte"+string(rune(i))] = bad
	}
	accepted := 0
	for what, bad := range damaged {
		if bytes.Equal(bad, data) {
			continue
		}
		dir, b := t.TempDir(), bucketOf(t, nil)
		_, err := backup.Read(t.Context(), bytes.NewReader(bad), backup.Target{Dir: dir, Bucket: b, Check: check})
		if err == nil && strings.HasPrefix(what, "byte") {
			accepted++
			if got, _ := b.ReadAll(t.Context(), "7/a.csv"); string(got) != "one" {
				t.Errorf("%q: %q", what, got)
			}
			continue
		}
		left, _ := os.ReadDir(dir)
		if !fault.Is(err, fault.Invalid) || len(left) != 0 {
			t.Errorf("%s: %v, and %v is left", what, err, left)
		}
	}
	if accepted > len(data)/257/2 {
		t.Errorf("%d of %d damaged bytes are not seen", accepted, len(data)/257)
	}
}
