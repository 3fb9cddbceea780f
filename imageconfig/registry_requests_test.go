package imageconfig_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/drystart/drystart/imageconfig"
)

// A requestLog is an HTTP handler that remembers all requests, and can hold them
// back.
type requestLog struct {
	http.Handler
	mu   sync.Mutex
	seen []string // as "GET /v2/"
}

func (l *requestLog) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	l.mu.Lock()
	l.seen = append(l.seen, request.Method+" "+request.URL.Path)
	l.mu.Unlock()
	l.Handler.ServeHTTP(w, request)
}

// take returns the requests since the last call, digests shortened, in order.
func (l *requestLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.seen
	l.seen = nil
	for n, each := range taken {
		if before, digest, ok := strings.Cut(each, "sha256:"); ok {
			taken[n] = before + "<" + digest[:4] + ">"
		}
	}
	return taken
}

// short returns a digest as take does.
func short(digest string) string { return "<" + strings.TrimPrefix(digest, "sha256:")[:4] + ">" }

// TestRegistryRequests pins what look-ups cost, one after the other with one
// Registry.
func TestRegistryRequests(t *testing.T) {
	t.Parallel()
	log := &requestLog{Handler: registry.New(silent)}
	host := serve(t, log)
	one, two := imageOf(t, "one"), imageOf(t, "two")
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: one, Descriptor: v1.Descriptor{Platform: &amd64},
	})
	push(t, host+"/app:one", one)
	push(t, host+"/app:two", two)
	push(t, host+"/other:two", two)
	push(t, host+"/index:one", index)
	log.take()
	oneDigest, twoDigest := digestOf(t, one), digestOf(t, two)
	source := &imageconfig.Registry{}
	tests := []struct {
		name, reason string
		ref          string
		want         []string
	}{
		{"first image", "the registry is greeted once", "/app:one",
			[]string{"GET /v2/", "GET /v2/app/manifests/one", "GET /v2/app/blobs/" + short(configDigest(t, one))}},
		{"second image", "a manifest and a config", "/app:two",
			[]string{"GET /v2/app/manifests/two", "GET /v2/app/blobs/" + short(configDigest(t, two))}},
		{"another repository", "the greeting was the registry's; the config has been seen by its digest", "/other:two",
			[]string{"GET /v2/other/manifests/two"}},
		{"index", "the manifest behind it has been seen", "/index:one", []string{"GET /v2/index/manifests/one"}},
		{"tag again", "it may have moved", "/app:one", []string{"HEAD /v2/app/manifests/one"}},
		{"new digest", "whether this repository has it is not known yet", "/app@" + twoDigest,
			[]string{"GET /v2/app/manifests/" + short(twoDigest)}},
		{"digest again", "it cannot have changed", "/app@" + twoDigest, nil},
		{"digest with tag", "the tag does not matter", "/app:x@" + twoDigest, nil},
		{"digest elsewhere", "another repository need not have it", "/other@" + oneDigest,
			[]string{"GET /v2/other/manifests/" + short(oneDigest)}},
	}
	for _, tt := range tests {
		needsReason(t, tt.reason)
		_, err := source.Image(t.Context(), host+tt.ref, amd64)
		if err != nil && tt.name != "digest elsewhere" {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, log.take()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", tt.name, diff)
		}
	}
	push(t, host+"/app:one", two) // the tag moves
	log.take()
	if got := find(t, source, host+"/app:one").Config.Config.User; got != "two" {
		t.Errorf("USER of the moved tag is %q, want two", got)
	}
	if diff := cmp.Diff([]string{"HEAD /v2/app/manifests/one", "GET /v2/app/manifests/one"}, log.take()); diff != "" {
		t.Errorf("requests for a tag that has moved (-want +got):\n%s", diff)
	}
}

