package gvisor

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/attachebot/attache/internal/table"
)

// The protocol with the runner: frames of a 4-byte big-endian length, a type
// byte and a payload. The runner shares its process with the user's code, so
// whatever arrives is hostile input: bounded, validated, and never trusted to
// be the runner's.

const (
	frameJSON  = 'J'
	frameBytes = 'B'
	maxFrame   = 1 << 20 // bytes of a frame from the runner, type included
)

// message is a JSON frame from the runner: the fields of every op.
type message struct {
	Op string `json:"op"`
	ID int64  `json:"id"`

	// ask
	What   string   `json:"what"`
	File   string   `json:"file"`
	Module string   `json:"module"`
	Specs  []string `json:"specs"`

	// show
	Text  string       `json:"text"`
	Table *table.Table `json:"table"`

	// file, var
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	IsModule bool   `json:"module_var"`
	IsWork   bool   `json:"work"` // the var is a file of the work folder

	// done
	Status    string     `json:"status"`
	Error     string     `json:"error"`
	Exit      int        `json:"exit"`
	Warnings  []string   `json:"warnings"`
	Packages  []string   `json:"packages"`
	Threads   int        `json:"threads"`
	Seconds   float64    `json:"seconds"`
	Left      []leftFile `json:"left"`
	LeftCount int        `json:"left_count"`

	// awake, dumped, loaded
	Names []string `json:"names"`
	Kept  []string `json:"kept"`
	Lost  []string `json:"lost"`
}

// leftFile is a file that the runner did not send.
type leftFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Why  string `json:"why"`
}

// frame is one frame: a message, or bytes.
type frame struct {
	msg  *message
	data []byte
	size int // of all of it
}

var errFrame = errors.New("malformed frame")

// readFrame reads one frame. After an error the stream is of no use.
func readFrame(r io.Reader) (frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n < 1 || n > maxFrame {
		return frame{}, fmt.Errorf("%w: length %d", errFrame, n)
	}
	data := make([]byte, n-1)
	if _, err := io.ReadFull(r, data); err != nil {
		return frame{}, err
	}
	switch head[4] {
	case frameBytes:
		return frame{data: data, size: len(data)}, nil
	case frameJSON:
		m := new(message)
		if err := json.Unmarshal(data, m); err != nil {
			return frame{}, fmt.Errorf("%w: %v", errFrame, err)
		}
		return frame{msg: m, size: len(data)}, nil
	}
	return frame{}, fmt.Errorf("%w: type %q", errFrame, head[4])
}

// writeJSON writes v as one frame.
func writeJSON(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, frameJSON, data)
}

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	buf := make([]byte, 5+len(payload))
	binary.BigEndian.PutUint32(buf, uint32(len(payload)+1))
	buf[4] = kind
	copy(buf[5:], payload)
	_, err := w.Write(buf)
	return err
}
