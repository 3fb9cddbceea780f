package identity

import "fmt"

// An Origin says what decided an [ID]. The zero Origin is nothing.
type Origin struct {
	// Source is where the fact stands.
	Source Source
	// Name is the field's name for a securityContext ("runAsUser"), the whole
	// USER string for an image, the entry's name for an account file, and the uid
	// that no entry has for a default.
	Name string
}

// A Source is a place that can decide a user or a group.
type Source int

// The sources, from the nearest to the process to the farthest.
const (
	// SourceUnknown is the zero Source.
	SourceUnknown Source = iota
	// SourceContainer is the container's own securityContext.
	SourceContainer
	// SourcePod is the Pod's securityContext.
	SourcePod
	// SourceImage is the USER of the image's config.
	SourceImage
	// SourcePasswd is the image's /etc/passwd.
	SourcePasswd
	// SourceGroup is the image's /etc/group.
	SourceGroup
	// SourceDefault is root's group, for a uid that has no entry in /etc/passwd.
	SourceDefault
)

// String returns the origin as a person would name it, such as
// "spec.securityContext.runAsUser" or `/etc/passwd entry "app"`.
func (o Origin) String() string {
	switch o.Source {
	case SourceContainer:
		return "the container's securityContext." + o.Name
	case SourcePod:
		return "spec.securityContext." + o.Name
	case SourceImage:
		if o.Name == "" {
			return "the image has no USER"
		}
		return fmt.Sprintf("the image's USER %q", o.Name)
	case SourcePasswd:
		return fmt.Sprintf("/etc/passwd entry %q", o.Name)
	case SourceGroup:
		return fmt.Sprintf("/etc/group entry %q", o.Name)
	case SourceDefault:
		return "no entry of /etc/passwd has uid " + o.Name
	default:
		return "unknown"
	}
}
