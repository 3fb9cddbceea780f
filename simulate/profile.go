package simulate

import (
	"fmt"
	"strings"

	"github.com/drystart/drystart/identity"
)

// A profile is how one node behaves: the kubelet's row and the runtime's. The
// package's documentation says how to add one.
type profile struct {
	kubelet *kubelet
	runtime *runtime
}

// A kubelet is how the kubelet of a release behaves.
//
// In a text, {image}, {container}, {error} and the like stand for what fill puts
// there.
type kubelet struct {
	// since is the first release of the row.
	since release

	// The events on the way to a started container.
	// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_manager.go
	imagePresent string
	imagePulled  string
	created      string
	started      string
	// imageBackOff is the message of a pull that is not tried again yet.
	imageBackOff string

	// missingSecretsAfterPull is whether pull secrets that are missing are told of
	// only after a pull that failed; else before the sandbox.
	missingSecretsAfterPull bool
	// readsPullSecrets is when their content is read.
	readsPullSecrets pullStep

	// refusesInvalidUser is whether runAsNonRoot refuses an image's uid above
	// 2147483647 or below 0.
	refusesInvalidUser bool
	// sandboxCondition is whether the Pod has PodReadyToStartContainers.
	sandboxCondition bool
	// noSandboxReason and noSandboxMessage are what that says without a sandbox.
	noSandboxReason, noSandboxMessage string
	// observedGeneration is whether status and conditions have one.
	observedGeneration bool
	// groupsPolicy is whether supplementalGroupsPolicy is known, and the status
	// has the containers' users.
	groupsPolicy bool
	// userNamespaces is whether hostUsers is known.
	userNamespaces bool
}

// A runtime is how the container runtime of a release behaves.
type runtime struct {
	// name is "containerd" or "cri-o".
	name  string
	since release

	// users resolves users and groups.
	users identity.Runtime
	// groupsPolicy is whether it knows supplementalGroupsPolicy and reports the
	// containers' users.
	groupsPolicy bool
	// userNamespaces is whether it has them for Pods.
	userNamespaces bool
	// checksIDMap is whether it checks a process's IDs against its user namespace
	// before it asks runc.
	checksIDMap bool
	// usersByFiles is whether its runc looks users up in the container's files.
	usersByFiles bool
	// directoryIsDenied is whether its runc says of a command that is a directory
	// that permission is denied.
	directoryIsDenied bool
	// startsOnCreate is whether the process is made when the container is
	// created, so that what runc says is a CreateContainerError.
	startsOnCreate bool

	// Its errors as the kubelet shows them. A text that is empty is not known:
	// what would say it is undecided.
	pullNotFound    string
	pullUnreachable string
	pullNoPlatform  string
	loopbackScheme  string // of requests to registries on loopback
	sandboxUser     string // no user for the Pod's sandbox
	noCommand       string
	userString      string // a number out of range
	userLookup      string // no such user and its like
	ioOwner         string // an id outside of the user namespace
	runc            string // what runc says before it executes the command
}

// fill puts values into a text: a name in braces, its value, and so on.
func fill(text string, namesAndValues ...string) string {
	return strings.NewReplacer(namesAndValues...).Replace(text)
}

// row returns the row of a table, sorted by release, that holds for a release:
// the last one that is not newer. It is nil where all are newer.
func row[T any](table []T, since func(*T) release, wanted release) *T {
	for i := len(table) - 1; i >= 0; i-- {
		if !wanted.before(since(&table[i])) {
			return &table[i]
		}
	}
	return nil
}

// profile returns how the node behaves, and a note where one of its releases is
// newer than those that are known. The error is an UnknownNodeError.
func (n Node) profile() (profile, string, error) {
	ofKubelet, err := parseRelease(n.Kubelet)
	if err != nil {
		return profile{}, "", &UnknownNodeError{Node: n, Err: fmt.Errorf("kubernetes %w", err)}
	}
	ofRuntime, err := parseRelease(n.RuntimeVersion)
	if err != nil {
		return profile{}, "", &UnknownNodeError{Node: n, Err: fmt.Errorf("%s %w", n.Runtime, err)}
	}
	line, ok := runtimes[n.Runtime]
	if !ok || n.OS != "linux" && n.OS != windows || n.OS == windows && n.Runtime != "containerd" {
		return profile{}, "", &UnknownNodeError{Node: n}
	}
	k := row(kubelets, func(k *kubelet) release { return k.since }, ofKubelet)
	r := row(line.rows, func(r *runtime) release { return r.since }, ofRuntime)
	if k == nil || r == nil {
		return profile{}, "", &UnknownNodeError{Node: n}
	}
	var notes []string
	if newestKubelet.minorBefore(ofKubelet) {
		notes = append(notes, fmt.Sprintf("kubernetes %s is not known and taken for %v", n.Kubelet, newestKubelet))
	}
	if line.newest.minorBefore(ofRuntime) {
		notes = append(notes, fmt.Sprintf("%s %s is not known and taken for %v", n.Runtime, n.RuntimeVersion, line.newest))
	}
	return profile{k, r}, strings.Join(notes, "; "), nil
}

// A runtimeLine is a runtime's table, and the newest release that was looked at.
type runtimeLine struct {
	rows   []runtime
	newest release
}

// runtimes are the tables by the name that a node reports.
var runtimes = map[string]runtimeLine{
	"containerd": {containerds, release{2, 4, 0}},
	"cri-o":      {crios, release{1, 36, 3}},
}
