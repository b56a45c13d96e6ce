package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/attachebot/attache/tokens"
	pkoukk "github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
	"github.com/pkoukk/tiktoken-go-loader/assets"
	"github.com/tiktoken-go/tokenizer"
	"golang.org/x/sys/unix"
)

// peer counts the tokens of a text with an encoding once, on one thread, and
// tells how long that took.
type peer struct {
	name  string
	calls int // of which the last counts
	count func(encoding string, c corpus) (n int, d time.Duration, err error)
}

// timed measures the time that the thread has the processor for, so that what
// else the machine does matters less.
func timed(f func() int) (int, time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := threadTime()
	n := f()
	return n, threadTime() - start, nil
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// ours are this project's ways to count: without any memory of earlier text,
// and with one that has seen the text before.
func ours() []peer {
	plain, fresh := map[string]*tokens.Encoding{}, map[string]*tokens.Encoding{}
	for _, e := range []*tokens.Encoding{tokens.CL100KBase, tokens.O200KBase} {
		plain[e.Name()], fresh[e.Name()] = e.WithoutMemo(), e
		e.Count("load")
	}
	return []peer{
		{"attache uncached", 1, func(enc string, c corpus) (int, time.Duration, error) {
			return timed(func() int { return plain[enc].Count(c.text) })
		}},
		{"attache", 2, func(enc string, c corpus) (int, time.Duration, error) {
			return timed(func() int { return fresh[enc].Count(c.text) })
		}},
		{"attache encode", 2, func(enc string, c corpus) (int, time.Duration, error) {
			return timed(func() int { return len(fresh[enc].Encode(c.text)) })
		}},
	}
}

func goPeers() ([]peer, error) {
	pkoukk.SetBpeLoader(loader.NewOfflineLoader())
	a, b := map[string]tokenizer.Codec{}, map[string]*pkoukk.Tiktoken{}
	for _, enc := range encodings {
		var err error
		if a[enc], err = tokenizer.Get(tokenizer.Encoding(enc)); err != nil {
			return nil, err
		}
		if b[enc], err = pkoukk.GetEncoding(enc); err != nil {
			return nil, err
		}
	}
	return []peer{
		{"tiktoken-go", 1, func(enc string, c corpus) (n int, d time.Duration, err error) {
			n, d, _ = timed(func() int { n, err = a[enc].Count(c.text); return n })
			return n, d, err
		}},
		{"pkoukk", 1, func(enc string, c corpus) (int, time.Duration, error) {
			return timed(func() int { return len(b[enc].EncodeOrdinary(c.text)) })
		}},
	}, nil
}

// child is a program that answers lines "PEER ENCODING PATH" with lines
// "TOKENS NANOSECONDS", with -1 tokens where the peer fails.
type child struct {
	in  io.Writer
	out *bufio.Reader
}

func start(cmd *exec.Cmd) (*child, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{in, bufio.NewReader(out)}, cmd.Start()
}

func (c *child) peer(name string, calls int) peer {
	return peer{name, calls, func(enc string, text corpus) (n int, d time.Duration, err error) {
		fmt.Fprintln(c.in, strings.ReplaceAll(name, " ", "-"), enc, text.path)
		line, err := c.out.ReadString('\n')
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		_, err = fmt.Sscan(line, &n, &d)
		return n, d, err
	}}
}

// pythonPeers are tiktoken, gigatoken, tokie and wordchipper, from PyPI.
func pythonPeers(cache string) ([]peer, error) {
	venv := filepath.Join(cache, "venv")
	python := filepath.Join(venv, "bin", "python")
	requirements := filepath.Join(root(), "tokens", "bench", "requirements.txt")
	wanted, err := os.ReadFile(requirements)
	if err != nil {
		return nil, err
	}
	if made, _ := os.ReadFile(filepath.Join(venv, "complete")); string(made) != string(wanted) {
		for _, args := range [][]string{{"python3", "-m", "venv", "--clear", venv}, {python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements}} {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%v: %w\n%s", args, err, out)
			}
		}
		if err := os.WriteFile(filepath.Join(venv, "complete"), wanted, 0o644); err != nil {
			return nil, err
		}
	}
	for _, enc := range encodings {
		data, err := assets.Assets.ReadFile(enc + ".tiktoken")
		if err != nil {
			return nil, err
		}
		url := sha1.Sum([]byte("https://openaipublic.blob.core.windows.net/encodings/" + enc + ".tiktoken"))
		wordchipper := filepath.Join("io.crates.wordchipper", "openai", enc, enc+".tiktoken")
		for _, name := range []string{hex.EncodeToString(url[:]), enc + ".tiktoken", wordchipper} {
			file := filepath.Join(cache, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644)); err != nil {
				return nil, err
			}
		}
	}
	cmd := exec.Command(python, filepath.Join(root(), "tokens", "bench", "peers.py"), cache, filepath.Join(root(), "tokens", "data"))
	cmd.Env = append(os.Environ(), "TIKTOKEN_CACHE_DIR="+cache, "XDG_CACHE_HOME="+cache, "PYTHONDONTWRITEBYTECODE=1", "RUST_BACKTRACE=0")
	c, err := start(cmd)
	if err != nil {
		return nil, err
	}
	return []peer{c.peer("tiktoken", 1), c.peer("gigatoken cold", 1), c.peer("gigatoken", 2), c.peer("tokie", 2), c.peer("wordchipper", 2)}, nil
}

// rustPeers are bpe-openai, from crates.io.
func rustPeers(cache string) ([]peer, error) {
	if _, err := exec.LookPath("cargo"); err != nil {
		return nil, err
	}
	target := filepath.Join(cache, "cargo")
	cmd := exec.Command("cargo", "build", "--release", "--quiet", "--locked", "--target-dir", target)
	cmd.Dir = filepath.Join(root(), "tokens", "bench", "rust")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cargo build: %w\n%s", err, out)
	}
	c, err := start(exec.Command(filepath.Join(target, "release", "bench")))
	if err != nil {
		return nil, err
	}
	return []peer{c.peer("bpe-openai", 1)}, nil
}
