package simulate

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ParseNode returns the node that a text names, such as
// "kubernetes 1.34.4, containerd 1.7.34" or "kubernetes 1.36, cri-o 1.36.3,
// linux/arm64". What it does not name is that of the newest node. The error is an
// [*UnknownNodeError] that lists what is known.
func ParseNode(text string) (Node, error) {
	var node Node
	for item := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), " ")
		value = strings.TrimPrefix(strings.TrimSpace(value), "v")
		os, arch, isPlatform := strings.Cut(name, "/")
		switch {
		case (name == "kubernetes" || name == "kubelet") && value != "" && node.Kubelet == "":
			node.Kubelet = value
		case (name == "containerd" || name == "cri-o") && value != "" && node.Runtime == "":
			node.Runtime, node.RuntimeVersion = name, value
		case isPlatform && os != "" && arch != "" && value == "" && node.OS == "":
			node.OS, node.Arch = os, arch
		default:
			return Node{}, &UnknownNodeError{Node: node, Err: fmt.Errorf("%q in %q is not understood", strings.TrimSpace(item), text)}
		}
	}
	return node.checked()
}

// NodeOf returns the node that a cluster's Node object describes in its
// status.nodeInfo. The error is an [*UnknownNodeError] that lists what is known.
func NodeOf(object *corev1.Node) (Node, error) {
	info := object.Status.NodeInfo
	runtime, release, _ := strings.Cut(info.ContainerRuntimeVersion, "://")
	return Node{
		Kubelet:        strings.TrimPrefix(info.KubeletVersion, "v"),
		Runtime:        runtime,
		RuntimeVersion: strings.TrimPrefix(release, "v"),
		OS:             info.OperatingSystem,
		Arch:           info.Architecture,
	}.checked()
}

// checked returns the node with its empty fields filled, if it can be emulated.
func (n Node) checked() (Node, error) {
	n = n.withDefaults()
	if _, _, err := n.profile(); err != nil {
		return Node{}, err
	}
	return n, nil
}
