package imageconfig_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/drystart/drystart/imageconfig"
)

// at returns the endpoints of a function that needs no error.
func at(endpoints ...imageconfig.Endpoint) imageconfig.Endpoints {
	return func(string) ([]imageconfig.Endpoint, error) { return endpoints, nil }
}

// TestRegistryMirrors has a mirror and the registry that it stands in for.
func TestRegistryMirrors(t *testing.T) {
	t.Parallel()
	const own, mirrored = "own", "mirrored"
	tests := []struct {
		name, reason string
		mirror       http.Handler // nil is a registry with the image
		endpoint     imageconfig.Endpoint
		digest       bool
		want         string // the USER
	}{
		{name: "mirror", reason: "it is asked first", want: mirrored},
		{name: "mirror without the image", reason: "the registry may have it", mirror: registry.New(silent), want: own},
		{name: "mirror that fails", reason: "the registry may be up", mirror: status(http.StatusNotImplemented), want: own},
		{name: "mirror that refuses", reason: "the registry has other credentials", mirror: status(http.StatusForbidden), want: own},
		{name: "mirror that lies", reason: "what is not what was promised is not taken",
			mirror: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
				_, _ = io.WriteString(w, "{}")
			}), want: own},
		{name: "mirror for digests", reason: "what a tag means it is not asked",
			endpoint: imageconfig.Endpoint{Pulls: imageconfig.DigestPulls}, want: own},
		{name: "mirror for tags", reason: "a digest is not looked for there",
			endpoint: imageconfig.Endpoint{Pulls: imageconfig.TagPulls}, digest: true, want: own},
		{name: "mirror that is blocked", reason: "the next one is asked",
			endpoint: imageconfig.Endpoint{Err: &imageconfig.BlockedError{Prefix: "mirror"}}, want: own},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			real := registry.New(silent)
			host, mirror := serve(t, registry.New(silent)), serve(t, real)
			push(t, host+"/app", imageOf(t, own))
			push(t, mirror+"/copies/app", imageOf(t, mirrored))
			if tt.mirror != nil {
				mirror = serve(t, tt.mirror)
			}
			first := tt.endpoint
			first.URL, first.Repository = "http://"+mirror+"/v2", "copies/app"
			source := &imageconfig.Registry{Endpoints: at(first, imageconfig.Endpoint{URL: "http://" + host + "/v2", Repository: "app"})}
			ref := host + "/app"
			if tt.digest {
				ref += "@" + digestOf(t, imageOf(t, own))
			}
			if got := find(t, source, ref).Config.Config.User; got != tt.want {
				t.Errorf("USER is %q, want %q", got, tt.want)
			}
		})
	}
}

// That there is no such image, only all endpoints together can say.
func TestRegistryMirrorsWithoutImage(t *testing.T) {
	t.Parallel()
	empty, down := serve(t, registry.New(silent)), serve(t, status(http.StatusNotImplemented))
	endpoint := func(host string) imageconfig.Endpoint {
		return imageconfig.Endpoint{URL: "http://" + host + "/v2", Repository: "app"}
	}
	blocked := imageconfig.Endpoint{URL: "http://" + empty + "/v2", Repository: "app", Err: &imageconfig.BlockedError{Prefix: empty}}
	tests := []struct {
		name, reason string
		endpoints    imageconfig.Endpoints
		want         error
	}{
		{"all empty", "each was asked", at(endpoint(empty), endpoint(empty)), imageconfig.ErrNotFound},
		{"first is down", "it may have it", at(endpoint(down), endpoint(empty)), imageconfig.ErrUnreachable},
		{"last is down", "it may have it", at(endpoint(empty), endpoint(down)), imageconfig.ErrUnreachable},
		{"blocked", "nobody was asked", at(blocked), imageconfig.ErrUnreachable},
		{"nobody", "nobody was asked", at(), imageconfig.ErrUnreachable},
		{"broken", "where to ask is not known", func(string) ([]imageconfig.Endpoint, error) { return nil, errors.New("line 3") }, imageconfig.ErrUnreachable},
		{"bad URL", "nor here", at(imageconfig.Endpoint{URL: "http://[", Repository: "app"}), imageconfig.ErrUnreachable},
	}
	for _, tt := range tests {
		needsReason(t, tt.reason)
		image, err := (&imageconfig.Registry{Endpoints: tt.endpoints}).Image(t.Context(), empty+"/app", amd64)
		if wantNoImage(t, image, err, tt.want); t.Failed() {
			t.Fatalf("case %s", tt.name)
		}
	}
	_, err := (&imageconfig.Registry{Endpoints: at(blocked)}).Image(t.Context(), empty+"/app", amd64)
	var cause *imageconfig.BlockedError
	if !errors.As(err, &cause) || cause.Prefix != empty {
		t.Errorf("error is %v, want what blocks it", err)
	}
}

