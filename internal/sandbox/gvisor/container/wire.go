package container

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

// Message is a JSON frame from the runner: the fields of every op.
type Message struct {
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
	Threads   int        `json:"threads"`
	Left      []LeftFile `json:"left"`
	LeftCount int        `json:"left_count"`

	// awake, dumped, loaded
	Names []string `json:"names"`
	Kept  []string `json:"kept"`
	Lost  []string `json:"lost"`
}

// LeftFile is a file that the runner did not send.
type LeftFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Why  string `json:"why"`
}

// Frame is a message, or bytes.
type Frame struct {
	Msg  *Message // nil: bytes
	Data []byte
	Size int // of all of it
}

var errFrame = errors.New("malformed frame")

// readFrame reads one frame. After an error the stream is of no use.
func readFrame(r io.Reader) (Frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n < 1 || n > maxFrame {
		return Frame{}, fmt.Errorf("%w: length %d", errFrame, n)
	}
	data := make([]byte, n-1)
	if _, err := io.ReadFull(r, data); err != nil {
		return Frame{}, err
	}
	switch head[4] {
	case frameBytes:
		return Frame{Data: data, Size: len(data)}, nil
	case frameJSON:
		m := new(Message)
		if err := json.Unmarshal(data, m); err != nil {
			return Frame{}, fmt.Errorf("%w: %v", errFrame, err)
		}
		m.Table = validTable(m.Table)
		return Frame{Msg: m, Size: len(data)}, nil
	}
	return Frame{}, fmt.Errorf("%w: type %q", errFrame, head[4])
}

// WriteMessage writes v, as JSON, as one frame.
func WriteMessage(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, frameJSON, data)
}

// WriteBytes writes bytes as one frame.
func WriteBytes(w io.Writer, data []byte) error { return writeFrame(w, frameBytes, data) }

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	buf := make([]byte, 5+len(payload))
	binary.BigEndian.PutUint32(buf, uint32(len(payload)+1))
	buf[4] = kind
	copy(buf[5:], payload)
	_, err := w.Write(buf)
	return err
}

// validTable returns the table if it is within the bounds that the runner
// keeps, or nil.
func validTable(t *table.Table) *table.Table {
	if t == nil || len(t.Columns) == 0 || len(t.Columns) > 64 || len(t.Rows) > 200 {
		return nil
	}
	for _, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return nil
		}
	}
	t.TotalRows = max(t.TotalRows, len(t.Rows))
	t.TotalColumns = max(t.TotalColumns, len(t.Columns))
	return t
}
