//go:build !(linux && amd64)

package files_test

import (
	"errors"
	"os"
)

func runAndKill(string, []string, []string, *os.File, int) ([]string, bool, error) {
	return nil, false, errors.New("tracing is written for Linux on amd64 only")
}
