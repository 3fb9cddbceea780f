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
	if plain, ok := parsePlainRelease(text); ok {
		return plain, nil
	}
	parsed, err := version.ParseGeneric(text)
	if err != nil {
		return release{}, fmt.Errorf("%q is no release", text)
	}
	return release{parsed.Major(), parsed.Minor(), parsed.Patch()}, nil
}

// parsePlainRelease reads a release of three numbers. ok is false for any other
// text, which may be a release all the same.
func parsePlainRelease(text string) (r release, ok bool) {
	var numbers [3]uint
	at, digits := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9' && digits < 9:
			numbers[at] = 10*numbers[at] + uint(c-'0')
			digits++
		case c == '.' && digits > 0 && at < 2:
			at, digits = at+1, 0
		default:
			return release{}, false
		}
	}
	return release{numbers[0], numbers[1], numbers[2]}, at == 2 && digits > 0
}
