package identity

import (
	"fmt"
	"io/fs"
)

// A Runtime is a container runtime: how it makes a process of a [Request].
// [Containerd] and [CRIO] are the two that there are.
type Runtime interface {
	// Sandbox checks the request for a Pod's sandbox.
	Sandbox(request Request) error
	// Process resolves the request for a container against the image's files. An
	// error is the runtime's, with its text, or an *UnreadableError.
	Process(root fs.FS, request Request) (Process, error)
}

// Sandbox returns an error with [ErrGroupWithoutUser] where the Pod sets a
// runAsGroup and no runAsUser.
func (Containerd) Sandbox(request Request) error {
	if !request.RunAsGroup.known || !request.namesNobody() {
		return nil
	}
	text := fmt.Sprintf("user group %q is specified without user", request.RunAsGroup)
	return &UserStringError{Err: ErrGroupWithoutUser, text: text}
}
