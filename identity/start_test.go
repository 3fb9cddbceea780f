package identity_test

import (
	"errors"
	"math"
	"testing"

	"github.com/drystart/drystart/identity"
)

// runsAs returns a process with those numbers.
func runsAs(uid, gid int64, groups ...int64) identity.Process {
	process := identity.Process{UID: fromImage(uid, "u"), GID: fromPod(gid, "runAsGroup")}
	for _, group := range groups {
		process.Groups = append(process.Groups, fromPod(group, "supplementalGroups"))
	}
	return process
}

func checkStart(t *testing.T, want string, cause, err error) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return
	}
	failsWith(t, want, err)
	var start *identity.StartError
	if !errors.As(err, &start) || !errors.Is(err, cause) {
		t.Errorf("error %v is no StartError with %v", err, cause)
	}
	for _, other := range []error{identity.ErrIDNotMapped, identity.ErrIDNotSettable} {
		same(t, errors.Is(other, cause), errors.Is(err, other))
	}
}

func TestCheckIDMap(t *testing.T) {
	tests := []struct {
		name, reason string
		process      identity.Process
		size         int64
		want         string
	}{
		{"root", "The first ID is mapped.", runsAs(0, 0), identity.IDMapSize, ""},
		{"last", "The last ID is mapped.", runsAs(65535, 65535), identity.IDMapSize, ""},
		{"uid above", "The first ID above is not.", runsAs(65536, 0), identity.IDMapSize, "container ID 65536 cannot be mapped to a host ID"},
		{"gid above", "The gid is checked too.", runsAs(0, 70000), identity.IDMapSize, "container ID 70000 cannot be mapped to a host ID"},
		{"both above", "The uid comes first.", runsAs(70001, 70000), identity.IDMapSize, "container ID 70001 cannot be mapped to a host ID"},
		{"largest", "An account file can give this number.", runsAs(4294967295, 0), identity.IDMapSize, "container ID 4294967295 cannot be mapped to a host ID"},
		{"other size", "A kubelet can give more IDs.", runsAs(65536, 131071), 131072, ""},
		{"supplementary group", "These are not checked here.", runsAs(0, 0, 70000), identity.IDMapSize, ""},
		{"unknown", "What is unknown is no error.", identity.Process{}, identity.IDMapSize, ""},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			checkStart(t, test.want, identity.ErrIDNotMapped, identity.CheckIDMap(test.process, test.size))
		})
	}
}

func TestSetupUser(t *testing.T) {
	const (
		host      = math.MaxUint32
		setgroups = "unable to setup user: setgroups: invalid argument"
	)
	tests := []struct {
		name, reason string
		process      identity.Process
		size         int64
		cause        error
		want         string
	}{
		{"mapped", "The last ID is mapped.", runsAs(65535, 65535, 65535), identity.IDMapSize, nil, ""},
		{
			"supplementary group", "Only here does an unmapped group show.",
			runsAs(0, 0, 0, 65536), identity.IDMapSize, identity.ErrIDNotMapped, setgroups,
		},
		{
			"gid", "The text names the gid.",
			runsAs(0, 65536), identity.IDMapSize, identity.ErrIDNotMapped,
			"unable to setup user: cannot setgid to unmapped gid 65536 in user namespace",
		},
		{
			"uid", "The text names the uid.",
			runsAs(65536, 0), identity.IDMapSize, identity.ErrIDNotMapped,
			"unable to setup user: cannot setuid to unmapped uid 65536 in user namespace",
		},
		{
			"groups first", "The runtime sets the groups before all else.",
			runsAs(65536, 65536, 65536), identity.IDMapSize, identity.ErrIDNotMapped, setgroups,
		},
		{
			"gid before uid", "A process that gave up its uid could not set its gid.",
			runsAs(65537, 65536), identity.IDMapSize, identity.ErrIDNotMapped,
			"unable to setup user: cannot setgid to unmapped gid 65536 in user namespace",
		},
		{"host", "On the host every other number is a user.", runsAs(4294967294, 4294967294, 4294967294), host, nil, ""},
		{
			"host uid -1", "The kernel reads this number as: leave the uid.",
			runsAs(4294967295, 0, 0), host, identity.ErrIDNotSettable,
			"unable to setup user: cannot setuid to unmapped uid 4294967295 in user namespace",
		},
		{
			"host gid -1", "The same holds for the gid.",
			runsAs(0, 4294967295), host, identity.ErrIDNotSettable,
			"unable to setup user: cannot setgid to unmapped gid 4294967295 in user namespace",
		},
		{
			"host group -1", "The same holds for each group.",
			runsAs(0, 0, 0, 4294967295), host, identity.ErrIDNotSettable, setgroups,
		},
		{"unknown", "What is unknown is no error.", identity.Process{Groups: []identity.ID{{}}}, identity.IDMapSize, nil, ""},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			checkStart(t, test.want, test.cause, identity.SetupUser(test.process, test.size))
		})
	}
}
