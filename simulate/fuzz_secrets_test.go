package simulate_test

import (
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// FuzzPullSecret pulls any image with any content of a pull secret, of both
// types. Its properties:
//
//   - Nothing panics.
//   - A credential is for an image only if a key of the secret names the image's
//     host: see namesHost, which is another way to say it.
//   - Content that cannot be read gives no credential, and no start.
//   - No text has a password.
func FuzzPullSecret(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"auths":{"example.com":{"auth":"Zm9vOnNlY3JldDEy"}}}`, "example.com/app:1"},
		{`{"*.example.com:5000/team":{"username":"foo","password":"secret12"},"https://index.docker.io/v1/":{"auth":"Zm9vOnNlY3JldDEy"}}`, "a.example.com:5000/team/app"},
		{`{"https://index.docker.io/v1/":{"auth":"Zm9vOnNlY3JldDEy"}}`, "nginx"},
		{`{"auths":{"[A::]":{"auth":"Zm9vOnNlY3JldDEy"},"docker.io":{"auth":"x"}}}`, "A/app"},
		{`{"auths":{"index.docker.io":{"auth":"Zm9vOnNlY3JldDEy"},"a@b.c":null}}`, "localhost/app"},
		{`{"auths":{"exa%6Dple.com":{"auth":"Zm9vOnNlY3JldDEy"},"HTTPS://x.y":{},"//":{},"":{}}}`, "[::1]:5000/app@sha256:" + strings.Repeat("0", 64)},
	} {
		f.Add([]byte(seed[0]), seed[1])
	}
	f.Fuzz(func(t *testing.T, content []byte, image string) {
		for _, secret := range []corev1.Secret{dockerConfigJSON("s", string(content)), dockercfg("s", string(content))} {
			source := &clerk{}
			node := simulate.Kubelet{Images: source, Cluster: &simulate.Cluster{Secrets: []corev1.Secret{secret}}}
			outcome := node.Start(t.Context(), withSecrets(podOf(container("app", image)), "s"))
			if errors.Is(outcome.Err(), simulate.ErrInvalidPullSecret) && len(source.tries) > 0 {
				t.Fatalf("%v, and still the source was asked", outcome.Err())
			}
			for _, tried := range source.tries {
				checkTries(t, secret, image, tried)
			}
			for _, text := range messages(outcome) {
				if strings.Contains(text, "secret12") && !strings.Contains(image, "secret12") {
					t.Fatalf("the password is in the event %q", text)
				}
			}
		}
	})
}

// checkTries fails if there are credentials and no key names the image's host.
func checkTries(t *testing.T, secret corev1.Secret, image string, tries []string) {
	t.Helper()
	if len(tries) == 0 {
		return
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		t.Fatalf("%q is no image, and has credentials", image)
	}
	host := reference.Domain(named)
	for _, key := range keysIn(secret) {
		if namesHost(key, host) {
			return
		}
	}
	t.Fatalf("%q has the credentials %q of %q", host, tries, keysIn(secret))
}

// keysIn returns the names of a Secret's entries.
func keysIn(secret corev1.Secret) []string {
	entries := map[string]json.RawMessage{}
	if secret.Type == corev1.SecretTypeDockercfg {
		_ = json.Unmarshal(secret.Data[corev1.DockerConfigKey], &entries) // what is wrong has no keys
	} else {
		var file struct {
			Auths map[string]json.RawMessage `json:"auths"`
		}
		_ = json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &file) // likewise
		entries = file.Auths
	}
	var keys []string
	for key := range entries {
		keys = append(keys, key)
	}
	return keys
}

// namesHost reports whether a key names a host: literally, or with stars that
// stand for letters other than a dot; Docker Hub has two names.
func namesHost(key, host string) bool {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	if end := strings.IndexAny(key, "/?#"); end >= 0 {
		key = key[:end]
	}
	key = key[strings.LastIndexByte(key, '@')+1:]
	if key == "index.docker.io" && host == "docker.io" {
		return true
	}
	keyHost, keyPort := splitPort(key)
	imageHost, imagePort := splitPort(host)
	pattern := strings.ReplaceAll(regexp.QuoteMeta(keyHost), `\*`, `[^.]*`)
	return keyPort == imagePort && regexp.MustCompile("^"+pattern+"$").MatchString(imageHost)
}

func splitPort(host string) (address, port string) {
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return host, ""
	}
	return address, port
}
