// Package files keeps users' files: their bytes in a bucket, their metadata in
// a store, each file for as long as it was promised and no longer.
//
// A file belongs to one user, and every call names the user who asks. For
// a wrong, a foreign and an expired id there is one answer, an error of kind
// NotFound that says "File not found or expired".
package files

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// File is the metadata of one file. Only [Service.Keep] changes it once the file is saved.
type File struct {
	ID         ID        `json:"id"`
	User       UserID    `json:"user"`
	Name       string    `json:"name"` // as given, made safe by [SafeName]; for people, never a path
	Kind       Kind      `json:"kind"`
	Size       int64     `json:"size"`                // bytes
	SHA256     string    `json:"sha256,omitempty"`    // 64 hex digits; empty for files of before it was kept
	MIME       string    `json:"mime,omitempty"`      // from the content, without parameters
	Width      int       `json:"width,omitempty"`     // pixels; 0 for what is no image or not known
	Height     int       `json:"height,omitempty"`    //
	Generated  bool      `json:"generated,omitempty"` // made by code, not uploaded
	UploadedAt time.Time `json:"uploaded_at"`         // UTC, to the millisecond
	ExpiresAt  time.Time `json:"expires_at,omitzero"` // UTC, to the millisecond; zero: never
	Path       string    `json:"path"`                // the key in the bucket; files of equal bytes share one
}

// Expired tells whether f is gone for its user at now.
func (f File) Expired(now time.Time) bool {
	return !f.ExpiresAt.IsZero() && !now.Before(f.ExpiresAt)
}

// Emoji returns the emoji of the file's kind.
func (f File) Emoji() string { return f.Kind.Info().Emoji }

// Ext returns the extension that tells what the content is, with its dot and
// in lower case: the name's, unless that one lied. It may be empty.
func (f File) Ext() string { return extension(f.Name, f.Kind, f.MIME) }

// Size writes a number of bytes for people: "812 B", "2.5 MB". A KB has 1,024 bytes.
func Size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, units := float64(n)/1024, []string{"KB", "MB", "GB", "TB", "PB", "EB"}
	for v >= 1023.95 && len(units) > 1 {
		v, units = v/1024, units[1:]
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") + " " + units[0]
}

// ExactSize is Size with two decimals from 1 KB on: "2.50 MB".
func ExactSize(n int64) string {
	s := Size(n)
	if n < 1024 {
		return s
	}
	unit := s[strings.IndexByte(s, ' '):]
	v := float64(n)
	for _, u := range []string{" KB", " MB", " GB", " TB", " PB", " EB"} {
		if v /= 1024; u == unit {
			break
		}
	}
	return strconv.FormatFloat(v, 'f', 2, 64) + unit
}

// key is where the bytes of a new file go. The extension is there for people
// who look into the bucket.
func key(id ID, ext string) string { return path.Join(id.User().String(), string(id)+ext) }
