package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// A unit test reads the lock that is committed beside it, and needs no network.
// The lock was made with examples/lock. It answers for every node and for other
// security contexts too; what it lacks is undecided.
func ExampleKubelet_Start_lock() {
	file, err := os.Open("testdata/drystart.lock")
	if err != nil {
		log.Fatal(err)
	}
	lock, err := imageconfig.ReadLock(file)
	_ = file.Close() // nothing was written
	if err != nil {
		log.Fatal(err)
	}
	node := simulate.Kubelet{Images: lock}
	start := func(container corev1.Container) error {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}
		return node.Start(context.Background(), pod).Err()
	}
	nonRoot := &corev1.SecurityContext{RunAsNonRoot: new(true)}
	fmt.Println(start(corev1.Container{Name: "web", Image: "nginx:1.28", SecurityContext: nonRoot}))
	nonRoot.RunAsUser = new(int64(101))
	fmt.Println(start(corev1.Container{Name: "web", Image: "nginx:1.28", SecurityContext: nonRoot}))

	err = start(corev1.Container{Name: "web", Image: "nginx:1.28", Command: []string{"/opt/tool"}})
	fmt.Println(err, errors.Is(err, imageconfig.ErrNotLocked))
	err = start(corev1.Container{Name: "web", Image: "nginx:1.29"})
	fmt.Println(err, errors.Is(err, imageconfig.ErrNotHeld))
	// Output:
	// container "web": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "_default()", container: web)
	// <nil>
	// container "web": undecided: lstat opt: it is not in the lock; make the lock again true
	// container "web": undecided: image "nginx:1.29": the source does not hold the image: the lock has none for linux/amd64; make the lock again true
}
