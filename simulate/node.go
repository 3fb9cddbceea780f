package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Node says which node is emulated. Its zero value is the newest recorded one;
// a field that is empty is that node's.
type Node struct {
	// Kubelet is the Kubernetes release, such as "1.37.2".
	Kubelet string `json:"kubelet"`
	// Runtime is the container runtime: "containerd" or "cri-o".
	Runtime string `json:"runtime"`
	// RuntimeVersion is the runtime's release, such as "2.4.0".
	RuntimeVersion string `json:"runtimeVersion"`
	// OS is the operating system: "linux" or "windows".
	OS string `json:"os"`
	// Arch is the processor architecture, such as "amd64"; with its variant where
	// that matters, such as "arm/v7".
	Arch string `json:"arch"`
}

// String returns the node as a person would name it.
func (n Node) String() string {
	return fmt.Sprintf("kubernetes %s, %s %s, %s/%s", n.Kubelet, n.Runtime, n.RuntimeVersion, n.OS, n.Arch)
}

// platform returns what the node asks an image for.
func (n Node) platform() v1.Platform {
	arch, variant, _ := strings.Cut(n.Arch, "/")
	return v1.Platform{OS: n.OS, Architecture: arch, Variant: variant}
}

// withDefaults returns the node with its empty fields filled.
func (n Node) withDefaults() Node {
	n.Kubelet = cmp.Or(n.Kubelet, newestNode.Kubelet)
	n.Runtime = cmp.Or(n.Runtime, newestNode.Runtime)
	n.OS = cmp.Or(n.OS, newestNode.OS)
	n.Arch = cmp.Or(n.Arch, newestNode.Arch)
	switch {
	case n.RuntimeVersion != "":
	case n.Runtime == newestNode.Runtime:
		n.RuntimeVersion = newestNode.RuntimeVersion
	default:
		n.RuntimeVersion = runtimes[n.Runtime].newest.String()
	}
	return n
}

// newestNode is what the fields of a Node are taken for that are empty.
var newestNode = Node{
	Kubelet: newestKubelet.String(),
	Runtime: "containerd", RuntimeVersion: runtimes["containerd"].newest.String(),
	OS: "linux", Arch: "amd64",
}

// An UnknownNodeError says that a node is none of those that are emulated.
type UnknownNodeError struct {
	Node Node
	// Err says what of the node is wrong; nil where it is merely not known.
	Err error
}

// Error names the node and those that are known.
func (e *UnknownNodeError) Error() string {
	text := fmt.Sprintf("node %v is not emulated", e.Node)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + "; known are " + known()
}

// Unwrap returns Err.
func (e *UnknownNodeError) Unwrap() error { return e.Err }

// known lists the releases that are emulated.
func known() string {
	list := []string{fmt.Sprintf("kubernetes %v to %v", kubelets[0].since, newestKubelet)}
	for _, name := range slices.Sorted(maps.Keys(runtimes)) {
		list = append(list, fmt.Sprintf("%s %v to %v", name, runtimes[name].rows[0].since, runtimes[name].newest))
	}
	return strings.Join(list, ", ") + ", on linux; containerd on windows"
}
