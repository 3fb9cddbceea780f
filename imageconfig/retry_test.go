package imageconfig_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestRetry has a registry that fails a few times before it answers.
func TestRetry(t *testing.T) {
	tests := []struct {
		name, reason string
		status       int
		failures     int64
		wantErr      error
		wantRequests int64 // for the manifest
	}{
		{name: "busy", reason: "it asks for time and gets it", status: http.StatusTooManyRequests, failures: 2, wantRequests: 3},
		{name: "down for a moment", reason: "a gateway without a registry", status: http.StatusBadGateway, failures: 1, wantRequests: 2},
		{name: "down", reason: "three attempts are enough", status: http.StatusServiceUnavailable, failures: 99, wantErr: imageconfig.ErrUnreachable, wantRequests: 3},
		{name: "forbidden", reason: "that does not pass", status: http.StatusForbidden, failures: 99, wantErr: imageconfig.ErrUnauthorized, wantRequests: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var failing atomic.Bool
			var requests atomic.Int64
			handler := registry.New(silent)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if failing.Load() && strings.Contains(r.URL.Path, "/manifests/") {
					if requests.Add(1) <= test.failures {
						w.Header().Set("Retry-After", "0")
						w.WriteHeader(test.status)
						return
					}
				}
				handler.ServeHTTP(w, r)
			}))
			defer server.Close()
			ref := pushed(t, server.URL)
			failing.Store(true)
			_, err := (&imageconfig.Registry{}).Image(t.Context(), ref, v1.Platform{OS: "linux", Architecture: "amd64"})
			if !errors.Is(err, test.wantErr) || requests.Load() != test.wantRequests || test.reason == "" {
				t.Errorf("error = %v after %d requests, want %v after %d", err, requests.Load(), test.wantErr, test.wantRequests)
			}
		})
	}
}

// TestRetryEndsWithTheContext has a registry that asks for more time than anyone
// has.
func TestRetryEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
			cancel()
		}
	}))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	_, err := (&imageconfig.Registry{}).Image(ctx, ref, v1.Platform{OS: "linux", Architecture: "amd64"})
	if !errors.Is(err, context.Canceled) || errors.Is(err, imageconfig.ErrNotFound) {
		t.Errorf("error = %v, want the context's", err)
	}
}

// pushed pushes a small image and returns its reference.
func pushed(t *testing.T, url string) string {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(url, "http://") + "/app:1")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	return ref.String()
}
