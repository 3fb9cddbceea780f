package imageconfig_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// A guard stands before a registry. It lets in who knows the password of
// login("reader"), by basic authentication or by a token of its own.
type guard struct {
	http.Handler
	tokens bool

	mu    sync.Mutex
	asked []string // each user who asked, once
}

const token = "a-token-of-the-guard"

func (g *guard) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	username, password, _ := request.BasicAuth()
	g.note(username)
	knows := username == "reader" && password == login("reader").Password
	switch {
	case request.URL.Path == "/token" && knows:
		_, _ = fmt.Fprintf(w, `{"token":%q}`, token) // a client that hangs up has its own error
	case knows && !g.tokens, g.tokens && request.Header.Get("Authorization") == "Bearer "+token:
		g.Handler.ServeHTTP(w, request)
	case g.tokens:
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+request.Host+`/token",service="guard"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="guard"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (g *guard) note(username string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if username != "" && !slices.Contains(g.asked, username) {
		g.asked = append(g.asked, username)
	}
}

// serveGuarded starts a registry with the image app:1 behind a guard.
func serveGuarded(t *testing.T, tokens bool) (host string, guarding *guard) {
	t.Helper()
	open := registry.New(silent)
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	push(t, serve(t, open)+"/app:1", image)
	guarding = &guard{Handler: open, tokens: tokens}
	return serve(t, guarding), guarding
}

// TestRegistryWithCredentials asks registries behind both kinds of
// authentication, with the credentials of an explicit keychain.
func TestRegistryWithCredentials(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		host, guarding := serveGuarded(t, tokens)
		other, unrelated := serveGuarded(t, tokens)
		source := &imageconfig.Registry{Keychain: imageconfig.Credentials{host: login("reader")}}
		if _, err := source.Image(t.Context(), host+"/app:1", v1.Platform{}); err != nil {
			t.Errorf("tokens %v: %v", tokens, err)
		}
		_, err := source.Image(t.Context(), other+"/app:1", v1.Platform{})
		if !errors.Is(err, imageconfig.ErrUnauthorized) {
			t.Errorf("tokens %v: error = %v, want %v", tokens, err, imageconfig.ErrUnauthorized)
		}
		if diff := cmp.Diff([]string{"reader"}, guarding.asked); diff != "" {
			t.Errorf("tokens %v: who asked (-want +got):\n%s", tokens, diff)
		}
		if len(unrelated.asked) > 0 {
			t.Errorf("tokens %v: %q reached another host", tokens, unrelated.asked)
		}
	}
}

// TestRegistryErrorsHaveNoCredentials has registries that refuse, with a password
// that would be seen.
func TestRegistryErrorsHaveNoCredentials(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		host, guarding := serveGuarded(t, tokens)
		source := &imageconfig.Registry{Keychain: imageconfig.Credentials{host: login("admin")}}
		_, err := source.Image(t.Context(), host+"/app:1", v1.Platform{})
		if !errors.Is(err, imageconfig.ErrUnauthorized) || !slices.Contains(guarding.asked, "admin") {
			t.Errorf("tokens %v: error = %v after %q asked", tokens, err, guarding.asked)
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			checkSecret(t, "the error", text)
		}
	}
}
