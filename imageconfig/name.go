package imageconfig

import (
	"iter"
	"strings"

	"github.com/distribution/reference"
)

// What a name means that does not say its registry or its tag.
const (
	defaultDomain = "docker.io"
	legacyDomain  = "index.docker.io"
	official      = "library/" // where the default registry has its own images
	defaultTag    = "latest"
)

// A Name is an image's name in full: with its registry, and with the tag
// "latest" where it has neither tag nor digest. Names that are equal name the
// same: "nginx" is "docker.io/library/nginx:latest". The zero Name names nothing.
type Name struct {
	domain, path string // the path without official
	tag, digest  string
}

// ParseName reads an image's name as a Pod writes it. The error is that of
// [reference.ParseNormalizedNamed], which reads all but the usual names.
func ParseName(text string) (Name, error) {
	if name, ok := parsePlain(text); ok {
		return name, nil
	}
	return parseAny(text)
}

// parseAny reads any name.
func parseAny(text string) (Name, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return Name{}, err
	}
	named = reference.TagNameOnly(named)
	name := Name{domain: reference.Domain(named), path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		name.tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		name.digest = digested.Digest().String()
	}
	return name.short(), nil
}

// short returns the name without official in its path.
func (n Name) short() Name {
	if rest, ok := strings.CutPrefix(n.path, official); ok && n.domain == defaultDomain && !strings.Contains(rest, "/") {
		n.path = rest
	}
	return n
}

// Domain returns the registry, such as "docker.io" or "localhost:5000".
func (n Name) Domain() string { return n.domain }

// Path returns the repository's path at its registry, such as "library/nginx".
func (n Name) Path() string {
	if n.domain == defaultDomain && !strings.Contains(n.path, "/") {
		return official + n.path
	}
	return n.path
}

// Repository returns the registry and the path.
func (n Name) Repository() string {
	if n.domain == "" {
		return n.path // the library takes "a_b.c/d" for a name without a registry
	}
	return n.domain + "/" + n.Path()
}

// Tag returns the tag; empty where there is a digest alone.
func (n Name) Tag() string { return n.tag }

// Version returns the digest, or else the tag.
func (n Name) Version() string {
	if n.digest != "" {
		return n.digest
	}
	return n.tag
}

// spellings yields every text that means this name.
func (n Name) spellings() iter.Seq[string] {
	return func(yield func(string) bool) {
		full := strings.TrimPrefix(n.String(), n.Repository())
		for _, repository := range n.repositories() {
			for _, text := range [...]string{repository + full, strings.TrimSuffix(repository+full, ":"+defaultTag)} {
				if same, err := ParseName(text); err == nil && same == n && !yield(text) {
					return
				}
			}
		}
	}
}

// repositories returns the ways to write the repository, and some that mean
// another one: "localhost/x" is no image of the default registry.
func (n Name) repositories() []string {
	if n.domain != defaultDomain {
		return []string{n.Repository()}
	}
	var texts []string
	for _, domain := range [...]string{"", defaultDomain + "/", legacyDomain + "/"} {
		texts = append(texts, domain+n.path, domain+n.Path())
	}
	return texts
}

// String returns the whole name.
func (n Name) String() string {
	text := n.Repository()
	if n.tag != "" {
		text += ":" + n.tag
	}
	if n.digest != "" {
		text += "@" + n.digest
	}
	return text
}
