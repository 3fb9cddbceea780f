package simulate

import (
	"strings"

	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// An imageName is an image's name as the kubelet understands it.
type imageName struct {
	imageconfig.Name
	// asked is the name as the Pod has it, with the tag "latest" where there is
	// neither a tag nor a digest.
	asked string
}

// parseImageName parses a name and adds the default tag.
//
// Source: [ParseImageName].
//
// [ParseImageName]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/util/parsers/parsers.go#L30-L55
func parseImageName(image string) (imageName, error) {
	name, err := imageconfig.ParseName(image)
	if err != nil {
		return imageName{}, err
	}
	if name.Version() == "latest" && !strings.HasSuffix(image, ":latest") {
		image += ":latest"
	}
	return imageName{name, image}, nil
}

// pullPolicy returns a container's policy. Where it has none it is that which the
// API server sets: Always for the tag "latest", given or implied, else
// IfNotPresent.
//
// Source: [SetDefaults_Container].
//
// [SetDefaults_Container]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/v1/defaults.go#L82-L93
func (n imageName) pullPolicy(policy corev1.PullPolicy) corev1.PullPolicy {
	if policy != "" {
		return policy
	}
	if n.Tag() == "latest" {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}
