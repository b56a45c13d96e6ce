// Command generate writes .env.example to the path it is given.
package main

import (
	"fmt"
	"os"

	"github.com/attachebot/attache/internal/config"
)

func main() {
	if err := os.WriteFile(os.Args[1], []byte(config.Example()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
