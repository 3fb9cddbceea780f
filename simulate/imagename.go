package simulate

import (
	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
)

// An imageName is an image's name as the kubelet understands it.
type imageName struct {
	// Named is the whole name, with the tag "latest" where there is neither a tag
	// nor a digest.
	reference.Named
	// asked is the name as the Pod has it, with that tag.
	asked string
	// version is the digest, or else the tag.
	version string
}

// parseImageName parses a name and adds the default tag.
//
// Source: [ParseImageName].
//
// [ParseImageName]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/util/parsers/parsers.go#L30-L55
func parseImageName(image string) (imageName, error) {
	original, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return imageName{}, err
	}
	name := imageName{Named: reference.TagNameOnly(original), asked: image}
	if tagged, ok := name.Named.(reference.Tagged); ok {
		name.version = tagged.Tag()
	}
	if digested, ok := name.Named.(reference.Digested); ok {
		name.version = digested.Digest().String()
	}
	if reference.IsNameOnly(original) {
		name.asked += ":" + name.version
	}
	return name, nil
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
	if tagged, ok := n.Named.(reference.Tagged); ok && tagged.Tag() == "latest" {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}
