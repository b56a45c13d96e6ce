// Command generate writes .env.example and the table of settings to the paths that it
// is given.
package main

import (
	"fmt"
	"os"

	"github.com/attachebot/attache/internal/config"
)

func main() {
	for i, text := range []string{config.Example(), config.Table()} {
		if err := os.WriteFile(os.Args[i+1], []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
