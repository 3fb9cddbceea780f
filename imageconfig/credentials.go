package imageconfig

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// WithCredentials returns a context that has the credentials to try first, in
// this order, for the look-up of an image: those that a node would take from a
// Pod's pull secrets. They replace those that ctx had; none are none. The empty
// AuthConfig is a try without credentials.
//
// They are for the registry of the image that is looked up with the context, and
// for no other.
//
// A source that asks a registry does as a node:
//
//   - Where there are credentials it tries them, each once, until one gives the
//     image. That one reads the image's layers too, whose context has none.
//   - The source's own keychain is what the node itself has, and comes after
//     them. A keychain that has nothing for the registry adds no try: a node that
//     has credentials never asks without, not even for an image that is public.
//   - Without credentials there is one try, with what the keychain has.
//
// If no try gives the image, the error is one that says what any node would meet
// ([ErrNotFound], [ErrNoPlatform]) only if each try says so. Otherwise it is the
// first that leaves it open. Answers that are kept for later are kept for the
// same credentials only.
//
// A source that asks no registry heeds none of this.
//
// Source: [PullImage].
//
// [PullImage]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_image.go#L31-L71
func WithCredentials(ctx context.Context, credentials ...authn.AuthConfig) context.Context {
	kept := slices.Clone(credentials)
	// A function, for printing a context prints what it holds.
	return context.WithValue(ctx, credentialsKey{}, func() []authn.AuthConfig { return slices.Clone(kept) })
}

// CredentialsFrom returns the credentials of [WithCredentials], in order; none
// where a context has none. It is for those who write a [Source].
func CredentialsFrom(ctx context.Context) []authn.AuthConfig {
	credentials, ok := ctx.Value(credentialsKey{}).(func() []authn.AuthConfig)
	if !ok {
		return nil
	}
	return credentials()
}

type credentialsKey struct{}

// Credentials are explicit credentials: a keychain for [Registry]. A key is a
// registry's host with its port ("registry.example.com:5000"), or a host and the
// first parts of a path ("registry.example.com/team"). The longest key that names
// an image counts. "docker.io", "index.docker.io" and docker's own key
// "https://index.docker.io/v1/" are Docker Hub. A nil map has none.
//
// However they are printed, logged or written as JSON, only the keys show. One
// case is beyond them: fmt asks no value how to print it that is in an unexported
// field of what is printed.
type Credentials map[string]authn.AuthConfig

// Resolve returns the credentials of a registry or a repository; [authn.Anonymous]
// where there are none. It never fails.
func (c Credentials) Resolve(target authn.Resource) (authn.Authenticator, error) {
	host, path, _ := strings.Cut(target.String(), "/")
	for {
		for _, key := range credentialKeys(host, path) {
			if config, ok := c[key]; ok {
				return authn.FromConfig(config), nil
			}
		}
		if path == "" {
			return authn.Anonymous, nil
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

// credentialKeys returns the keys that name a host, or a part of its path.
func credentialKeys(host, path string) []string {
	switch {
	case host != name.DefaultRegistry:
		return []string{strings.TrimSuffix(host+"/"+path, "/")}
	case path != "":
		return []string{"docker.io/" + path, host + "/" + path}
	default:
		return []string{"docker.io", host, authn.DefaultAuthKey}
	}
}

// String lists the keys.
func (c Credentials) String() string {
	return "credentials for " + fmt.Sprintf("%q", slices.Sorted(maps.Keys(c)))
}

// Format writes what String returns, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalJSON writes what String returns.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
