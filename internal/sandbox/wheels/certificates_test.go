package wheels

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/testbin"
)

// A package index behind a company's own authority is reached where the system
// trusts that authority, and nowhere else. The system's list is another one in a
// mount namespace.
func TestCertificatesOfTheSystem(t *testing.T) {
	if !haveCertificates(certificates[:1]) {
		testbin.Missing(t, "userns", certificates[0]+" is not there")
	}
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "true").CombinedOutput(); err != nil {
		testbin.Missing(t, "userns", string(out))
	}
	u, err := ensureUV(t.Context(), filepath.Join(testbin.Root(), ".cache", "data", "python"), os.Getenv("UV_DEFAULT_INDEX"), io.Discard)
	if err != nil {
		testbin.Missing(t, "index", err.Error())
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"} {
		t.Setenv(name, "") // restores it
		os.Unsetenv(name)
	}
	var asked atomic.Int32
	authority, certificate := company(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.NotFound(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	trusted := filepath.Join(t.TempDir(), "trusted.crt")
	if err := os.WriteFile(trusted, authority, 0o644); err != nil {
		t.Fatal(err)
	}
	try := func(list string) (requests int32, said string) {
		u := *u
		u.index = server.URL + "/simple"
		u.cache = t.TempDir()
		cmd := u.command(context.Background(), "pip", "install", "--dry-run", "--python", "/usr/bin/python3", "--target", t.TempDir(), "no-such-package")
		cmd.Path, cmd.Args = "/usr/bin/unshare", append([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
			`mount --bind "$0" ` + certificates[0] + ` && exec "$@"`, list}, cmd.Args...)
		before := asked.Load()
		out, _ := cmd.CombinedOutput()
		return asked.Load() - before, string(out)
	}
	if n, said := try(trusted); n == 0 {
		t.Errorf("an index that the system trusts was not asked: %s", said)
	}
	if n, said := try(certificates[0]); n != 0 || !strings.Contains(said, "certificate") {
		t.Errorf("an index that nobody trusts was asked %d times: %s", n, said)
	}
}

// company makes an authority, in PEM, and a certificate of it for this machine.
func company(t *testing.T) (authority []byte, certificate tls.Certificate) {
	t.Helper()
	sign := func(c, by *x509.Certificate, key any) ([]byte, *ecdsa.PrivateKey) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if key == nil {
			key = own
		}
		der, err := x509.CreateCertificate(rand.Reader, c, by, &own.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der, own
	}
	end := time.Now().Add(time.Hour)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "A company"}, NotBefore: end.AddDate(0, 0, -2), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, rootKey := sign(root, root, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "index"}, NotBefore: end.AddDate(0, 0, -2), NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leafDER, leafKey := sign(leaf, root, rootKey)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}
}
