package bucket

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/attachebot/attache/internal/fault"
)

// googleEndpoint is where Google Cloud Storage speaks S3's protocol.
const googleEndpoint = "https://storage.googleapis.com"

// openGoogle opens a bucket of Google Cloud Storage by S3's protocol: Google's own
// client would be a fifth of this program.
func openGoogle(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	key := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}
	if !key.HasKeys() {
		return nil, fault.New(fault.Invalid, "A bucket gs:// is reached with an HMAC key: make one for a service account (Cloud Storage, Settings, Interoperability), "+
			"and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to it. GOOGLE_APPLICATION_CREDENTIALS is not read.")
	}
	q := u.Query()
	for name := range q {
		if name != "prefix" && name != "endpoint" && name != "region" {
			return nil, fault.New(fault.Invalid, "A bucket gs:// takes prefix, endpoint and region only.")
		}
	}
	// Google's checksums are others than those that the client sends unasked.
	cfg := aws.Config{Region: cmp.Or(q.Get("region"), "auto"), RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Credentials:                aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return key, nil })}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle = aws.String(cmp.Or(q.Get("endpoint"), googleEndpoint)), true
		o.HTTPSignerV4 = &googleSigner{o.HTTPSignerV4}
	})
	b, err := s3blob.OpenBucket(ctx, client, u.Host, &s3blob.Options{RequestChecksumCalculation: cfg.RequestChecksumCalculation})
	if prefix := q.Get("prefix"); err == nil && prefix != "" {
		b = blob.PrefixedBucket(b, prefix)
	}
	return b, err
}

// googleSigner leaves out of the signature what Google's servers change on the way:
// they add gzip to Accept-Encoding, and refuse the signature then.
type googleSigner struct{ s3.HTTPSignerV4 }

func (s *googleSigner) SignHTTP(ctx context.Context, key aws.Credentials, r *http.Request, payload, service, region string, at time.Time, o ...func(*signer.SignerOptions)) error {
	const name = "Accept-Encoding"
	encoding := r.Header.Values(name)
	r.Header.Del(name)
	err := s.HTTPSignerV4.SignHTTP(ctx, key, r, payload, service, region, at, o...)
	if len(encoding) > 0 {
		r.Header[name] = encoding
	}
	return err
}
