package identity_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
)

func TestProcessEqual(t *testing.T) {
	process := func(uid, gid identity.ID, groups ...identity.ID) identity.Process {
		return identity.Process{UID: uid, GID: gid, Groups: groups}
	}
	one, two := fromPasswd(1, "a"), fromPasswd(2, "a")
	tests := []struct {
		name, reason string
		a, b         identity.Process
		equal        bool
	}{
		{"zero", "Two unknown processes say the same.", identity.Process{}, identity.Process{}, true},
		{"no groups", "Nil and empty say the same.", process(one, two), process(one, two, []identity.ID{}...), true},
		{"same", "All agree.", process(one, two, one, two), process(one, two, one, two), true},
		{"uid", "The user counts.", process(one, two, one), process(two, two, one), false},
		{"gid", "The group counts.", process(one, two, one), process(one, one, one), false},
		{"order", "The runtime reports an order.", process(one, two, one, two), process(one, two, two, one), false},
		{"more groups", "The length counts.", process(one, two, one), process(one, two, one, two), false},
		{"origin", "Who decided counts.", process(one, two), process(one, fromGroup(2, "a")), false},
		{"user name", "On Windows the name is the user.", identity.Process{Username: "a"}, identity.Process{Username: "b"}, false},
		{"user name's origin", "An empty name is known where it has an origin.", identity.Process{}, identity.Process{UsernameOrigin: one.Origin()}, false},
		{"unknown and root", "Unknown is not root.", identity.Process{}, process(identity.NewID(0, identity.Origin{}), identity.NewID(0, identity.Origin{})), false},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			same(t, test.equal, test.a.Equal(test.b))
			same(t, test.equal, test.b.Equal(test.a))
		})
	}
}

func TestProcessGroupsOrder(t *testing.T) {
	// uid 1000 is in the groups 9, 10 and 100. Text order would be 10, 100, 9.
	files := accounts("app:x:1000:50\n", "c:x:100:app\nb:x:10:app\na:x:9:app\nb2:x:10:app\n")
	request := asks("1000")
	request.SupplementalGroups = []identity.ID{
		fromPod(100, "fsGroup"), fromPod(7, "supplementalGroups"), fromPod(50, "supplementalGroups"), fromPod(7, "fsGroup"),
	}
	process, err := identity.Containerd{}.Process(files, request)
	if err != nil {
		t.Fatal(err)
	}
	// Of equal numbers the first one stays: the gid, then the request's groups,
	// then the file's.
	same(t, []identity.ID{
		fromPod(7, "supplementalGroups"),
		fromGroup(9, "a"),
		fromGroup(10, "b"),
		fromPasswd(50, "app"),
		fromPod(100, "fsGroup"),
	}, process.Groups)
	same(t, 4, len(request.SupplementalGroups))
	same(t, fromPod(100, "fsGroup"), request.SupplementalGroups[0])
}
