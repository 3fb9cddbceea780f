package identity

import (
	"math"
	"strconv"
)

// An ID is the number of a user or a group, and what decided it. The zero ID is
// unknown; it is not root.
//
// Images and manifests may ask for numbers that no process can have, so an ID
// holds any int64. The IDs of a [Process] are between 0 and 4294967295.
type ID struct {
	number int64
	known  bool
	origin Origin
}

// NewID returns the known ID with that number.
func NewID(number int64, origin Origin) ID {
	return ID{number: number, known: true, origin: origin}
}

// cut returns the known ID with that number cut to 32 bits, as the runtimes store
// what a file or a request says.
func cut(number int64, origin Origin) ID {
	return NewID(int64(uint32(number)), origin)
}

// parseNumber is [strconv.ParseInt] for decimals. It allocates nothing for a name.
func parseNumber(text string) (int64, error) {
	if text == "" || text[0] > '9' {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(text, 10, 64)
}

// Number returns the ID's number, and whether it is known. Where it is not, the
// number means nothing.
func (id ID) Number() (number int64, known bool) { return id.number, id.known }

// Is reports whether the ID is known and has that number.
func (id ID) Is(number int64) bool { return id.known && id.number == number }

// Valid reports whether the ID is known and one that Kubernetes takes: between 0
// and 2147483647.
func (id ID) Valid() bool { return id.known && isValid(id.number) }

func isValid(number int64) bool { return number >= 0 && number <= math.MaxInt32 }

// Origin returns what decided the ID.
func (id ID) Origin() Origin { return id.origin }

// Equal reports whether both IDs are unknown, or known, the same number, and
// decided by the same thing.
func (id ID) Equal(other ID) bool { return id == other }

// String returns the decimal number, or "unknown".
func (id ID) String() string {
	if !id.known {
		return "unknown"
	}
	return strconv.FormatInt(id.number, 10)
}
