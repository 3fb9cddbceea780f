package simulate_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// dockerConfigJSON returns a Secret of the newer type.
func dockerConfigJSON(name, content string) corev1.Secret {
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(content)},
	}
}

// dockercfg returns a Secret of the older type.
func dockercfg(name, content string) corev1.Secret {
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockercfg,
		Data: map[string][]byte{corev1.DockerConfigKey: []byte(content)},
	}
}

// logins returns the content of a Secret, from keys and usernames in turn. Each
// password is the username backwards.
func logins(keysAndUsernames ...string) string {
	content := `{"auths":{`
	for i := 0; i < len(keysAndUsernames); i += 2 {
		if i > 0 {
			content += ","
		}
		content += `"` + keysAndUsernames[i] + `":{"auth":"` + authOf(keysAndUsernames[i+1]) + `"}`
	}
	return content + "}}"
}

func authOf(username string) string {
	return base64.StdEncoding.EncodeToString([]byte(username + ":" + backwards(username)))
}

func backwards(text string) string {
	letters := []rune(text)
	for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
		letters[i], letters[j] = letters[j], letters[i]
	}
	return string(letters)
}

// withSecrets gives a Pod pull secrets.
func withSecrets(pod *corev1.Pod, names ...string) *corev1.Pod {
	for _, name := range names {
		pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	return pod
}

// A clerk is a source that writes down who asks for what. It has every image but
// those of gone.example.com, of refused.example.com, and of down.example.com,
// which the node cannot reach.
type clerk struct {
	mu    sync.Mutex
	tries map[string][]string // "username:password" by reference
}

func (c *clerk) Image(ctx context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
	c.note(ctx, ref)
	switch host, _, _ := strings.Cut(ref, "/"); host {
	case "gone.example.com":
		return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotFound}
	case "refused.example.com":
		return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrUnauthorized}
	case "down.example.com":
		return nil, &imageconfig.NodeError{Err: errors.New("dial tcp 192.0.2.1:443: connect: connection refused")}
	default:
		return images["uid"], nil
	}
}

func (c *clerk) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	c.note(ctx, "the platforms of "+ref)
	return nil, nil
}

// note writes down whose credentials a context has.
func (c *clerk) note(ctx context.Context, what string) {
	var tries []string
	for _, credential := range imageconfig.CredentialsFrom(ctx) {
		tries = append(tries, credential.Username+":"+credential.Password)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries == nil {
		c.tries = map[string][]string{}
	}
	c.tries[what] = tries
}

// tries returns who asks for an image that a Pod with these pull secrets wants.
func tries(t *testing.T, image string, secrets ...corev1.Secret) []string {
	t.Helper()
	source := &clerk{}
	pod := podOf(container("app", image))
	for _, secret := range secrets {
		withSecrets(pod, secret.Name)
	}
	node := simulate.Kubelet{Images: source, Cluster: &simulate.Cluster{Secrets: secrets}}
	if err := node.Start(t.Context(), pod).Err(); err != nil {
		t.Fatal(err)
	}
	for _, tried := range source.tries {
		return tried
	}
	t.Fatal("nobody asked")
	return nil
}

// authnLogin returns credentials as a source sees them.
func authnLogin(username string) authn.AuthConfig {
	return authn.AuthConfig{Username: username, Password: backwards(username)}
}
