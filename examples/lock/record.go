package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// record starts the Pods on the nodes and returns what was asked of the source.
// The error joins what could not be recorded.
func record(ctx context.Context, source imageconfig.Source, nodes []simulate.Node, pods []*corev1.Pod) (*imageconfig.Lock, error) {
	recorder := &imageconfig.Recorder{Source: source}
	var errs []error
	for _, pod := range pods {
		images := imagesOf(pod)
		for _, node := range nodes {
			kubelet := simulate.Kubelet{Images: recorder, Node: node, Present: images}
			if err := kubelet.Start(ctx, pod).Undecided; err != nil {
				errs = append(errs, fmt.Errorf("pod %s: %w", pod.Name, err))
				break
			}
			for _, other := range mended(pod) {
				kubelet.Start(ctx, other)
			}
		}
	}
	lock, err := recorder.Lock()
	return lock, errors.Join(append(errs, err)...)
}

// containersOf returns the containers of all kinds.
func containersOf(pod *corev1.Pod) []corev1.Container {
	var all []corev1.Container
	all = append(all, pod.Spec.InitContainers...)
	all = append(all, pod.Spec.Containers...)
	for i := range pod.Spec.EphemeralContainers {
		all = append(all, corev1.Container(pod.Spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	return all
}

// imagesOf returns the Pod's images. They are taken to be on the node, so that
// those are asked for too that are never pulled.
func imagesOf(pod *corev1.Pod) []string {
	var images []string
	for _, c := range containersOf(pod) {
		images = append(images, c.Image)
	}
	return images
}

// mended returns what may become of a Pod: each container alone, as the image's
// user, as root, and as a user that no image has. A Pod that fails early looks at
// no files; the lock should have them once somebody has mended the Pod.
func mended(pod *corev1.Pod) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, c := range containersOf(pod) {
		for _, user := range []*int64{nil, new(int64(0)), new(int64(65532))} {
			c.SecurityContext = &corev1.SecurityContext{RunAsUser: user}
			other := &corev1.Pod{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
			other.Spec.InitContainers, other.Spec.EphemeralContainers = nil, nil
			other.Spec.Containers = []corev1.Container{c}
			other.Spec.SecurityContext, other.Spec.HostUsers = nil, nil
			pods = append(pods, other)
		}
	}
	return pods
}

// write writes the lock, or leaves the file as it was.
func write(name string, lock *imageconfig.Lock) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = lock.WriteTo(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	return err
}
