package imageconfig

import (
	"crypto/tls"
	"fmt"
	"net/http"

	"github.com/distribution/reference"
)

// Endpoints says where a node looks for the images of a repository, in the order
// in which it asks. The argument is the whole name without tag and digest, such
// as "docker.io/library/nginx". It is safe for concurrent use; what it returns
// must not be changed. An empty list without an error: the node asks nobody.
//
// [Direct] is what a node does that is told nothing, [HostsTOML] and
// [RegistriesConf] read what containerd and CRI-O are told. A Go function says
// anything else: plain HTTP for some name, a test's own CA.
//
// Proxies are not an endpoint's matter. Both runtimes, like Go's default
// transport, take [http.ProxyFromEnvironment]: HTTPS_PROXY, HTTP_PROXY and
// NO_PROXY, read once, and never for localhost or a loopback address.
type Endpoints func(repository string) ([]Endpoint, error)

// An Endpoint is a server that is asked for the images of a repository.
type Endpoint struct {
	// URL is where the API begins, such as "https://mirror.example/v2": without a
	// slash at the end. "/<repository>/manifests/<tag>" follows.
	URL string
	// Repository is the repository's name there, such as "library/nginx".
	Repository string
	// Namespace is the registry that a mirror of containerd stands in for, sent as
	// the query parameter "ns". Empty: none is sent.
	Namespace string
	// Pulls says which images are looked for here. Zero is all.
	Pulls Pulls
	// Pinned says that all of an image is read where its manifest was found, as
	// CRI-O does. Else each part is asked for by its digest from the first endpoint
	// on that has DigestPulls or AllPulls, as containerd does.
	Pinned bool
	// HTTPFallback says that the URL's server is asked over plain HTTP if it does
	// not speak HTTPS; CRI-O asks so whenever /v2/ over HTTPS gives no answer, or
	// one that is neither 200 nor 401.
	HTTPFallback bool
	// Header is sent with each request, to the server that gives out tokens too.
	Header http.Header
	// TLS has the CAs, the client's certificates and whether they are verified. Nil
	// is the default. Later calls for the same endpoint return the same pointer; a
	// transport takes a clone.
	TLS *tls.Config
	// Err is why the node gives this endpoint up without a request and asks the
	// next: it is blocked ([*BlockedError]), or its certificates cannot be read.
	// Nil: it asks.
	Err error
}

// Pulls are the images that an endpoint is asked for: named by tag, by digest,
// or either.
type Pulls int

// What an endpoint is asked for.
const (
	// AllPulls: any image.
	AllPulls Pulls = iota
	// DigestPulls: images named by digest. What a tag means is not asked here.
	DigestPulls
	// TagPulls: images named by tag, and what they consist of.
	TagPulls
)

// A BlockedError says that the node's registries.conf forbids a registry.
type BlockedError struct {
	// Prefix is that of the [[registry]] table.
	Prefix string
}

// Error returns what CRI-O says that runs as root and finds its configuration
// where it is by default. Source: [newDockerClient], of CRI-O 1.36.
//
// [newDockerClient]: https://github.com/containers/container-libs/blob/image/v5.38.0/image/docker/docker_client.go#L260-L262
func (e *BlockedError) Error() string {
	return fmt.Sprintf("registry %s is blocked in /etc/containers/registries.conf or /root/.config/containers/registries.conf.d", e.Prefix)
}

// Direct is the [Endpoints] of a containerd that is told nothing: the registry
// that the repository's name begins with, over HTTPS. On localhost, the
// certificate is not verified, port 80 is plain HTTP, and ports other than 443
// fall back to it.
func Direct(repository string) ([]Endpoint, error) { return direct.endpoints(repository) }

// direct is a containerd without a config_path.
var direct = &hostTrees{local: skipVerify(nil)}

// parseRepository returns a repository's registry and path.
func parseRepository(repository string) (registry, path string, err error) {
	named, err := reference.ParseNamed(repository)
	if err != nil {
		return "", "", fmt.Errorf("repository %q: %w", repository, err)
	}
	if !reference.IsNameOnly(named) {
		return "", "", fmt.Errorf("repository %q: has a tag or a digest", repository)
	}
	return reference.Domain(named), reference.Path(named), nil
}
