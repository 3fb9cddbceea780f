package simulate_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// on starts a Pod of one container on the nodes and prints what becomes of it.
func on(image *imageconfig.Image, spec corev1.PodSpec, nodes ...string) {
	spec.Containers = []corev1.Container{{Name: "app", Image: "app:1"}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: spec}
	for _, text := range nodes {
		node, err := simulate.ParseNode(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		outcome := simulate.Kubelet{Images: imageconfig.Map{"app:1": image}, Node: node}.Start(context.Background(), pod)
		app := outcome.Container("app")
		if err := outcome.Err(); err != nil {
			fmt.Printf("%s: %v\n", text, err)
			continue
		}
		fmt.Printf("%s: Started as %v:%v, groups %v\n", text, app.Process.UID, app.Process.GID, app.Process.Groups)
	}
}

// Before CVE-2024-40635 was fixed, a number above 32 bits was cut to them.
func ExampleParseNode_userOutOfRange() {
	on(imageconfig.Declared("4294967296", nil), corev1.PodSpec{},
		"containerd 1.7.26", "containerd 1.7.34")
	// Output:
	// containerd 1.7.26: Started as 0:0, groups [0]
	// containerd 1.7.34: container "app": CreateContainerError: failed to create containerd container: invalid USER value "4294967296": uid out of range
}

// The same image passed runAsNonRoot, as root, until Kubernetes 1.34.
func ExampleParseNode_nonRootBypass() {
	on(imageconfig.Declared("4294967296", nil), corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}},
		"kubernetes 1.33.5, containerd 1.7.26", "kubernetes 1.34.0, containerd 1.7.26")
	// Output:
	// kubernetes 1.33.5, containerd 1.7.26: Started as 0:0, groups [0]
	// kubernetes 1.34.0, containerd 1.7.26: container "app": CreateContainerConfigError: container has runAsNonRoot and image has an invalid user id (4294967296). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive (pod: "web_default()", container: app)
}

// Between two fixes the number was a name, which an image may give to root.
func ExampleParseNode_numberAsName() {
	files := fstest.MapFS{"etc/passwd": {Data: []byte("4294967296:x:0:0::/:/bin/sh\n")}}
	on(imageconfig.Declared("4294967296", files), corev1.PodSpec{},
		"containerd 2.2.3", "containerd 2.2.4")
	// Output:
	// containerd 2.2.3: Started as 0:0, groups [0]
	// containerd 2.2.4: container "app": CreateContainerError: failed to create containerd container: invalid USER value "4294967296": uid out of range
}

// containerd gives a Pod no sandbox that has a group and no user; CRI-O does not
// look.
func ExampleParseNode_groupWithoutUser() {
	on(imageconfig.Declared("1000", nil), corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}},
		"containerd 2.4.0", "cri-o 1.36.3")
	// Output:
	// containerd 2.4.0: Pod: FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox "<id>": failed to generate sandbox container spec options: failed to generate user string: user group "2000" is specified without user
	// cri-o 1.36.3: Started as 1000:2000, groups [2000]
}

// A runtime that does not know the policy makes the kubelet reject the Pod.
func ExampleParseNode_strictGroups() {
	policy := corev1.SupplementalGroupsPolicyStrict
	on(imageconfig.Declared("1000", nil), corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{SupplementalGroupsPolicy: &policy}},
		"containerd 1.7.34", "containerd 2.0.11")
	// Output:
	// containerd 1.7.34: Pod: SupplementalGroupsPolicyNotSupported: SupplementalGroupsPolicy=Strict is not supported in this node
	// containerd 2.0.11: Started as 1000:0, groups [0]
}

// User namespaces need a runtime that has them.
func ExampleParseNode_userNamespace() {
	on(imageconfig.Declared("1000", nil), corev1.PodSpec{HostUsers: new(false)},
		"containerd 1.7.34", "containerd 2.4.0")
	// Output:
	// containerd 1.7.34: Pod: FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces
	// containerd 2.4.0: Started as 1000:0, groups [0]
}

// A user that the image does not know, in three runtimes' words.
func ExampleParseNode_namedUser() {
	on(imageconfig.Declared("app", nil), corev1.PodSpec{},
		"containerd 2.4.0", "containerd 1.7.34", "cri-o 1.36.3")
	// Output:
	// containerd 2.4.0: container "app": CreateContainerError: failed to create containerd container: lstat etc: file does not exist
	// containerd 1.7.34: container "app": CreateContainerError: failed to create containerd container: mount callback failed on <root>/tmpmounts/containerd-mount<n>: stat <root>/tmpmounts/containerd-mount<n>/etc/passwd: no such file or directory
	// cri-o 1.36.3: container "app": CreateContainerError: get exec user: unable to find user app: no matching entries in passwd file
}

