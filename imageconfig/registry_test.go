package imageconfig_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

func TestRegistryFindsAnImage(t *testing.T) {
	t.Parallel()
	host, _ := serveReal(t)
	one, two := imageOf(t, "one"), imageOf(t, "two")
	push(t, host+"/team/app:v1", one)
	push(t, host+"/team/app:latest", two)
	tests := []struct {
		name, reason string
		ref          string
		want         string
		wantDigest   string
	}{
		{"tag", "a tag is the usual way to name an image", ":v1", "one", digestOf(t, one)},
		{"no tag", "no tag is the tag latest", "", "two", digestOf(t, two)},
		{"digest", "a digest names one manifest", "@" + digestOf(t, one), "one", digestOf(t, one)},
		{"tag and digest", "the digest decides, not the tag", ":latest@" + digestOf(t, one), "one", digestOf(t, one)},
		{"unknown tag and digest", "the tag is not even looked at", ":none@" + digestOf(t, two), "two", digestOf(t, two)},
	}
	source := &imageconfig.Registry{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image := find(t, source, host+"/team/app"+tt.ref)
			got := [...]string{image.Config.Config.User, image.Digest}
			if diff := cmp.Diff([...]string{tt.want, tt.wantDigest}, got); diff != "" {
				t.Errorf("USER and digest (-want +got):\n%s", diff)
			}
			if image.Runnable {
				t.Error("a registry's image is said to be runnable, which nobody knows")
			}
		})
	}
}

func TestRegistryReadsAnIndexByItsBareMediaType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		mediaType    types.MediaType
	}{
		{"as it is", "the usual answer", types.OCIImageIndex},
		{"docker", "Docker has a name of its own for it", types.DockerManifestList},
		{"with a charset", "some registries add one, containerd cuts it off", types.OCIImageIndex + "; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			answers := liar{}
			config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t))
			image := answers.add("/manifests/", types.OCIManifestSchema1, manifestOf(t, config))
			answers.tag(indexOf(t, image), tt.mediaType)
			got := find(t, &imageconfig.Registry{}, serve(t, answers)+"/app")
			if got.Digest != image.Digest.String() {
				t.Errorf("digest is %s, want %s", got.Digest, image.Digest)
			}
		})
	}
}

// hosts hands out a password for one registry only and remembers who was asked
// for.
type hosts struct {
	mu    sync.Mutex
	known string
	asked map[string]bool
}

func (h *hosts) Resolve(target authn.Resource) (authn.Authenticator, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[target.RegistryStr()] = true
	if target.RegistryStr() != h.known {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: "user", Password: "secret"}, nil
}

// guarded wants user and password for everything.
func guarded(next http.Handler) http.Handler { return guardedAs("user", "secret", next) }

func TestRegistryCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	leaked := map[string]bool{}
	storage := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mu.Lock()
		leaked[request.Header.Get("Authorization")] = true
		mu.Unlock()
		_, _ = w.Write(configOf(t)) // the test fails by itself when this does
	})
	elsewhere := "http://" + serve(t, storage) + "/storage"
	answers := liar{}
	config := describe(types.OCIConfigJSON, configOf(t))
	answers.tag(manifestOf(t, config), types.OCIManifestSchema1)
	// The registry keeps its blobs on another host, as registries in a cloud do.
	redirecting := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/v2/app/blobs/"+config.Digest.String() {
			http.Redirect(w, request, elsewhere, http.StatusTemporaryRedirect)
			return
		}
		answers.ServeHTTP(w, request)
	})
	host := serve(t, guarded(redirecting))
	keys := &hosts{known: host, asked: map[string]bool{}}
	source := &imageconfig.Registry{Keychain: keys}
	find(t, source, host+"/app")
	if diff := cmp.Diff(map[string]bool{"": true}, leaked); diff != "" {
		t.Errorf("what the other host was shown (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{host: true}, keys.asked); diff != "" {
		t.Errorf("registries that credentials were asked for (-want +got):\n%s", diff)
	}
	other := serve(t, guarded(answers))
	image, err := source.Image(t.Context(), other+"/app", amd64)
	wantNoImage(t, image, err, imageconfig.ErrUnauthorized)
}

func TestRegistryIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	host, seen := serveReal(t)
	push(t, host+"/app", imageOf(t, "app", layer{file("etc/passwd", "lower")}, layer{file("etc/group", "upper")}))
	source := &imageconfig.Registry{}
	shared := find(t, source, host+"/app")
	before := seen.count("")
	files := filesOf(t, shared)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			find(t, source, host+"/app")
			for name, want := range map[string]string{"etc/passwd": "lower", "etc/group": "upper"} {
				if got := read(t, files, name); got != want {
					t.Errorf("%s holds %q, want %q", name, got, want)
				}
			}
		})
	}
	group.Wait()
	// Each of the two layers once; the manifest and the config are known.
	if got := seen.count("") - before; got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

// answering is a transport without a network: its answers do not say which
// request they are for.
type answering struct{}

func (answering) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		response.Request = nil
	}
	return response, err
}

func TestRegistryWithAnotherTransport(t *testing.T) {
	t.Parallel()
	host, _ := serveReal(t)
	push(t, host+"/app", imageOf(t, "app", layer{file("etc/passwd", "root")}))
	image := find(t, &imageconfig.Registry{Transport: answering{}}, host+"/app")
	if got := read(t, filesOf(t, image), "etc/passwd"); got != "root" {
		t.Errorf("etc/passwd holds %q, want %q", got, "root")
	}
}

// platformed returns a descriptor for a platform.
func platformed(of v1.Descriptor, os, arch, variant string) v1.Descriptor {
	of.Platform = &v1.Platform{OS: os, Architecture: arch, Variant: variant}
	return of
}
