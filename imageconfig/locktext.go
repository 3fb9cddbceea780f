package imageconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// absent is how a lock says that nothing stands at a path.
const absent = "absent"

// lockText returns how a lock describes what stands at a path, as ls -l would:
// mode, uid and gid, then a symbolic link's target, or a regular file's size.
//
//	"etc":           "drwxr-xr-x 0:0"
//	"bin":           "Lrwxrwxrwx 0:0 usr/bin"
//	"usr/bin/nginx": "-rwxr-xr-x 0:0 1569464"
//	"usr/bin/nope":  "absent"
func (n *node) lockText() string {
	if n == nil {
		return absent
	}
	text := fmt.Sprintf("%v %d:%d", n.mode, n.uid, n.gid)
	switch {
	case n.mode&fs.ModeSymlink != 0:
		return text + " " + n.link
	case n.mode.IsRegular():
		return fmt.Sprintf("%s %d", text, n.size)
	default:
		return text
	}
}

// parseLockText returns what a lockText says; nil for what is absent.
func parseLockText(text string) (*node, error) {
	if text == absent {
		return nil, nil //nolint:nilnil // said above
	}
	words := append(strings.SplitN(text, " ", 3), "", "")
	uid, gid, _ := strings.Cut(words[1], ":")
	at := &node{mode: parseMode(words[0])}
	var errs [3]error
	at.uid, errs[0] = strconv.Atoi(uid)
	at.gid, errs[1] = strconv.Atoi(gid)
	switch {
	case at.mode&fs.ModeSymlink != 0:
		at.link = words[2]
	case at.mode.IsRegular():
		at.size, errs[2] = strconv.ParseInt(words[2], 10, 64)
	}
	if len(at.link) > maxLinkBytes {
		return nil, fmt.Errorf("a symbolic link with a target of %d bytes", len(at.link))
	}
	if err := errors.Join(errs[:]...); err != nil || at.lockText() != text {
		return nil, fmt.Errorf("%q does not describe a file", text)
	}
	return at, nil
}

// parseMode returns the mode whose text that is. What is no mode's text it does
// not make one.
//
// Source: [fs.FileMode.String].
//
// [fs.FileMode.String]: https://github.com/golang/go/blob/go1.26.0/src/io/fs/fs.go#L216-L240
func parseMode(text string) fs.FileMode {
	const types, permissions = "dalTLDpSugct?", 9
	kind := max(0, len(text)-permissions)
	var mode fs.FileMode
	for _, letter := range []byte(text[:kind]) {
		if at := strings.IndexByte(types, letter); at >= 0 {
			mode |= 1 << (31 - at)
		}
	}
	for at, letter := range []byte(text[kind:]) {
		if letter != '-' {
			mode |= 1 << (permissions - 1 - at)
		}
	}
	return mode
}
