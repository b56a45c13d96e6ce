package files_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

// furnished returns a service with files of two users, twins and an expired
// one among them.
func furnished(t *testing.T) (*rig, []files.File) {
	r := onDisk(t, files.Options{Expiry: time.Hour})
	r.save(t, alice, "expired.csv", "gone\n")
	r.clock.add(time.Hour)
	all := []files.File{
		r.save(t, alice, "sales.csv", "a,b\n1,2\n").File,
		r.save(t, alice, "twin ‘x’.csv", "a,b\n1,2\n").File,
		r.save(t, alice, "empty", "").File,
		r.save(t, bob, "photo.csv", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x07\x00\x00\x00\x05\x08\x00\x00\x00\x00").File,
		r.save(t, bob, "big.bin", strings.Repeat("0123456789abcdef", 1<<16)).File,
	}
	g, err := r.Save(r.ctx, files.Upload{User: bob, Name: "chart.png", Body: strings.NewReader("chart"), Generated: true})
	must(t, err)
	return r, append(all, g.File)
}

func TestExportAndImport(t *testing.T) {
	from, all := furnished(t)
	var archive bytes.Buffer
	moved, err := from.Export(from.ctx, &archive, 0)
	must(t, err)
	if moved != (files.Moved{Files: 6}) {
		t.Errorf("exported %+v", moved)
	}

	// Any tar unpacks it, and every name in it stays inside.
	dir := t.TempDir()
	cmd := exec.Command("tar", "-x", "-C", dir)
	cmd.Stdin = bytes.NewReader(archive.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("tar: %v\n%s", err, out)
	}
	if b, err := os.ReadFile(filepath.Join(dir, alice.String(), string(all[0].ID)+".csv")); err != nil || string(b) != "a,b\n1,2\n" {
		t.Errorf("unpacked: %q, %v", b, err)
	}

	// SQLite and disk become MongoDB and S3, and back.
	far, farBucket, done, err := openAt(t.Context(), mongotest.Database(t, mongotest.Start(t))+"|"+buckettest.S3(t), files.Options{Now: from.clock.now, MaxFiles: 1})
	must(t, err)
	defer done()
	back := onDisk(t, files.Options{})
	back.clock.t = from.clock.now()
	for _, c := range []struct {
		to   *files.Service
		keys func() []string
	}{{far, func() []string { k, err := list(t.Context(), farBucket.Bucket); must(t, err); return k }}, {back.Service, func() []string { return back.keys(t) }}} {
		for i, want := range []files.Moved{{Files: 6}, {Skipped: 6}} { // twice is once
			moved, err := c.to.Import(t.Context(), bytes.NewReader(archive.Bytes()))
			if err != nil || moved != want {
				t.Errorf("import %d: %+v, %v", i, moved, err)
			}
		}
		for _, f := range all {
			got, r, err := c.to.Open(t.Context(), f.User, f.ID)
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
				continue
			}
			there, err := io.ReadAll(r)
			r.Close()
			if err != nil || string(there) != from.read(t, f.User, f.ID) {
				t.Errorf("%s has %d bytes, %v", f.Name, len(there), err)
			}
			got.Path, f.Path = "", ""
			if got != f {
				t.Errorf("metadata\n got %+v\nwant %+v", got, f)
			}
		}
		if k := c.keys(); len(k) != 5 { // twins are twins again
			t.Errorf("the bucket has %q", k)
		}
		archive.Reset()
		_, err := c.to.Export(t.Context(), &archive, 0)
		must(t, err)
	}
}

func TestExportOfOneUser(t *testing.T) {
	r, all := furnished(t)
	// Ids that sort around Alice's.
	r.save(t, 11, "x", "x")
	r.save(t, 1111111111111111111, "x", "x")
	var archive bytes.Buffer
	moved, err := r.Export(r.ctx, &archive, alice)
	must(t, err)
	var got []string
	for in := tar.NewReader(&archive); ; {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		got = append(got, h.Name)
	}
	want := []string{alice.String() + "/" + string(all[0].ID) + ".csv", alice.String() + "/" + string(all[1].ID) + ".csv", alice.String() + "/" + string(all[2].ID)}
	slices.Sort(want)
	if want = append(want, "end-of-archive"); moved.Files != 3 || !slices.Equal(got, want) {
		t.Errorf("%+v: %q, want %q", moved, got, want)
	}
}

func TestExportWithoutBytes(t *testing.T) {
	r, all := furnished(t)
	must(t, r.bucket.Delete(r.ctx, all[4].Path))
	must(t, r.bucket.WriteAll(r.ctx, all[3].Path, []byte("cut"), nil))
	var archive bytes.Buffer
	moved, err := r.Export(r.ctx, &archive, 0)
	must(t, err)
	if moved != (files.Moved{Files: 4, Skipped: 2}) || strings.Count(r.log.String(), "not exported") != 2 {
		t.Errorf("%+v, log %s", moved, r.log)
	}
	into := onDisk(t, files.Options{})
	into.clock.t = r.clock.now()
	if moved, err := into.Import(r.ctx, &archive); err != nil || moved.Files+moved.Skipped != 4 {
		t.Errorf("import %+v, %v", moved, err)
	}
	_, err = r.Export(r.ctx, errWriter{}, 0)
	wantKind(t, err, fault.Unavailable)
}

