package files_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob/memblob"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sqlite"
)

const anna, ben files.UserID = 175928847299117063, 90339695967350784

// openExample returns a service with two files of Anna's.
func openExample() (service *files.Service, sales, notes files.Saved, closeAll func()) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	check(err)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "attache.db"))
	check(err)
	bucket := memblob.OpenBucket(nil)
	service = files.New(sqlite.NewFiles(db, "example"), bucket, files.Options{MaxFiles: 3})
	sales, err = service.Save(ctx, files.Upload{User: anna, Name: "sales.csv", Body: strings.NewReader("day,amount\nmon,1\n")})
	check(err)
	notes, err = service.Save(ctx, files.Upload{User: anna, Name: "notes", Body: strings.NewReader("Call Ben.\n")})
	check(err)
	return service, sales, notes, func() {
		bucket.Close()
		db.Close()
		os.RemoveAll(dir)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ExampleService_Save() {
	service, _, notes, done := openExample()
	defer done()
	fmt.Println(notes.Note)

	same, err := service.Save(context.Background(), files.Upload{User: anna, Name: "copy.csv", Body: strings.NewReader("day,amount\nmon,1\n")})
	check(err)
	fmt.Println(same.Name, "is the same as", same.Twin.Name)

	_, err = service.Save(context.Background(), files.Upload{User: anna, Name: "fourth", Body: strings.NewReader("x")})
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	_, err = service.Save(context.Background(), files.Upload{User: ben, Name: "film.mkv", Size: 1 << 30})
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	// Output:
	// notes has no extension; by its content it is text.
	// copy.csv is the same as sales.csv
	// exhausted - You have 3 of 3 files, so this one was not saved.
	// too large - film.mkv is too large: a file may have at most 50 MB.
}

func ExampleService_List() {
	service, _, _, done := openExample()
	defer done()
	page, err := service.List(context.Background(), anna, files.Query{Kind: "csv"})
	check(err)
	for _, f := range page.Files {
		fmt.Println(f.Emoji(), f.Name, f.Kind, files.Size(f.Size))
	}
	fmt.Println("page of", page.Total, "- all kinds:", page.Usage.Files, "files,", files.Size(page.Usage.Bytes))

	// A user without files has an empty page; there is no error for it.
	page, err = service.List(context.Background(), ben, files.Query{})
	fmt.Println(len(page.Files), err)
	// Output:
	// 📊 sales.csv csv 17 B
	// page of 1 - all kinds: 2 files, 27 B
	// 0 <nil>
}

// Get returns the metadata.
func ExampleService_Get() {
	service, sales, _, done := openExample()
	defer done()
	f, err := service.Get(context.Background(), anna, sales.ID)
	check(err)
	fmt.Println(f.Name, f.MIME, f.ExpiresAt.Sub(f.UploadedAt))

	// Somebody else's id, a wrong one and an expired one have one answer.
	_, err = service.Get(context.Background(), ben, sales.ID)
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	_, err = service.Get(context.Background(), anna, "../../etc/passwd")
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	// Output:
	// sales.csv text/csv 48h0m0s
	// not found - File not found or expired
	// not found - File not found or expired
}

func ExampleService_Open() {
	service, sales, _, done := openExample()
	defer done()
	f, r, err := service.Open(context.Background(), anna, sales.ID)
	check(err)
	defer r.Close()
	b, err := io.ReadAll(r)
	check(err)
	fmt.Printf("%s: %q\n", f.Name, b)

	_, err = r.Seek(4, io.SeekStart) // a part, without reading what is before it
	check(err)
	part := make([]byte, 6)
	_, err = io.ReadFull(r, part)
	fmt.Printf("%s %v\n", part, err)

	_, _, err = service.Open(context.Background(), ben, sales.ID)
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	// Output:
	// sales.csv: "day,amount\nmon,1\n"
	// amount <nil>
	// not found - File not found or expired
}

func ExampleService_Delete() {
	service, sales, _, done := openExample()
	defer done()
	fmt.Println(service.Delete(context.Background(), ben, sales.ID) == nil)
	fmt.Println(service.Delete(context.Background(), anna, sales.ID))
	err := service.Delete(context.Background(), anna, sales.ID) // twice
	fmt.Println(fault.KindOf(err), "-", fault.Message(err))
	// Output:
	// false
	// <nil>
	// not found - File not found or expired
}

func ExampleSafeName() {
	fmt.Println(files.SafeName("../../Q3 \u202ereport\r\n.csv"))
	// Output: .._.._Q3 report  .csv
}
