package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Order is what the checkpoint gofer is told: to write an image, or to read one.
type Order struct {
	Base, Content string // folder of the snapshot, and the name of its content
	Image         string // file
	Sum           string // of the image to be read; empty: it is to be written
	Extra         []byte // beside the checkpoint that is written
}

// OrderFile has the order, in the folder that gVisor is told to write to or read from. Its
// name is gVisor's: where there is such a file, it starts its checkpoint gofer.
const OrderFile = "gcs_opts.json"

// SumFile has, beside an image that is being written, its sum when it is whole.
const SumFile = "sum"

// Written returns the sum of the image that was ordered in a folder: an error if it is not
// whole, and "" if none was ordered there.
func Written(folder string) (sum string, err error) {
	if _, err := os.Stat(filepath.Join(folder, OrderFile)); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	data, err := os.ReadFile(filepath.Join(folder, SumFile))
	if err == nil && len(data) != hex.EncodedLen(sha256.Size) {
		err = broken("it was not written to its end")
	}
	return string(data), err
}

// Write puts the order into a folder, which it makes.
func (o Order) Write(folder string) error {
	data, err := json.Marshal(o)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, OrderFile), data, 0o600)
}

// Order has the image read.
func (i *Image) Order() Order {
	return Order{Base: i.b.dir, Content: i.b.content, Image: i.f.Name(), Sum: i.sum}
}
