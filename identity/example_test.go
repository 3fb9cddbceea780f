package identity_test

import (
	"errors"
	"fmt"
	"math"
	"testing/fstest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/drystart/drystart/identity"
)

func ExampleParseImageUser() {
	for _, user := range []string{"1000:2000", "app:staff", ""} {
		image := identity.ParseImageUser(user)
		switch {
		case image.UID != nil:
			fmt.Printf("%q is uid %d\n", user, *image.UID)
		case image.Username != "":
			fmt.Printf("%q is the name %s\n", user, image.Username)
		default:
			fmt.Printf("%q is no user: root\n", user)
		}
	}
	// Output:
	// "1000:2000" is uid 1000
	// "app:staff" is the name app
	// "" is no user: root
}

func ExampleEffectiveSecurityContext() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{RunAsUser: new(int64(1000)), RunAsGroup: new(int64(2000))},
	}}
	container := &corev1.Container{
		SecurityContext: &corev1.SecurityContext{RunAsUser: new(int64(0))},
	}
	effective := identity.EffectiveSecurityContext(pod, container)
	fmt.Println("runAsUser:", *effective.RunAsUser)
	fmt.Println("runAsGroup:", *effective.RunAsGroup)
	// Output:
	// runAsUser: 0
	// runAsGroup: 2000
}

func ExampleVerifyRunAsNonRoot() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", UID: "4f1c"},
		Spec:       corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}},
	}
	container := &corev1.Container{Name: "app"}

	err := identity.VerifyRunAsNonRoot(pod, container, identity.ParseImageUser("nginx"))
	if errors.Is(err, identity.ErrImageUserNotNumeric) {
		fmt.Println("The image needs a number as its USER.")
	}
	fmt.Println(err)
	// Output:
	// The image needs a number as its USER.
	// container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "web_default(4f1c)", container: app)
}

func ExamplePodName() {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", UID: "4f1c"}}
	fmt.Println(identity.PodName(pod))
	// Output: web_default(4f1c)
}

func ExampleContainerRequest() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{FSGroup: new(int64(3000)), SupplementalGroups: []int64{4000}},
	}}
	// The group of the image's USER is never sent.
	request := identity.ContainerRequest(pod, &corev1.Container{}, identity.ParseImageUser("1000:2000"))
	fmt.Println("uid:", request.RunAsUser, "from", request.RunAsUser.Origin())
	fmt.Println("gid:", request.RunAsGroup)
	for _, group := range request.SupplementalGroups {
		fmt.Println("group:", group, "from", group.Origin())
	}
	// Output:
	// uid: 1000 from the image's USER "1000:2000"
	// gid: unknown
	// group: 3000 from spec.securityContext.fsGroup
	// group: 4000 from spec.securityContext.supplementalGroups
}

func ExampleSandboxRequest() {
	// A group without a user: a container is root then, the sandbox has no user.
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))},
	}}
	request := identity.SandboxRequest(pod)
	fmt.Println("uid:", request.RunAsUser)
	fmt.Println("gid:", request.RunAsGroup)
	_, err := identity.Containerd{}.UserString(request)
	fmt.Println(err)
	// Output:
	// uid: unknown
	// gid: 2000
	// user group "2000" is specified without user
}

func ExampleContainerd_UserString() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))},
	}}
	request := identity.ContainerRequest(pod, &corev1.Container{}, identity.ParseImageUser("app:staff"))
	user, err := identity.Containerd{}.UserString(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user)
	// Output: app:2000
}

