package imageconfig

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// accepted are the kinds of manifests that are asked for, as containerd does.
//
// Source: [dockerResolver].
//
// [dockerResolver]: https://github.com/containerd/containerd/blob/v2.3.0/core/remotes/docker/resolver.go
var accepted = http.Header{"Accept": {strings.Join([]string{
	string(types.DockerManifestSchema2), string(types.DockerManifestList),
	string(types.OCIManifestSchema1), string(types.OCIImageIndex), "*/*",
}, ", ")}}

// readTop reads what the reference names. What is known is asked for again only
// as far as it may have changed: a tag may name something else by now, and with
// credentials of a Pod it may not be for them.
func (r *repository) readTop(ctx context.Context) error {
	_, fixed := r.ref.(name.Digest)
	if r.remember() {
		if fixed && r.credentials == "" {
			return nil
		}
		same, err := r.isStill(ctx)
		if same || err != nil {
			return err
		}
	}
	return r.ask(ctx, request{http.MethodGet, "manifests", r.ref.Identifier(), accepted, true}, r.takeTop)
}

// remember takes the top from what is kept.
func (r *repository) remember() bool {
	top, ok := r.client.kept.named(r.key())
	if !ok {
		return false
	}
	content, ok := r.client.kept.document(top.Digest.String())
	r.top, r.content = top, content
	return ok
}

// isStill asks whether the reference still names what is kept. A registry that
// answers otherwise is asked for the manifest: an answer to HEAD has no words.
func (r *repository) isStill(ctx context.Context) (same bool, err error) {
	err = r.ask(ctx, request{http.MethodHead, "manifests", r.ref.Identifier(), accepted, true}, func(response *http.Response) error {
		same = response.Header.Get("Docker-Content-Digest") == r.top.Digest.String()
		return response.Body.Close()
	})
	if err != nil && ctx.Err() == nil {
		return false, nil
	}
	return same, err
}

// takeTop reads a manifest or an index.
func (r *repository) takeTop(response *http.Response) error {
	content, err := readAll(response.Body, "the manifest")
	if err != nil {
		return err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return err
	}
	promised := response.Header.Get("Docker-Content-Digest")
	if fixed, ok := r.ref.(name.Digest); ok {
		promised = fixed.DigestStr()
	}
	mediaType := types.MediaType(response.Header.Get("Content-Type"))
	if promised != "" && promised != digest.String() && mediaType != types.DockerManifestSchema1Signed {
		return invalid("content of digest %s came for %s", digest, promised)
	}
	if bare := bareType(mediaType); !bare.IsImage() && !bare.IsIndex() {
		return invalid("manifest %s has media type %q, which is not known", digest, mediaType)
	}
	r.content = content
	r.top = v1.Descriptor{Digest: digest, Size: size, MediaType: mediaType}
	r.client.kept.putDocument(digest.String(), content)
	r.client.kept.putNamed(r.key(), r.top, r.credentials == "")
	return nil
}

// key is what the top is kept by. What a reference is to some credentials, it
// need not be to others.
func (r *repository) key() string { return r.ref.Name() + r.credentials }

// address returns where a request goes.
func (s *session) address(endpoint Endpoint, what request) (string, error) {
	address, err := url.Parse(endpoint.URL)
	if err != nil {
		return "", err
	}
	address.Scheme = s.scheme()
	address = address.JoinPath(endpoint.Repository, what.kind, what.name)
	if endpoint.Namespace != "" {
		address.RawQuery = url.Values{"ns": {endpoint.Namespace}}.Encode()
	}
	return address.String(), nil
}
