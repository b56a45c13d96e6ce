package mongo

import (
	"path"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/attachebot/attache/internal/files"
)

// document is a file in the collection user_files. The first eight fields are
// those of the system before this one, whose documents are read as they are:
// its times are ISO strings without a zone, its user ids may be strings, its
// paths absolute or below user_files.
type document struct {
	FileID     files.ID `bson:"file_id"`
	UserID     any      `bson:"user_id"`
	Filename   string   `bson:"filename"`
	FilePath   string   `bson:"file_path"`
	FileSize   any      `bson:"file_size"`
	FileType   string   `bson:"file_type"`
	UploadedAt any      `bson:"uploaded_at"`
	ExpiresAt  any      `bson:"expires_at"` // null: never

	SHA256    string `bson:"sha256"`
	MIME      string `bson:"mime"`
	Width     int    `bson:"width"`
	Height    int    `bson:"height"`
	Generated bool   `bson:"generated"`
}

// folder stands before the keys of the bucket in file_path, as it always did.
const folder = "user_files/"

// encode returns f as it is inserted.
func encode(f files.File, asISO bool) bson.D {
	at := func(t time.Time) any {
		switch {
		case t.IsZero():
			return nil
		case asISO:
			return t.UTC().Truncate(time.Millisecond).Format(iso)
		}
		return t
	}
	d := bson.D{
		{Key: "file_id", Value: f.ID},
		{Key: "user_id", Value: int64(f.User)},
		{Key: "filename", Value: f.Name},
		{Key: "file_path", Value: folder + f.Path},
		{Key: "file_size", Value: f.Size},
		{Key: "file_type", Value: f.Kind},
		{Key: "uploaded_at", Value: at(f.UploadedAt)},
		{Key: "expires_at", Value: at(f.ExpiresAt)},
		{Key: "mime", Value: f.MIME},
		{Key: "width", Value: f.Width},
		{Key: "height", Value: f.Height},
		{Key: "generated", Value: f.Generated},
	}
	if f.SHA256 != "" {
		d = append(d, bson.E{Key: "sha256", Value: f.SHA256})
	}
	return d
}

func (d document) decode() files.File {
	f := files.File{
		ID: d.FileID, User: d.FileID.User(), Name: d.Filename, Kind: files.Kind(d.FileType), Size: number(d.FileSize),
		SHA256: d.SHA256, MIME: d.MIME, Width: d.Width, Height: d.Height, Generated: d.Generated,
		UploadedAt: moment(d.UploadedAt), ExpiresAt: moment(d.ExpiresAt),
	}
	if s, ok := d.UserID.(string); ok {
		f.User, _ = files.ParseUserID(s)
	} else {
		f.User = files.UserID(number(d.UserID))
	}
	if f.Kind.Info().Kind != f.Kind {
		if f.Kind = files.KindByName(d.Filename); f.Kind == "" {
			f.Kind = files.Binary
		}
	}
	f.Path = key(f, d.FilePath)
	if d.SHA256 == "" { // of before: names were not made safe yet
		f.Name = files.SafeName(d.Filename)
	}
	return f
}

// key returns the key in the bucket of a file_path: below the user's folder,
// whatever the path says.
func key(f files.File, filePath string) string {
	filePath = strings.ReplaceAll(filePath, `\`, "/")
	if user, name := path.Base(path.Dir(filePath)), path.Base(filePath); user == f.User.String() && strings.HasPrefix(name, user+"_") {
		return user + "/" + name
	}
	return f.User.String() + "/" + string(f.ID) + f.Ext()
}

// number reads a number of any type.
func number(v any) int64 {
	switch n := v.(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// iso is how the system before this one wrote times, in UTC. Its strings sort
// as the times do.
const iso = "2006-01-02T15:04:05.000000"

// moment reads a date, or an ISO string, as UTC if it names no zone. Anything
// else is the zero time.
func moment(v any) time.Time {
	if t, ok := v.(bson.DateTime); ok {
		return t.Time().UTC()
	}
	s, _ := v.(string)
	s = strings.Replace(s, " ", "T", 1)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Millisecond)
		}
	}
	return time.Time{}
}
