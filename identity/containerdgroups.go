package identity

import (
	"io/fs"

	"github.com/moby/sys/user"
)

// additionalGroups adds the groups of /etc/group that list the request's user,
// without the group that has the user's name.
func (c Containerd) additionalGroups(groups []ID, root fs.FS, request Request) ([]ID, error) {
	name, uid := request.RunAsUsername, request.RunAsUser.number
	isNumber := name == ""
	if number, err := parseNumber(name); err == nil {
		uid, isNumber = number, true
	}
	if isNumber {
		entry, err := c.UserFiles.findUser(root, query{by: byNumber, number: uid})
		if isAbsent(err) {
			return groups, nil
		}
		if err != nil {
			return nil, err
		}
		name = entry.Name
	}
	entries, err := c.UserFiles.findGroups(root, query{by: byOtherMember, text: name})
	if isAbsent(err) {
		return groups, nil
	}
	return appendIDs(groups, entries), err
}

// appendIDs adds the numbers of entries of /etc/group.
func appendIDs(groups []ID, entries []user.Group) []ID {
	for _, entry := range entries {
		groups = append(groups, cut(int64(entry.Gid), Origin{SourceGroup, entry.Name}))
	}
	return groups
}
