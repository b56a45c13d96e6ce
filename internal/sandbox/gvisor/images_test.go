package gvisor

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// The end of a restore ends the wait for gVisor, whichever comes first; and what
// gVisor opens is written.
func TestOpenFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		end := make(chan error, 1)
		go func() {
			w, err := openFIFO(ctx, path)
			w.Close()
			end <- err
		}()
		time.Sleep(time.Duration(i) * 10 * time.Microsecond)
		cancel()
		select {
		case err := <-end:
			if err != context.Canceled {
				t.Fatal(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it still waits")
		}
	}
	read := make(chan string, 1)
	go func() {
		data, _ := os.ReadFile(path)
		read <- string(data)
	}()
	w, err := openFIFO(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("pages")
	w.Close()
	if got := <-read; got != "pages" {
		t.Errorf("%q", got)
	}
}
