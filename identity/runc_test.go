package identity_test

import (
	"errors"
	"math"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
)

func TestSetupUserByFiles(t *testing.T) {
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("far:x:4294967291:5\n")},
		"etc/group":  {Data: []byte("0:x:1000:\nbig:x:3000000000:\n")},
	}
	id := func(number int64) identity.ID { return identity.NewID(number, identity.Origin{}) }
	tests := []struct {
		name, reason string
		process      identity.Process
		size         int64
		want         string // the groups' numbers, or the error
	}{
		{name: "plain", reason: "numbers that nobody knows stay", process: identity.Process{UID: id(5), GID: id(6), Groups: []identity.ID{id(6)}}, size: math.MaxUint32, want: "6"},
		{name: "group by name", reason: "group 0 is taken for the group that is named 0", process: identity.Process{UID: id(5), GID: id(0), Groups: []identity.ID{id(0)}}, size: math.MaxUint32, want: "1000"},
		{name: "known uid", reason: "an entry makes any number good", process: identity.Process{UID: id(4294967291), GID: id(6), Groups: []identity.ID{id(6)}}, size: math.MaxUint32, want: "6"},
		{name: "unknown uid", reason: "above the range and in no entry", process: identity.Process{UID: id(4294967290), GID: id(6)}, size: math.MaxUint32, want: "unable to setup user: uids and gids must be in range 0-2147483647"},
		{name: "known gid", reason: "an entry makes it good", process: identity.Process{UID: id(5), GID: id(3000000000), Groups: []identity.ID{id(3000000000)}}, size: math.MaxUint32, want: "3000000000"},
		{name: "unknown gid", reason: "above the range and in no entry", process: identity.Process{UID: id(5), GID: id(3000000001)}, size: math.MaxUint32, want: "unable to setup user: uids and gids must be in range 0-2147483647"},
		{name: "unknown group", reason: "each group is looked up", process: identity.Process{UID: id(5), GID: id(6), Groups: []identity.ID{id(3000000001)}}, size: math.MaxUint32, want: "unable to setup user: uids and gids must be in range 0-2147483647"},
		{name: "unmapped uid", reason: "outside of the user namespace", process: identity.Process{UID: id(70000), GID: id(6)}, size: identity.IDMapSize, want: "unable to setup user: cannot set uid to unmapped user in user namespace"},
		{name: "unmapped gid", reason: "outside of the user namespace", process: identity.Process{UID: id(5), GID: id(70000)}, size: identity.IDMapSize, want: "unable to setup user: cannot set gid to unmapped user in user namespace"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			process, err := identity.SetupUserByFiles(files, test.process, test.size)
			if err != nil {
				same(t, test.want, err.Error())
				return
			}
			got := ""
			for _, group := range process.Groups {
				got += group.String()
			}
			same(t, test.want, got)
		})
	}
	var unreadable *identity.UnreadableError
	if _, err := identity.SetupUserByFiles(nil, identity.Process{UID: id(5)}, math.MaxUint32); !errors.As(err, &unreadable) {
		t.Errorf("without files: %v, want an *UnreadableError", err)
	}
}
