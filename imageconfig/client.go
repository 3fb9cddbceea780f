package imageconfig

import (
	"cmp"
	"context"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// defaultPerHost is how many requests to one host are under way at a time.
const defaultPerHost = 8

// A client speaks with registries. What it has learned of one, it keeps.
type client struct {
	keychain  authn.Keychain
	base      http.RoundTripper
	transport http.RoundTripper // the base, with care
	perHost   int
	endpoints Endpoints
	kept      *shelf

	servers  memo[string, *server]
	sessions memo[sessionKey, *session]
	keys     memo[string, authn.AuthConfig]

	shared    layerSet
	tops      share[askedKey, *repository]
	documents share[askedKey, []byte]
}

// An askedKey is a reference or a blob of a repository, and as whom it is asked
// for.
type askedKey struct{ name, credentials string }

func newClient(keychain authn.Keychain, base http.RoundTripper, endpoints Endpoints, perHost int) *client {
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	if base == nil {
		base = remote.DefaultTransport
	}
	if endpoints == nil {
		endpoints = itself
	}
	c := &client{keychain: keychain, base: base, endpoints: endpoints, perHost: cmp.Or(max(perHost, 0), defaultPerHost)}
	c.transport = c.careful(base)
	return c
}

// careful returns a transport that makes requests again and not too many at
// once.
func (c *client) careful(base http.RoundTripper) http.RoundTripper {
	return &retryTransport{&limitTransport{base: base, perHost: c.perHost}}
}

// resolve reads what a reference names, once for all who ask now.
func (c *client) resolve(ctx context.Context, ref name.Reference) (*repository, error) {
	credentials := CredentialsFrom(ctx)
	key := askedKey{ref.Name(), fingerprint(credentials)}
	return c.tops.do(ctx, key, func(ctx context.Context) (*repository, error) {
		sites, err := c.sites(ctx, ref.Context(), credentials)
		if err != nil {
			return nil, err
		}
		r := &repository{client: c, ref: ref, sites: sites, credentials: key.credentials}
		return r, r.readTop(ctx)
	})
}
