package simulate

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Node says which node is emulated. Its zero value is the newest recorded one;
// a field that is empty is that node's.
type Node struct {
	// Kubelet is the Kubernetes release, such as "1.37.2".
	Kubelet string `json:"kubelet"`
	// Runtime is the container runtime: "containerd".
	Runtime string `json:"runtime"`
	// RuntimeVersion is the runtime's release, such as "2.4.0".
	RuntimeVersion string `json:"runtimeVersion"`
	// OS is the operating system: "linux".
	OS string `json:"os"`
	// Arch is the processor architecture, such as "amd64".
	Arch string `json:"arch"`
}

// String returns the node as a person would name it.
func (n Node) String() string {
	return fmt.Sprintf("kubernetes %s, %s %s, %s/%s", n.Kubelet, n.Runtime, n.RuntimeVersion, n.OS, n.Arch)
}

// platform returns what the node asks an image for.
func (n Node) platform() v1.Platform { return v1.Platform{OS: n.OS, Architecture: n.Arch} }

// withDefaults returns the node with its empty fields filled.
func (n Node) withDefaults() Node {
	newest := profiles[0].node
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&n.Kubelet, newest.Kubelet)
	fill(&n.Runtime, newest.Runtime)
	fill(&n.RuntimeVersion, newest.RuntimeVersion)
	fill(&n.OS, newest.OS)
	fill(&n.Arch, newest.Arch)
	return n
}

// profile returns how the node behaves, or an UnknownNodeError.
func (n Node) profile() (*profile, error) {
	for i := range profiles {
		known := profiles[i].node
		known.Arch = n.Arch // architectures differ in the image they take alone
		if known == n {
			return &profiles[i], nil
		}
	}
	return nil, &UnknownNodeError{Node: n}
}

// An UnknownNodeError says that a node is none of those that are emulated.
type UnknownNodeError struct {
	Node Node
}

// Error names the node and those that are known.
func (e *UnknownNodeError) Error() string {
	text := fmt.Sprintf("node %v is not emulated; known:", e.Node)
	for _, known := range profiles {
		text += " " + known.node.String() + ";"
	}
	return text[:len(text)-1]
}
