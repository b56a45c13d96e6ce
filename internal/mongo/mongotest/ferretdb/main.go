// Command ferretdb serves the MongoDB protocol on a port of this machine, with
// SQLite behind it: a stand-in for MongoDB in tests. It prints its URI and
// ends with its standard input.
//
//	ferretdb FOLDER
//
// MongoDB changes one document in one step. FerretDB reads it and writes it
// back, so that a change by somebody else in between is lost. Commands
// therefore go through a proxy that lets one at a time pass.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: ferretdb FOLDER")
	}
	folder, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: (&url.URL{Scheme: "file", Path: folder + "/"}).String(),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
		time.Sleep(time.Second) // Run waits for connections, which need not end
		os.Exit(0)
	}()
	behind, err := url.Parse(f.MongoDBURI())
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go serve(l, behind.Host)
	fmt.Printf("mongodb://%s/\n", l.Addr())
	if err := f.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func serve(l net.Listener, behind string) {
	var turn sync.Mutex
	for {
		client, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", behind)
			if err != nil {
				log.Print(err)
				return
			}
			defer server.Close()
			for pass(client, server, &turn) == nil {
			}
		}()
	}
}

// pass takes one command to the server and its answer back.
func pass(client, server net.Conn, turn *sync.Mutex) error {
	command, err := message(client)
	if err != nil {
		return err
	}
	turn.Lock()
	defer turn.Unlock()
	if _, err := server.Write(command); err != nil {
		return err
	}
	answer, err := message(server)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

// message reads one message, which begins with its length.
func message(r io.Reader) ([]byte, error) {
	b := make([]byte, 4)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(b)
	if n < 16 || n > 48_000_000 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	b = append(b, make([]byte, n-4)...)
	_, err := io.ReadFull(r, b[4:])
	return b, err
}
