// Package buckettest gives tests an S3 server.
package buckettest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/testbin"
)

const versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// S3 returns the URL of an empty bucket on a versitygw, an S3 server over
// a folder, that ends with the test, and sets the environment for it. Where it
// can't be built the test is skipped, or fails where REQUIRE names s3.
func S3(t testing.TB) string {
	t.Helper()
	program, err := testbin.Build("versitygw", versitygw, []string{"GOBIN={out}"}, "install", versitygw)
	if err != nil {
		testbin.Missing(t, "s3", err.Error())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "bucket"), 0o755); err != nil { // a bucket is a folder
		t.Fatal(err)
	}
	const access, secret = "attache", "attache-secret"
	testbin.Start(t, program, "--port", address, "--access", access, "--secret", secret, "--quiet", "posix", "--sidecar", t.TempDir(), folder)
	await(t, "http://"+address)
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	q := url.Values{"region": {"us-east-1"}, "endpoint": {"http://" + address}, "use_path_style": {"true"}, "prefix": {"attache/"}}
	return "s3://bucket?" + q.Encode()
}

// Parts returns the keys of uploads to S3 that were begun and never completed:
// a listing of the bucket does not show them. Other buckets have none.
func Parts(t testing.TB, b *blob.Bucket) (keys []string) {
	t.Helper()
	var client *s3.Client
	if !b.As(&client) {
		return nil
	}
	out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("bucket")})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range out.Uploads {
		keys = append(keys, *u.Key)
	}
	return keys
}

// await waits until a server answers.
func await(t testing.TB, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal(fmt.Sprint(url, " does not answer"))
}
