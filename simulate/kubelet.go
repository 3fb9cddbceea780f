package simulate

import (
	"context"
	"errors"

	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// A Kubelet starts Pods without a node. It is safe for concurrent use as long as
// its fields are not changed.
type Kubelet struct {
	// Images finds the images. Nil finds none: whatever depends on an image is
	// undecided.
	Images imageconfig.Source
	// Node is the node that is emulated. Zero is the newest recorded one.
	Node Node
	// Present are the images that are on the node before the Pod comes, by any
	// of their names. Zero is none. An image that one container pulls is there
	// for the next.
	Present []string
	// Cluster is what the API server has besides the Pod. Nil does not know: what
	// the Pod refers to is taken to be there, and its content for unknown.
	Cluster *Cluster
}

// Start says what a node would make of the Pod. The Pod is taken as the API
// server would default it; it is not changed.
//
// A source that fails, or a context that ends, leaves undecided what depends on
// it. Start returns soon after the context has ended.
func (k Kubelet) Start(ctx context.Context, pod *corev1.Pod) Outcome {
	node := k.Node.withDefaults()
	outcome := Outcome{Node: node}
	if pod == nil {
		outcome.Undecided = errors.New("there is no Pod")
		return outcome
	}
	outcome.pod = factsOf(pod)
	outcome.Containers = containersOf(pod)
	found, note, err := node.profile()
	if err != nil {
		return outcome.undecided(err)
	}
	outcome.profile, outcome.Nearest = found, note
	if len(pod.Spec.Containers) == 0 {
		return outcome.undecided(errors.New("the Pod has no containers"))
	}
	s := podSync{ctx: ctx, config: k, node: node, profile: found, pod: *pod, outcome: outcome}
	setDefaults(&s.pod)
	withoutUnknown(&s.pod, found.kubelet)
	s.run()
	return s.outcome
}

// undecided leaves everything open.
func (o Outcome) undecided(err error) Outcome {
	o.Undecided = err
	for i := range o.Containers {
		o.Containers[i].Undecided = err
	}
	return o
}

// containersOf returns a Pod's containers in the order in which they start.
func containersOf(pod *corev1.Pod) []Container {
	containers := make([]Container, 0, len(pod.Spec.InitContainers)+len(pod.Spec.Containers)+len(pod.Spec.EphemeralContainers))
	add := func(spec *corev1.Container, kind Kind) {
		containers = containers[:len(containers)+1]
		c := &containers[len(containers)-1]
		c.Name, c.Kind, c.Image, c.restart = spec.Name, kind, spec.Image, restartPolicyOf(pod, spec, kind)
	}
	for i := range pod.Spec.InitContainers {
		spec := &pod.Spec.InitContainers[i]
		kind := Init
		if spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = Sidecar
		}
		add(spec, kind)
	}
	for i := range pod.Spec.Containers {
		add(&pod.Spec.Containers[i], Regular)
	}
	for i := range pod.Spec.EphemeralContainers {
		add((*corev1.Container)(&pod.Spec.EphemeralContainers[i].EphemeralContainerCommon), Ephemeral)
	}
	return containers
}

func factsOf(pod *corev1.Pod) podFacts {
	facts := podFacts{
		name: pod.Name, namespace: namespaceOf(pod), uid: string(pod.UID),
		generation: pod.Generation,
		hasInit:    len(pod.Spec.InitContainers) > 0,
	}
	for _, gate := range pod.Spec.ReadinessGates {
		facts.readinessGates = append(facts.readinessGates, gate.ConditionType)
	}
	return facts
}