// All of an image is read where its manifest was found, if the node does so.
func TestRegistryPinnedMirror(t *testing.T) {
	t.Parallel()
	image := imageOf(t, "app")
	host := serve(t, registry.New(silent))
	push(t, host+"/app", image)
	mirror := serve(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if strings.Contains(request.URL.Path, "/blobs/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.Redirect(w, request, "http://"+host+request.URL.Path, http.StatusTemporaryRedirect)
	}))
	for _, pinned := range []bool{false, true} {
		endpoint := func(host string) imageconfig.Endpoint {
			return imageconfig.Endpoint{URL: "http://" + host + "/v2", Repository: "app", Pinned: pinned}
		}
		source := &imageconfig.Registry{Endpoints: at(endpoint(mirror), endpoint(host))}
		_, err := source.Image(t.Context(), host+"/app", amd64)
		if pinned {
			wantKind(t, err, imageconfig.ErrInvalid)
		} else if err != nil {
			t.Errorf("the config is not read elsewhere: %v", err)
		}
	}
}

// What an endpoint is sent is not sent to another host: neither its headers nor
// the registry's credentials.
func TestRegistryMirrorsAndSecrets(t *testing.T) {
	t.Parallel()
	type seen struct{ Authorization, Extra, NS string }
	var atMirror, elsewhere seen
	record := func(into *seen, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			*into = seen{request.Header.Get("Authorization"), request.Header.Get("X-Extra"), request.URL.Query().Get("ns")}
			next.ServeHTTP(w, request)
		})
	}
	images := registry.New(silent)
	open := serve(t, images)
	push(t, open+"/app", imageOf(t, "app"))
	storage := serve(t, record(&elsewhere, images))
	mirror := serve(t, guardedAs("mirror", "mirrored", record(&atMirror, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if strings.Contains(request.URL.Path, "/blobs/") {
			http.Redirect(w, request, "http://"+storage+request.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		images.ServeHTTP(w, request)
	}))))
	source := &imageconfig.Registry{
		Keychain: imageconfig.Credentials{
			"registry.example.com": {Username: "user", Password: "secret"},
			mirror:                 {Username: "mirror", Password: "mirrored"},
		},
		Endpoints: at(imageconfig.Endpoint{
			URL: "http://" + mirror + "/v2", Repository: "app", Namespace: "registry.example.com",
			Header: http.Header{"X-Extra": {"mirror only"}},
		}),
	}
	ctx := imageconfig.WithCredentials(t.Context(), authn.AuthConfig{Username: "pod", Password: "pod's"})
	if _, err := source.Image(ctx, "registry.example.com/app", amd64); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seen{"Basic bWlycm9yOm1pcnJvcmVk", "mirror only", "registry.example.com"}, atMirror); diff != "" {
		t.Errorf("what the mirror was sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(seen{}, elsewhere); diff != "" {
		t.Errorf("what the storage was sent (-want +got):\n%s", diff)
	}
}

// guardedAs wants that user and password for everything.
func guardedAs(user, password string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if u, p, _ := request.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, request)
	})
}

// A registry of any name is asked over plain HTTP where an endpoint says so, and
// through a proxy where the transport has one.
func TestRegistryPlainHTTPThroughAProxy(t *testing.T) {
	t.Parallel()
	images := registry.New(silent)
	push(t, serve(t, images)+"/app", imageOf(t, "app"))
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		asked = request.URL.Scheme + "://" + request.URL.Host // a proxy is sent the whole address
		images.ServeHTTP(w, request)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	source := &imageconfig.Registry{
		Transport: &http.Transport{Proxy: http.ProxyURL(address)},
		Endpoints: at(imageconfig.Endpoint{URL: "http://registry.example.com:5000/v2", Repository: "app"}),
	}
	if got := find(t, source, "registry.example.com:5000/app").Config.Config.User; got != "app" || asked != "http://registry.example.com:5000" {
		t.Errorf("USER is %q after the proxy was asked for %s", got, asked)
	}
}

// A registry with a CA of its own is trusted where the transport or the endpoint
// has that.
func TestRegistryWithItsOwnCA(t *testing.T) {
	t.Parallel()
	images := registry.New(silent)
	push(t, serve(t, images)+"/app", imageOf(t, "app"))
	server := httptest.NewTLSServer(images)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusting := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	ref := strings.TrimPrefix(server.URL, "https://") + "/app"
	endpoint := imageconfig.Endpoint{URL: server.URL + "/v2", Repository: "app"}
	withCA := endpoint
	withCA.TLS = trusting
	tests := []struct {
		name, reason string
		source       *imageconfig.Registry
		trusted      bool
	}{
		{"transport", "it is the client's", &imageconfig.Registry{Transport: &http.Transport{TLSClientConfig: trusting}}, true},
		{"endpoint", "it is the registry's", &imageconfig.Registry{Endpoints: at(withCA)}, true},
		{"endpoint beside a transport", "the endpoint's counts", &imageconfig.Registry{Transport: &http.Transport{}, Endpoints: at(withCA)}, true},
		{"neither", "nobody knows the CA", &imageconfig.Registry{Endpoints: at(endpoint)}, false},
		{"endpoint beside a transport that takes none", "its settings would be lost", &imageconfig.Registry{Transport: answering{}, Endpoints: at(withCA)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := tt.source.Image(t.Context(), ref, amd64)
			if tt.trusted && err != nil {
				t.Errorf("error is %v", err)
			}
			if !tt.trusted {
				wantNoImage(t, image, err, imageconfig.ErrUnreachable)
			}
		})
	}
}
