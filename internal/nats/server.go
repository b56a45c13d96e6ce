// Package nats carries messages between the processes of a cluster: it embeds a
// NATS server, and connects to it or to one outside.
//
// A connection is encrypted, and the server's certificate is known by its
// fingerprint. A worker proves that it has the key of its invitation, and may
// listen and speak on the subjects of its own name alone.
package nats

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math"
	"math/big"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// Server is an embedded NATS server.
type Server struct {
	ns    *server.Server
	store cluster.Store
	stop  context.CancelFunc
	done  chan struct{}
}

// Embedded begins the names of servers that Serve starts. No two of them are connected
// with each other.
const Embedded = "attache-"

// Serve starts a server that listens at host:port, or :port. Without an address it
// serves this process alone. Who is is that process in all its lives: one that takes
// the place of another has its name.
func Serve(ctx context.Context, listen, who string, store cluster.Store) (*Server, error) {
	host, number, err := "", 0, error(nil)
	if listen != "" {
		var port string
		host, port, err = net.SplitHostPort(listen)
		if err == nil {
			number, err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is no host:port.", listen)
		}
		if number == 0 {
			number = server.RANDOM_PORT
		}
	}
	cert, err := certificate(ctx, store)
	if err != nil {
		return nil, err
	}
	token, err := gatewayToken(ctx, store)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(&server.Options{
		ServerName: Embedded + who, Host: host, Port: number, DontListen: listen == "", NoSigs: true, NoLog: true, MaxPayload: 1 << 20,
		TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13},
		// Who stopped answering is gone within seconds.
		PingInterval: 2 * time.Second, MaxPingsOut: 2, AlwaysEnableNonce: true,
		CustomClientAuthentication: &gatekeeper{store, token},
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The message server can't be started.")
	}
	go ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		ns.Shutdown()
		return nil, fault.New(fault.Unavailable, "The message server can't listen at %s: another program may use this address.", listen)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{ns, store, stop, make(chan struct{})}
	go s.expel(ctx)
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.ns.Addr().String() }

// Close stops the server. Twice is once.
func (s *Server) Close() error {
	s.stop()
	<-s.done
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
	return nil
}

// gatekeeper decides who may connect.
type gatekeeper struct {
	store cluster.Store
	token string
}

// Check implements server.Authentication.
func (g *gatekeeper) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Nkey == "" {
		return subtle.ConstantTimeCompare([]byte(o.Token), []byte(g.token)) == 1
	}
	sig, err := base64.RawURLEncoding.DecodeString(o.Sig)
	if err != nil {
		return false
	}
	key, err := nkeys.FromPublicKey(o.Nkey)
	if err != nil || key.Verify(c.GetNonce(), sig) != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	name, err := g.store.Secret(ctx, workerKey(o.Nkey), nil)
	if err != nil {
		return false
	}
	listen, speak := remote.Subjects(string(name))
	c.RegisterUser(&server.User{Username: string(name), Permissions: &server.Permissions{
		Subscribe: &server.SubjectPermission{Allow: listen},
		Publish:   &server.SubjectPermission{Allow: speak},
		Response:  &server.ResponsePermission{MaxMsgs: 1, Expires: 5 * time.Second},
	}})
	return true
}

// expel ends, every second, the connections of workers whose invitation was
// revoked. While the database does not answer, they stay.
func (s *Server) expel(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		conns, err := s.ns.Connz(&server.ConnzOptions{Username: true, Limit: math.MaxInt32})
		if err != nil {
			continue
		}
		for _, c := range conns.Conns {
			if !nkeys.IsValidPublicUserKey(c.AuthorizedUser) {
				continue
			}
			if _, err := s.store.Secret(ctx, workerKey(c.AuthorizedUser), nil); fault.Is(err, fault.NotFound) {
				s.ns.DisconnectClientByID(c.Cid)
			}
		}
	}
}

func workerKey(public string) string { return "worker/" + public }

// gatewayToken is what the processes that answer people show.
func gatewayToken(ctx context.Context, store cluster.Store) (string, error) {
	b, err := store.Secret(ctx, "nats/token", []byte(rand.Text()+rand.Text()))
	return string(b), err
}

// certificate returns the certificate that all servers of this database share.
func certificate(ctx context.Context, store cluster.Store) (cert tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "attache"}, DNSNames: []string{"attache"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(50, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return cert, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return cert, err
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	kept, err := store.Secret(ctx, "nats/certificate", both)
	if err != nil {
		return cert, err
	}
	return tls.X509KeyPair(kept, kept)
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
