package wheels

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/fault"
)

// uv installs Python packages. It comes from the package index as a wheel
// whose hash is pinned here, so that neither pip nor a download script is
// needed.
const uvVersion = "0.13.9"

// uvWheels has the SHA-256 of the wheel for each architecture. Both hold a
// static program, for glibc and musl alike. From https://pypi.org/project/uv/.
var uvWheels = map[string]struct{ file, sha256 string }{
	"amd64": {"uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl", "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25"},
	"arm64": {"uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl", "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe"},
}

// uv is the installer, at path, with its cache in cache.
type uv struct {
	path  string
	cache string
	index string // base URL of the package index; empty: PyPI
}

const pypi = "https://pypi.org/simple"

// ensureUV returns the installer below dir, fetched if it is not there yet.
func ensureUV(ctx context.Context, dir, index string, progress io.Writer) (*uv, error) {
	u := &uv{path: filepath.Join(dir, "uv-"+uvVersion, "uv"), cache: filepath.Join(dir, "cache"), index: index}
	if _, err := os.Stat(u.path); err == nil {
		return u, nil
	}
	wheel, ok := uvWheels[runtime.GOARCH]
	if !ok {
		return nil, fault.New(fault.Unavailable, "There is no Python installer for %s; amd64 and arm64 work.", runtime.GOARCH)
	}
	fmt.Fprintf(progress, "Fetching uv %s, the Python package installer\n", uvVersion)
	data, err := fetchWheel(ctx, index, "uv", wheel.file, wheel.sha256)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The package index can't be reached to fetch uv; check the network, or set UV_DEFAULT_INDEX to a mirror.")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if path.Base(f.Name) != "uv" || !strings.Contains(f.Name, ".data/scripts/") {
			continue
		}
		if err := extractFile(f, u.path, 0o755); err != nil {
			return nil, environmentError(err, "")
		}
		return u, nil
	}
	return nil, fmt.Errorf("no uv program in %s", wheel.file)
}

// extractFile writes f to path, which exists afterwards whole or not at all.
func extractFile(f *zip.File, path string, mode os.FileMode) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = io.Copy(tmp, r)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// fetchWheel downloads one file of a project from the index (PEP 691) and
// checks its hash.
func fetchWheel(ctx context.Context, index, project, file, sum string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	page, err := httpGet(ctx, indexOr(index)+"/"+project+"/", 32<<20)
	if err != nil {
		return nil, err
	}
	var list struct {
		Files []struct{ Filename, URL string }
	}
	if err := json.Unmarshal(page, &list); err != nil {
		return nil, err
	}
	for _, f := range list.Files {
		if f.Filename != file {
			continue
		}
		data, err := httpGet(ctx, f.URL, 256<<20)
		if err != nil {
			return nil, err
		}
		if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
			return nil, fmt.Errorf("%s: SHA-256 is %x, want %s", file, got, sum)
		}
		return data, nil
	}
	return nil, fmt.Errorf("the index has no %s", file)
}

func httpGet(ctx context.Context, url string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/vnd.pypi.simple.v1+json, application/json;q=0.9, */*;q=0.1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &statusError{url, res.StatusCode}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", url, limit)
	}
	return data, err
}

type statusError struct {
	url  string
	code int
}

func (e *statusError) Error() string { return fmt.Sprintf("%s: status %d", e.url, e.code) }

func indexOr(index string) string {
	if index == "" {
		return pypi
	}
	return strings.TrimSuffix(index, "/")
}

// command prepares a call of uv. It sees of our environment what it needs to
// reach the network, and none of our secrets.
func (u *uv) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, u.path, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + u.cache,
		"UV_CACHE_DIR=" + u.cache,
		"UV_NO_CONFIG=1",
		"UV_PYTHON_DOWNLOADS=never",
		"UV_NO_PROGRESS=1",
	}
	if u.index != "" {
		cmd.Env = append(cmd.Env, "UV_DEFAULT_INDEX="+u.index)
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
		"http_proxy", "https_proxy", "no_proxy", "all_proxy", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	// A company's own authority is known to the system, and not to uv by itself.
	if _, set := os.LookupEnv("UV_SYSTEM_CERTS"); !set && haveCertificates(certificates) {
		cmd.Env = append(cmd.Env, "UV_SYSTEM_CERTS=true")
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// certificates are where systems keep those that they trust, as crypto/x509 knows.
var certificates = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
}

// haveCertificates tells whether one of the files holds any. A minimal system has
// none; uv then trusts its own list.
func haveCertificates(files []string) bool {
	return slices.ContainsFunc(files, func(f string) bool {
		info, err := os.Stat(f)
		return err == nil && info.Size() > 0
	})
}

// errFileSize is the end of a command that wanted to write too large a file.
var errFileSize = errors.New("a file is too large")

// runBounded runs cmd, which ends when it writes more than limit bytes to one
// file. That bounds a download, which uv keeps in a file without a name.
func runBounded(cmd *exec.Cmd, limit int64) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	err := errors.Join(
		unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil), // which the end by the other would leave
		unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(limit), Max: uint64(limit)}, nil))
	if err != nil && !errors.Is(err, unix.ESRCH) { // ESRCH: it has ended
		cmd.Process.Kill()
		return errors.Join(err, cmd.Wait())
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGXFSZ {
		return errFileSize
	}
	return err
}
