package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/files"
)

// An Upload is a file to be sent. It is read while it is sent, and anew if the
// request has to be repeated.
type Upload struct {
	Name  string
	Title string // shown in place of the name, without its extension; empty: the name
	Alt   string // for people who don't see the picture
	Size  int64  // bytes; the file must have exactly so many
	Open  func(ctx context.Context) (io.ReadCloser, error)
}

// NewUpload returns a file of these bytes.
func NewUpload(name string, data []byte) Upload {
	return Upload{Name: name, Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// form is a multipart/form-data body of a JSON document and files. What is
// held in memory does not depend on the files' sizes.
type form struct {
	boundary string
	head     string // up to the first file's header
	headers  []string
	files    []Upload
	tail     string
}

func newForm(payload []byte, files []Upload) *form {
	f := &form{boundary: rand.Text(), files: files}
	f.head = fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n%s",
		f.boundary, payload)
	for i, u := range files {
		f.headers = append(f.headers, fmt.Sprintf("\r\n--%s\r\nContent-Disposition: form-data; name=\"files[%d]\"; filename=\"%s\"\r\n"+
			"Content-Type: application/octet-stream\r\n\r\n", f.boundary, i, headerName(u.Name)))
	}
	f.tail = "\r\n--" + f.boundary + "--\r\n"
	return f
}

// headerName makes a file's name fit to stand between double quotes in a header.
func headerName(name string) string {
	return strings.ReplaceAll(files.SafeName(name), `"`, "'")
}

func (f *form) contentType() string { return "multipart/form-data; boundary=" + f.boundary }

// size is the length of the whole body in bytes.
func (f *form) size() int64 {
	n := int64(len(f.head) + len(f.tail))
	for i, u := range f.files {
		n += int64(len(f.headers[i])) + u.Size
	}
	return n
}

// open returns the body. A file is opened when its turn comes.
func (f *form) open(ctx context.Context) *bodyReader {
	b := new(bodyReader)
	parts := []io.Reader{strings.NewReader(f.head)}
	for i, u := range f.files {
		parts = append(parts, strings.NewReader(f.headers[i]), &fileReader{ctx: ctx, u: u, body: b, left: u.Size})
	}
	b.all = io.MultiReader(append(parts, strings.NewReader(f.tail))...)
	return b
}

// bodyReader is the body of one try. It has a lock around its calls: net/http
// may close a body while another goroutine reads it.
type bodyReader struct {
	mu     sync.Mutex
	all    io.Reader
	opened []io.Closer
	err    error // of a file
	closed bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, io.ErrClosedPipe
	}
	return b.all.Read(p)
}

func (b *bodyReader) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.opened {
		c.Close()
	}
	b.opened = nil
	return nil
}

// failure is why a file could not be read, or nil.
func (b *bodyReader) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// fileReader is a file's part of a body: it opens the file at the first Read,
// and gives exactly as many bytes as were announced.
type fileReader struct {
	ctx  context.Context
	u    Upload
	body *bodyReader // whose lock is held
	r    io.Reader
	left int64
}

func (f *fileReader) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	if f.r == nil {
		r, err := f.u.Open(f.ctx)
		if err != nil {
			f.body.err = err
			return 0, err
		}
		f.body.opened = append(f.body.opened, r)
		f.r = r
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	switch {
	case f.left == 0:
		err = nil
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		f.body.err = err
	}
	return n, err
}
