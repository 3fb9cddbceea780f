package simulate_test

import (
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// accounts are the files of the images that have any.
var accounts = fstest.MapFS{
	"etc/passwd": {Data: []byte("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")},
	"etc/group":  {Data: []byte("root:x:0:\napp:x:1000:\nstaff:x:50:app\n")},
}

// images are small images, named after their USER.
var images = imageconfig.Map{
	"root": imageconfig.Declared("", accounts),
	"uid":  imageconfig.Declared("1000", accounts),
	"app":  imageconfig.Declared("app", accounts),
	"gone": imageconfig.Declared("gone", accounts),
	"bare": imageconfig.Declared("1000:1000", nil),
	"huge": imageconfig.Declared("4294967296", accounts),
}

// podOf returns a Pod as a person writes it, with these regular containers.
func podOf(containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.PodSpec{Containers: containers},
	}
}

// container returns a container of an image that does not have to be root's.
func container(name, image string) corev1.Container {
	return corev1.Container{Name: name, Image: image}
}

// nonRoot makes a Pod set runAsNonRoot.
func nonRoot(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: new(true)}
	return pod
}

// withInit puts init containers before a Pod's others.
func withInit(pod *corev1.Pod, inits ...corev1.Container) *corev1.Pod {
	pod.Spec.InitContainers = inits
	return pod
}

// sidecar makes an init container one.
func sidecar(c corev1.Container) corev1.Container {
	c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	return c
}

// start starts a Pod on the newest node with the images above.
func start(t *testing.T, pod *corev1.Pod) simulate.Outcome {
	t.Helper()
	return simulate.Kubelet{Images: images}.Start(t.Context(), pod)
}

// checkTable fails unless each case of a table says its name, once, and why it
// is there.
func checkTable(t *testing.T, seen map[string]bool, name, reason string) {
	t.Helper()
	if name == "" || reason == "" {
		t.Fatalf("case %q needs a name and a reason", name)
	}
	if seen[name] {
		t.Fatalf("case %q is there twice", name)
	}
	seen[name] = true
}
