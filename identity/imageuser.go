package identity

import "strings"

// An ImageUser is what a container runtime tells the kubelet about an image's
// default user. At most one of UID and Username is set. The zero ImageUser is
// an image without a USER; the kubelet takes it for root.
type ImageUser struct {
	// UID is the number before the first colon, unchecked: it may be negative or
	// larger than any user. Nil means that it is not a number.
	UID *int64
	// Username is the text before the first colon, where that is not an int64.
	Username string
	// User is the whole USER string of the image's config.
	User string
}

// ParseImageUser reads the USER of an image's config as every CRI runtime does.
// It is total: each string has an answer.
//
// The text before the first colon is taken as it stands, without trimming. If
// it is empty, the image has no user. If Go's ParseInt takes it as a 64-bit
// decimal (a sign and leading zeros are fine), it is a uid; else, a number that
// overflows included, it is a name.
//
// Source: [containerd's getUserFromImage]; CRI-O's has the same body.
//
// [containerd's getUserFromImage]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/images/image_status.go#L83-L98
func ParseImageUser(user string) ImageUser {
	result := ImageUser{User: user}
	name, _, _ := strings.Cut(user, ":")
	if name == "" {
		return result
	}
	uid, err := parseNumber(name)
	if err != nil {
		result.Username = name
		return result
	}
	result.UID = new(uid)
	return result
}
