package imageconfig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// pullNames are the words for an endpoint's Pulls; all are not worth a word.
var pullNames = map[imageconfig.Pulls]string{imageconfig.DigestPulls: " digest-only", imageconfig.TagPulls: " tag-only"}

// lines describes endpoints, one a line: the URL that an image's manifests are
// below, and what else is so.
func lines(endpoints []imageconfig.Endpoint) []string {
	var described []string
	for _, e := range endpoints {
		line := e.URL + "/" + e.Repository
		if e.Namespace != "" {
			line += "?ns=" + e.Namespace
		}
		line += pullNames[e.Pulls]
		if e.HTTPFallback {
			line += " or-http"
		}
		if e.TLS != nil {
			line += " tls"
			if e.TLS.InsecureSkipVerify {
				line += " unverified"
			}
			if e.TLS.RootCAs != nil {
				line += " ca"
			}
			line += strings.Repeat(" client", len(e.TLS.Certificates))
		}
		for _, key := range slices.Sorted(maps.Keys(e.Header)) {
			line += fmt.Sprintf(" %s=%q", key, e.Header[key])
		}
		if e.Err != nil {
			line += " error: " + e.Err.Error()
		}
		described = append(described, line)
	}
	return described
}

// wantEndpoints checks what is asked for a repository. A want that begins with
// "error: " is that of the call.
func wantEndpoints(t *testing.T, endpoints imageconfig.Endpoints, repository string, want ...string) {
	t.Helper()
	found, err := endpoints(repository)
	got := lines(found)
	if err != nil {
		got = []string{"error: " + err.Error()}
	}
	for i := range min(len(got), len(want)) {
		if begin, more := strings.CutSuffix(want[i], "…"); more && strings.HasPrefix(got[i], begin) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", repository, diff)
	}
}

// nodeOf returns a node's files.
func nodeOf(files map[string]string) fstest.MapFS {
	node := fstest.MapFS{}
	for name, content := range files {
		node[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return node
}

// wantConfigError checks that err is a *ConfigError with that text. A text that
// ends in "…" goes on in the words of a library.
func wantConfigError(t *testing.T, endpoints imageconfig.Endpoints, err error, want string) {
	t.Helper()
	var known *imageconfig.ConfigError
	if !errors.As(err, &known) {
		t.Fatalf("error is %v (%T), want a *ConfigError", err, err)
	}
	got := err.Error()
	if begin, more := strings.CutSuffix(want, "…"); more && strings.HasPrefix(got, begin) {
		got = want
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if endpoints != nil {
		t.Error("there are endpoints besides the error")
	}
}

// certificate returns a certificate and its key as PEM.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", signed), pemOf("PRIVATE KEY", encoded)
}

func pemOf(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

func TestDirect(t *testing.T) {
	for _, test := range []struct{ name, reason, repository, want string }{
		{"registry", "HTTPS, whatever the port.", "registry.example:5000/app", "https://registry.example:5000/v2/app"},
		{"docker.io", "Docker Hub's API has another name, and is no mirror.", "docker.io/library/nginx", "https://registry-1.docker.io/v2/library/nginx"},
		{"localhost", "HTTPS only, not verified.", "localhost/app", "https://localhost/v2/app tls unverified"},
		{"localhost, a port", "What is spoken there is not known.", "localhost:5000/app", "https://localhost:5000/v2/app or-http tls unverified"},
		{"loopback", "As localhost.", "127.0.0.254:5000/app", "https://127.0.0.254:5000/v2/app or-http tls unverified"},
		{"loopback, IPv6", "As localhost.", "[::1]:5000/app", "https://[::1]:5000/v2/app or-http tls unverified"},
		{"port 80", "Is plain HTTP for sure.", "localhost:80/app", "http://localhost:80/v2/app"},
		{"port 443", "Is HTTPS for sure.", "localhost:443/app", "https://localhost:443/v2/app tls unverified"},
		{"port 80 elsewhere", "Only localhost is different.", "registry.example:80/app", "https://registry.example:80/v2/app"},
		{"short name", "What a name means was decided before.", "nginx", `error: repository "nginx": repository name must be canonical`},
		{"a tag", "Endpoints are of repositories.", "registry.example/app:v1", `error: repository "registry.example/app:v1": has a tag or a digest`},
		{"a way out", "A name is no path.", "registry.example/../app", `error: repository "registry.example/../app": invalid reference format`},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			wantEndpoints(t, imageconfig.Direct, test.repository, test.want)
		})
	}
}

// TestEndpointsConcurrently asks for all at once; the race detector judges.
func TestEndpointsConcurrently(t *testing.T) {
	hosts, err := imageconfig.HostsTOML(nodeOf(map[string]string{
		certs + "/_default/hosts.toml": "[host.'https://mirror.example'.header]\nx = 'y'",
	}), certs)
	if err != nil {
		t.Fatal(err)
	}
	registries, err := imageconfig.RegistriesConf(nodeOf(map[string]string{
		conf: "[[registry]]\nlocation = 'registry.example'\n[[registry.mirror]]\nlocation = 'mirror.example'",
	}), conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, endpoints := range []imageconfig.Endpoints{imageconfig.Direct, hosts, registries} {
		want, err := endpoints("registry.example/app")
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				got, err := endpoints("registry.example/app")
				if diff := cmp.Diff(lines(want), lines(got)); diff != "" || err != nil {
					t.Errorf("the same question has another answer: %v\n%s", err, diff)
				}
			})
		}
		all.Wait()
	}
}

// TestSameTLS keeps transports apart by their settings, so that connections are
// used again.
func TestSameTLS(t *testing.T) {
	hosts, err := imageconfig.HostsTOML(nodeOf(map[string]string{
		certs + "/_default/hosts.toml": "[host.'https://mirror.example']\nskip_verify = true",
	}), certs)
	if err != nil {
		t.Fatal(err)
	}
	registries, err := imageconfig.RegistriesConf(nodeOf(map[string]string{
		conf: "[[registry]]\nlocation = 'registry.example'\ninsecure = true",
	}), conf)
	if err != nil {
		t.Fatal(err)
	}
	for name, endpoints := range map[string]imageconfig.Endpoints{"Direct": imageconfig.Direct, "HostsTOML": hosts, "RegistriesConf": registries} {
		for _, repository := range []string{"registry.example/app", "localhost:5000/app"} {
			first, err := endpoints(repository)
			if err != nil {
				t.Fatal(err)
			}
			again, err := endpoints(repository)
			if err != nil {
				t.Fatal(err)
			}
			for i := range first {
				if first[i].TLS != again[i].TLS {
					t.Errorf("%s: %s has other settings at the second call", name, first[i].URL)
				}
			}
		}
	}
}
