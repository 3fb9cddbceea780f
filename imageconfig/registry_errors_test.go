package imageconfig_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// status answers everything but the ping with one status.
func status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/v2/" {
			w.WriteHeader(code)
		}
	})
}

func TestRegistryErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		handler      http.Handler
		want         error
	}{
		{"404", "the registry knows its images", status(404), imageconfig.ErrNotFound},
		{"401", "an answer that names no way to log in", status(401), imageconfig.ErrUnauthorized},
		{"403", "the credentials are not enough", status(403), imageconfig.ErrUnauthorized},
		{"429", "a registry that is asked too often says nothing about the image", status(429), imageconfig.ErrUnreachable},
		{"500", "a registry that fails says nothing about the image", status(500), imageconfig.ErrUnreachable},
		{"418", "an answer that nobody expects says nothing about the image", status(418), imageconfig.ErrUnreachable},
		{"401 with a challenge", "there are no credentials to answer with", guarded(status(200)), imageconfig.ErrUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			ref := serve(t, tt.handler) + "/app:v1"
			image, err := (&imageconfig.Registry{}).Image(t.Context(), ref, amd64)
			if answer := wantNoImage(t, image, err, tt.want); answer.Reference != ref {
				t.Errorf("the error is about %q, want %q", answer.Reference, ref)
			}
		})
	}
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestRegistryThatIsNotThere(t *testing.T) {
	t.Parallel()
	image, err := (&imageconfig.Registry{}).Image(t.Context(), closedPort(t)+"/app", amd64)
	wantNoImage(t, image, err, imageconfig.ErrUnreachable)
}

func TestRegistryReferenceThatIsNone(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"", "UPPER/case", "app:", "app@sha256:short", "a b"} {
		image, err := (&imageconfig.Registry{}).Image(t.Context(), ref, amd64)
		wantNoImage(t, image, err, imageconfig.ErrInvalid)
	}
}

// A request that is under way when its context ends is given up: the registry of
// this test answers only after that.
func TestRegistryContext(t *testing.T) {
	t.Parallel()
	answers := liar{}
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(nil)))
	missing := v1.Descriptor{MediaType: types.OCILayer, Size: 10, Digest: hashOf([]byte("layer"))}
	answers.tag(manifestOf(t, config, missing), types.OCIManifestSchema1)
	tests := []struct {
		name, reason string
		stuck        string // the path that has no answer
	}{
		{"ping", "the first request of all", "/v2/"},
		{"manifest", "the request for a tag", "/v2/app/manifests/latest"},
		{"config", "the request for a blob", "/v2/app/blobs/" + config.Digest.String()},
		{"layer", "the request that Files makes", "/v2/app/blobs/" + missing.Digest.String()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			ctx, cancel := context.WithCancel(t.Context())
			host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				if request.URL.Path == tt.stuck {
					cancel()
					<-request.Context().Done()
					return
				}
				answers.ServeHTTP(w, request)
			}))
			image, err := (&imageconfig.Registry{}).Image(ctx, host+"/app", amd64)
			if err == nil {
				files, failure := image.Files(ctx)
				if failure != nil {
					t.Fatal(failure)
				}
				_, err = files.Open("etc/passwd")
			}
			if !errors.Is(err, context.Canceled) || errors.Is(err, imageconfig.ErrNotFound) {
				t.Errorf("error is %v, want context.Canceled", err)
			}
		})
	}
	t.Run("before the first request", func(t *testing.T) {
		host, seen := serveReal(t)
		image, err := (&imageconfig.Registry{}).Image(canceled(t), host+"/app", amd64)
		wantNoImage(t, image, err, imageconfig.ErrUnreachable)
		if !errors.Is(err, context.Canceled) || seen.count("") != 0 {
			t.Errorf("error is %v after %d requests, want context.Canceled and none", err, seen.count(""))
		}
	})
	t.Run("with a cause", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the user went home")
		cancel(cause)
		if _, err := (&imageconfig.Registry{}).Image(ctx, closedPort(t)+"/app", amd64); !errors.Is(err, cause) {
			t.Errorf("error is %v, want the cause", err)
		}
	})
}

// A caller whose context is alive has an answer, even if another caller's
// context ended while it connected for both.
func TestRegistryContextIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	host, seen := serveReal(t)
	push(t, host+"/app", imageOf(t, "app"))
	source := &imageconfig.Registry{}
	if _, err := source.Image(canceled(t), host+"/app", amd64); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if got := find(t, source, host+"/app").Config.Config.User; got != "app" {
		t.Errorf("USER is %q, want app", got)
	}
	if seen.count("/manifests/latest") != 1 {
		t.Errorf("%d requests for the manifest, want 1", seen.count("/manifests/latest"))
	}
}

// The image is there when its manifest is. What it lacks makes it invalid.
func TestRegistryWithoutBlobs(t *testing.T) {
	t.Parallel()
	answers := liar{}
	stream := tarOf(t, file("etc/passwd", "root"))
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(stream)))
	absent := describe(types.OCILayer, []byte("absent"))
	nameless := v1.Descriptor{MediaType: types.OCILayer, Size: 5}
	tests := []struct {
		name, reason string
		body         []byte
		mediaType    types.MediaType
		found        bool // the image, but not its layers
	}{
		{"config", "the config is 404", manifestOf(t, absent), types.OCIManifestSchema1, false},
		{"config without digest", "a manifest that names no config", manifestOf(t, nameless), types.OCIManifestSchema1, false},
		{"manifest of an index", "the index is there, its entry is 404", indexOf(t, absent), types.OCIImageIndex, false},
		{"entry without digest", "an index that names nothing", indexOf(t, nameless), types.OCIImageIndex, false},
		{"layer", "the layer is 404", manifestOf(t, config, absent), types.OCIManifestSchema1, true},
		{"layer without digest", "a manifest that names no layer", manifestOf(t, config, nameless), types.OCIManifestSchema1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			answers.tag(bytes.ReplaceAll(tt.body, []byte(`,"digest":":"`), nil), tt.mediaType)
			image, err := (&imageconfig.Registry{}).Image(t.Context(), serve(t, answers)+"/app", amd64)
			if !tt.found {
				wantNoImage(t, image, err, imageconfig.ErrInvalid)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = filesOf(t, image).Open("etc/passwd")
			wantKind(t, err, imageconfig.ErrInvalid)
		})
	}
}
