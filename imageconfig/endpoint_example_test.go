package imageconfig_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"strings"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
)

// Without any file: plain HTTP for one registry, an own CA for all others.
func ExampleEndpoints() {
	authorities := x509.NewCertPool() // and AppendCertsFromPEM
	settings := &tls.Config{RootCAs: authorities}
	var endpoints imageconfig.Endpoints = func(repository string) ([]imageconfig.Endpoint, error) {
		found, err := imageconfig.Direct(repository)
		for i := range found {
			found[i].TLS = settings
		}
		if path, ok := strings.CutPrefix(repository, "registry.lan/"); ok {
			found = []imageconfig.Endpoint{{URL: "http://registry.lan/v2", Repository: path}}
		}
		return found, err
	}

	for _, repository := range []string{"registry.lan/team/app", "docker.io/library/nginx"} {
		found, err := endpoints(repository)
		if err != nil {
			log.Fatal(err)
		}
		for _, endpoint := range found {
			fmt.Printf("%s/%s own CA: %t\n", endpoint.URL, endpoint.Repository, endpoint.TLS != nil)
		}
	}
	// Output:
	// http://registry.lan/v2/team/app own CA: false
	// https://registry-1.docker.io/v2/library/nginx own CA: true
}

// On the node itself, root is os.DirFS("/").
func ExampleHostsTOML() {
	root := fstest.MapFS{"etc/containerd/certs.d/docker.io/hosts.toml": {Data: []byte(`
server = "https://registry-1.docker.io"

[host."https://public-mirror.example.com"]
  capabilities = ["pull"]
[host."https://docker-mirror.internal"]
  capabilities = ["pull", "resolve"]
`)}}
	endpoints, err := imageconfig.HostsTOML(root, "/etc/containerd/certs.d")
	if err != nil {
		log.Fatal(err)
	}
	found, err := endpoints("docker.io/library/nginx")
	if err != nil {
		log.Fatal(err)
	}
	for _, endpoint := range found {
		fmt.Printf("%s tags: %t\n", endpoint.URL, endpoint.Pulls != imageconfig.DigestPulls)
	}
	// Output:
	// https://public-mirror.example.com/v2 tags: false
	// https://docker-mirror.internal/v2 tags: true
	// https://registry-1.docker.io/v2 tags: true
}

// On the node itself, root is os.DirFS("/").
func ExampleRegistriesConf() {
	root := fstest.MapFS{"etc/containers/registries.conf": {Data: []byte(`
[[registry]]
location = "quay.io"
blocked = true
[[registry.mirror]]
location = "mirror.lan/quay"
`)}}
	endpoints, err := imageconfig.RegistriesConf(root, "/etc/containers/registries.conf")
	if err != nil {
		log.Fatal(err)
	}
	found, err := endpoints("quay.io/team/app")
	if err != nil {
		log.Fatal(err)
	}
	for _, endpoint := range found {
		var blocked *imageconfig.BlockedError
		fmt.Printf("%s/%s blocked: %t\n", endpoint.URL, endpoint.Repository, errors.As(endpoint.Err, &blocked))
	}
	// Output:
	// https://mirror.lan/v2/quay/team/app blocked: false
	// https://quay.io/v2/team/app blocked: true
}
