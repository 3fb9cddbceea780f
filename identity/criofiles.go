package identity

import (
	"errors"
	"io/fs"
	"path"
	"syscall"
)

// generatedFiles is what CRI-O does for a uid and a gid that the image's files
// do not have.
//
// Source: [GeneratePasswd], [GenerateGroup].
//
// [GeneratePasswd]: https://github.com/cri-o/cri-o/blob/v1.36.3/utils/utils.go#L208-L239
// [GenerateGroup]: https://github.com/cri-o/cri-o/blob/v1.36.3/utils/utils.go#L243-L266
func (CRIO) generatedFiles(root fs.FS, found bool, gid ID) error {
	if !found {
		if _, err := generated(root, "/etc/passwd"); err != nil {
			return err
		}
	}
	groups, err := crioFiles.findGroups(root, query{by: byNumber, number: cut(gid.number, gid.origin).number})
	if err == nil && len(groups) > 0 {
		return nil
	}
	info, err := generated(root, "/etc/group")
	if err != nil || info == nil || !info.IsDir() {
		return err
	}
	if info.Mode()&0o022 != 0 || gid.number == 0 && info.Mode()&0o200 != 0 {
		return nil // it is writable: left alone
	}
	return &CRIOError{Err: syscall.EISDIR, text: "read file: read <root> is a directory"}
}

// generated looks at a file that CRI-O is about to write a copy of; nil for one
// that is not there.
//
// Source: [secureFilePath].
//
// [secureFilePath]: https://github.com/cri-o/cri-o/blob/v1.36.3/utils/utils.go#L268-L287
func generated(root fs.FS, name string) (fs.FileInfo, error) {
	resolved, err := resolveSecurely(root, name[1:])
	if err != nil {
		return nil, followError(name, err)
	}
	for dir := path.Dir(resolved); dir != "."; dir = path.Dir(dir) {
		if info, err := lstat(root, dir); err == nil && !info.IsDir() {
			return nil, &CRIOError{Err: syscall.ENOTDIR, text: "unable to stat file <root> not a directory"}
		}
	}
	info, err := lstat(root, resolved)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

// followError is CRI-O's error for an account file behind a ring of links.
func followError(name string, err error) error {
	if isUnreadable(err) {
		return err
	}
	text := "unable to follow symlinks to " + name + " file: SecureJoin <root> too many levels of symbolic links"
	return &CRIOError{Err: syscall.ELOOP, text: text}
}
