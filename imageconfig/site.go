package imageconfig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// A site is where a repository is asked for, and as whom.
type site struct {
	endpoint Endpoint
	auth     authn.AuthConfig
}

// sites returns where a repository is looked for, in order: each endpoint with
// the first credentials, then the registry itself with the others. Credentials
// that are for the registry are not for its mirrors: these get what the keychain
// has for them.
func (c *client) sites(ctx context.Context, repository name.Repository, credentials []authn.AuthConfig) ([]site, error) {
	endpoints, err := c.endpoints(fullName(repository))
	if err != nil {
		return nil, err
	}
	own, err := c.key(ctx, repository)
	if err != nil {
		return nil, err
	}
	if len(credentials) == 0 || own != (authn.AuthConfig{}) {
		credentials = append(credentials[:len(credentials):len(credentials)], own)
	}
	var sites, later []site
	for _, endpoint := range endpoints {
		host, err := endpointHost(endpoint)
		if err != nil {
			return nil, err
		}
		if !isRegistry(host, repository.RegistryStr()) {
			key, err := c.mirrorKey(ctx, host, endpoint.Repository)
			if err != nil {
				return nil, err
			}
			sites = append(sites, site{endpoint, key})
			continue
		}
		sites = append(sites, site{endpoint, credentials[0]})
		for _, credential := range credentials[1:] {
			later = append(later, site{endpoint, credential})
		}
	}
	return append(sites, later...), nil
}

// mirrorKey returns what the keychain has for a repository on another host.
func (c *client) mirrorKey(ctx context.Context, host, repository string) (authn.AuthConfig, error) {
	mirror, err := name.NewRepository(host+"/"+repository, name.WeakValidation)
	if err != nil {
		return authn.AuthConfig{}, err
	}
	return c.key(ctx, mirror)
}

// key returns what the keychain has for a repository; nothing is the zero value.
func (c *client) key(ctx context.Context, repository name.Repository) (authn.AuthConfig, error) {
	return c.keys.do(ctx, repository.Name(), func(ctx context.Context) (authn.AuthConfig, error) {
		authenticator, err := authn.Resolve(ctx, c.keychain, repository)
		if err != nil {
			return authn.AuthConfig{}, err
		}
		config, err := authn.Authorization(ctx, authenticator)
		if err != nil {
			return authn.AuthConfig{}, err
		}
		return *config, nil
	})
}

// itself is the endpoint of a repository that has no other: its registry, over
// whatever scheme that speaks.
func itself(repository string) ([]Endpoint, error) {
	parsed, err := name.NewRepository(repository, name.WeakValidation)
	if err != nil {
		return nil, err
	}
	return []Endpoint{{URL: "//" + parsed.RegistryStr() + "/v2", Repository: parsed.RepositoryStr()}}, nil
}

// fullName returns a repository's name as Kubernetes writes it.
func fullName(repository name.Repository) string {
	if repository.RegistryStr() == name.DefaultRegistry {
		return "docker.io/" + repository.RepositoryStr()
	}
	return repository.Name()
}

// isRegistry reports whether a host is that of the registry, not of a mirror.
func isRegistry(host, registry string) bool {
	if registry == name.DefaultRegistry {
		return host == name.DefaultRegistry || host == "registry-1.docker.io" || host == "docker.io"
	}
	return host == registry
}

func endpointHost(e Endpoint) (string, error) {
	parsed, err := url.Parse(e.URL)
	if err != nil {
		return "", err
	}
	return parsed.Host, nil
}

// fingerprint tells callers with other credentials apart.
func fingerprint(credentials []authn.AuthConfig) string {
	if len(credentials) == 0 {
		return ""
	}
	content, err := json.Marshal(credentials)
	if err != nil {
		panic(err) // a struct of strings
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
