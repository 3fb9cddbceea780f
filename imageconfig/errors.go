package imageconfig

import (
	"errors"
	"fmt"
)

// The kinds of an [Error].
var (
	// ErrNotFound: the registry answered that it has no such image.
	ErrNotFound = errors.New("the registry has no such image")
	// ErrUnauthorized: the registry wants credentials that it did not get. A
	// node may have them.
	ErrUnauthorized = errors.New("the registry refused access")
	// ErrUnreachable: the registry, the daemon or its directory could not be
	// reached from here, or did not answer properly. A node may do better.
	ErrUnreachable = errors.New("the source could not be reached")
	// ErrNotHeld: this source does not hold the image and does not know whether
	// there is one.
	ErrNotHeld = errors.New("the source does not hold the image")
	// ErrNoPlatform: the image exists, but not for the platform.
	ErrNoPlatform = errors.New("the image has no manifest for the platform")
	// ErrInvalid: what was read is no image, or not what its digest or size
	// promised, or above this package's limits.
	ErrInvalid = errors.New("not a valid image")
)

// An Error says why a source has no image, or why an image has no files.
type Error struct {
	// Reference is the image that was asked for; empty where only the layer is
	// known.
	Reference string
	// Kind is one of the errors above.
	Kind error
	// Digest is the index that lacks the platform, with ErrNoPlatform.
	Digest string
	// Answer is what the registry said, as "manifest unknown: manifest unknown";
	// empty where it said nothing.
	Answer string
	// Err is the cause; nil where the kind says it all.
	Err error
}

// Error returns the reference, the kind and the cause.
func (e *Error) Error() string {
	text := e.Kind.Error()
	if e.Reference != "" {
		text = fmt.Sprintf("image %q: %s", e.Reference, text)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// A NodeError states that the node itself could not reach the image's registry.
// A source returns it where it knows the node's network: in a recording, or in a
// test of what happens then.
type NodeError struct {
	// Err is what the node's network said, such as
	// "dial tcp 192.0.2.1:443: connect: connection refused".
	Err error
}

// Error returns the cause.
func (e *NodeError) Error() string { return "the node could not reach the registry: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *NodeError) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return &Error{Kind: ErrInvalid, Err: fmt.Errorf(format, args...)}
}

// named returns err as an *Error about a reference. An error that is none yet
// becomes one of the given kind.
func named(ref string, kind, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		copied := *known
		copied.Reference = ref
		return &copied
	}
	return &Error{Reference: ref, Kind: kind, Err: err}
}
