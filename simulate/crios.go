package simulate

import "github.com/drystart/drystart/identity"

// The texts of more than one release of CRI-O.
const (
	// Source: https://github.com/cri-o/cri-o/blob/v1.36.3/internal/storage/image.go#L879-L946
	crioSource   = `initializing source docker://{ref}: `
	crioManifest = `reading manifest {version} in {repository}: {answer}`
	crioNotFound = `unable to pull image or OCI artifact: pull image err: ` + crioSource + crioManifest +
		`; artifact err: image reference: get manifest from ref: create image source: ` + crioManifest
	crioPing = crioSource + `pinging container registry {host}: Get "{scheme}://{host}/v2/": {error}`

	// Source: https://github.com/cri-o/cri-o/blob/v1.36.3/internal/oci/runtime_oci.go#L344
	crioCreate = `container create failed: time="<t>" level=error msg={quoted}` + "\n"
)

// crios are the releases in which CRI-O changed what is emulated here. Their OCI
// runtime is taken to be runc.
var crios = []runtime{
	crio(release{1, 31, 0}), // the words of its pulls are not known
	func() runtime {
		r := crio(release{1, 33, 4})
		r.pullNotFound = crioNotFound
		return r
	}(),
	func() runtime {
		r := crio(release{1, 35, 1})
		r.pullNotFound = crioNotFound
		r.pullUnreachable = `RegistryUnavailable: unable to pull image: ` + crioPing
		return r
	}(),
}

// crio is CRI-O 1.31.
func crio(since release) runtime {
	return runtime{
		name: "cri-o", since: since,
		users:          identity.CRIO{},
		groupsPolicy:   true,
		userNamespaces: true,
		startsOnCreate: true,
		loopbackScheme: "https",
		sandboxUser:    `{error}`,
		noCommand:      `no command specified`,
		userString:     `{error}`,
		userLookup:     `{error}`,
		runc:           crioCreate,
	}
}
