package simulate

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
)

// A release is the number of one: major, minor and patch.
type release struct{ major, minor, patch uint }

// String returns the release as its project writes it.
func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r.major, r.minor, r.patch) }

// before reports whether a release is older than another.
func (r release) before(other release) bool {
	return cmp.Or(cmp.Compare(r.major, other.major), cmp.Compare(r.minor, other.minor), cmp.Compare(r.patch, other.patch)) < 0
}

// minorBefore reports whether a release's minor version is older than another's.
func (r release) minorBefore(other release) bool {
	return cmp.Or(cmp.Compare(r.major, other.major), cmp.Compare(r.minor, other.minor)) < 0
}

// parseRelease reads a release such as "1.36", "v1.36.3" or "1.31.4-gke.1256".
func parseRelease(text string) (release, error) {
	parsed, err := version.ParseGeneric(text)
	if err != nil {
		return release{}, fmt.Errorf("%q is no release", text)
	}
	return release{parsed.Major(), parsed.Minor(), parsed.Patch()}, nil
}
