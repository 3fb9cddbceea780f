package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The Pod that starts everywhere but in production: runAsNonRoot, and an image
// whose USER is root.
func ExampleKubelet_Start() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "rootfail-pod"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)},
			Containers:      []corev1.Container{{Name: "app", Image: "nginx:1.28"}},
		},
	}
	node := simulate.Kubelet{Images: imageconfig.Map{"nginx:1.28": imageconfig.Declared("", nil)}}
	outcome := node.Start(context.Background(), pod)
	fmt.Println(outcome.Err())
	// Output:
	// container "app": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "rootfail-pod_default()", container: app)
}

// Why USER 1000:1000 runs with gid 0: the kubelet never sees the group, and the
// image's /etc/passwd has no entry for uid 1000.
func ExampleKubelet_Start_group() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}}}
	for _, files := range []fstest.MapFS{
		{},
		{"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")}},
	} {
		node := simulate.Kubelet{Images: imageconfig.Map{"app:1": imageconfig.Declared("1000:1000", files)}}
		process := node.Start(context.Background(), pod).Container("app").Process
		fmt.Printf("gid %v: %v\n", process.GID, process.GID.Origin())
	}
	// Output:
	// gid 0: no entry of /etc/passwd has uid 1000
	// gid 1000: /etc/passwd entry "app"
}

// Causes are told apart with errors.Is, a failure's texts come with errors.As.
func ExampleFailure() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true)},
			Containers:      []corev1.Container{{Name: "app", Image: "app:1"}},
		},
	}
	node := simulate.Kubelet{Images: imageconfig.Map{"app:1": imageconfig.Declared("node", nil)}}
	err := node.Start(context.Background(), pod).Err()

	if errors.Is(err, identity.ErrImageUserNotNumeric) {
		fmt.Println("give the image a numeric USER, or the Pod a runAsUser")
	}
	var failure *simulate.Failure
	if errors.As(err, &failure) {
		fmt.Println(failure.Reason)
		fmt.Println(failure.Message)
	}
	// Output:
	// give the image a numeric USER, or the Pod a runAsUser
	// CreateContainerConfigError
	// container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root (pod: "web_shop()", container: app)
}

// What could not be found out is undecided: not a success, not a failure.
func ExampleUndecidedError() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}}}
	outcome := simulate.Kubelet{Images: imageconfig.Map{}}.Start(context.Background(), pod)
	var undecided *simulate.UndecidedError
	fmt.Println(errors.As(outcome.Err(), &undecided), outcome.Container("app").Verdict)
	fmt.Println(outcome.Err())
	// Output:
	// true Undecided
	// container "app": undecided: image "app:1": the source does not hold the image
}

// The status and the events are those that a cluster would show.
func ExampleOutcome_Status() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "setup", Image: "missing:1"}},
			Containers:     []corev1.Container{{Name: "app", Image: "app:1"}},
		},
	}
	node := simulate.Kubelet{Images: imageconfig.Map{
		"missing:1": imageconfig.Declared("nobody", nil),
		"app:1":     imageconfig.Declared("1000", nil),
	}}
	status := node.Start(context.Background(), pod).Status()
	fmt.Println(status.Phase)
	fmt.Println(status.InitContainerStatuses[0].State.Waiting.Reason)
	fmt.Println(status.InitContainerStatuses[0].State.Waiting.Message)
	fmt.Println(status.ContainerStatuses[0].State.Waiting.Reason)
	// Output:
	// Pending
	// CreateContainerError
	// failed to create containerd container: lstat etc: file does not exist
	// PodInitializing
}

func ExampleOutcome_Events() {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}},
	}
	node := simulate.Kubelet{
		Images:  imageconfig.Map{"app:1": imageconfig.Declared("1000", nil)},
		Present: []string{"app:1"},
	}
	for _, event := range node.Start(context.Background(), pod).Events() {
		fmt.Println(event.Type, event.Reason, event.InvolvedObject.FieldPath, event.Message)
	}
	// Output:
	// Normal Pulled spec.containers{app} Container image "app:1" already present on machine and can be accessed by the pod
	// Normal Created spec.containers{app} Container created
	// Normal Started spec.containers{app} Container started
}

// A test that knows how a process ended sees what the kubelet makes of it.
func ExampleOutcome_Ended() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever,
		Containers:    []corev1.Container{{Name: "job", Image: "job:1"}},
	}}
	node := simulate.Kubelet{Images: imageconfig.Map{"job:1": imageconfig.Declared("1000", nil)}}
	outcome := node.Start(context.Background(), pod)
	fmt.Println(outcome.Status().Phase, outcome.Ended("job", 0).Status().Phase, outcome.Ended("job", 1).Status().Phase)
	// Output: Running Succeeded Failed
}

func ExampleOutcome_Container() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}}}
	node := simulate.Kubelet{Images: imageconfig.Map{"app:1": imageconfig.Declared("65532:65532", nil)}}
	app := node.Start(context.Background(), pod).Container("app")
	fmt.Println(app.Verdict, "as uid", app.Process.UID, "because of", app.Process.UID.Origin())
	// Output: Started as uid 65532 because of the image's USER "65532:65532"
}

// After the first try a cluster shows that the kubelet waits.
func ExampleOutcome_Retried() {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "gone:1"}}}}
	node := simulate.Kubelet{Images: imageconfig.SourceFunc(
		func(_ context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
			return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotFound}
		})}
	outcome := node.Start(context.Background(), pod)
	fmt.Println(outcome.Status().ContainerStatuses[0].State.Waiting.Reason)
	fmt.Println(outcome.Retried("app").Status().ContainerStatuses[0].State.Waiting.Reason)
	// Output:
	// ErrImagePull
	// ImagePullBackOff
}

// A node is chosen by what a cluster says of itself.
func ExampleNodeOf() {
	object := &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{
		KubeletVersion: "v1.34.4", ContainerRuntimeVersion: "containerd://1.7.34", OperatingSystem: "linux", Architecture: "arm64",
	}}}
	node, err := simulate.NodeOf(object)
	fmt.Println(node, err)
	// Output: kubernetes 1.34.4, containerd 1.7.34, linux/arm64 <nil>
}

// A text that names no node is answered with what is known.
func ExampleParseNode() {
	_, err := simulate.ParseNode("kubernetes 1.12")
	fmt.Println(err)
	// Output: node kubernetes 1.12, containerd 2.4.0, linux/amd64 is not emulated; known are kubernetes 1.28.0 to 1.37.2, containerd 1.6.0 to 2.4.0, cri-o 1.31.0 to 1.36.3, on linux; containerd on windows
}

// The nodes at which something changed.
func ExampleNodes() {
	nodes := simulate.Nodes()
	fmt.Println(nodes[0])
	fmt.Println(nodes[len(nodes)-1])
	// Output:
	// kubernetes 1.37.2, containerd 2.4.0, linux/amd64
	// kubernetes 1.37.2, cri-o 1.31.0, linux/amd64
}
