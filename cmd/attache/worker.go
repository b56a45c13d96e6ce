package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

func (m *Main) workerCommand() *cobra.Command {
	worker := &cobra.Command{
		Use: "worker", Short: "run code for an Attaché on another machine", Args: exactly(0, ""),
		Long: "Joins the Attaché whose line is in WORKER_INVITE, and runs its code in sandboxes here. It needs no other secret, and one\n" +
			"connection to the outside. SIGTERM and Ctrl-C store the sessions and leave.",
		RunE: m.with(m.worker),
	}
	worker.AddCommand(&cobra.Command{
		Use: "invite NAME HOST:PORT", Short: "print the line that lets a worker join", Args: exactly(2, "a name and the address of CLUSTER_LISTEN as the worker reaches it"),
		Long:    "Prints one line that lets a worker of that name join. Whoever has the line can be that worker: keep it secret.",
		Example: "  attache worker invite big-one attache.example.com:4222",
		RunE:    m.with(m.invite),
	})
	worker.AddCommand(&cobra.Command{
		Use: "revoke NAME", Short: "end the invitations of a worker", Args: exactly(1, "the name of the worker"),
		Long: "Makes all invitations of a worker worth nothing. Where it is connected, the connection ends within some seconds, and its\n" +
			"sessions go on elsewhere.",
		Example: "  attache worker revoke big-one",
		RunE:    m.with(m.revoke),
	})
	return worker
}

func (m *Main) workersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "workers", Short: "list the workers: load, sessions, versions, last errors", Args: exactly(0, ""),
		RunE: m.with(m.workers),
	}
}

// worker runs code for others until it is told to stop.
func (m *Main) worker(ctx context.Context, _ []string) error {
	line := m.Config.Invitation.Reveal()
	if line == "" {
		return fault.New(fault.Invalid, "WORKER_INVITE is not set: put there the line that `attache worker invite` prints on the machine that serves.")
	}
	if _, err := m.openDataDir(ctx); err != nil {
		return err
	}
	if err := m.serveAlone(ctx); err != nil {
		return err
	}
	log := m.log(m.Config.Level())
	first, err := m.openHost(ctx, log, m.Stderr)
	if err != nil {
		return err
	}
	nc, name, err := nats.Join(line, func(err error) { log.Warn("join Attaché", "error", err) })
	if err != nil {
		return errors.Join(err, first.Close(ctx))
	}
	m.onClose(func() error { nc.Close(); return nil })
	w, err := m.newWorker(nc, name, first, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "The worker %s runs. Ctrl-C stops it.\n", name)
	if m.connected != nil {
		m.connected()
	}
	return w.Run(ctx)
}

// newWorker offers the sandboxes of this machine; first is open already.
func (m *Main) newWorker(nc *natsgo.Conn, name string, first remote.Local, log *slog.Logger) (*remote.Worker, error) {
	open := func(ctx context.Context) (remote.Local, error) {
		if h := first; h != nil {
			first = nil
			return h, nil
		}
		return m.openHost(ctx, log, io.Discard)
	}
	return remote.NewWorker(nc, name, filepath.Join(m.Config.DataDir, "worker"), open,
		remote.WorkerOptions{Max: m.Config.MaxSandbox, Version: version(), Log: log})
}

// openCluster opens the sandboxes of all workers; this machine is one of them if
// sandboxes start here.
func (m *Main) openCluster(ctx context.Context, log *slog.Logger, progress io.Writer) (sandbox.Sandbox, error) {
	nc, err := m.openNATS(ctx)
	if err != nil {
		return nil, err
	}
	m.onClose(func() error { nc.Close(); return nil })
	shelf, err := m.openShelf(ctx, log)
	if err != nil {
		return nil, err
	}
	d, err := remote.Open(nc, m.shared, shelf, log)
	if err != nil {
		return nil, err
	}
	m.onStop(stopTime, d.Close)
	m.background(func(ctx context.Context) { cluster.Alone(ctx, m.shared, "sweep of sessions", sweepLease, d.Sweep) })
	host, err := m.openHost(ctx, log, progress)
	switch {
	case err == nil:
		w, err := m.newWorker(nc, localWorker(m.owner), host, log)
		if err != nil {
			return nil, errors.Join(err, host.Close(ctx))
		}
		m.background(func(ctx context.Context) { // ends before the driver, which keeps what it stored
			if err := w.Run(ctx); err != nil {
				log.Error("run code on this machine", "error", err)
			}
		})
	case fault.Is(err, fault.Unavailable):
		fmt.Fprintf(m.Stderr, "%s\nCode runs on the workers alone.\n", explained(err))
	default:
		return nil, err
	}
	return d, nil
}

// localWorker names the worker in serve itself: its sessions are those of the data
// folder, whatever number the process has there.
func localWorker(owner string) string {
	return "local-" + folder(owner) + "-1"
}

// folder names the data folder of an owner.
func folder(owner string) string { return owner[:strings.LastIndexByte(owner, '-')] }

// openShelf opens the bucket of SESSIONS_URL, if there is one.
func (m *Main) openShelf(ctx context.Context, log *slog.Logger) (*remote.Shelf, error) {
	if m.Config.SessionsURL == "" {
		return nil, nil
	}
	b, err := bucket.Open(ctx, m.Config.SessionsURL.Reveal())
	if err != nil {
		return nil, err
	}
	m.onClose(b.Close)
	return remote.NewShelf(b.Bucket, time.Duration(m.Config.Expiration)*time.Hour, log), nil
}

// openNATS embeds the message server, or connects to the one that NATS_URL
// names. Without any of their settings it is for this process alone.
func (m *Main) openNATS(ctx context.Context) (*natsgo.Conn, error) {
	if m.Config.NATSURL != "" && m.Config.ClusterListen == "" {
		return nats.Connect(ctx, m.Config.NATSURL.Reveal(), m.shared)
	}
	server, err := nats.Serve(ctx, m.Config.ClusterListen, folder(m.owner), m.shared)
	if err != nil {
		return nil, err
	}
	m.onClose(server.Close)
	return server.Connect(ctx)
}

// invite prints the line for a worker.
func (m *Main) invite(ctx context.Context, args []string) error {
	if _, err := m.openStores(ctx); err != nil {
		return err
	}
	line, err := nats.Invite(ctx, m.shared, args[0], args[1])
	if err == nil {
		fmt.Fprintln(m.Stdout, line)
	}
	return err
}

// revoke ends the invitations of a worker.
func (m *Main) revoke(ctx context.Context, args []string) error {
	if _, err := m.openStores(ctx); err != nil {
		return err
	}
	if err := nats.Revoke(ctx, m.shared, args[0]); err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "The worker %s can't connect any more. `attache workers` may list it for %d seconds.\n", args[0], remote.LeaseTime/time.Second)
	return nil
}

// workers lists the workers that have a lease.
func (m *Main) workers(ctx context.Context, _ []string) error {
	if _, err := m.openStores(ctx); err != nil {
		return err
	}
	all, err := remote.Workers(ctx, m.shared)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(m.Stdout, "There are no workers. `attache worker invite` lets one join.")
		return nil
	}
	table := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORKER\tRUNNING\tSESSIONS\tMEMORY\tVERSION\tSTATE\tLAST ERROR")
	for _, r := range all {
		state := "ready"
		if r.Draining {
			state = "leaving"
		}
		fmt.Fprintf(table, "%s\t%d of %d\t%d\t%d MB\t%s\t%s\t%s\n", r.Name, r.Stats.Running, r.Max, r.Stats.Live, r.Stats.Memory>>20, r.Version, state, r.Error)
	}
	return table.Flush()
}
