package identity_test

import (
	"errors"
	"testing"

	"github.com/drystart/drystart/identity"
)

// The account files of most cases. app's own group app is not among its groups,
// for it has the user's name.
const (
	passwd = `root:x:0:0:root:/root:/bin/sh
toor:x:0:0:other root:/root:/bin/sh
app:x:1000:1000:::
dup:x:2000:20:::
app:x:3000:3000:::
dup2:x:2000:30:::
12345:x:77:78:::
`
	group = `root:x:0:root
wheel:x:10:root,dup
app:x:1000:app
users:x:50:app,dup2
staff:x:4321:app
bin:x:1:app
num:x:60:12345,1000
`
)

func TestProcess(t *testing.T) {
	type request = identity.Request
	type ids = []identity.ID
	app := func(n int64) identity.ID { return fromPasswd(n, "app") }
	bin, users, staff := fromGroup(1, "bin"), fromGroup(50, "users"), fromGroup(4321, "staff")
	tests := []struct {
		name, reason string
		request      identity.Request
		uid, gid     identity.ID
		groups       []identity.ID
	}{
		{"name", "The first entry of the name decides, not the second.", asks("app"), app(1000), app(1000), ids{bin, users, app(1000), staff}},
		{"number", "The uid is the image's, the gid is the entry's.", asks("1000"), fromImage(1000, "1000"), app(1000), ids{bin, users, app(1000), staff}},
		{"image's group", "The image's group is dead.", asks("1000:2000"), fromImage(1000, "1000:2000"), app(1000), ids{bin, users, app(1000), staff}},
		{"canonical number", "Signs and leading zeros are gone.", asks("+01000"), fromImage(1000, "+01000"), app(1000), ids{bin, users, app(1000), staff}},
		{"number of two entries", "The first entry of the uid decides the gid and the name.", asks("2000"), fromImage(2000, "2000"), fromPasswd(20, "dup"), ids{fromGroup(10, "wheel"), fromPasswd(20, "dup")}},
		{"name of a shared uid", "A name is looked up as a name.", asks("dup2"), fromPasswd(2000, "dup2"), fromPasswd(30, "dup2"), ids{fromPasswd(30, "dup2"), users}},
		{"root", "uid 0 has the groups of its first name.", asks("0"), fromImage(0, "0"), fromPasswd(0, "root"), ids{fromPasswd(0, "root"), fromGroup(10, "wheel")}},
		{"no user", "An image without a USER is uid 0.", asks(""), fromImage(0, ""), fromPasswd(0, "root"), ids{fromPasswd(0, "root"), fromGroup(10, "wheel")}},
		{"toor", "The other root is not in wheel.", asks("toor"), fromPasswd(0, "toor"), fromPasswd(0, "toor"), ids{fromPasswd(0, "toor")}},
		{"no entry", "A number needs no entry; its gid is 0.", asks("4242"), fromImage(4242, "4242"), fromDefault("4242"), ids{fromDefault("4242")}},
		{"numeric name", "A number never matches a name.", asks("12345"), fromImage(12345, "12345"), fromDefault("12345"), ids{fromDefault("12345")}},
		{"uid of the numeric name", "The group list names the user 12345.", asks("77"), fromImage(77, "77"), fromPasswd(78, "12345"), ids{fromGroup(60, "num"), fromPasswd(78, "12345")}},
		{
			"number and group", "The entry's gid disappears; its memberships stay.",
			request{RunAsUser: fromContainer(1000, "runAsUser"), RunAsGroup: fromPod(2000, "runAsGroup")},
			fromContainer(1000, "runAsUser"), fromPod(2000, "runAsGroup"), ids{bin, users, fromPod(2000, "runAsGroup"), staff},
		},
		{
			"name and group", "The entry's gid disappears; its memberships stay.",
			request{RunAsUsername: "app", RunAsGroup: fromPod(2000, "runAsGroup")},
			app(1000), fromPod(2000, "runAsGroup"), ids{bin, users, fromPod(2000, "runAsGroup"), staff},
		},
		{
			"group that is listed too", "Of equal numbers the request's stays.",
			request{RunAsUsername: "app", RunAsGroup: fromPod(50, "runAsGroup")},
			app(1000), fromPod(50, "runAsGroup"), ids{bin, fromPod(50, "runAsGroup"), staff},
		},
		{
			"group 0", "Zero is a value.",
			request{RunAsUsername: "app", RunAsGroup: fromPod(0, "runAsGroup")},
			app(1000), fromPod(0, "runAsGroup"), ids{fromPod(0, "runAsGroup"), bin, users, staff},
		},
		{
			"unknown number and group", "A group needs no entry either.",
			request{RunAsUser: fromPod(4242, "runAsUser"), RunAsGroup: fromPod(7, "runAsGroup")},
			fromPod(4242, "runAsUser"), fromPod(7, "runAsGroup"), ids{fromPod(7, "runAsGroup")},
		},
		{
			"supplemental groups", "They are merged with the image's, sorted, each once.",
			request{RunAsUsername: "app", SupplementalGroups: ids{fromPod(9, "fsGroup"), fromPod(50, "supplementalGroups"), fromPod(9, "supplementalGroups"), fromPod(2, "supplementalGroups")}},
			app(1000), app(1000), ids{bin, fromPod(2, "supplementalGroups"), fromPod(9, "fsGroup"), fromPod(50, "supplementalGroups"), app(1000), staff},
		},
		{
			"supplemental group that is the gid", "The gid comes first.",
			request{RunAsUsername: "toor", SupplementalGroups: ids{fromPod(0, "fsGroup")}},
			fromPasswd(0, "toor"), fromPasswd(0, "toor"), ids{fromPasswd(0, "toor")},
		},
		{
			"supplemental groups out of range", "They are cut to 32 bits, unchecked.",
			request{RunAsUsername: "toor", SupplementalGroups: ids{fromPod(-1, "fsGroup"), fromPod(1<<32+5, "supplementalGroups")}},
			fromPasswd(0, "toor"), fromPasswd(0, "toor"), ids{fromPasswd(0, "toor"), fromPod(5, "supplementalGroups"), fromPod(4294967295, "fsGroup")},
		},
		{
			"strict", "The image's groups stay out; the entry's gid does not.",
			request{RunAsUsername: "app", SupplementalGroups: ids{fromPod(9, "fsGroup")}, Strict: true},
			app(1000), app(1000), ids{fromPod(9, "fsGroup"), app(1000)},
		},
		{
			"strict with a group", "The image adds nothing but the uid.",
			request{RunAsUsername: "app", RunAsGroup: fromPod(5, "runAsGroup"), Strict: true},
			app(1000), fromPod(5, "runAsGroup"), ids{fromPod(5, "runAsGroup")},
		},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, err := identity.Containerd{}.Process(accounts(passwd, group), test.request)
			if err != nil {
				t.Fatal(err)
			}
			same(t, identity.Process{UID: test.uid, GID: test.gid, Groups: test.groups}, got)
		})
	}
}

func TestProcessNoUsersFound(t *testing.T) {
	tests := []struct{ name, reason, user string }{
		{"missing", "No entry has the name.", "missing"},
		{"case", "Names are compared as they stand.", "App"},
		{"blank", "Names are not trimmed.", " app"},
		{"prefix", "Names are compared whole.", "ap"},
		{"numeral", "What is no decimal is a name.", "0x0"},
		{"group's name", "A group is no user.", "wheel"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, err := identity.Containerd{}.Process(accounts(passwd, group), asks(test.user))
			failsWith(t, "no users found", err)
			same(t, true, errors.Is(err, identity.ErrNoUsersFound))
			same(t, identity.Process{}, got)
		})
	}
}