type errWriter struct{}

func (errWriter) Write([]byte) (int, error) { return 0, errors.New("pipe closed") }

// Nothing in an archive is trusted, and nothing half of it is kept.
func TestImportRefuses(t *testing.T) {
	from, all := furnished(t)
	var good bytes.Buffer
	_, err := from.Export(from.ctx, &good, 0)
	must(t, err)
	swap := func(old, new string) []byte {
		if !bytes.Contains(good.Bytes(), []byte(old)) || len(old) != len(new) {
			t.Fatalf("%q is not in the archive", old)
		}
		return bytes.ReplaceAll(good.Bytes(), []byte(old), []byte(new))
	}
	var foreign bytes.Buffer
	w := tar.NewWriter(&foreign)
	must(t, w.WriteHeader(&tar.Header{Name: "../../etc/passwd", Mode: 0o600, Size: 1}))
	w.Write([]byte("x"))
	w.Close()
	entry := func(typeflag byte, meta string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		must(t, w.WriteHeader(&tar.Header{Name: "x", Typeflag: typeflag, Linkname: "/etc/passwd", PAXRecords: map[string]string{"ATTACHE.file": meta}}))
		w.Close()
		return b.Bytes()
	}
	empty := all[0]
	empty.Size, empty.SHA256 = 0, ""
	meta, err := json.Marshal(empty)
	must(t, err)
	for name, c := range map[string]struct {
		archive []byte
		kind    fault.Kind
	}{
		"empty":        {nil, fault.Invalid},
		"no tar":       {bytes.Repeat([]byte("no tar "), 1000), fault.Invalid},
		"foreign":      {foreign.Bytes(), fault.Invalid},
		"cut at entry": {good.Bytes()[:good.Len()-1024-3*512], fault.Invalid},
		"cut in entry": {good.Bytes()[:good.Len()-300_000], fault.Invalid},
		"cut in head":  {good.Bytes()[:good.Len()-1024-2*512], fault.Invalid},
		"other bytes":  {swap("a,b\n1,2\n", "a,b\n1,3\n"), fault.Invalid},
		"other sum":    {swap(all[0].SHA256, strings.Repeat("0", 64)), fault.Invalid},
		"other owner":  {swap(`"user":"`+bob.String(), `"user":"`+alice.String()), fault.Invalid},
		"bad id":       {swap(string(all[3].ID)[18:], "_../../../../../../.."[:len(all[3].ID)-18]), fault.Invalid},
		"bad kind":     {swap(`"kind":"csv"`, `"kind":"exe"`), fault.Invalid},
		"bad JSON":     {swap(`{"id":`, `{"id";`), fault.Invalid},
		"bad count":    {swap("ATTACHE.count=6", "ATTACHE.count=7"), fault.Invalid},
		"a link":       {entry(tar.TypeSymlink, string(meta)), fault.Invalid},
		"no id":        {entry(tar.TypeReg, "{}"), fault.Invalid},
		"null":         {entry(tar.TypeReg, "null"), fault.Invalid},
	} {
		r := onDisk(t, files.Options{})
		r.clock.t = from.clock.now()
		_, err := r.Import(r.ctx, bytes.NewReader(c.archive))
		if !fault.Is(err, c.kind) || fault.Message(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if name == "a link" && !strings.Contains(fault.Message(err), "is not from an export") {
			t.Errorf("%s: %v", name, err)
		}
		fs, err := r.store.Scan(r.ctx, "", 100)
		must(t, err)
		keys := map[string]bool{}
		for _, f := range fs {
			keys[f.Path] = true
		}
		if got := r.keys(t); len(got) != len(keys) {
			t.Errorf("%s: the bucket has %q for %v", name, got, keys)
		}
	}
	// Cut in the middle of a file, or broken off: what came before is kept, and
	// a repetition does the rest.
	r := onDisk(t, files.Options{})
	r.clock.t = from.clock.now()
	_, err = r.Import(r.ctx, io.MultiReader(bytes.NewReader(good.Bytes()[:good.Len()-300_000]), iotest.ErrReader(errors.New("reset"))))
	if err == nil {
		t.Error("a broken archive was imported")
	}
	if n := len(r.keys(t)); n == 0 {
		t.Error("nothing was kept")
	}
	if moved, err := r.Import(r.ctx, &good); err != nil || moved.Files+moved.Skipped != 6 {
		t.Errorf("repeated: %+v, %v", moved, err)
	}
}
