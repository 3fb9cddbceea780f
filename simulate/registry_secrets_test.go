package simulate_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"
)

// A guard stands before a registry, with basic authentication or with tokens. It
// lets "reader" in, whose password is backwards.
type guard struct {
	http.Handler
	tokens bool
	public bool // whether those who give no name get a token too

	mu    sync.Mutex
	asked []string // each user who asked, once, in order
}

func (g *guard) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	username, password, _ := request.BasicAuth()
	g.note(username)
	knows := username == "reader" && password == backwards("reader") || username == "" && g.public
	switch {
	case request.URL.Path == "/token" && knows:
		_, _ = io.WriteString(w, `{"token":"a-token"}`) // a client that hangs up has its own error
	case knows && !g.tokens, g.tokens && request.Header.Get("Authorization") == "Bearer a-token":
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
	serve := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	open := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	where, err := name.ParseReference(serve(open) + "/app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(where, image); err != nil {
		t.Fatal(err)
	}
	guarding = &guard{Handler: open, tokens: tokens}
	return serve(guarding), guarding
}

// TestPullFromGuardedRegistry pulls from registries that want credentials, next
// to one that has nothing to do with them.
func TestPullFromGuardedRegistry(t *testing.T) {
	tests := []struct {
		name, reason string
		image        string
		users        []string // of the pull secrets, in order
		wantAsked    []string
		wantErr      error // nil is an image
	}{
		{name: "right", reason: "the node gets in", image: "/app:1", users: []string{"reader"}, wantAsked: []string{"reader"}},
		{name: "rotated", reason: "one fails, the next is tried", image: "/app:1", users: []string{"former", "reader", "never"}, wantAsked: []string{"former", "reader"}},
		{name: "wrong", reason: "a node may have more", image: "/app:1", users: []string{"former"}, wantAsked: []string{"former"}, wantErr: imageconfig.ErrUnauthorized},
		{name: "none", reason: "the one try is without", image: "/app:1", wantErr: imageconfig.ErrUnauthorized},
		{name: "not found for one", reason: "who is refused does not know", image: "/gone:1", users: []string{"reader", "former"}, wantAsked: []string{"reader", "former"}, wantErr: imageconfig.ErrUnauthorized},
		{name: "not found", reason: "each try says so", image: "/gone:1", users: []string{"reader"}, wantAsked: []string{"reader"}, wantErr: simulate.ErrImagePull},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		for _, tokens := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tokens %v", test.name, tokens), func(t *testing.T) {
				host, guarding := serveGuarded(t, tokens)
				other, unrelated := serveGuarded(t, tokens)
				pod := podOf(container("app", host+test.image), container("other", other+"/app:1"))
				cluster := &simulate.Cluster{}
				for _, user := range test.users {
					cluster.Secrets = append(cluster.Secrets, dockerConfigJSON(user, logins("http://"+host, user)))
					withSecrets(pod, user)
				}
				node := simulate.Kubelet{Images: &imageconfig.Registry{Keychain: imageconfig.Credentials{}}, Cluster: cluster}
				outcome := node.Start(t.Context(), pod)
				app := outcome.Container("app")
				if (app.ImageDigest != "") != (test.wantErr == nil) {
					t.Errorf("digest %q, %v", app.ImageDigest, outcome.Err())
				}
				if test.wantErr != nil && !errors.Is(errors.Join(app.Undecided, app.Failure), test.wantErr) {
					t.Errorf("failure %v, undecided %v, want %v", app.Failure, app.Undecided, test.wantErr)
				}
				if diff := cmp.Diff(test.wantAsked, guarding.asked); diff != "" {
					t.Errorf("who asked (-want +got):\n%s", diff)
				}
				if len(unrelated.asked) > 0 || outcome.Container("other").Verdict != simulate.Undecided {
					t.Errorf("%q asked another host, which is %v", unrelated.asked, outcome.Container("other").Verdict)
				}
			})
		}
	}
}

// TestWrongSecretForPublicImage: a node that has credentials never asks without,
// so a pull secret can keep it from an image that anybody may have.
func TestWrongSecretForPublicImage(t *testing.T) {
	host, guarding := serveGuarded(t, true)
	guarding.public = true
	node := simulate.Kubelet{
		Images:  &imageconfig.Registry{Keychain: imageconfig.Credentials{}},
		Cluster: &simulate.Cluster{Secrets: []corev1.Secret{dockerConfigJSON("s", logins(host, "former"))}},
	}
	pod := podOf(container("app", host+"/app:1"))
	if without := node.Start(t.Context(), pod); without.Containers[0].ImageDigest == "" {
		t.Errorf("without a secret: %v", without.Err())
	}
	if with := node.Start(t.Context(), withSecrets(pod, "s")); !errors.Is(with.Err(), imageconfig.ErrUnauthorized) {
		t.Errorf("with a secret: %v, want %v", with.Err(), imageconfig.ErrUnauthorized)
	}
}

// TestRegistryTriesPullSecrets shares one Registry between Pods with other pull
// secrets, and reads the layers of what one of them finds.
func TestRegistryTriesPullSecrets(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		host, guarding := serveGuarded(t, tokens)
		source := &imageconfig.Registry{Keychain: imageconfig.Credentials{}}
		for _, user := range []string{"reader", "former", "reader"} {
			cluster := &simulate.Cluster{Secrets: []corev1.Secret{dockerConfigJSON("s", logins(host, user))}}
			node := simulate.Kubelet{Images: source, Cluster: cluster}
			outcome := node.Start(t.Context(), withSecrets(podOf(container("app", host+"/app:1")), "s"))
			if found := outcome.Containers[0].ImageDigest != ""; found != (user == "reader") {
				t.Errorf("tokens %v: %q found the image: %v (%v)", tokens, user, found, outcome.Err())
			}
		}
		// The layers' context has no credentials.
		ctx := imageconfig.WithCredentials(t.Context(), authnLogin("former"), authnLogin("reader"))
		image, err := source.Image(ctx, host+"/app:1", v1.Platform{})
		if err != nil {
			t.Fatal(err)
		}
		files, err := image.Files(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat(files, "no/such/file"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("tokens %v: %v; %q asked", tokens, err, guarding.asked)
		}
	}
}
