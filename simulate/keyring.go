package simulate

import (
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	corev1 "k8s.io/api/core/v1"
)

// dockerHub is the key that credentials for Docker Hub have.
const dockerHub = "index.docker.io"

// A keyring finds the credentials for an image. The zero keyring has none.
//
// Source: [BasicDockerKeyring].
//
// [BasicDockerKeyring]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/keyring.go#L46-L50
type keyring struct {
	index       []indexed // by key, the last first: the more specific path comes before the host
	credentials map[string][]authn.AuthConfig
}

// An indexed is a key of a keyring, and what it means.
type indexed struct {
	key string
	registry
}

// makeKeyring returns a keyring with what is in the Secrets. A Secret that
// cannot be read leaves none.
//
// Source: [MakeDockerKeyring].
//
// [MakeDockerKeyring]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/secrets/secrets.go#L26-L40
func makeKeyring(secrets []*corev1.Secret) (keyring, error) {
	k := keyring{credentials: map[string][]authn.AuthConfig{}}
	for _, secret := range secrets {
		config, err := dockerConfigOf(secret)
		if err != nil {
			return keyring{}, &pullSecretError{name: secret.Name, err: err}
		}
		k.add(config)
	}
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(k.credentials))) {
		if parsed, ok := parseRegistry(key); ok {
			k.index = append(k.index, indexed{key, parsed})
		}
	}
	return k, nil
}

// add adds the entries of one Secret behind those that have the same key. The
// order within one Secret is the kubelet's by chance, and ours by name.
//
// Source: [Add].
//
// [Add]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/keyring.go#L128-L182
func (k keyring) add(config dockerConfig) {
	for _, name := range slices.Sorted(maps.Keys(config)) {
		key, ok := keyOf(name)
		if !ok {
			continue
		}
		k.credentials[key] = append(k.credentials[key], config[name].authConfig())
	}
}

// authConfig returns an entry as the runtimes understand it: without a username
// they ask without credentials.
//
// Source: containerd's [ParseAuth], CRI-O's [PullImage].
//
// [ParseAuth]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/images/image_pull.go#L354-L390
// [PullImage]: https://github.com/cri-o/cri-o/blob/v1.36.3/server/image_pull.go
func (e dockerConfigEntry) authConfig() authn.AuthConfig {
	if e.username == "" {
		return authn.AuthConfig{}
	}
	return authn.AuthConfig{Username: e.username, Password: e.password}
}

// keyOf returns a registry's name without the scheme, and without the version of
// the API that old docker clients wrote. What is no URL has no key.
func keyOf(name string) (key string, ok bool) {
	if !strings.HasPrefix(name, "https://") && !strings.HasPrefix(name, "http://") {
		name = "https://" + name
	}
	parsed, err := url.Parse(name)
	if err != nil {
		return "", false
	}
	rest := parsed.Path
	if strings.HasPrefix(rest, "/v1/") || strings.HasPrefix(rest, "/v2/") {
		rest = rest[len("/v1"):]
	}
	if rest == "/" {
		rest = ""
	}
	return parsed.Host + rest, true
}

// lookup returns the credentials to try for a repository, in order, each once:
// those of every key that names it, else those for Docker Hub.
//
// The kubelet gives those for Docker Hub to registries without a dot too, such as
// "localhost". Here they reach no other host.
//
// Source: [Lookup].
//
// [Lookup]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/keyring.go#L291-L317
func (k keyring) lookup(repository string) []authn.AuthConfig {
	target, ok := parseRegistry(repository)
	if !ok {
		return nil
	}
	var found []authn.AuthConfig
	for _, entry := range k.index {
		if entry.names(target) {
			found = append(found, k.credentials[entry.key]...)
		}
	}
	if len(found) == 0 && strings.HasPrefix(repository, "docker.io/") {
		found = k.credentials[dockerHub]
	}
	return eachOnce(found)
}

// eachOnce returns the credentials without those that came before. A node tries
// them again, to the same effect.
func eachOnce(credentials []authn.AuthConfig) []authn.AuthConfig {
	seen := make(map[authn.AuthConfig]bool, len(credentials))
	var once []authn.AuthConfig
	for _, credential := range credentials {
		if !seen[credential] {
			seen[credential] = true
			once = append(once, credential)
		}
	}
	return once
}

// A registry is a host and the beginning of a path. As a pattern it has globs in
// the labels of its host.
type registry struct {
	labels     []string
	port, path string
}

// parseRegistry parses a key or a repository's name.
//
// Source: [SplitURL].
//
// [SplitURL]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/keyring.go#L229-L237
func parseRegistry(name string) (registry, bool) {
	parsed, err := url.Parse("https://" + name)
	if err != nil {
		return registry{}, false
	}
	host, port, err := net.SplitHostPort(parsed.Host)
	if err != nil {
		host, port = parsed.Host, ""
	}
	return registry{strings.Split(host, "."), port, parsed.Path}, true
}

// names reports whether a pattern names the registry: as many labels, each of
// which matches, the same port, and a path that begins likewise, be it in the
// middle of a part.
//
// Source: [URLsMatch].
//
// [URLsMatch]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/keyring.go#L252-L289
func (r registry) names(target registry) bool {
	if r.port != target.port || len(r.labels) != len(target.labels) || !strings.HasPrefix(target.path, r.path) {
		return false
	}
	for i, label := range r.labels {
		if strings.Contains(label, "[") { // an IPv6 address, not a class of characters
			return false
		}
		if matched, err := path.Match(label, target.labels[i]); err != nil || !matched {
			return false
		}
	}
	return true
}
