package identity

import (
	"io/fs"
	"slices"
	"strconv"

	"github.com/moby/sys/user"
)

// additionalGroups returns the groups of /etc/group that list the user, without
// the group that has the user's name. key is the user's name or decimal uid.
func (c Containerd) additionalGroups(root fs.FS, key string) ([]ID, error) {
	name := key
	if uid, err := strconv.Atoi(key); err == nil {
		entry, err := c.UserFiles.findUser(root, func(u user.User) bool { return u.Uid == uid })
		if isAbsent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		name = entry.Name
	}
	entries, err := c.UserFiles.findGroups(root, func(g user.Group) bool {
		return g.Name != name && slices.Contains(g.List, name)
	})
	if isAbsent(err) {
		return nil, nil
	}
	return groupIDs(entries), err
}

// groupIDs returns the numbers of entries of /etc/group.
func groupIDs(entries []user.Group) []ID {
	var groups []ID
	for _, entry := range entries {
		groups = append(groups, NewID(int64(uint32(entry.Gid)), Origin{SourceGroup, entry.Name}))
	}
	return groups
}
