// Checkpointgofer stands between a sandbox of gVisor and the image of its session. runsc
// starts it at a checkpoint and at a restore, in the place of one that keeps checkpoints at
// Google, and passes it a socket of the sandbox and the order. The sandbox's memory goes
// straight into the image, or comes from it: gVisor's own files are never written.
//
// What the sandbox's kernel says is hostile, should code have taken it over. So all files
// are opened first, and then the process may do little but read and write them.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gvisor.dev/gvisor/pkg/sentry/state/stateipc"
	"gvisor.dev/gvisor/pkg/unet"
	"gvisor.dev/gvisor/pkg/urpc"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

// The descriptors that runsc passes.
const (
	socketFD = 3
	orderFD  = 4
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err) // runsc has it thrown away
		os.Exit(1)
	}
}

func run() (err error) {
	var order image.Order
	if err := json.NewDecoder(os.NewFile(orderFD, "order")).Decode(&order); err != nil {
		return err
	}
	base, err := image.OpenBase(order.Base, order.Content)
	if err != nil {
		return err
	}
	var files stateipc.AsyncFileServerImpl
	if order.Sum != "" {
		i, err := base.Open(order.Image, order.Sum)
		if err != nil {
			return err
		}
		files = reading{i}
	} else if files, err = newWriting(base, order); err != nil {
		return err
	}
	server, err := stateipc.NewAsyncFileServer(files)
	if err != nil {
		return err
	}
	socket, err := unet.NewSocket(socketFD)
	if err != nil {
		return err
	}
	if err := confine(); err != nil {
		return err
	}
	s := urpc.NewServer()
	s.Register(server)
	if err := s.Handle(socket); !errors.Is(err, io.EOF) { // until the sandbox closes it
		return err
	}
	return nil
}

var errPart = errors.New("a checkpoint has no such part")
