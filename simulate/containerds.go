package simulate

import "github.com/drystart/drystart/identity"

// The texts of more than one release of containerd.
const (
	// The pull by containerd's client, up to 2.0, and by its transfer service.
	// Source: https://github.com/containerd/containerd/blob/v2.0.11/client/pull.go
	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/core/transfer/local/pull.go#L62
	clientPull      = `failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": `
	transferPull    = `failed to pull and unpack image "{ref}": failed to resolve image: `
	notFound        = `rpc error: code = NotFound desc = `
	manifestRequest = `failed to do request: Head "{scheme}://{host}/v2/{path}/manifests/{version}": {error}`
	clientPlatform  = notFound + `failed to pull and unpack image "{ref}": no match for platform in manifest: not found`
	transferNone    = notFound + `get image config descriptor: no match for platform in manifest {digest}: not found`

	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/sandbox_run.go#L320
	startSandbox  = `failed to start sandbox "<id>": `
	sandboxSpec   = `failed to generate sandbox container spec options: failed to generate user string: {error}`
	unknownCode   = `rpc error: code = Unknown desc = `
	sandboxSpec16 = `failed to generate sanbdox container spec options: failed to generate user string: {error}` // [sic]

	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_create.go
	containerSpec   = `failed to generate container "<id>" spec: failed to generate spec: no command specified`
	createContainer = `failed to create containerd container: `
	// Source: https://github.com/containerd/containerd/blob/v2.2.7/core/mount/temp.go#L71
	mountCallback = `mount callback failed on <root>/tmpmounts/containerd-mount<n>: `
	// Source: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_start_linux.go#L63-L68
	idMap = `failed to update container IO owner: failed to do idmap to get host ID: {error}`

	// Source: https://github.com/opencontainers/runc/blob/v1.1.5/libcontainer/process_linux.go
	createTask  = `failed to create containerd task: failed to create shim task: OCI runtime create failed: `
	runcProcess = `runc create failed: unable to start container process: `
	// Source: https://github.com/opencontainers/runc/commit/c6e7b1a8e
	runcInit = runcProcess + `error during container init: {error}`
)

// containerds are the releases in which containerd changed what is emulated here,
// or the runc that it is built and shipped with: 1.1, 1.2, or 1.3 and newer.
//
// Source of the latter: https://github.com/containerd/containerd/blob/v1.7.24/script/setup/runc-version
var containerds = []runtime{
	runc11(containerd16(release{1, 6, 0}, identity.WrapOutOfRange)),
	// Recorded: the 1.6.20 that Debian 12 ships has the fix of CVE-2024-40635.
	runc11(containerd16(release{1, 6, 20}, identity.NameOutOfRange)),
	runc11(containerd16(release{1, 6, 21}, identity.WrapOutOfRange)),
	runc12(containerd16(release{1, 6, 37}, identity.WrapOutOfRange)),
	// CVE-2024-40635: https://github.com/advisories/GHSA-265r-hfxg-fhmg
	runc12(containerd16(release{1, 6, 38}, identity.NameOutOfRange)),
	containerd16(release{1, 6, 39}, identity.NameOutOfRange),

	runc11(mountedContainerd(release{1, 7, 0}, identity.WrapOutOfRange, true)),
	runc12(mountedContainerd(release{1, 7, 24}, identity.WrapOutOfRange, true)),
	runc12(mountedContainerd(release{1, 7, 27}, identity.NameOutOfRange, true)),
	mountedContainerd(release{1, 7, 28}, identity.NameOutOfRange, true),
	// CVE-2026-46680: https://github.com/advisories/GHSA-fqw6-gf59-qr4w
	mountedContainerd(release{1, 7, 32}, identity.RefuseOutOfRange, true),
	// CVE-2026-47262: https://github.com/advisories/GHSA-jpcc-p29g-p8mq
	mountedContainerd(release{1, 7, 33}, identity.RefuseOutOfRange, false),

	runc12(containerd20(release{2, 0, 0}, identity.WrapOutOfRange, true)),
	runc12(idMapped(containerd20(release{2, 0, 1}, identity.WrapOutOfRange, true))),
	runc12(idMapped(containerd20(release{2, 0, 4}, identity.NameOutOfRange, true))),
	idMapped(containerd20(release{2, 0, 6}, identity.NameOutOfRange, true)),
	idMapped(containerd20(release{2, 0, 9}, identity.RefuseOutOfRange, true)),
	idMapped(containerd20(release{2, 0, 10}, identity.RefuseOutOfRange, false)),

	transferring(idMapped(containerd20(release{2, 1, 0}, identity.NameOutOfRange, true))),
	transferring(idMapped(containerd20(release{2, 1, 8}, identity.RefuseOutOfRange, true))),
	transferring(idMapped(containerd20(release{2, 1, 9}, identity.RefuseOutOfRange, false))),

	containerd22(release{2, 2, 0}, identity.NameOutOfRange, identity.UserFiles{View: identity.RootedFilesOnly, Unbounded: true}),
	// https://github.com/containerd/containerd/issues/12683
	containerd22(release{2, 2, 3}, identity.NameOutOfRange, identity.UserFiles{View: identity.RootedFiles, Unbounded: true}),
	containerd22(release{2, 2, 4}, identity.RefuseOutOfRange, identity.UserFiles{View: identity.RootedFiles, Unbounded: true}),
	containerd22(release{2, 2, 5}, identity.RefuseOutOfRange, identity.UserFiles{View: identity.RootedFiles}),

	containerd23(release{2, 3, 0}, identity.NameOutOfRange, identity.UserFiles{View: identity.Overlay, Unbounded: true}),
	containerd23(release{2, 3, 1}, identity.RefuseOutOfRange, identity.UserFiles{View: identity.Overlay, Unbounded: true}),
	containerd23(release{2, 3, 2}, identity.RefuseOutOfRange, identity.UserFiles{View: identity.Overlay}),

	// https://github.com/containerd/containerd/commit/a8fc3a017
	containerd23(release{2, 4, 0}, identity.RefuseOutOfRange, identity.UserFiles{}),
}

