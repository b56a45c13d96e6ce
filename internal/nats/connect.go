package nats

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// options are those of every connection: it comes back by itself, for ever.
func options(name string, more ...nats.Option) []nats.Option {
	return append([]nats.Option{nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond),
		nats.ReconnectJitter(20*time.Millisecond, 50*time.Millisecond), nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(5 * time.Second), nats.IgnoreAuthErrorAbort(), nats.Timeout(5 * time.Second)}, more...)
}

// Connect connects to the embedded server, in this process.
func (s *Server) Connect(ctx context.Context) (*nats.Conn, error) {
	token, err := gatewayToken(ctx, s.store)
	if err != nil {
		return nil, err
	}
	return connect("", options("attache", nats.InProcessServer(s.ns), nats.Token(token))...)
}

// Connect connects to a server at a URL. One without a user or a token is
// embedded in another process that uses the same database.
func Connect(ctx context.Context, address string, store cluster.Store) (*nats.Conn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fault.New(fault.Invalid, "NATS_URL is no URL such as tls://attache.example.com:4222.")
	}
	if u.User != nil || u.Scheme != "tls" {
		return connect(address, options("attache")...)
	}
	token, err := gatewayToken(ctx, store)
	if err != nil {
		return nil, err
	}
	cert, err := certificate(ctx, store)
	if err != nil {
		return nil, err
	}
	return connect(address, options("attache", nats.Token(token), pinned(fingerprint(cert.Certificate[0])))...)
}

func connect(address string, o ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect(address, o...)
	return nc, fault.Wrap(err, fault.Unavailable, "The message server can't be reached.")
}

// pinned accepts the certificate with a fingerprint, and no other.
func pinned(want string) nats.Option {
	return nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, ServerName: "attache", InsecureSkipVerify: true, // the fingerprint is what counts
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || fingerprint(raw[0]) != want {
				return errors.New("this is not the server of the invitation")
			}
			return nil
		}})
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,40}$`)

// Invite makes a key for a worker and returns the line that lets it join at
// host:port. Whoever has the line can be that worker.
func Invite(ctx context.Context, store cluster.Store, name, address string) (string, error) {
	if !validName.MatchString(name) {
		return "", fault.New(fault.Invalid, "The name of a worker has small letters, digits and hyphens only.")
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", err
	}
	public, err1 := pair.PublicKey()
	seed, err2 := pair.Seed()
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	cert, err := certificate(ctx, store)
	if err != nil {
		return "", err
	}
	if _, err := store.Secret(ctx, workerKey(public), []byte(name)); err != nil {
		return "", err
	}
	u := url.URL{Scheme: "attache", Host: address, Path: "/" + name, Fragment: fingerprint(cert.Certificate[0]) + "." + string(seed)}
	return u.String(), nil
}

// Revoke makes all invitations of a worker worth nothing: its connections end
// within some seconds, and nobody joins by them again.
func Revoke(ctx context.Context, store cluster.Store, name string) error {
	n, err := store.DeleteSecrets(ctx, workerKey(""), []byte(name))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "There is no invitation of a worker with this name.")
	}
	return err
}

var invitation = regexp.MustCompile(`^attache://([^/#?@\s]+)/([a-z0-9][a-z0-9-]{0,40})#([A-Za-z0-9_-]{43})\.(SU[A-Z2-7]{56})$`)

// Join connects a worker by the line of its invitation, and returns its name. A
// server that is not there yet is waited for. Trouble is called with what keeps the
// worker away, once until it has been connected again; it may be nil.
func Join(line string, trouble func(error)) (nc *nats.Conn, name string, err error) {
	m := invitation.FindStringSubmatch(line)
	if m == nil {
		return nil, "", fault.New(fault.Invalid, "This is no invitation: it is one line that begins with attache://, made by `attache worker invite`.")
	}
	pair, err := nkeys.FromSeed([]byte(m[4]))
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "The invitation is damaged; make another one with `attache worker invite`.")
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, "", err
	}
	name = m[2]
	o := options(name, nats.Nkey(public, pair.Sign), pinned(m[3]), nats.CustomInboxPrefix(remote.Inbox(name)), nats.RetryOnFailedConnect(true))
	if trouble != nil {
		o = append(o, report(trouble)...)
	}
	nc, err = connect("tls://"+m[1], o...)
	return nc, name, err
}

// report calls f when the server refuses us or is away: once each until there is a
// connection again.
func report(f func(error)) []nats.Option {
	var refused, away atomic.Bool
	connected := func(*nats.Conn) { refused.Store(false); away.Store(false) }
	return []nats.Option{nats.ConnectHandler(connected), nats.ReconnectHandler(connected),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrAuthorization) && !refused.Swap(true) {
				f(fault.Wrap(err, fault.Denied, "Attaché refuses this invitation: it was revoked, or its database does not answer. `attache worker invite` makes another one."))
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			if !away.Swap(true) {
				f(fault.Wrap(err, fault.Unavailable, "The message server can't be reached."))
			}
		})}
}
