package imageconfig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const (
	dockerSocket = "/var/run/docker.sock"
	podmanSocket = "podman/podman.sock" // below the directory of what runs
)

// transport returns how to reach the daemon, and the address of its API. Each
// request has a connection of its own.
func (d Daemon) transport() (*http.Transport, url.URL, error) {
	host, secure := d.Host, d.TLS
	if host == "" {
		var err error
		if host, secure, err = environment(); err != nil {
			return nil, url.URL{}, err
		}
	}
	to := &http.Transport{DisableKeepAlives: true}
	if socket, ok := strings.CutPrefix(host, "unix://"); ok {
		to.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		return to, url.URL{Scheme: "http", Host: "localhost"}, nil
	}
	at, err := url.Parse(host)
	if err != nil || at.Host == "" {
		return nil, url.URL{}, fmt.Errorf("%q is no address of a daemon", host)
	}
	switch at.Scheme {
	case "http", "https":
	case "tcp":
		at.Scheme = "http"
		if secure != nil {
			at.Scheme = "https"
		}
	default:
		return nil, url.URL{}, fmt.Errorf("the daemon's address %q: %s:// is not supported", host, at.Scheme)
	}
	to.Proxy, to.TLSClientConfig = http.ProxyFromEnvironment, secure.Clone()
	return to, url.URL{Scheme: at.Scheme, Host: at.Host, Path: strings.TrimRight(at.Path, "/")}, nil
}

// environment returns the address that the docker command would use, and its TLS.
func environment() (host string, secure *tls.Config, err error) {
	host = os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix://" + defaultSocket()
	}
	if !strings.HasPrefix(host, "unix://") {
		secure, err = environmentTLS()
	}
	return host, secure, err
}

// defaultSocket returns the first socket that is there, and Docker's if none is.
func defaultSocket() string {
	sockets := []string{dockerSocket}
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		sockets = append(sockets, filepath.Join(runtime, podmanSocket))
	}
	for _, socket := range append(sockets, filepath.Join("/run", podmanSocket)) {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
	}
	return dockerSocket
}

// environmentTLS returns what DOCKER_CERT_PATH and DOCKER_TLS_VERIFY say; nil if
// they say nothing. As with the docker command, the server is believed unless
// DOCKER_TLS_VERIFY has a value.
//
// Source: moby's [WithTLSClientConfigFromEnv], and the docker command for the
// directory of a DOCKER_TLS_VERIFY without a DOCKER_CERT_PATH.
//
// [WithTLSClientConfigFromEnv]: https://github.com/moby/moby/blob/v28.5.2/client/options.go#L170-L190
func environmentTLS() (*tls.Config, error) {
	from, verify := os.Getenv("DOCKER_CERT_PATH"), os.Getenv("DOCKER_TLS_VERIFY") != ""
	if from == "" {
		if !verify {
			return nil, nil
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		from = filepath.Join(home, ".docker")
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(from, "cert.pem"), filepath.Join(from, "key.pem"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(from, "ca.pem"))
	if err != nil {
		return nil, err
	}
	trusted, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s has no certificate", filepath.Join(from, "ca.pem"))
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		Certificates:       []tls.Certificate{own},
		RootCAs:            trusted,
		InsecureSkipVerify: !verify,
	}, nil
}
