package imageconfig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A repository is the store of one image's registry.
type repository struct {
	client      *client
	ref         name.Reference
	credentials string // whose they are that it is asked with, see fingerprint
	sites       []site
	answered    atomic.Int32 // the site that has answered last, from 1; 0 is none

	top     v1.Descriptor // what the reference names
	content []byte        // of the top
}

// A request is what is asked of a repository.
type request struct {
	method, kind, name string // GET, manifests, latest
	header             http.Header
	top                bool // what the reference names, not what that consists of
}

// ask makes a request at one site after the other, beginning with the one that
// has answered before, until what came is used without an error. That there is no
// such thing, only all sites together can say.
func (r *repository) ask(ctx context.Context, what request, use func(*http.Response) error) error {
	failure := &Error{Kind: ErrUnreachable, Err: errors.New("no endpoint serves the repository")}
	asked := 0
	answered := int(r.answered.Load())
	for n := range r.sites {
		at := (max(answered-1, 0) + n) % len(r.sites)
		if !r.asks(at, answered, what.top) {
			continue
		}
		err := r.askAt(ctx, r.sites[at], what, use)
		if err == nil {
			r.answered.Store(int32(at + 1))
			return nil
		}
		if errors.Is(err, errNoSection) {
			return err
		}
		known := registryError(ctx, err, secretsOf(r.sites[at].auth))
		if ctx.Err() != nil {
			return known
		}
		if asked++; asked == 1 || errors.Is(failure.Kind, ErrNotFound) {
			failure = known
		}
	}
	return failure
}

// asks reports whether a site is asked: for what the reference names, where it
// is asked for such references; for what that consists of, everywhere, unless
// the node keeps to where it found the former.
func (r *repository) asks(at, answered int, top bool) bool {
	_, byDigest := r.ref.(name.Digest)
	endpoint := r.sites[at].endpoint
	switch {
	case !top:
		return !endpoint.Pinned || answered == 0 || answered == at+1
	case byDigest:
		return endpoint.Pulls != TagPulls
	default:
		return endpoint.Pulls != DigestPulls
	}
}

// askAt makes a request at one site. A server that answers otherwise than it did
// in an earlier run is greeted anew.
func (r *repository) askAt(ctx context.Context, at site, what request, use func(*http.Response) error) error {
	if at.endpoint.Err != nil {
		return at.endpoint.Err
	}
	s, err := r.client.session(ctx, at)
	if err != nil {
		return err
	}
	err = s.ask(ctx, at.endpoint, what, use)
	known := err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, errNoSection) || ctx.Err() != nil
	if known || !r.client.forget(at, s.server) {
		return err
	}
	return r.askAt(ctx, at, what, use)
}

// ask makes a request and has its response used, if it has what was asked for.
func (s *session) ask(ctx context.Context, endpoint Endpoint, what request, use func(*http.Response) error) error {
	response, err := s.send(ctx, endpoint, what)
	if err != nil {
		return registryError(ctx, err, s.secrets)
	}
	if err := transport.CheckError(response, http.StatusOK, http.StatusPartialContent); err != nil {
		return registryError(ctx, firstError(err, response.Body.Close()), s.secrets)
	}
	response.Body = &registryBody{ReadCloser: response.Body, ctx: ctx, secrets: s.secrets}
	return use(response)
}

func (s *session) send(ctx context.Context, endpoint Endpoint, what request) (*http.Response, error) {
	address, err := s.address(endpoint, what)
	if err != nil {
		return nil, err
	}
	made, err := http.NewRequestWithContext(ctx, what.method, address, nil)
	if err != nil {
		return nil, err
	}
	made.Header = what.header.Clone()
	return s.Do(made)
}

// A registryBody tells a network that breaks off from content that is wrong.
type registryBody struct {
	io.ReadCloser
	ctx     context.Context //nolint:containedctx // lives as long as the request
	secrets []string
}

func (b *registryBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = registryError(b.ctx, err, b.secrets)
	}
	return n, err
}

// open returns a body that is read later.
func (r *repository) open(ctx context.Context, what request) (io.ReadCloser, error) {
	var body io.ReadCloser
	err := r.ask(ctx, what, func(response *http.Response) error {
		body = response.Body
		return nil
	})
	return body, missing(err)
}

func (r *repository) manifest(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if descriptor.Digest.Hex == "" {
		return nil, invalid("an index entry without a digest")
	}
	return r.open(ctx, request{http.MethodGet, "manifests", descriptor.Digest.String(), accepted, false})
}

func (r *repository) blob(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if descriptor.Digest.Hex == "" {
		return nil, invalid("a manifest names a blob without a digest")
	}
	return r.open(ctx, request{http.MethodGet, "blobs", descriptor.Digest.String(), http.Header{}, false})
}

// section reads a part of a blob, where the registry gives parts.
func (r *repository) section(ctx context.Context, descriptor v1.Descriptor, offset, length int64) (io.ReadCloser, error) {
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)}}
	var body io.ReadCloser
	err := r.ask(ctx, request{http.MethodGet, "blobs", descriptor.Digest.String(), header, false}, func(response *http.Response) error {
		wanted := fmt.Sprintf("bytes %d-%d/", offset, offset+length-1)
		got := response.Header.Get("Content-Range")
		if response.StatusCode != http.StatusPartialContent || len(got) < len(wanted) || got[:len(wanted)] != wanted {
			return firstError(response.Body.Close(), errNoSection)
		}
		body = response.Body
		return nil
	})
	return body, missing(err)
}

// keep returns a manifest or a config that is kept, or reads it for all who ask
// now.
func (r *repository) keep(ctx context.Context, descriptor v1.Descriptor, read func(context.Context) ([]byte, error)) ([]byte, error) {
	digest := descriptor.Digest.String()
	if digest == r.top.Digest.String() {
		return r.content, nil
	}
	content, ok := r.client.kept.document(digest)
	if ok && (descriptor.Size <= 0 || descriptor.Size == int64(len(content))) {
		return content, nil
	}
	key := askedKey{r.ref.Context().Name() + "@" + digest, r.credentials}
	return r.client.documents.do(ctx, key, func(ctx context.Context) ([]byte, error) {
		content, err := read(ctx)
		if err == nil {
			r.client.kept.putDocument(digest, content)
		}
		return content, err
	})
}

// layers are shared by all images of the registry that are in use.
func (r *repository) layers() *layerSet { return &r.client.shared }
