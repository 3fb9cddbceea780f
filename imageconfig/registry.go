package imageconfig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Registry is the [Source] that asks the registry which a reference names. Its
// zero value is ready for use. Registries on loopback addresses are asked over
// plain HTTP where HTTPS is not spoken, as go-containerregistry's name package
// decides.
type Registry struct {
	// Keychain has the credentials. Nil is the default keychain: those of docker
	// login and podman login.
	Keychain authn.Keychain
	// Transport does the requests. Nil is [remote.DefaultTransport], which heeds
	// the proxy settings of the environment.
	Transport http.RoundTripper

	once   sync.Once
	puller *remote.Puller
	err    error
}

// Image reads the manifest and the config that a reference names.
func (r *Registry) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	from, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	top := from.top
	image, err := find(ctx, from, v1.Descriptor{Digest: top.Digest, MediaType: top.MediaType}, platform)
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
	top, err := r.puller.Get(ctx, parsed)
	if err != nil {
		return nil, registryError(ctx, ref, err)
	}
	return &repository{puller: r.puller, Repository: parsed.Context(), ref: ref, top: top}, nil
}

func (r *Registry) connect() {
	keychain, base := r.Keychain, r.Transport
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	if base == nil {
		base = remote.DefaultTransport
	}
	r.puller, r.err = remote.NewPuller(
		remote.WithAuthFromKeychain(keychain),
		remote.WithTransport(&boundedTransport{&retryTransport{base}}),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // its own retries do not end with the context
	)
}

// A repository is the store of one image's registry.
type repository struct {
	name.Repository
	puller *remote.Puller
	ref    string
	top    *remote.Descriptor // what the reference names, read already
}

func (r *repository) manifest(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if descriptor.Digest.Hex == "" {
		return nil, invalid("an index entry without a digest")
	}
	if descriptor.Digest == r.top.Digest {
		return io.NopCloser(bytes.NewReader(r.top.Manifest)), nil
	}
	found, err := r.puller.Get(ctx, r.Digest(descriptor.Digest.String()))
	if err != nil {
		return nil, missing(registryError(ctx, r.ref, err))
	}
	return io.NopCloser(bytes.NewReader(found.Manifest)), nil
}

func (r *repository) blob(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if descriptor.Digest.Hex == "" {
		return nil, invalid("a manifest names a blob without a digest")
	}
	content, err := r.puller.Layer(ctx, r.Digest(descriptor.Digest.String()))
	if err != nil {
		return nil, missing(registryError(ctx, r.ref, err))
	}
	body, err := content.Compressed()
	if err != nil {
		return nil, missing(registryError(ctx, r.ref, err))
	}
	return &registryBody{ReadCloser: body, ctx: ctx, ref: r.ref}, nil
}

// A registryBody tells a network that breaks off from content that is wrong.
type registryBody struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // lives as long as the request
	ref string
}

func (b *registryBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = registryError(b.ctx, b.ref, err)
	}
	return n, err
}

// registryError tells the answers of a registry apart.
func registryError(ctx context.Context, ref string, err error) error {
	if ctx.Err() != nil {
		return &Error{Reference: ref, Kind: ErrUnreachable, Err: context.Cause(ctx)}
	}
	kind := ErrUnreachable
	var answer *transport.Error
	switch {
	case errors.Is(err, ErrInvalid), isMismatch(err):
		kind = ErrInvalid
	case !errors.As(err, &answer):
	case answer.StatusCode == http.StatusNotFound:
		kind = ErrNotFound
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		kind = ErrUnauthorized
	}
	return &Error{Reference: ref, Kind: kind, Answer: wordsOf(answer), Err: err}
}

// wordsOf returns a registry's first error as clients print it: its code in
// words, and its message.
func wordsOf(answer *transport.Error) string {
	if answer == nil || len(answer.Errors) == 0 {
		return ""
	}
	first := answer.Errors[0]
	return strings.ToLower(strings.ReplaceAll(string(first.Code), "_", " ")) + ": " + first.Message
}

// isMismatch reports whether go-containerregistry found content of another size
// or digest than was promised. It has no type for that.
func isMismatch(err error) bool {
	for _, text := range []string{"does not match requested digest", "does not match expected size", "error verifying"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// missing turns "not found" into "not valid": the image is there, a part of it
// is not.
func missing(err error) error {
	var known *Error
	if errors.As(err, &known) && errors.Is(known.Kind, ErrNotFound) {
		known.Kind = ErrInvalid
	}
	return err
}
