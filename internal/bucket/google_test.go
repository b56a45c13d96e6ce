package bucket_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
)

// Google Cloud Storage is an S3 server behind one that changes Accept-Encoding on
// the way: https://github.com/aws/aws-sdk-go-v2/issues/1816.
func TestGoogle(t *testing.T) {
	s3, err := url.Parse(buckettest.S3(t))
	if err != nil {
		t.Fatal(err)
	}
	behind, err := url.Parse(s3.Query().Get("endpoint"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host // it is signed
		r.Out.Header.Set("Accept-Encoding", r.In.Header.Get("Accept-Encoding")+",gzip(gfe)")
	}}
	front := httptest.NewServer(&proxy)
	defer front.Close()
	where := func(scheme string) string {
		return scheme + "://bucket?region=us-east-1&prefix=attache/&endpoint=" + url.QueryEscape(front.URL)
	}
	plain, err := bucket.Open(t.Context(), where("s3")+"&use_path_style=true")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.WriteAll(t.Context(), "x", []byte("x"), nil); err == nil {
		t.Error("the server in front is not as Google's: a signature over Accept-Encoding is accepted")
	}
	b, err := bucket.Open(t.Context(), where("gs"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, size := range []int{0, 1, 20 << 20} { // the last in parts
		data := bytes.Repeat([]byte{7}, size)
		if err := b.WriteAll(t.Context(), "1/ü 1", data, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ReadAll(t.Context(), "1/ü 1"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d of %d bytes: %v", len(got), size, err)
		}
	}
	r, err := b.NewRangeReader(t.Context(), "1/ü 1", 5, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if part, err := io.ReadAll(r); err != nil || len(part) != 10 {
		t.Errorf("%d bytes, %v", len(part), err)
	}
	if o, err := b.List(nil).Next(t.Context()); err != nil || o.Key != "1/ü 1" {
		t.Errorf("%+v, %v", o, err)
	}
	if err := b.Abort(t.Context(), "1/ü 1"); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), "1/ü 1"); err != nil {
		t.Error(err)
	}
	if ok, err := b.Exists(t.Context(), "1/ü 1"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if _, err := bucket.Open(t.Context(), "gs://bucket"); !fault.Is(err, fault.Invalid) || !bytes.Contains([]byte(fault.Message(err)), []byte("HMAC key")) {
		t.Errorf("without a key: %v", err)
	}
}