func ExampleContainerd_Process() {
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("root:x:0:0:::\napp:x:1000:1000:::\n")},
		"etc/group":  {Data: []byte("wheel:x:10:root\nusers:x:100:app\n")},
	}
	request := identity.ContainerRequest(&corev1.Pod{}, &corev1.Container{}, identity.ParseImageUser("app"))
	process, err := identity.Containerd{}.Process(files, request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("uid:", process.UID, "from", process.UID.Origin())
	fmt.Println("gid:", process.GID, "from", process.GID.Origin())
	for _, group := range process.Groups {
		fmt.Println("group:", group, "from", group.Origin())
	}
	// Output:
	// uid: 1000 from /etc/passwd entry "app"
	// gid: 1000 from /etc/passwd entry "app"
	// group: 100 from /etc/group entry "users"
	// group: 1000 from /etc/passwd entry "app"
}

func ExampleCheckIDMap() {
	// The Pod has hostUsers false: its IDs are 0 to 65535.
	process := identity.Process{
		UID: identity.NewID(70000, identity.Origin{Source: identity.SourcePod, Name: "runAsUser"}),
		GID: identity.NewID(0, identity.Origin{Source: identity.SourcePod, Name: "runAsGroup"}),
	}
	err := identity.CheckIDMap(process, identity.IDMapSize)
	fmt.Println(errors.Is(err, identity.ErrIDNotMapped))
	fmt.Println(err)
	// Output:
	// true
	// container ID 70000 cannot be mapped to a host ID
}

func ExampleSetupUser() {
	group := identity.NewID(70000, identity.Origin{Source: identity.SourcePod, Name: "fsGroup"})
	process := identity.Process{Groups: []identity.ID{group}}
	fmt.Println("on the host:", identity.SetupUser(process, math.MaxUint32))
	fmt.Println("in a user namespace:", identity.SetupUser(process, identity.IDMapSize))
	// Output:
	// on the host: <nil>
	// in a user namespace: unable to setup user: setgroups: invalid argument
}

// CRI-O keeps the groups as they come, and the one that has the user's name.
func ExampleCRIO_Process() {
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
		"etc/group":  {Data: []byte("staff:x:50:app\napp:x:7:app\n")},
	}
	process, err := identity.CRIO{}.Process(files, identity.Request{RunAsUsername: "app"})
	fmt.Println(process.UID, process.GID, process.Groups, err)
	// Output: 1000 1000 [1000 50 7] <nil>
}

// containerd makes no sandbox for a Pod with a group and no user; CRI-O does.
func ExampleRuntime() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}}}
	for _, runtime := range []identity.Runtime{identity.Containerd{}, identity.CRIO{}} {
		fmt.Println(runtime.Sandbox(identity.SandboxRequest(pod)))
	}
	// Output:
	// user group "2000" is specified without user
	// <nil>
}

// An old runc takes group 0 for the group that is named "0".
func ExampleSetupUserByFiles() {
	files := fstest.MapFS{"etc/group": {Data: []byte("0:x:1000:\n")}}
	root := identity.NewID(0, identity.Origin{})
	process, err := identity.SetupUserByFiles(files, identity.Process{UID: root, GID: root, Groups: []identity.ID{root}}, math.MaxUint32)
	fmt.Println(process.Groups, err)
	// Output: [1000] <nil>
}

// On Windows a name is root, and an image without a user passes.
func ExampleVerifyRunAsNonRootOnWindows() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec:       corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}},
	}
	container := &corev1.Container{Name: "app"}
	for _, user := range []string{"", "ContainerAdministrator"} {
		fmt.Println(identity.VerifyRunAsNonRootOnWindows(pod, container, identity.ParseImageUser(user)))
	}
	// Output:
	// <nil>
	// container's runAsUser (ContainerAdministrator) which will be regarded as root identity and will break non-root policy (pod: "web_default()", container: app)
}

func ExampleWindowsUsername() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{
		WindowsOptions: &corev1.WindowsSecurityContextOptions{RunAsUserName: new("ContainerUser")},
	}}}
	name, origin := identity.WindowsUsername(pod, &corev1.Container{}, identity.ParseImageUser("app"))
	fmt.Println(name, "because of", origin)
	// Output: ContainerUser because of spec.securityContext.windowsOptions.runAsUserName
}