// containerd23 is containerd 2.3 and newer: it looks into images without
// mounting them.
func containerd23(since release, outOfRange identity.OutOfRange, files identity.UserFiles) runtime {
	r := containerd22(since, outOfRange, files)
	r.userLookup = createContainer + `{error}`
	return r
}

// containerd22 is containerd 2.2: it opens an image's files with os.Root.
func containerd22(since release, outOfRange identity.OutOfRange, files identity.UserFiles) runtime {
	r := transferring(idMapped(containerd20(since, outOfRange, false)))
	r.users = identity.Containerd{OutOfRange: outOfRange, UserFiles: files}
	return r
}

// transferring is containerd 2.1 and newer: its transfer service pulls.
func transferring(r runtime) runtime {
	r.pullNotFound = notFound + transferPull + `{ref}: not found`
	r.pullUnreachable = transferPull + manifestRequest
	r.pullNoPlatform = transferNone
	r.loopbackScheme = "https"
	return r
}

// idMapped is containerd 2.0.1 and newer.
//
// Source: https://github.com/containerd/containerd/commit/cf07f28ee
func idMapped(r runtime) runtime {
	r.checksIDMap = true
	return r
}

// containerd20 is containerd 2.0: it knows supplementalGroupsPolicy, reports the
// containers' users and has user namespaces for Pods.
func containerd20(since release, outOfRange identity.OutOfRange, unbounded bool) runtime {
	r := mountedContainerd(since, outOfRange, unbounded)
	r.users = mounted(outOfRange, unbounded)
	r.groupsPolicy, r.userNamespaces = true, true
	r.sandboxUser = unknownCode + startSandbox + sandboxSpec
	r.runc = createTask + runcInit
	return r
}

// mounted is how containerd resolves users that mounts an image to look into it.
func mounted(outOfRange identity.OutOfRange, unbounded bool) identity.Containerd {
	files := identity.UserFiles{View: identity.MountedFiles, Unbounded: unbounded}
	return identity.Containerd{OutOfRange: outOfRange, UserFiles: files}
}

// mountedContainerd is containerd 1.7: it does not know supplementalGroupsPolicy.
func mountedContainerd(since release, outOfRange identity.OutOfRange, unbounded bool) runtime {
	users := mounted(outOfRange, unbounded)
	users.IgnoresPolicy = true
	return runtime{
		name: "containerd", since: since,
		users:           users,
		pullNotFound:    notFound + clientPull + `{ref}: not found`,
		pullUnreachable: clientPull + manifestRequest,
		pullNoPlatform:  clientPlatform,
		loopbackScheme:  "http",
		sandboxUser:     unknownCode + sandboxSpec,
		noCommand:       containerSpec,
		userString:      createContainer + `{error}`,
		userLookup:      createContainer + mountCallback + `{error}`,
		ioOwner:         idMap,
		runc:            createTask + runcInit + `: unknown`,
	}
}

// containerd16 is containerd 1.6.
func containerd16(since release, outOfRange identity.OutOfRange) runtime {
	r := mountedContainerd(since, outOfRange, true)
	r.sandboxUser = unknownCode + sandboxSpec16
	return r
}

// runc12 is a containerd with runc 1.2: it looks users up in the container's
// files once more.
func runc12(r runtime) runtime {
	r.usersByFiles = true
	return r
}

// runc11 is a containerd with runc 1.1: it does not say that an error is from the
// container's init.
func runc11(r runtime) runtime {
	r.usersByFiles, r.directoryIsDenied = true, true
	r.runc = createTask + runcProcess + `{error}: unknown`
	return r
}
