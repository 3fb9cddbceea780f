package identity

import (
	"slices"

	"github.com/moby/sys/user"
)

// A query takes some of the entries of an account file.
type query struct {
	by     key
	text   string
	number int64
}

// A key is what a query looks at.
type key int

const (
	byName        key = iota // the entries of that name
	byNumber                 // the entries of that number
	byMember                 // the groups that list a member
	byOtherMember            // the groups that list a member and have another name
	byNothing                // all entries
)

func (q query) takesUser(u *user.User) bool {
	switch q.by {
	case byName:
		return u.Name == q.text
	case byNumber:
		return int64(u.Uid) == q.number
	default:
		return q.by == byNothing
	}
}

func (q query) takesGroup(g *user.Group) bool {
	switch q.by {
	case byName:
		return g.Name == q.text
	case byNumber:
		return int64(g.Gid) == q.number
	case byMember:
		return slices.Contains(g.List, q.text)
	case byOtherMember:
		return slices.Contains(g.List, q.text) && g.Name != q.text
	default:
		return q.by == byNothing
	}
}
