// Package bucket opens the bucket that the bytes of users' files are kept in:
// a folder, S3 and what speaks its protocol, Google Cloud Storage, Azure Blob
// Storage. It is the one package that links their drivers.
package bucket

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/fileblob"

	"github.com/attachebot/attache/internal/fault"
)

// Bucket is an open bucket, and what is particular to where it is: Dir and
// Abort are for the fields of the same names of files.Options.
type Bucket struct {
	*blob.Bucket
	Dir   string                                      // the folder, if it is one
	Abort func(ctx context.Context, key string) error // on S3
}

// Open opens a bucket by its URL, or a folder by its path:
//
//	/srv/attache/files, file:///srv/attache/files
//	s3://bucket?region=eu-central-1&prefix=attache/
//	s3://bucket?endpoint=https://minio.example:9000&use_path_style=true
//	gs://bucket, by S3's protocol with an HMAC key; azblob://container
//
// A folder is made if it is missing. Credentials come from the environment,
// as each provider documents it, never from the URL. Nothing is connected yet;
// IsAccessible tells whether it works. An error is of kind Invalid. Close it.
func Open(ctx context.Context, rawURL string) (*Bucket, error) {
	invalid := func(err error) error {
		// The address is not told: it may have a key in it.
		return fault.Wrap(err, fault.Invalid, "The bucket can't be used: it has to be a folder, or a URL that begins with file://, s3://, gs:// or azblob://.")
	}
	u, err := url.Parse(rawURL)
	if rawURL == "" {
		return nil, invalid(errors.New("empty"))
	}
	if !strings.Contains(rawURL, "://") {
		var abs string
		abs, err = filepath.Abs(rawURL)
		u = &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}
	}
	if err != nil {
		return nil, invalid(err)
	}
	b := new(Bucket)
	prefix := u.Query().Get("prefix")
	if u.Scheme == "file" {
		q := u.Query()
		q.Set("create_dir", "1")
		q.Set("dir_file_mode", "0700")
		q.Set("no_tmp_dir", "1") // temporary files beside the final ones: on one disk, and found after a crash
		q.Set("metadata", "skip")
		u.RawQuery = q.Encode()
		b.Dir = u.Path
		if u.Host == "." {
			b.Dir = strings.TrimPrefix(u.Path, "/")
		}
		b.Dir = filepath.Join(filepath.FromSlash(b.Dir), filepath.FromSlash(prefix))
	}
	switch u.Scheme {
	case "gs":
		if b.Bucket, err = openGoogle(ctx, u); err != nil {
			return nil, err
		}
	case "s3":
		b.Bucket, err = openS3(ctx, u)
	default:
		b.Bucket, err = blob.OpenBucket(ctx, u.String())
	}
	if err != nil {
		return nil, invalid(err)
	}
	if u.Scheme == "s3" || u.Scheme == "gs" {
		b.Abort = abortS3(b.Bucket, u.Host, prefix)
	}
	return b, nil
}
