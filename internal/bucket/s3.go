package bucket

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

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
