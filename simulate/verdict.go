package simulate

// A Verdict is what became of a container's start. The zero Verdict is
// [Undecided]; only [Started] is success.
type Verdict int

const (
	// Undecided says that too little is known. A node may start the container or not.
	Undecided Verdict = iota
	// Started says that the kubelet and the runtime let the container's process start.
	// What the process does then is its own affair.
	Started
	// Failed says that the node tried and failed. The container has a Failure.
	Failed
	// Blocked says that the node does not get to the container, because the Pod was
	// refused, has no sandbox, or has an init container that failed.
	Blocked
)

// String returns the verdict's name.
func (v Verdict) String() string {
	names := [...]string{"Undecided", "Started", "Failed", "Blocked"}
	if v < 0 || int(v) >= len(names) {
		return "Undecided"
	}
	return names[v]
}

// A Kind is what a container is to its Pod. The zero Kind is [Regular].
type Kind int

const (
	// Regular is a container of spec.containers.
	Regular Kind = iota
	// Init is a container of spec.initContainers that runs to its end.
	Init
	// Sidecar is a container of spec.initContainers with restartPolicy Always.
	Sidecar
	// Ephemeral is a container of spec.ephemeralContainers.
	Ephemeral
)

// String returns the kind as a sentence would name it.
func (k Kind) String() string {
	switch k {
	case Init:
		return "init container"
	case Sidecar:
		return "sidecar"
	case Ephemeral:
		return "ephemeral container"
	default:
		return "container"
	}
}

// field returns the Pod's field that holds containers of this kind.
func (k Kind) field() string {
	switch k {
	case Init, Sidecar:
		return "initContainers"
	case Ephemeral:
		return "ephemeralContainers"
	default:
		return "containers"
	}
}
