package imageconfig

import (
	"context"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig/internal/cache"
)

// A Registry is the [Source] that asks the registry which a reference names. Its
// zero value is ready for use; it is used through a pointer and not changed
// after its first use.
//
// A registry is greeted once and a repository is authorised once, whoever asks
// and however often. After that a new image costs two requests, its manifest and
// its config, and one more where an index leads to it. Callers who ask for the
// same at the same time share the requests. A tag that was asked for before
// costs one request without content, a digest none: see [Cache]. Requests that a
// registry could not answer for the moment are made again, at most twice.
//
// Registries on loopback and private addresses are asked over plain HTTP where
// HTTPS is not spoken, as go-containerregistry's name package decides; Endpoints
// says it for others.
type Registry struct {
	// Keychain has the credentials, such as [Credentials]. Nil is the default
	// keychain: those of docker login and podman login. It is asked once for each
	// repository. Those of [WithCredentials] come first.
	Keychain authn.Keychain
	// Transport does the requests: it has the CAs and the proxy. Nil is
	// go-containerregistry's default, which heeds the proxy settings of the
	// environment.
	Transport http.RoundTripper
	// Endpoints says which servers are asked, in order, for a repository. Nil is
	// the registry itself.
	Endpoints Endpoints
	// Cache keeps what was read, for the next run. The zero Cache keeps some of it
	// in memory.
	Cache Cache
	// PerHost is how many requests to one host are under way at a time. Zero is
	// 8.
	PerHost int

	once   sync.Once
	client *client
	err    error
}

// Image reads the manifest and the config that a reference names.
func (r *Registry) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	from, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	image, err := find(ctx, from, from.top, platform)
	return image, named(ref, ErrUnreachable, err)
}

// resolve reads what a reference names: an index or a manifest.
func (r *Registry) resolve(ctx context.Context, ref string) (*repository, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, &Error{Reference: ref, Kind: ErrInvalid, Err: err}
	}
	if r.once.Do(r.connect); r.err != nil {
		return nil, &Error{Reference: ref, Kind: ErrUnreachable, Err: r.err}
	}
	if ctx.Err() != nil {
		return nil, &Error{Reference: ref, Kind: ErrUnreachable, Err: context.Cause(ctx)}
	}
	from, err := r.client.resolve(ctx, parsed)
	return from, named(ref, ErrUnreachable, err)
}

func (r *Registry) connect() {
	disk, err := r.Cache.open()
	if err != nil {
		r.err = err
		return
	}
	r.client = newClient(r.Keychain, r.Transport, r.Endpoints, r.PerHost)
	r.client.kept = &shelf{memory: cache.NewMemory(maxMemoryBytes), disk: disk}
	if disk != nil {
		r.client.shared.index = layerIndexes{disk}
	}
}
