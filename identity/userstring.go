package identity

import (
	"errors"
	"fmt"
)

// ErrGroupWithoutUser is containerd's refusal of a request that has a group but
// neither a uid nor a name. No container meets it; a Pod's sandbox does.
var ErrGroupWithoutUser = errors.New("group is specified without user")

// ErrNoUser is the error for a request that names no user at all. A kubelet
// sends none such for a container.
var ErrNoUser = errors.New("the request names no user")

// ErrIDOutOfRange is containerd's refusal of a requested number outside of 0 to
// 2147483647.
var ErrIDOutOfRange = errors.New("id out of range")

// A UserStringError says why a request makes no user that containerd takes. Its
// text is containerd's own.
type UserStringError struct {
	// Err is ErrGroupWithoutUser or ErrIDOutOfRange.
	Err  error
	text string
}

// Error returns containerd's message.
func (e *UserStringError) Error() string { return e.text }

// Unwrap returns Err.
func (e *UserStringError) Unwrap() error { return e.Err }

// outOfRange returns the refusal of a request's uid or gid.
func (c Containerd) outOfRange(request Request, what string) error {
	userString, err := c.UserString(request)
	if err != nil {
		return err
	}
	return &UserStringError{Err: ErrIDOutOfRange, text: fmt.Sprintf("invalid USER value %q: %s out of range", userString, what)}
}
