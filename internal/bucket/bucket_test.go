package bucket_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
)

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "user files#1%41", "deep")
	t.Chdir(t.TempDir())
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		dir: dir,
		"file://" + filepath.ToSlash(t.TempDir()) + "/a?prefix=x/": "",
		"relative/files":          filepath.Join(cwd, "relative/files"),
		"file://./relative/other": "relative/other",
	} {
		b, err := bucket.Open(t.Context(), url)
		if err != nil {
			t.Errorf("Open(%q): %v", url, err)
			continue
		}
		defer b.Close()
		if want != "" && b.Dir != want || b.Abort != nil {
			t.Errorf("Open(%q).Dir = %q, want %q", url, b.Dir, want)
		}
		if err := b.WriteAll(t.Context(), "1/1_2_abcdef01.csv", []byte("a"), nil); err != nil {
			t.Error(err)
		}
		// One file and nothing beside it, where Dir says, and for nobody else to see.
		path := filepath.Join(b.Dir, "1", "1_2_abcdef01.csv")
		if got, err := os.ReadFile(path); err != nil || string(got) != "a" {
			t.Errorf("%s: %q, %v", path, got, err)
		}
		if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
			t.Errorf("%s has %v", filepath.Dir(path), names)
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
}

// No key leads out of the folder, whatever a caller makes of it.
func TestKeysStayInside(t *testing.T) {
	outside := t.TempDir()
	b, err := bucket.Open(t.Context(), filepath.Join(outside, "in"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, key := range []string{"../x", "a/../../x", "/../x", "..", "a/../../in2/x", "./../x"} {
		b.WriteAll(t.Context(), key, []byte("x"), nil) // refused or escaped
	}
	filepath.WalkDir(outside, func(path string, d fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(filepath.Join(outside, "in"), path); !d.IsDir() && !filepath.IsLocal(rel) {
			t.Errorf("a key made %s", path)
		}
		return err
	})
}

func TestRefused(t *testing.T) {
	for _, url := range []string{"", "ftp://host/x", "s3://", "://", "file:///tmp/x?nonsense=1", "s3://b?nonsense=1", "%zz://x"} {
		b, err := bucket.Open(t.Context(), url)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("Open(%q) = %v, %v", url, b, err)
		}
	}
}

func TestAbortS3(t *testing.T) {
	b, err := bucket.Open(t.Context(), buckettest.S3(t))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var client *s3.Client
	if !b.As(&client) {
		t.Fatal("no S3 client")
	}
	for _, key := range []string{"attache/1/a", "attache/1/a", "attache/1/ab"} {
		up, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(make([]byte, 5<<20)),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(buckettest.Parts(t, b.Bucket)); n != 3 {
		t.Fatalf("%d uploads are open", n)
	}
	for range 2 { // the second time there is nothing to abort
		if err := b.Abort(t.Context(), "1/a"); err != nil {
			t.Fatal(err)
		}
		if left := buckettest.Parts(t, b.Bucket); len(left) != 1 || left[0] != "attache/1/ab" {
			t.Fatalf("left: %q", left)
		}
	}
}

// A file that was sent in parts is read without a word on standard error.
func TestS3IsQuiet(t *testing.T) {
	where := buckettest.S3(t)
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	defer func(before *os.File) { os.Stderr = before }(os.Stderr)
	os.Stderr = said // before the client is made, which keeps it
	b, err := bucket.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, size := range []int{1, 20 << 20} {
		data := bytes.Repeat([]byte{7}, size)
		if err := b.WriteAll(t.Context(), "1/a", data, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ReadAll(t.Context(), "1/a"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d of %d bytes: %v", len(got), size, err)
		}
	}
	if text, err := os.ReadFile(said.Name()); err != nil || len(text) > 0 {
		t.Errorf("standard error: %q, %v", text, err)
	}
}