// TestRegistryRequestsOfAnotherRun pins what a second run costs that finds the
// cache of the first: another process is another Registry.
func TestRegistryRequestsOfAnotherRun(t *testing.T) {
	t.Parallel()
	log := &requestLog{Handler: registry.New(silent)}
	host := serve(t, log)
	image := imageOf(t, "app")
	push(t, host+"/app", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image, Descriptor: v1.Descriptor{Platform: &amd64},
	}))
	push(t, host+"/app:other", imageOf(t, "other"))
	cache := imageconfig.Cache{Dir: t.TempDir() + "/cache"}
	byTag, byDigest := host+"/app", host+"/app@"+digestOf(t, image)
	first := &imageconfig.Registry{Cache: cache}
	find(t, first, byTag)
	find(t, first, byDigest)
	log.take()
	for _, tt := range []struct {
		name, reason, ref string
		want              []string
	}{
		{"tag", "one request without content, and no greeting", byTag, []string{"HEAD /v2/app/manifests/latest"}},
		{"digest", "it cannot have changed", byDigest, nil},
	} {
		needsReason(t, tt.reason)
		if got := find(t, &imageconfig.Registry{Cache: cache}, tt.ref).Config.Config.User; got != "app" {
			t.Errorf("%s: USER is %q, want app", tt.name, got)
		}
		if diff := cmp.Diff(tt.want, log.take()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", tt.name, diff)
		}
	}
	ctx := imageconfig.WithCredentials(t.Context(), authn.AuthConfig{Username: "pod", Password: "secret"})
	for range 2 { // whether it is for these credentials, only the registry knows
		if _, err := (&imageconfig.Registry{Cache: cache}).Image(ctx, byDigest, amd64); err != nil {
			t.Error(err)
		}
		if seen := log.take(); len(seen) != 1 {
			t.Errorf("with a Pod's credentials the requests are %v, want one for the digest", seen)
		}
	}
	_, err := (&imageconfig.Registry{Cache: imageconfig.Cache{Dir: "/dev/null/cache"}}).Image(t.Context(), byTag, amd64)
	wantKind(t, err, imageconfig.ErrUnreachable)
}

// What an earlier run has found out about a server is a hint: the server may have
// changed.
func TestRegistryThatHasChanged(t *testing.T) {
	t.Parallel()
	images := registry.New(silent)
	push(t, serve(t, images)+"/app:1", imageOf(t, "app"))
	var now http.Handler
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) { now.ServeHTTP(w, request) }))
	cache := imageconfig.Cache{Dir: t.TempDir() + "/cache"}
	tokens := &tokenServer{next: images}
	for _, tt := range []struct {
		name, reason string
		now          http.Handler
	}{
		{"open", "the first run", images},
		{"basic", "it wants a password now", guarded(images)},
		{"tokens", "it has a token server now", tokens},
		{"basic again", "the token server is gone", guarded(images)},
		{"open again", "it is open again", images},
	} {
		needsReason(t, tt.reason)
		now = tt.now
		source := &imageconfig.Registry{Cache: cache, Keychain: imageconfig.Credentials{host: {Username: "user", Password: "secret"}}}
		if _, err := source.Image(t.Context(), host+"/app:1", amd64); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// An index costs one request more than an image.
func TestRegistryRequestsOfAnIndex(t *testing.T) {
	t.Parallel()
	log := &requestLog{Handler: registry.New(silent)}
	host := serve(t, log)
	image := imageOf(t, "app")
	push(t, host+"/app", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image, Descriptor: v1.Descriptor{Platform: &amd64},
	}))
	log.take()
	find(t, &imageconfig.Registry{}, host+"/app")
	want := []string{
		"GET /v2/", "GET /v2/app/manifests/latest", "GET /v2/app/manifests/" + short(digestOf(t, image)),
		"GET /v2/app/blobs/" + short(configDigest(t, image)),
	}
	if diff := cmp.Diff(want, log.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Callers who want the same at the same time share the requests: the registry
// holds the first back until all have asked.
func TestRegistryConcurrentCallersShareRequests(t *testing.T) {
	t.Parallel()
	real := registry.New(silent)
	release := make(chan struct{})
	log := &requestLog{Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/manifests/") {
			<-release
		}
		real.ServeHTTP(w, request)
	})}
	host := serve(t, log)
	push(t, host+"/app", imageOf(t, "app"))
	log.take()
	source := &imageconfig.Registry{}
	var group, asked sync.WaitGroup
	for range 16 {
		asked.Add(1)
		group.Go(func() {
			asked.Done()
			find(t, source, host+"/app")
		})
	}
	asked.Wait()
	close(release)
	group.Wait()
	seen := log.take()
	for _, method := range []string{"GET /v2/app/manifests", "GET /v2/app/blobs"} {
		if n := countPrefix(seen, method); n != 1 {
			t.Errorf("%d requests %s, want 1: %v", n, method, seen)
		}
	}
}

