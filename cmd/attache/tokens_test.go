package main

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/tokens"
)

// A text is counted as it is read: memory does not grow with it.
func TestTokensStreams(t *testing.T) {
	const line = "The quick brown fox jumps over the lazy dog, 12345 times.\r\n"
	want := tokens.CL100KBase.Count(strings.Repeat(line, 1000)) * 1000
	var out bytes.Buffer
	m := &Main{Stdin: io.LimitReader(&repeated{text: line}, int64(len(line))*1_000_000), Stdout: &out, Stderr: io.Discard}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := m.Run(t.Context(), []string{"tokens", "--encoding", "cl100k_base", "--json", "-"}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if s := out.String(); !strings.Contains(s, `"tokens": `+strconv.Itoa(want)+",") {
		t.Errorf("%s, not %d tokens", s, want)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes were allocated for %d of text", n, len(line)*1_000_000)
	}
}

// repeated reads a text again and again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], r.text[r.at:])
		n += k
		r.at = (r.at + k) % len(r.text)
	}
	return n, nil
}

// Nobody waits for an input that doesn't come.
func TestTokensCanceled(t *testing.T) {
	in, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := &Main{Stdin: in, Stdout: io.Discard, Stderr: io.Discard}
	if err := m.Run(ctx, []string{"tokens", "-"}); !fault.Is(err, fault.Canceled) {
		t.Errorf("%v", err)
	}
}

// What fails while it is read is said, and no number.
func TestTokensBrokenInput(t *testing.T) {
	in, w := io.Pipe()
	go w.CloseWithError(io.ErrUnexpectedEOF)
	var out bytes.Buffer
	m := &Main{Stdin: in, Stdout: &out, Stderr: io.Discard}
	err := m.Run(t.Context(), []string{"tokens", "-"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "- can't be read: unexpected EOF") || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}
