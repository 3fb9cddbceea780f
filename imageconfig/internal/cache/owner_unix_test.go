//go:build unix

package cache

import (
	"io/fs"
	"syscall"
	"testing"
)

// ownedDir is a directory of an owner and a mode.
type ownedDir struct {
	fs.FileInfo
	owner uint32
	mode  fs.FileMode
}

func (o ownedDir) Mode() fs.FileMode { return fs.ModeDir | o.mode }
func (o ownedDir) Sys() any          { return &syscall.Stat_t{Uid: o.owner} }

func TestTrusted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		owner        uint32
		mode         fs.FileMode
		user         int
		want         string // empty: it is trusted
	}{
		{"own and private", "as it is made", 1000, 0o700, 1000, ""},
		{"own and readable", "to read is not to write", 1000, 0o755, 1000, ""},
		{"own and read-only", "as an image or a snapshot has it", 1000, 0o555, 1000, ""},
		{"root's", "root can write everywhere", 0, 0o755, 1000, ""},
		{"root's for root", "root is a user", 0, 0o700, 0, ""},
		{"somebody else's", "the owner can write", 1001, 0o755, 1000, "it belongs to user 1001, not to user 1000 or to root"},
		{"somebody's for root", "root would believe that user", 1000, 0o700, 0, "it belongs to user 1000, not to user 0 or to root"},
		{"the group's", "its members can write", 1000, 0o770, 1000, "its mode 0770 lets others write to it"},
		{"everybody's", "everybody can write", 1000, 0o702, 1000, "its mode 0702 lets others write to it"},
		{"root's and everybody's", "as an emptyDir", 0, 0o777, 1000, "its mode 0777 lets others write to it"},
		{"sticky", "nobody can remove, but everybody can add", 0, fs.ModeSticky | 0o777, 1000, "its mode 0777 lets others write to it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			got := ""
			if err := trusted(ownedDir{owner: tt.owner, mode: tt.mode}, tt.user); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("error is %q, want %q", got, tt.want)
			}
		})
	}
}