func countPrefix(all []string, prefix string) int {
	n := 0
	for _, each := range all {
		if strings.HasPrefix(each, prefix) {
			n++
		}
	}
	return n
}

// A tokenServer is a registry with a token server, as Docker Hub is, on one
// host. It knows one user.
type tokenServer struct {
	next   http.Handler
	scopes []string // that tokens were asked for
	mu     sync.Mutex
}

func (s *tokenServer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/token" {
		s.token(w, request)
		return
	}
	scope, _ := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	repository, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/")
	if scope == "" || scope != base64.URLEncoding.EncodeToString([]byte("repository:"+repository+":pull")) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, request.Host))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.next.ServeHTTP(w, request)
}

func (s *tokenServer) token(w http.ResponseWriter, request *http.Request) {
	user, password, _ := request.BasicAuth()
	if user != "user" || password != "secret" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"errors":[{"code":"UNAUTHORIZED","message":"%s:%s is wrong"}]}`, user, password)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	scope := request.URL.Query().Get("scope")
	s.scopes = append(s.scopes, scope)
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": base64.URLEncoding.EncodeToString([]byte(scope))})
}

// A repository is authorised once, whoever asks.
func TestRegistryAuthorisesOnce(t *testing.T) {
	t.Parallel()
	images := registry.New(silent)
	open := serve(t, images)
	for _, repository := range []string{"a", "b"} {
		for _, tag := range []string{"1", "2", "3"} {
			push(t, open+"/"+repository+":"+tag, imageOf(t, repository+tag))
		}
	}
	tokens := &tokenServer{next: images}
	host := serve(t, tokens)
	source := &imageconfig.Registry{Keychain: keychain(func(authn.Resource) (authn.Authenticator, error) {
		return &authn.Basic{Username: "user", Password: "secret"}, nil
	})}
	var group sync.WaitGroup
	for _, repository := range []string{"a", "b"} {
		for _, tag := range []string{"1", "2", "3"} {
			group.Go(func() { find(t, source, host+"/"+repository+":"+tag) })
		}
	}
	group.Wait()
	slices.Sort(tokens.scopes)
	if diff := cmp.Diff([]string{"repository:a:pull", "repository:b:pull"}, tokens.scopes); diff != "" {
		t.Errorf("scopes that tokens were asked for (-want +got):\n%s", diff)
	}
}

// keychain is a function that is a Keychain.
type keychain func(authn.Resource) (authn.Authenticator, error)

func (k keychain) Resolve(target authn.Resource) (authn.Authenticator, error) { return k(target) }

// No more requests than the limit are under way at one host; a request lasts
// until its body is read.
func TestRegistryPerHost(t *testing.T) {
	t.Parallel()
	const limit = 3
	images := registry.New(silent)
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && request.URL.Path != "/v2/" {
			mu.Lock()
			if now++; now > most {
				if most = now; most == limit {
					close(full)
				}
			}
			mu.Unlock()
			<-full // so that the limit is reached before anybody leaves
			defer func() {
				mu.Lock()
				now--
				mu.Unlock()
			}()
		}
		images.ServeHTTP(w, request)
	}))
	for n := range 2 * limit {
		push(t, fmt.Sprintf("%s/app%d", host, n), imageOf(t, "app"))
	}
	source := &imageconfig.Registry{PerHost: limit}
	var group sync.WaitGroup
	for n := range 2 * limit {
		group.Go(func() { find(t, source, fmt.Sprintf("%s/app%d", host, n)) })
	}
	group.Wait()
	if most != limit {
		t.Errorf("%d requests were under way at once, want %d", most, limit)
	}
}
