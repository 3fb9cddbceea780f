package simulate

import (
	"errors"
	"fmt"
)

// What can fail besides a container's user, whose errors are package identity's.
// A [Failure] unwraps to one of these or one of those.
var (
	// ErrPodRejected: the node did not admit the Pod.
	ErrPodRejected = errors.New("the node rejects the Pod")
	// ErrNoUserNamespaces: the Pod wants a user namespace, the runtime has none.
	ErrNoUserNamespaces = errors.New("can't set `spec.hostUsers: false`, runtime does not support user namespaces")
	// ErrInvalidImageName: the image's name cannot be parsed.
	ErrInvalidImageName = errors.New("invalid image name")
	// ErrImageNeverPull: the image is not on the node and must not be pulled.
	ErrImageNeverPull = errors.New("image is not present and is never pulled")
	// ErrImagePull: the image could not be pulled.
	ErrImagePull = errors.New("image cannot be pulled")
	// ErrInvalidPullSecret: the content of one of the Pod's pull secrets cannot be
	// read.
	ErrInvalidPullSecret = errors.New("invalid image pull secret")
	// ErrNoCommand: neither the container nor the image has a command.
	ErrNoCommand = errors.New("no command")
	// ErrCommandNotFound: the command is no file of the image.
	ErrCommandNotFound = errors.New("command not found")
	// ErrCommandNotExecutable: the process's user may not execute the command.
	ErrCommandNotExecutable = errors.New("command is not executable")
	// ErrCommandIsDirectory: the command is a directory.
	ErrCommandIsDirectory = errors.New("command is a directory")
)

// A Failure is what a node says when it cannot start a container or a Pod. Its
// reason and its message are the node's own, word for word; what only one
// machine knows is written as <id>, <t>, <n> or <root>.
type Failure struct {
	// Container is the container's name; empty where the whole Pod failed.
	Container string
	// Kind is the container's kind.
	Kind Kind
	// Reason is the waiting reason of the container's status
	// ("CreateContainerConfigError"), or the reason of the Pod's event.
	Reason string
	// Message is the message of the container's status or of the Pod's event.
	Message string
	// Err tells causes apart: one of this package's errors or of identity's.
	Err error
}

// Error returns where it failed, the reason and the message.
func (f *Failure) Error() string {
	if f == nil {
		return "no failure"
	}
	if f.Container == "" {
		return fmt.Sprintf("Pod: %s: %s", f.Reason, f.Message)
	}
	return fmt.Sprintf("%s %q: %s: %s", f.Kind, f.Container, f.Reason, f.Message)
}

// Unwrap returns the cause; that of a nil Failure is nil.
func (f *Failure) Unwrap() error {
	if f == nil {
		return nil
	}
	return f.Err
}

// An UndecidedError says why it is not known whether a container starts.
type UndecidedError struct {
	// Container is the container's name; empty where it is about the whole Pod.
	Container string
	// Kind is the container's kind.
	Kind Kind
	// Err is what could not be found out.
	Err error
}

// Error returns what is undecided and why.
func (e *UndecidedError) Error() string {
	if e.Container == "" {
		return "Pod: undecided: " + e.Err.Error()
	}
	return fmt.Sprintf("%s %q: undecided: %v", e.Kind, e.Container, e.Err)
}

// Unwrap returns the cause.
func (e *UndecidedError) Unwrap() error { return e.Err }
