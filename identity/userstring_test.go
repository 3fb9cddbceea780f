package identity_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/identity"
)

func TestUserString(t *testing.T) {
	type request = identity.Request
	uid, gid := fromPod(1000, "runAsUser"), fromPod(2000, "runAsGroup")
	tests := []struct {
		name, reason string
		request      identity.Request
		want         string
		wantErr      string
	}{
		{"nothing", "A sandbox may ask for nothing.", request{}, "", ""},
		{"uid", "A number stands alone.", request{RunAsUser: uid}, "1000", ""},
		{"uid and gid", "A colon stands between them.", request{RunAsUser: uid, RunAsGroup: gid}, "1000:2000", ""},
		{"name", "A name stands alone.", request{RunAsUsername: "app"}, "app", ""},
		{"name and gid", "A name takes a group too.", request{RunAsUsername: "app", RunAsGroup: gid}, "app:2000", ""},
		{"name and uid", "The name wins over the uid.", request{RunAsUsername: "app", RunAsUser: uid}, "app", ""},
		{"name, uid and gid", "The name wins over the uid.", request{RunAsUsername: "app", RunAsUser: uid, RunAsGroup: gid}, "app:2000", ""},
		{"zeros", "Zero is a value.", request{RunAsUser: fromPod(0, "runAsUser"), RunAsGroup: fromPod(0, "runAsGroup")}, "0:0", ""},
		{"out of range", "No range is checked here.", request{RunAsUser: fromImage(-1, "-1"), RunAsGroup: fromPod(4294967296, "runAsGroup")}, "-1:4294967296", ""},
		{"group alone", "A group needs a user.", request{RunAsGroup: gid}, "", `user group "2000" is specified without user`},
		{"group 0 alone", "Zero is a value here too.", request{RunAsGroup: fromPod(0, "runAsGroup")}, "", `user group "0" is specified without user`},
		{"canonical", "The image's spelling is gone.", asks("+007:5"), "7", ""},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			got, err := identity.Containerd{}.UserString(test.request)
			same(t, test.want, got)
			if test.wantErr == "" {
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				return
			}
			failsWith(t, test.wantErr, err)
			var stringError *identity.UserStringError
			same(t, true, errors.As(err, &stringError))
			same(t, true, errors.Is(err, identity.ErrGroupWithoutUser))
			same(t, false, errors.Is(err, identity.ErrIDOutOfRange))
		})
	}
}

// A Pod that asks for a group and no user breaks its sandbox, and no container.
func TestUserStringOfPodGroup(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}}}
	_, err := identity.Containerd{}.UserString(identity.SandboxRequest(pod))
	failsWith(t, `user group "2000" is specified without user`, err)
	request := identity.ContainerRequest(pod, &corev1.Container{}, identity.ImageUser{})
	got, err := identity.Containerd{}.UserString(request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "0:2000", got)
	_, err = identity.Containerd{}.Process(closedFS{t}, identity.SandboxRequest(pod))
	failsWith(t, `user group "2000" is specified without user`, err)
}

// A number out of range is refused before any file is read.
func TestProcessOutOfRange(t *testing.T) {
	withGroup := func(user string, group int64) identity.Request {
		request := asks(user)
		request.RunAsGroup = fromPod(group, "runAsGroup")
		return request
	}
	tests := []struct {
		name, reason string
		request      identity.Request
		want         string
	}{
		{"first above", "The range ends at 31 bits.", asks("2147483648"), `invalid USER value "2147483648": uid out of range`},
		{"canonical", "The text shows what the kubelet sent.", asks("+02147483648:5"), `invalid USER value "2147483648": uid out of range`},
		{"cut to root", "It must not become uid 0.", asks("4294967296"), `invalid USER value "4294967296": uid out of range`},
		{"negative", "The range begins at 0.", asks("-1"), `invalid USER value "-1": uid out of range`},
		{"largest", "It is still a number.", asks("9223372036854775807"), `invalid USER value "9223372036854775807": uid out of range`},
		{"overflow", "A name that is a number above 64 bits is none.", asks("9223372036854775808"), `invalid USER value "9223372036854775808": uid out of range`},
		{"signed overflow", "A name is shown as it stands.", asks("+09223372036854775808"), `invalid USER value "+09223372036854775808": uid out of range`},
		{"negative overflow", "It overflows on the other side too.", asks("-9223372036854775809"), `invalid USER value "-9223372036854775809": uid out of range`},
		{"uid with group", "The text shows the group.", withGroup("2147483648", 2000), `invalid USER value "2147483648:2000": uid out of range`},
		{"overflow with group", "The text shows the group.", withGroup("9223372036854775808", 0), `invalid USER value "9223372036854775808:0": uid out of range`},
		{"gid above", "A group has the same range.", withGroup("1000", 2147483648), `invalid USER value "1000:2147483648": gid out of range`},
		{"gid negative", "A group has the same range.", withGroup("1000", -1), `invalid USER value "1000:-1": gid out of range`},
		{"gid with a name", "The name is not looked up first.", withGroup("app", 4294967296), `invalid USER value "app:4294967296": gid out of range`},
		{"both", "The uid is refused first.", withGroup("-5", -1), `invalid USER value "-5:-1": uid out of range`},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				request := test.request
				request.Strict = strict
				got, err := identity.Containerd{}.Process(closedFS{t}, request)
				failsWith(t, test.want, err)
				var stringError *identity.UserStringError
				same(t, true, errors.As(err, &stringError))
				same(t, true, errors.Is(err, identity.ErrIDOutOfRange))
				same(t, false, errors.Is(err, identity.ErrGroupWithoutUser))
				same(t, identity.Process{}, got)
			}
		})
	}
}

// The last numbers of the range are users.
func TestProcessInRange(t *testing.T) {
	request := identity.Request{RunAsUser: fromPod(2147483647, "runAsUser"), RunAsGroup: fromPod(2147483647, "runAsGroup"), Strict: true}
	got, err := identity.Containerd{}.Process(closedFS{t}, request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, identity.Process{UID: request.RunAsUser, GID: request.RunAsGroup, Groups: []identity.ID{request.RunAsGroup}}, got)
}
