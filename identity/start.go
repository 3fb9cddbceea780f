package identity

import (
	"errors"
	"fmt"
	"math"
)

// IDMapSize is how many IDs a Pod with hostUsers false has, counted from 0.
//
// Source: the kubelet's [userNamespaces.idsPerPod], whose default this is.
//
// [userNamespaces.idsPerPod]: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/#kubelet-config-k8s-io-v1beta1-UserNamespaces
const IDMapSize = 65536

// ErrIDNotMapped is the error for a process whose user or group lies outside of
// its user namespace.
var ErrIDNotMapped = errors.New("id is not mapped in the user namespace")

// ErrIDNotSettable is the error for a process whose user or group the kernel
// does not take, such as 4294967295.
var ErrIDNotSettable = errors.New("id cannot be set")

// A StartError says why a created process cannot become its user. Its text is
// the runtime's own.
type StartError struct {
	// Err is ErrIDNotMapped or ErrIDNotSettable.
	Err  error
	text string
}

// Error returns the runtime's message.
func (e *StartError) Error() string { return e.text }

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// CheckIDMap is containerd's check of a process in a user namespace with size
// IDs: its uid, then its gid. Supplementary groups are left to [SetupUser]. The
// error is a [*StartError] with [ErrIDNotMapped].
//
// Source: [IDMap.ToHost].
//
// [IDMap.ToHost]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/userns/idmap.go#L67-L82
func CheckIDMap(process Process, size int64) error {
	for _, id := range []ID{process.UID, process.GID} {
		if id.known && id.number >= size {
			text := fmt.Sprintf("container ID %d cannot be mapped to a host ID", id.number)
			return &StartError{Err: ErrIDNotMapped, text: text}
		}
	}
	return nil
}

// SetupUser is runc's change to the process's groups, gid and uid, in that
// order, in a user namespace with size IDs; [math.MaxUint32] is the whole host,
// whose last number no process can have. The error is a [*StartError]. The groups
// of a created process include its gid, so that one fails with the groups.
//
// Source: [setupUser].
//
// [setupUser]: https://github.com/opencontainers/runc/blob/76d9cf5da5683ff449ae967db58fa8c5927ca54b/libcontainer/init_linux.go#L468-L513
func SetupUser(process Process, size int64) error {
	cause := ErrIDNotMapped
	if size == math.MaxUint32 {
		cause = ErrIDNotSettable
	}
	settable := func(id ID) bool { return !id.known || id.number < size }
	for _, group := range process.Groups {
		if !settable(group) {
			return &StartError{Err: cause, text: "unable to setup user: setgroups: invalid argument"}
		}
	}
	if !settable(process.GID) {
		text := fmt.Sprintf("unable to setup user: cannot setgid to unmapped gid %d in user namespace", process.GID.number)
		return &StartError{Err: cause, text: text}
	}
	if !settable(process.UID) {
		text := fmt.Sprintf("unable to setup user: cannot setuid to unmapped uid %d in user namespace", process.UID.number)
		return &StartError{Err: cause, text: text}
	}
	return nil
}
