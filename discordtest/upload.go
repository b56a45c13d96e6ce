package discordtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"image"
	_ "image/gif"  // sizes of pictures
	_ "image/jpeg" // sizes of pictures
	_ "image/png"  // sizes of pictures
	"io"
	"mime"
	"mime/multipart"
	"path"
	"regexp"
	"strings"
	"time"

	_ "golang.org/x/image/webp" // sizes of pictures
	"golang.org/x/text/unicode/norm"
)

// An upload is one file of a multipart body, as it came in.
type upload struct {
	field string // files[n]
	name  string
	obj   *object
}

// An object is what the CDN stores for an attachment.
type object struct {
	data        []byte // nil when not kept
	size        int64
	sha256      string
	contentType string
	sparse      bool // zeros, of a user's File with Size only
	gone        bool
	voice       time.Duration
	width       int
	height      int
}

// read reads the body to its end, whatever is wrong with it, so that the client always gets its answer.
func (c *call) read() error {
	limit := orDefault(c.s.RequestLimit, 25<<20)
	body := &counter{r: c.r.Body}
	defer func() { c.Bytes = body.n }()
	err := c.parse(body, limit)
	io.Copy(io.Discard, body)
	if body.n > limit {
		return errTooLarge
	}
	return err
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *call) parse(body io.Reader, limit int64) error {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		data, readErr := io.ReadAll(io.LimitReader(body, limit+1))
		if len(data) > 0 && (err != nil || kind != "application/json") {
			c.s.violate(c.Route, "body with Content-Type %q", c.r.Header.Get("Content-Type"))
		}
		c.body, c.Body = data, c.s.remember(data)
		return readErr
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			c.s.violate(c.Route, "malformed multipart body: %v", err)
			return errBadJSON
		}
		if err := c.part(part); err != nil {
			return err
		}
	}
}

func (c *call) part(part *multipart.Part) error {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		c.s.violate(c.Route, "multipart part with Content-Disposition %q", part.Header.Get("Content-Disposition"))
		return errBadJSON
	}
	for key := range part.Header {
		if key != "Content-Disposition" && key != "Content-Type" && key != "Content-Length" {
			c.s.violate(c.Route, "multipart part with header %q: was it injected through a file name?", key)
		}
	}
	name, isFile := params["filename"]
	if !isFile {
		data, err := io.ReadAll(io.LimitReader(part, 1<<20))
		if params["name"] != "payload_json" {
			c.s.violate(c.Route, "multipart field %q is not modelled", params["name"])
			return err
		}
		c.body, c.Body = data, c.s.remember(data)
		return err
	}
	obj, err := receive(part, orDefault(c.s.KeepBytes, 32<<20))
	if err != nil {
		return err
	}
	obj.contentType = contentType(name, part.Header.Get("Content-Type"))
	if !fileField.MatchString(params["name"]) {
		c.s.violate(c.Route, "file in a field named %q and not files[n]", params["name"])
	}
	c.form = append(c.form, upload{field: params["name"], name: name, obj: obj})
	c.Files = append(c.Files, UploadedFile{Name: name, Size: obj.size, SHA256: obj.sha256})
	return nil
}

// receive reads a file, keeping at most keep bytes of it.
func receive(r io.Reader, keep int64) (*object, error) {
	o := &object{}
	sum := sha256.New()
	var kept bytes.Buffer
	head := max(keep, 64<<10) // enough to know a picture's size
	n, err := io.Copy(&keeper{&kept, head, sum}, r)
	o.size, o.sha256 = n, hex.EncodeToString(sum.Sum(nil))
	if config, _, err := image.DecodeConfig(bytes.NewReader(kept.Bytes())); err == nil {
		o.width, o.height = config.Width, config.Height
	}
	if n <= keep {
		o.data = append([]byte{}, kept.Bytes()...)
	}
	return o, err
}

type keeper struct {
	buf  *bytes.Buffer
	left int64
	sum  hash.Hash
}

func (k *keeper) Write(p []byte) (int, error) {
	k.sum.Write(p)
	n := min(int64(len(p)), k.left)
	k.buf.Write(p[:n])
	k.left -= n
	return len(p), nil
}

// contentType is decided by the extension, as on Discord; for others the declared type counts, unless it says nothing.
func contentType(name, declared string) string {
	if t := knownTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	if declared == "application/octet-stream" {
		return ""
	}
	return declared
}

var knownTypes = map[string]string{
	".txt": "text/plain; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".log": "text/plain; charset=utf-8",
	".csv": "text/csv; charset=utf-8", ".tsv": "text/tab-separated-values; charset=utf-8", ".json": "application/json; charset=utf-8",
	".html": "text/html; charset=utf-8", ".xml": "application/xml; charset=utf-8", ".py": "text/x-python; charset=utf-8",
	".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip", ".tar": "application/x-tar",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xls": "application/vnd.ms-excel",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".png":  "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".svg": "image/svg+xml",
	".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg",
}

var fileField = regexp.MustCompile(`^files\[\d+\]$`)

var unsafeChars = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// safeName is the file name as Discord stores it: like Werkzeug's secure_filename, letters, digits, dots,
// dashes and underscores survive, without dots and underscores at the ends.
// See https://github.com/discord/discord-api-docs/issues/7754.
func safeName(name string) string {
	name = norm.NFKD.String(name)
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return ' '
		case r > 127:
			return -1
		}
		return r
	}, name)
	name = unsafeChars.ReplaceAllString(strings.Join(strings.Fields(name), "_"), "")
	trimmed := strings.Trim(name, "._")
	if ext := path.Ext(name); trimmed != "" && ext == "."+trimmed && !strings.ContainsAny(trimmed, "_-") {
		return "unknown" + ext // nothing but the extension was left
	}
	return orDefault(trimmed, "unknown")
}

// title is the name without extension when the stored name had to differ.
func title(name string) string {
	if safeName(name) == name {
		return ""
	}
	return strings.TrimSuffix(name, path.Ext(name))
}