// containerd sorts the groups and leaves out that of the user's own name; CRI-O
// keeps both as they come.
func ExampleParseNode_groups() {
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
		"etc/group":  {Data: []byte("app:x:7:app\nstaff:x:50:app\n")},
	}
	on(imageconfig.Declared("app", files), corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{FSGroup: new(int64(3))}},
		"containerd 2.4.0", "cri-o 1.36.3")
	// Output:
	// containerd 2.4.0: Started as 1000:1000, groups [3 50 1000]
	// cri-o 1.36.3: Started as 1000:1000, groups [1000 7 50 3]
}

// A link with too many ".." leads to the file again since containerd 2.4; 2.3
// took the file for missing, and the gid became 0.
func ExampleParseNode_linkBeyondRoot() {
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("../../../run/passwd"), Mode: fs.ModeSymlink},
		"run/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
	}
	on(imageconfig.Declared("1000", files), corev1.PodSpec{},
		"containerd 2.3.4", "containerd 2.4.0")
	// Output:
	// containerd 2.3.4: Started as 1000:0, groups [0]
	// containerd 2.4.0: Started as 1000:1000, groups [1000]
}

// The images of NixOS have an absolute link.
func ExampleParseNode_absoluteLink() {
	files := fstest.MapFS{
		"etc/passwd":       {Data: []byte("/nix/store/passwd"), Mode: fs.ModeSymlink},
		"nix/store/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
	}
	on(imageconfig.Declared("1000", files), corev1.PodSpec{},
		"containerd 2.2.2", "containerd 2.2.3")
	// Output:
	// containerd 2.2.2: container "app": CreateContainerError: failed to create containerd container: mount callback failed on <root>/tmpmounts/containerd-mount<n>: openat etc/passwd: path escapes from parent
	// containerd 2.2.3: Started as 1000:1000, groups [1000]
}

// On Windows an image without a user passes runAsNonRoot.
func ExampleParseNode_windows() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)},
			Containers:      []corev1.Container{{Name: "app", Image: "app:1"}},
		},
	}
	for _, os := range []string{"linux", "windows"} {
		for _, user := range []string{"", "ContainerAdministrator"} {
			node := simulate.Kubelet{
				Images: imageconfig.Map{"app:1": imageconfig.Declared(user, nil)},
				Node:   simulate.Node{OS: os},
			}
			fmt.Printf("%s: %v\n", os, node.Start(context.Background(), pod).Err())
		}
	}
	// Output:
	// linux: container "app": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "web_default()", container: app)
	// linux: container "app": CreateContainerConfigError: container has runAsNonRoot and image has non-numeric user (ContainerAdministrator), cannot verify user is non-root (pod: "web_default()", container: app)
	// windows: <nil>
	// windows: container "app": CreateContainerConfigError: container's runAsUser (ContainerAdministrator) which will be regarded as root identity and will break non-root policy (pod: "web_default()", container: app)
}

// One Pod on two nodes in one call.
func ExampleMatrix_Start() {
	matrix := simulate.Matrix{
		Images: imageconfig.Map{"app:1": imageconfig.Declared("1000", nil)},
		Nodes:  []simulate.Node{{Kubelet: "1.34.4"}, {Kubelet: "1.35.4"}},
	}
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}}}
	for _, outcome := range matrix.Start(context.Background(), pod) {
		events := outcome.Events()
		fmt.Println(outcome.Node.Kubelet, events[len(events)-1].Message)
	}
	// Output:
	// 1.34.4 Started container app
	// 1.35.4 Container started
}

// What starts may still surprise.
func ExampleHazard() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}}}
	node := simulate.Kubelet{Images: imageconfig.Map{"app:1": imageconfig.Declared("1000:1000", nil)}}
	for _, hazard := range node.Start(context.Background(), pod).Container("app").Hazards {
		fmt.Println(hazard.Kind, "-", hazard.Fact)
		fmt.Println(hazard.URL)
	}
	// Output:
	// GroupDropped - the group of the image's USER "1000:1000" is dropped: the gid is 0
	// https://github.com/kubernetes/kubernetes/issues/93666
}
