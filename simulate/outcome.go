package simulate

import (
	"errors"
	"slices"

	"github.com/drystart/drystart/identity"
	corev1 "k8s.io/api/core/v1"
)

// An Outcome is what became of a Pod's start. It is a value that shares no
// memory with the Pod.
type Outcome struct {
	// Node is the node that was emulated, all fields set.
	Node Node
	// Nearest is set where one of the node's releases is newer than those that
	// are known: what it was taken for.
	Nearest string
	// Failure is set where the node rejects the Pod or cannot make its sandbox:
	// then no container is tried.
	Failure *Failure
	// Undecided is set where nothing could be found out about any container.
	Undecided error
	// Containers are the containers in the order in which they start: init
	// containers and sidecars, regular ones, ephemeral ones.
	Containers []Container

	pod     podFacts
	profile profile // zero where the node is not known
	events  []event
}

// A Container is what became of one container's start.
type Container struct {
	// Name is the container's name.
	Name string
	// Kind is what it is to its Pod.
	Kind Kind
	// Image is the image's name as the Pod has it.
	Image string
	// ImageDigest is the digest of the image's manifest, "sha256:…"; empty where
	// it is not known.
	ImageDigest string
	// Verdict is what became of it.
	Verdict Verdict
	// Failure is set where the verdict is Failed.
	Failure *Failure
	// Undecided is set where the verdict is Undecided: why.
	Undecided error
	// SecurityContext is the Pod's and the container's, merged; nil where the
	// node does not get so far.
	SecurityContext *corev1.SecurityContext
	// ImageUser is the image's user as the runtime tells it to the kubelet.
	ImageUser identity.ImageUser
	// Process is who the container's process is, and why. It is known as soon as
	// the runtime has created the container, whether or not that then starts.
	Process identity.Process
	// Hazards are what would surprise about a container that starts.
	Hazards []Hazard
	// ExitCode is set where the process has ended: that of an init container,
	// which is taken to succeed, and those that [Outcome.Ended] was told of.
	ExitCode *int32

	context  identity.EffectiveContext // what SecurityContext points to
	restart  restartPolicy
	reported *identity.Process // what the runtime says of it, where runc has looked its user up anew
}

// podFacts is what the status and the events need of a Pod.
type podFacts struct {
	name, namespace, uid string
	generation           int64
	readinessGates       []corev1.PodConditionType
	hasInit              bool
}

// Err returns nil if and only if every container started. Otherwise it returns
// what went wrong: each [*Failure] and each [*UndecidedError]. Containers that
// are merely blocked by another add nothing.
func (o Outcome) Err() error {
	var errs []error
	if o.Undecided != nil {
		errs = append(errs, &UndecidedError{Err: o.Undecided})
	}
	if o.Failure != nil {
		errs = append(errs, o.Failure)
	}
	for i := range o.Containers {
		c := &o.Containers[i]
		switch {
		case c.Failure != nil:
			errs = append(errs, c.Failure)
		case c.Undecided != nil && o.Undecided == nil:
			errs = append(errs, &UndecidedError{Container: c.Name, Kind: c.Kind, Err: c.Undecided})
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// Ended returns the outcome as it is after the process of a regular container or
// a sidecar has ended, before the kubelet starts it again. What a process does
// once it has started is not emulated; this is for those who know. It changes
// nothing where that container has not started.
func (o Outcome) Ended(container string, exitCode int32) Outcome {
	o.Containers = slices.Clone(o.Containers)
	for i := range o.Containers {
		c := &o.Containers[i]
		if c.Name == container && c.Verdict == Started && c.Kind != Init {
			c.ExitCode = &exitCode
		}
	}
	return o
}

// Retried returns the outcome as it is once the kubelet has come back to a
// container whose image could not be pulled, and waits before it pulls again:
// what a cluster shows most of the time. It changes nothing for other containers.
func (o Outcome) Retried(container string) Outcome {
	o.Containers = slices.Clone(o.Containers)
	for i := range o.Containers {
		c := &o.Containers[i]
		if c.Name != container || c.Failure == nil || !errors.Is(c.Failure.Err, ErrImagePull) {
			continue
		}
		failure := *c.Failure
		failure.Reason = "ImagePullBackOff"
		failure.Message = fill(o.profile.kubelet.imageBackOff, "{image}", c.Image, "{reason}", c.Failure.Reason, "{error}", c.Failure.Message)
		c.Failure = &failure
	}
	return o
}

// Container returns the container of that name, or the zero Container, which is
// undecided.
func (o Outcome) Container(name string) Container {
	for _, c := range o.Containers {
		if c.Name == name {
			return c
		}
	}
	return Container{Name: name}
}
