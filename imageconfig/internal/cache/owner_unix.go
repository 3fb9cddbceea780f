//go:build unix

package cache

import (
	"fmt"
	"io/fs"
	"syscall"
)

// trusted returns an error for a directory that somebody else than the user or
// root could have written to. Root needs no permission to do so.
func trusted(dir fs.FileInfo, user int) error {
	if owner := int(dir.Sys().(*syscall.Stat_t).Uid); owner != user && owner != 0 {
		return fmt.Errorf("it belongs to user %d, not to user %d or to root", owner, user)
	}
	if mode := dir.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("its mode %04o lets others write to it", mode)
	}
	return nil
}
