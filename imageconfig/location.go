package imageconfig

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// A location is where a registry's images are, or a mirror's.
type location struct {
	Location       string `toml:"location"`
	Insecure       bool   `toml:"insecure"`
	PullFromMirror string `toml:"pull-from-mirror"`
}

// checkLocation returns a location without slashes at the end. Source:
// [parseLocation].
//
// [parseLocation]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L323-L342
func checkLocation(text string) (string, error) {
	trimmed := strings.TrimRight(text, "/")
	if strings.HasPrefix(trimmed, "http://") || strings.HasPrefix(trimmed, "https://") {
		return "", fmt.Errorf("%q has a scheme; a location has none", text)
	}
	return trimmed, nil
}

// rewrite returns the name that a repository has at a location: what follows the
// prefix comes after it. Source: [rewriteReference], for a reference with a tag.
//
// [rewriteReference]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L85-L113
func (l location) rewrite(repository, prefix string) (reference.Named, error) {
	if l.Location == "" {
		return reference.ParseNamed(repository)
	}
	// A tag, because a location may be whole with one only: "mirror.example:5000".
	named, err := reference.ParseNamed(l.Location + repository[matching(repository, prefix):] + ":tag")
	if err != nil {
		return nil, err
	}
	return reference.TrimNamed(named), nil
}

// matching returns how much of a name a prefix takes up; -1: it does not match.
// A prefix ends where a name's part ends, or its port begins. Source:
// [refMatchingPrefix] and [refMatchingSubdomainPrefix].
//
// [refMatchingPrefix]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L885-L911
// [refMatchingSubdomainPrefix]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L859-L877
func matching(name, prefix string) int {
	end := len(prefix)
	if domain, ok := strings.CutPrefix(prefix, "*"); ok && strings.HasPrefix(domain, ".") {
		i := strings.Index(name, domain)
		if i < 0 || strings.Contains(name[:i], "/") {
			return -1
		}
		end = i + len(domain)
	} else if !strings.HasPrefix(name, prefix) {
		return -1
	}
	if end == len(name) || strings.ContainsRune(":/@", rune(name[end])) {
		return end
	}
	return -1
}
