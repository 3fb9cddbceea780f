package simulate

import "strings"

// A profile is how one node behaves: what differs between releases, as data.
//
// In a text, {image}, {container}, {error} and the like stand for what fill puts
// there.
type profile struct {
	node Node

	// The kubelet's events.
	// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_manager.go
	imagePresent string
	imagePulled  string
	created      string
	started      string

	// The message of PodReadyToStartContainers where there is no sandbox.
	// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/types/constants.go#L42-L53
	noSandboxReason  string
	noSandboxMessage string

	// supplementalGroupsPolicy is whether the runtime knows the policy Strict.
	supplementalGroupsPolicy bool

	// The runtime's errors as the kubelet shows them.
	pullNotFound    string
	pullUnreachable string
	pullNoPlatform  string
	sandboxUser     string // no user for the Pod's sandbox
	specGeneration  string // no command
	userLookup      string // no such user and its like
	ioOwner         string // an id outside of the user namespace
	taskCreation    string // what runc says before it executes the command
}

// profiles are the emulated nodes, the newest first.
var profiles = []profile{{
	node: Node{Kubelet: "1.37.2", Runtime: "containerd", RuntimeVersion: "2.4.0", OS: "linux", Arch: "amd64"},

	imagePresent: `Container image "{image}" already present on machine and can be accessed by the pod`,
	imagePulled:  `Successfully pulled image "{image}" in <t> (<t> including waiting). Image size: <n> bytes.`,
	created:      `Container created`,
	started:      `Container started`,

	noSandboxReason:  "PodSandboxNotReady",
	noSandboxMessage: "no pod sandbox exists",

	supplementalGroupsPolicy: true,

	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/core/transfer/local/pull.go#L62
	pullNotFound:    `rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": failed to resolve image: {ref}: not found`,
	pullUnreachable: `failed to pull and unpack image "{ref}": failed to resolve image: failed to do request: Head "https://{host}/v2/{path}/manifests/{version}": {error}`,
	pullNoPlatform:  `rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest {digest}: not found`,
	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/sandbox_run.go#L320
	sandboxUser: `rpc error: code = Unknown desc = failed to start sandbox "<id>": failed to generate sandbox container spec options: failed to generate user string: {error}`,
	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_create.go
	specGeneration: `failed to generate container "<id>" spec: failed to generate spec: {error}`,
	userLookup:     `failed to create containerd container: {error}`,
	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_start_linux.go#L63-L68
	ioOwner: `failed to update container IO owner: failed to do idmap to get host ID: {error}`,
	// Source: https://github.com/opencontainers/runc/blob/76d9cf5da5683ff449ae967db58fa8c5927ca54b/libcontainer/process_linux.go
	taskCreation: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: {error}`,
}}

// fill puts values into a text: a name in braces, its value, and so on.
func fill(text string, namesAndValues ...string) string {
	return strings.NewReplacer(namesAndValues...).Replace(text)
}
