package bucket

import (
	"context"
	"errors"

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
			if err != nil {
				return err
			}
			for _, u := range page.Uploads {
				if *u.Key != key {
					continue
				}
				_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &name, Key: u.Key, UploadId: u.UploadId})
				var api smithy.APIError
				if err != nil && !(errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload") {
					return err
				}
			}
		}
		return nil
	}
}
