package simulate

import (
	"context"
	"fmt"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

// A podSync is one run of the kubelet's start sequence over one Pod.
//
// Source: [kuberuntime's SyncPod].
//
// [kuberuntime's SyncPod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_manager.go#L1583-L1965
type podSync struct {
	ctx     context.Context //nolint:containedctx // lives for one call of Start
	config  Kubelet
	node    Node
	profile profile
	pod     corev1.Pod
	outcome Outcome

	pullSecrets pullSecrets

	platform v1.Platform
	sandbox  identity.Request // the Pod's part of each container's request
	images   *podImages
}

func (s *podSync) run() {
	s.outcome.events = make([]event, 0, maxEvents*len(s.outcome.Containers))
	failure := s.admit()
	if failure == nil {
		s.fetchPullSecrets()
		failure = s.createSandbox()
	}
	if failure != nil {
		s.outcome.Failure = failure
		s.block(0)
		return
	}
	s.platform = s.node.platform()
	s.images = newPodImages(s.config.Present)
	s.startContainers()
	s.afterPulls()
}

// startContainers starts init containers one after the other, each after the one
// before has started; then all others, whatever becomes of their siblings. An
// init container is taken to succeed, a sidecar's probes too.
func (s *podSync) startContainers() {
	inits := len(s.pod.Spec.InitContainers)
	for i := range s.outcome.Containers {
		c := &s.outcome.Containers[i]
		s.start(c, s.specOf(i))
		if i >= inits || c.Verdict == Started {
			continue
		}
		s.block(i + 1)
		if c.Verdict == Undecided {
			s.leaveOpen(i+1, fmt.Errorf("%s %q is undecided, and has to start first", c.Kind, c.Name))
		}
		return
	}
}

// specOf returns the specification of a container by its place in the order.
func (s *podSync) specOf(i int) *corev1.Container {
	spec := &s.pod.Spec
	if i < len(spec.InitContainers) {
		return &spec.InitContainers[i]
	}
	i -= len(spec.InitContainers)
	if i < len(spec.Containers) {
		return &spec.Containers[i]
	}
	return (*corev1.Container)(&spec.EphemeralContainers[i-len(spec.Containers)].EphemeralContainerCommon)
}

// block marks the containers from the i-th on as never tried.
func (s *podSync) block(i int) {
	for ; i < len(s.outcome.Containers); i++ {
		s.outcome.Containers[i].Verdict = Blocked
	}
}

// leaveOpen marks the containers from the i-th on as undecided.
func (s *podSync) leaveOpen(i int, err error) {
	for ; i < len(s.outcome.Containers); i++ {
		s.outcome.Containers[i].Verdict = Undecided
		s.outcome.Containers[i].Undecided = err
	}
}

// start brings one container up, step by step. A step that ends the attempt
// returns an error: a *Failure is the node's, anything else leaves the container
// undecided.
//
// Source: [startContainer].
//
// [startContainer]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_container.go#L200-L340
func (s *podSync) start(c *Container, spec *corev1.Container) {
	if s.ctx.Err() != nil {
		c.Undecided = context.Cause(s.ctx)
		return
	}
	err := s.attempt(c, spec)
	switch failure, failed := err.(*Failure); { //nolint:errorlint // a step's own, never wrapped
	case err == nil:
		c.Verdict = Started
		if c.Kind == Init {
			c.ExitCode = new(int32) // it is taken to succeed
		}
	case failed:
		c.Verdict = Failed
		c.Failure = failure
		failure.Container, failure.Kind = c.Name, c.Kind
	default:
		c.Undecided = err
	}
}

func (s *podSync) attempt(c *Container, spec *corev1.Container) error {
	image, err := s.ensureImage(c, spec)
	if err != nil {
		return err
	}
	c.ImageDigest = image.Digest
	if !image.Suits(s.platform) {
		return fmt.Errorf("the image is for %s/%s and the node is %s/%s: what the runtime makes of it is not known",
			image.Config.OS, image.Config.Architecture, s.platform.OS, s.platform.Architecture)
	}
	if s.node.OS == windows {
		return s.attemptOnWindows(c, spec, image)
	}
	return s.attemptOnLinux(c, spec, image)
}

// attemptOnLinux brings a container up whose image is there.
func (s *podSync) attemptOnLinux(c *Container, spec *corev1.Container, image *imageconfig.Image) error {
	request, err := s.configure(c, spec, image)
	if err != nil {
		return err
	}
	argv0, err := s.command(c, spec, image)
	if err != nil {
		return err
	}
	files, err := s.filesOf(image)
	if err != nil {
		return err
	}
	if err := s.create(c, spec, files, argv0, request); err != nil {
		return err
	}
	if err := s.startProcess(c, spec, files, argv0); err != nil {
		return err
	}
	c.Hazards = s.hazards(c, spec, files, &request)
	return nil
}
