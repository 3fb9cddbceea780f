package simulate

import (
	"slices"
	"sync/atomic"

	"github.com/drystart/drystart/identity"
)

const (
	// maxProcesses is how many processes are kept with an image.
	maxProcesses = 16
	// maxGroups is how many groups one that is kept may have.
	maxGroups = 16
)

// processes are what runtimes have made of requests in an image: a list, since
// an image is asked for the same few. They are safe for concurrent use.
type processes struct {
	last atomic.Pointer[knownProcess]
}

// A knownProcess is what a runtime made of a request.
type knownProcess struct {
	runtime *runtime
	request identity.Request
	process identity.Process
	earlier *knownProcess
	count   int // of this one and those before it
}

// process resolves a request, or remembers what came of it. Errors are not kept.
func (f *imageFS) process(r *runtime, request identity.Request) (identity.Process, error) {
	last := f.found.processes.last.Load()
	for known := last; known != nil; known = known.earlier {
		if known.runtime == r && equalRequests(&known.request, &request) {
			process := known.process
			process.Groups = slices.Clone(process.Groups)
			return process, nil
		}
	}
	process, err := r.users.Process(f, request)
	if err != nil || len(process.Groups) > maxGroups || len(request.SupplementalGroups) > maxGroups {
		return process, err
	}
	next := &knownProcess{runtime: r, request: request, process: process, count: 1}
	next.process.Groups = slices.Clone(process.Groups)
	if last != nil && last.count < maxProcesses {
		next.earlier, next.count = last, last.count+1
	}
	f.found.processes.last.Store(next) // what another one has added meanwhile is forgotten
	return process, nil
}

// equalRequests reports whether a runtime is asked for the same, and would name
// the same reasons.
func equalRequests(a, b *identity.Request) bool {
	return a.RunAsUser == b.RunAsUser && a.RunAsUsername == b.RunAsUsername && a.RunAsGroup == b.RunAsGroup &&
		a.Strict == b.Strict && a.ImageUser == b.ImageUser && slices.Equal(a.SupplementalGroups, b.SupplementalGroups)
}
