package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestFrames(t *testing.T) {
	var buf bytes.Buffer
	if err := WriteMessage(&buf, map[string]any{"op": "done", "id": 7, "status": "ok", "names": []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(&buf, []byte("data")); err != nil {
		t.Fatal(err)
	}
	f, err := readFrame(&buf)
	if err != nil || f.Msg == nil || f.Msg.Op != "done" || f.Msg.ID != 7 || f.Msg.Names[0] != "a" {
		t.Errorf("%+v %v", f, err)
	}
	f, err = readFrame(&buf)
	if err != nil || f.Msg != nil || string(f.Data) != "data" {
		t.Errorf("%+v %v", f, err)
	}
	if _, err = readFrame(&buf); err != io.EOF {
		t.Errorf("%v", err)
	}
}

func TestMalformedFrames(t *testing.T) {
	frame := func(n uint32, rest string) string {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], n)
		return string(b[:]) + rest
	}
	for _, s := range []string{frame(0, "J"), frame(maxFrame+1, "J"), frame(1<<32-1, "J"), frame(2, "J{"), frame(3, "J[]"), frame(2, "Zx"), frame(9, `J{"id":{}`), frame(4, "J\"a\"")} {
		if _, err := readFrame(strings.NewReader(s)); !errors.Is(err, errFrame) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := readFrame(strings.NewReader(frame(10, "J{}"))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a frame that breaks off: %v", err)
	}
}

// Whatever comes, reading ends, in bounded memory.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x10J{\"op\":\"done\"}   "))
	f.Add([]byte("\x00\x00\x00\x03Bab\xff\xff\xff\xffJ"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		for {
			fr, err := readFrame(r)
			if err != nil {
				return
			}
			if len(fr.Data) >= maxFrame {
				t.Fatal("too long a frame")
			}
		}
	})
}

// A table is within the bounds that the runner keeps, and each row as long as
// the head, or there is none.
func TestTablesOfFrames(t *testing.T) {
	show := func(columns, rows, cells int) string {
		list := func(n int, of string) string { return "[" + strings.TrimSuffix(strings.Repeat(of+",", n), ",") + "]" }
		return `{"op":"show","table":{"columns":` + list(columns, `"a"`) + `,"rows":` + list(rows, list(cells, `"1"`)) + `}}`
	}
	for _, c := range []struct {
		columns, rows, cells int
		want                 bool
	}{
		{2, 3, 2, true}, {64, 200, 64, true}, {1, 0, 0, true},
		{0, 3, 0, false}, {65, 1, 65, false}, {1, 201, 1, false}, {2, 3, 1, false}, {2, 3, 3, false}, {1, 200, 0, false},
	} {
		var buf bytes.Buffer
		writeFrame(&buf, frameJSON, []byte(show(c.columns, c.rows, c.cells)))
		f, err := readFrame(&buf)
		if err != nil || (f.Msg.Table != nil) != c.want {
			t.Errorf("%+v: %v %v", c, f.Msg.Table, err)
		}
	}
}
