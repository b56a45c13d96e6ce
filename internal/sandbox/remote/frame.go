package remote

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/attachebot/attache/internal/fault"
)

// kind says what a frame is. Those with a number of their own come in order and
// exactly once; the others are about the call itself and may be lost or doubled.
type kind byte

const (
	// Without a number.
	beat   kind = 'b' // the sender lives; seq: the last that it sent
	ack    kind = 'a' // seq: the last that was used up
	again  kind = 'n' // seq: the first that is missing
	cancel kind = 'c' // the caller has left
	bye    kind = 'f' // the caller has the result

	// In order.
	status  kind = 's' // sandbox.Status
	output  kind = 'o' // text
	stderr  kind = 't' // text
	request kind = 'q' // what the cell asks of the caller: question
	forget  kind = 'x' // the cell no longer waits for that request
	reply   kind = 'r' // its answer
	part    kind = 'p' // a piece of a message that is too long for one frame
	data    kind = 'd' // bytes of a file
	end     kind = 'e' // the file's end; data: failure, or empty
	result  kind = 'R' // outcome: the last frame of a call
)

const (
	header  = 9
	chunk   = 128 << 10 // bytes of data in a frame
	window  = 32        // frames on the way in one direction
	maxJSON = 64 << 20  // bytes of a message in parts
)

// frame is one message of a call.
type frame struct {
	kind kind
	id   uint32 // of the request that it belongs to
	seq  uint32
	data []byte
}

func (f frame) encode() []byte {
	b := make([]byte, header, header+len(f.data))
	b[0] = byte(f.kind)
	binary.BigEndian.PutUint32(b[1:], f.id)
	binary.BigEndian.PutUint32(b[5:], f.seq)
	return append(b, f.data...)
}

var errFrame = errors.New("a frame is not of the protocol")

func decode(b []byte) (frame, error) {
	if len(b) < header || len(b) > header+chunk {
		return frame{}, errFrame
	}
	return frame{kind(b[0]), binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:]), b[header:]}, nil
}

// ordered tells frames that are numbered from those that are not.
func (k kind) ordered() bool {
	return k != beat && k != ack && k != again && k != cancel && k != bye
}

// failure is an error on the wire: its kind and its sentence, never its cause.
type failure struct {
	Kind fault.Kind
	Msg  string     `json:",omitempty"`
	Hint fault.Hint `json:",omitempty"`
}

func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	return &failure{fault.KindOf(err), fault.Message(err), fault.HintOf(err)}
}

func (f *failure) err() error {
	if f == nil {
		return nil
	}
	return &fault.Error{Kind: f.Kind, Msg: f.Msg, Hint: f.Hint}
}

// parts puts messages together that came in several frames.
type parts map[uint32][]byte

// take returns the whole message when its last frame has come.
func (p parts) take(f frame) (whole []byte, err error) {
	if f.kind == part {
		if len(p) > 8 || len(p[f.id])+len(f.data) > maxJSON {
			return nil, errFrame
		}
		p[f.id] = append(p[f.id], f.data...)
		return nil, nil
	}
	if before, ok := p[f.id]; ok {
		delete(p, f.id)
		return append(before, f.data...), nil
	}
	return f.data, nil
}

func parseJSON[T any](b []byte) (v T, err error) {
	if err = json.Unmarshal(b, &v); err != nil {
		err = fmt.Errorf("%w: %v", errFrame, err)
	}
	return v, err
}
