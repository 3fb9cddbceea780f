package simulate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// pullSecrets is what a Pod's pull secrets come to. Zero says that nothing is
// known of them.
type pullSecrets struct {
	known   bool
	missing []string // the names, as the Pod has them
	keyring keyring
	err     error // a *pullSecretError: the content of one cannot be read
}

// A pullStep is when the kubelet reads the content of the pull secrets.
type pullStep int

const (
	inPull        pullStep = iota // what is wrong with it is an error of the pull
	beforePull                    // it is an error before the pull
	beforePresent                 // it is an error even where the image is present
)

// pullSecretsOf looks a Pod's pull secrets up. A nil Cluster does not know them.
func pullSecretsOf(cluster *Cluster, pod *corev1.Pod) pullSecrets {
	if cluster == nil {
		return pullSecrets{}
	}
	secrets, missing := cluster.getPullSecrets(pod)
	found, err := makeKeyring(secrets)
	return pullSecrets{known: true, missing: missing, keyring: found, err: err}
}

// getPullSecrets returns the Secrets that a Pod's images are pulled with, in
// order and each once, and the names of those that are missing.
//
// Source: [getPullSecretsForPod].
//
// [getPullSecretsForPod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go#L1091-L1115
func (c *Cluster) getPullSecrets(pod *corev1.Pod) (secrets []*corev1.Secret, missing []string) {
	seen := map[string]bool{"": true} // the API server takes the empty name, the kubelet ignores it
	for _, reference := range c.pullSecretsFor(pod) {
		if seen[reference.Name] {
			continue
		}
		secret := objectOf[corev1.Secret](c.Secrets, namespaceOf(pod), reference.Name)
		if secret == nil {
			missing = append(missing, reference.Name)
			continue
		}
		seen[reference.Name] = true
		secrets = append(secrets, secret)
	}
	return secrets, missing
}

// pullSecretsFor returns what a Pod's imagePullSecrets are once the API server
// has admitted it: its own, or else its service account's.
//
// Source: [the admission of service accounts], [SetDefaults_PodSpec].
//
// [the admission of service accounts]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/plugin/pkg/admission/serviceaccount/admission.go#L153-L174
// [SetDefaults_PodSpec]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/v1/defaults.go#L249-L256
func (c *Cluster) pullSecretsFor(pod *corev1.Pod) []corev1.LocalObjectReference {
	if len(pod.Spec.ImagePullSecrets) > 0 {
		return pod.Spec.ImagePullSecrets
	}
	name := cmp.Or(pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount, "default")
	account := objectOf[corev1.ServiceAccount](c.ServiceAccounts, namespaceOf(pod), name)
	if account == nil {
		return nil
	}
	return account.ImagePullSecrets
}

// context returns the context for the look-up of an image: it has the credentials
// for the image's repository, and no others.
func (p *pullSecrets) context(ctx context.Context, name imageName) context.Context {
	if !p.known {
		return ctx
	}
	return imageconfig.WithCredentials(ctx, p.keyring.lookup(name.Repository())...)
}

// fetchPullSecrets looks the Pod's pull secrets up, before it has a sandbox.
// Older kubelets tell here of those that are missing. They do so in each sync;
// how many there are depends on time, and the outcome has the first.
//
// Source: [SyncPod], [getPullSecretsForPod].
//
// [SyncPod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet.go#L2246-L2247
// [getPullSecretsForPod]: https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go#L1068-L1096
func (s *podSync) fetchPullSecrets() {
	s.pullSecrets = pullSecretsOf(s.config.Cluster, &s.pod)
	if !s.profile.kubelet.missingSecretsAfterPull {
		s.reportMissingSecrets()
	}
}

// afterPulls is the end of the sync: newer kubelets tell of pull secrets that are
// missing only now, and only if a pull has failed.
//
// Source: [SyncPod].
//
// [SyncPod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet.go#L2306-L2319
func (s *podSync) afterPulls() {
	if len(s.pullSecrets.missing) == 0 {
		return
	}
	failed := func(c Container) bool { return c.Failure != nil && c.Failure.Reason == "ErrImagePull" }
	if s.profile.kubelet.missingSecretsAfterPull && slices.ContainsFunc(s.outcome.Containers, failed) {
		s.reportMissingSecrets()
	}
}

func (s *podSync) reportMissingSecrets() {
	if len(s.pullSecrets.missing) == 0 {
		return
	}
	s.warn(nil, "FailedToRetrieveImagePullSecret", fmt.Sprintf(
		"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.",
		strings.Join(s.pullSecrets.missing, ", ")))
}

// checkPullSecrets returns what the kubelet says before a step about a pull
// secret that it cannot read; nil where it can, or reads it later.
func (s *podSync) checkPullSecrets(c *Container, step pullStep) error {
	unread, ok := errors.AsType[*pullSecretError](s.pullSecrets.err)
	if !ok || s.profile.kubelet.readsPullSecrets < step {
		return nil
	}
	words := unread.words()
	if words == "" {
		return unread
	}
	return s.imageFailure(c, words, words, unread)
}

// A pullSecretError says that a pull secret's content cannot be read.
type pullSecretError struct {
	name string
	err  error
}

func (e *pullSecretError) Error() string {
	return fmt.Sprintf("%v: %q: %v", ErrInvalidPullSecret, e.name, e.err)
}

func (e *pullSecretError) Unwrap() []error { return []error{ErrInvalidPullSecret, e.err} }

// words returns the kubelet's words; none where they depend on the Go that it was
// built with.
func (e *pullSecretError) words() string {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](e.err); ok {
		return ""
	}
	return e.err.Error()
}
