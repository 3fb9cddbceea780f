package simulate

import (
	"context"
	"slices"
	"sync"

	"github.com/drystart/drystart/imageconfig"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

// A Matrix starts one Pod on many nodes.
type Matrix struct {
	// Images finds the images. Each image is read once for a platform, however
	// many nodes there are.
	Images imageconfig.Source
	// Nodes are the nodes. Empty is [Nodes].
	Nodes []Node
	// AllPlatforms adds, for each node, a node for each other platform of the
	// node's operating system that one of the Pod's images exists for. It takes a
	// source that is an [imageconfig.PlatformLister].
	AllPlatforms bool
	// Present are the images that are on every node before the Pod comes.
	Present []string
	// Cluster is what the API server has besides the Pod; see [Kubelet].
	Cluster *Cluster
}

// Nodes returns a node for each release at which something changed that is
// emulated: each Kubernetes release with the newest containerd, then the newest
// Kubernetes with each release of the other runtimes.
func Nodes() []Node {
	var nodes []Node
	add := func(n Node) {
		if n = n.withDefaults(); !slices.Contains(nodes, n) {
			nodes = append(nodes, n)
		}
	}
	add(newestNode)
	for i := len(kubelets) - 1; i >= 0; i-- {
		add(Node{Kubelet: kubelets[i].since.String()})
	}
	for _, table := range [][]runtime{containerds, crios} {
		for i := len(table) - 1; i >= 0; i-- {
			add(Node{Runtime: table[i].name, RuntimeVersion: table[i].since.String()})
		}
	}
	return nodes
}

// Start starts the Pod on each node, in order, a node's other platforms after it.
func (m Matrix) Start(ctx context.Context, pod *corev1.Pod) []Outcome {
	nodes := m.Nodes
	if len(nodes) == 0 {
		nodes = Nodes()
	}
	if m.AllPlatforms {
		nodes = withPlatforms(nodes, m.platforms(ctx, pod))
	}
	outcomes := make([]Outcome, 0, len(nodes))
	images := &readOnce{source: m.Images, answers: map[question]*answered{}}
	for _, node := range nodes {
		kubelet := Kubelet{Node: node, Present: m.Present, Cluster: m.Cluster}
		if m.Images != nil {
			kubelet.Images = images
		}
		outcomes = append(outcomes, kubelet.Start(ctx, pod))
	}
	return outcomes
}

// platforms returns the platforms that the Pod's images exist for. An image
// whose platforms cannot be listed adds none.
func (m Matrix) platforms(ctx context.Context, pod *corev1.Pod) []v1.Platform {
	lister, ok := m.Images.(imageconfig.PlatformLister)
	if !ok || pod == nil {
		return nil
	}
	var platforms []v1.Platform
	secrets := pullSecretsOf(m.Cluster, pod)
	for _, c := range containersOf(pod) {
		name, err := parseImageName(c.Image)
		if err != nil {
			continue
		}
		listed, err := lister.Platforms(secrets.context(ctx, name), name.asked)
		if err == nil {
			platforms = append(platforms, listed...)
		}
	}
	return platforms
}

// withPlatforms puts behind each node the same node on other platforms.
func withPlatforms(nodes []Node, platforms []v1.Platform) []Node {
	var all []Node
	for _, node := range nodes {
		node = node.withDefaults()
		all = append(all, node)
		first := len(all) - 1
		for _, platform := range platforms {
			other := node
			other.Arch = platform.Architecture
			if platform.Variant != "" && platform.Architecture == "arm" {
				other.Arch += "/" + platform.Variant
			}
			if platform.OS == node.OS && !slices.Contains(all[first:], other) {
				all = append(all, other)
			}
		}
	}
	return all
}

// readOnce is a source that asks another one once for each question.
type readOnce struct {
	source  imageconfig.Source
	mu      sync.Mutex
	answers map[question]*answered
}

type question struct {
	ref, os, arch, variant string
}

type answered struct {
	once  sync.Once
	image *imageconfig.Image
	err   error
}

// Image returns the other source's first answer.
func (r *readOnce) Image(ctx context.Context, ref string, platform v1.Platform) (*imageconfig.Image, error) {
	key := question{ref, platform.OS, platform.Architecture, platform.Variant}
	r.mu.Lock()
	known, ok := r.answers[key]
	if !ok {
		known = &answered{}
		r.answers[key] = known
	}
	r.mu.Unlock()
	known.once.Do(func() { known.image, known.err = r.source.Image(ctx, ref, platform) })
	return known.image, known.err
}
