package simulate

// newestKubelet is the newest release that was looked at.
var newestKubelet = release{1, 37, 2}

// The texts of more than one release.
const (
	present    = `Container image "{image}" already present on machine`
	accessible = present + ` and can be accessed by the pod`
	pulled     = `Successfully pulled image "{image}" in <t> (<t> including waiting)`
	pulledSize = pulled + `. Image size: <n> bytes.`
	backOff    = `Back-off pulling image "{image}"`
	backOffWhy = backOff + `: {reason}: {error}`
)

// kubelets are the releases in which the kubelet changed what is emulated here.
var kubelets = []kubelet{
	{
		since:        release{1, 28, 0},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulled, created: "Created container {container}", started: "Started container {container}",
	},
	{
		// PodReadyToStartContainersCondition is beta.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.29.0/pkg/features/kube_features.go
		since:        release{1, 29, 0},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulled, created: "Created container {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// The colon in the event came with a patch release.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.29.14/pkg/kubelet/kuberuntime/kuberuntime_container.go
		since:        release{1, 29, 14},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulled, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// The event Pulled has the image's size.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.30.0/pkg/kubelet/images/image_manager.go
		since:        release{1, 30, 0},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulledSize, created: "Created container {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// Source: https://github.com/kubernetes/kubernetes/pull/129521
		since:        release{1, 30, 10},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulledSize, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		since:        release{1, 31, 0},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulledSize, created: "Created container {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// Source: https://github.com/kubernetes/kubernetes/pull/129519
		since:        release{1, 31, 6},
		imageBackOff: backOff,
		imagePresent: present, imagePulled: pulledSize, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// A pull in back-off says why.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/kubelet/images/image_manager.go
		since:        release{1, 32, 0},
		imageBackOff: backOffWhy,
		imagePresent: present, imagePulled: pulledSize, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true,
	},
	{
		// SupplementalGroupsPolicy and UserNamespacesSupport are on by default, and
		// pull secrets are read before anything else of an image.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/features/kube_features.go
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/kubelet/images/image_manager.go
		since:        release{1, 33, 0},
		imageBackOff: backOffWhy,
		imagePresent: present, imagePulled: pulledSize, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true, groupsPolicy: true, userNamespaces: true,
		readsPullSecrets: beforePresent,
	},
	{
		// An image's uid must be valid; conditions have an observedGeneration; pull
		// secrets do not matter to an image that is present.
		// Source: https://github.com/kubernetes/kubernetes/pull/130871
		since:        release{1, 34, 0},
		imageBackOff: backOffWhy,
		imagePresent: present, imagePulled: pulledSize, created: "Created container: {container}", started: "Started container {container}",
		sandboxCondition: true, groupsPolicy: true, userNamespaces: true,
		refusesInvalidUser: true, observedGeneration: true,
		readsPullSecrets: beforePull,
	},
	{
		// The events have no name, and KubeletEnsureSecretPulledImages is beta.
		// Source: https://github.com/kubernetes/kubernetes/pull/134043
		since:        release{1, 35, 0},
		imageBackOff: backOffWhy,
		imagePresent: accessible, imagePulled: pulledSize, created: "Container created", started: "Container started",
		sandboxCondition: true, groupsPolicy: true, userNamespaces: true,
		refusesInvalidUser: true, observedGeneration: true,
		readsPullSecrets: beforePull,
	},
	{
		// PodReadyToStartContainers says why it is False, and pull secrets that are
		// missing matter only where a pull fails.
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/types/constants.go#L42-L53
		// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet.go#L2306-L2319
		since:        release{1, 37, 0},
		imageBackOff: backOffWhy,
		imagePresent: accessible, imagePulled: pulledSize, created: "Container created", started: "Container started",
		sandboxCondition: true, groupsPolicy: true, userNamespaces: true,
		refusesInvalidUser: true, observedGeneration: true,
		readsPullSecrets: beforePull, missingSecretsAfterPull: true,
		noSandboxReason: "PodSandboxNotReady", noSandboxMessage: "no pod sandbox exists",
	},
}
