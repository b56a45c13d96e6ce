package bucket

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// openS3 opens a bucket of S3. The client that its URL describes would say on standard
// error, at each read of an object that came in parts, that the parts' checksums are
// none of the whole.
func openS3(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	plain, q := *u, u.Query()
	q.Del("prefix")
	plain.RawQuery = q.Encode()
	opener := new(s3blob.URLOpener)
	loud, err := opener.OpenBucketURL(ctx, &plain)
	if err != nil {
		return nil, err
	}
	defer loud.Close()
	var client *s3.Client
	if !loud.As(&client) {
		return nil, errors.New("the bucket has no client of S3")
	}
	quiet := s3.New(client.Options(), func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	b, err := s3blob.OpenBucket(ctx, quiet, u.Host, &opener.Options)
	if prefix := u.Query().Get("prefix"); err == nil && prefix != "" {
		b = blob.PrefixedBucket(b, prefix)
	}
	return b, err
}

// abortS3 returns what removes the parts of uploads that were never completed.
// S3 keeps them, and charges for them, until somebody does.
func abortS3(b *blob.Bucket, name, prefix string) func(context.Context, string) error {
	var client *s3.Client
	if !b.As(&client) {
		return nil
	}
	return func(ctx context.Context, key string) error {
		key = prefix + key
		uploads := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &name, Prefix: &key})
		for uploads.HasMorePages() {
			page, err := uploads.NextPage(ctx)
			if is(err, "AccessDenied", "NotImplemented", "MethodNotAllowed") {
				return nil // a rule of the bucket has to do it
			}
			if err != nil {
				return err
			}
			for _, u := range page.Uploads {
				if *u.Key != key {
					continue
				}
				_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &name, Key: u.Key, UploadId: u.UploadId})
				if err != nil && !is(err, "NoSuchUpload") {
					return err
				}
			}
		}
		return nil
	}
}

// is tells whether S3 answered with one of these codes.
func is(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
