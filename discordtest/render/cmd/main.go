// Command cmd draws a transcript, the JSON of discordtest.Transcript, as a PNG:
//
//	go run ./discordtest/render/cmd -o picture.png transcript.json
//
// Without a file name it reads standard input.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/render"
)

func main() {
	var o render.Options
	out := flag.String("o", "picture.png", "where the picture goes")
	flag.IntVar(&o.Width, "width", 0, "of the conversation in CSS pixels (default 760)")
	flag.BoolVar(&o.Header, "header", false, "show the channel's name")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Arg(0), *out, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in, out string, o render.Options) error {
	var r io.Reader = os.Stdin
	if in != "" {
		f, err := os.Open(in)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	var t discordtest.Transcript
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	picture, err := render.PNG(ctx, t, o)
	if err != nil {
		return err
	}
	return os.WriteFile(out, picture, 0o644)
}
