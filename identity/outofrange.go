package identity

import (
	"errors"
	"strconv"
)

// OutOfRange is what a containerd release makes of a requested uid or gid that is
// negative or above 2147483647.
type OutOfRange int

const (
	// RefuseOutOfRange refuses it: containerd 2.4, and the last releases of 1.7
	// to 2.3.
	RefuseOutOfRange OutOfRange = iota
	// NameOutOfRange takes it for a name, which an entry of /etc/passwd may have
	// (CVE-2026-46680).
	NameOutOfRange
	// WrapOutOfRange cuts it to 32 bits, so that 4294967296 is root
	// (CVE-2024-40635).
	WrapOutOfRange
)

// requested returns what a requested name or number is looked up as; ok is false
// where it is refused.
func (c Containerd) requested(name string, id ID) (string, ID, bool) {
	if name != "" {
		_, err := parseNumber(name)
		return name, ID{}, c.OutOfRange != RefuseOutOfRange || !errors.Is(err, strconv.ErrRange)
	}
	if !id.known || id.Valid() {
		return "", id, true
	}
	switch c.OutOfRange {
	case NameOutOfRange:
		return id.String(), ID{}, true
	case WrapOutOfRange:
		return "", cut(id.number, id.origin), true
	default:
		return "", ID{}, false
	}
}
