package identity

import (
	"cmp"
	"slices"
)

// A Process is who a container's first process runs as. The zero Process is
// wholly unknown.
type Process struct {
	// UID is the user. It is that of the container's user namespace.
	UID ID
	// GID is the primary group.
	GID ID
	// Groups are the supplementary groups as the runtime reports them in the
	// container's status. They include the primary group.
	Groups []ID
	// Username is the user on a Windows node, which has no numbers. Empty is the
	// default user of the image's base where UsernameOrigin is set, and unknown
	// where it is not.
	Username string
	// UsernameOrigin is what decided the user name.
	UsernameOrigin Origin
}

// Equal reports whether both are the same process, decided by the same things.
func (p Process) Equal(other Process) bool {
	return p.UID == other.UID && p.GID == other.GID && slices.Equal(p.Groups, other.Groups) &&
		p.Username == other.Username && p.UsernameOrigin == other.UsernameOrigin
}

// GroupNumbers returns the numbers of the groups, in their order.
func (p Process) GroupNumbers() []int64 {
	var numbers []int64
	for _, group := range p.Groups {
		numbers = append(numbers, group.number)
	}
	return numbers
}

// sortedUnique returns the groups in ascending order, each number once. Of equal
// numbers the first one stays.
func sortedUnique(groups []ID) []ID {
	slices.SortStableFunc(groups, func(a, b ID) int { return cmp.Compare(a.number, b.number) })
	return slices.CompactFunc(groups, func(a, b ID) bool { return a.number == b.number })
}
