package imageconfig

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strings"
)

// HostsTOML returns the [Endpoints] of a node whose containerd has these
// directories as its registry config_path, such as "/etc/containerd/certs.d".
// They are paths from root, the node's file system: files that a hosts.toml
// names by an absolute path are read from there too. On the node itself, root is
// os.DirFS("/").
//
// A registry's directory is the first of registry.example_5000_,
// registry.example:5000 and _default that there is. Its hosts.toml says which
// hosts are asked first, in the order of their tables, then the server; without
// one its *.crt, *.cert and *.key are Docker's. See containerd's [docs/hosts.md].
//
// All is read at once. A hosts.toml that is not valid is a [*ConfigError],
// where containerd logs it and goes on as if the file were not there. A
// certificate that cannot be read is an error when its registry is asked for, as
// on the node. CAs are added to those of the machine that this runs on. A
// dial_timeout is checked, and then left to the transport. A file above 1 MiB or
// with more than 256 hosts is not valid.
//
// [docs/hosts.md]: https://github.com/containerd/containerd/blob/v2.3.4/docs/hosts.md
func HostsTOML(root fs.FS, dirs ...string) (Endpoints, error) {
	trees := &hostTrees{local: skipVerify(nil)}
	for _, dir := range dirs {
		tree, err := nodeFiles{root}.loadHostTree(dir)
		if err != nil {
			return nil, err
		}
		trees.trees = append(trees.trees, tree)
	}
	return trees.endpoints, nil
}

// hostTrees are the hosts of each directory, by its name, in each config_path.
type hostTrees struct {
	trees []map[string][]hostConfig
	local *tls.Config // of a localhost that nothing is said about
}

// A hostConfig is what a hosts.toml says about one host. Its names are
// containerd's.
type hostConfig struct {
	scheme, host, path string // the last without a host is the registry itself
	pull, resolve      bool
	caCerts            []string
	clientPairs        []keyPair
	skipVerify         *bool
	header             http.Header

	tls      *tls.Config // nil: nothing is said about TLS
	insecure *tls.Config // the same without verification
	tlsErr   error
}

// loadHostTree reads the directories of a config_path, and what they name.
func (n nodeFiles) loadHostTree(dir string) (map[string][]hostConfig, error) {
	entries, err := n.list(dir)
	if err != nil {
		return nil, err
	}
	tree := map[string][]hostConfig{}
	for _, entry := range entries {
		place := path.Join("/", dir, entry.Name())
		if !n.isDir(place) {
			continue
		}
		hosts, err := n.loadHostDir(place)
		if err != nil {
			return nil, err
		}
		for i := range hosts {
			hosts[i].tls, hosts[i].tlsErr = n.tlsConfig(hosts[i])
			hosts[i].insecure = skipVerify(hosts[i].tls)
		}
		tree[entry.Name()] = hosts
	}
	return tree, nil
}

// endpoints is the Endpoints of the trees. Source: [ConfigureHosts], without
// pushes.
//
// [ConfigureHosts]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L78-L240
func (t *hostTrees) endpoints(repository string) ([]Endpoint, error) {
	registry, repositoryPath, err := parseRepository(repository)
	if err != nil {
		return nil, err
	}
	var found []Endpoint
	hosts := t.hosts(registry)
	for i, host := range hosts {
		if host.host == "" && i == len(hosts)-1 {
			host = host.ofRegistry(registry, t.local)
		}
		if host.tlsErr != nil {
			return nil, host.tlsErr
		}
		if host.pull {
			endpoint := host.endpoint(registry)
			endpoint.Repository = repositoryPath
			found = append(found, endpoint)
		}
	}
	return found, nil
}

// hosts returns what is said about a registry. Source: [hostPaths], of Unix.
//
// [hostPaths]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/config_unix.go#L25-L37
func (t *hostTrees) hosts(registry string) []hostConfig {
	for _, tree := range t.trees {
		for _, name := range []string{hostDirectory(registry), registry, "_default"} {
			if hosts, ok := tree[name]; ok {
				return hosts
			}
		}
	}
	return []hostConfig{{}}
}

// hostDirectory returns the name of a registry's directory: ":port" is "_port_"
// there.
func hostDirectory(registry string) string {
	if i := strings.LastIndex(registry, ":"); i > 0 {
		return registry[:i] + "_" + registry[i+1:] + "_"
	}
	return registry
}

// ofRegistry returns the host that a registry is by itself.
func (h hostConfig) ofRegistry(registry string, local *tls.Config) hostConfig {
	h.scheme, h.host, h.path = "https", registry, "/v2"
	h.pull, h.resolve = true, true
	if registry == "docker.io" {
		h.host = "registry-1.docker.io"
	}
	if !isLocalhost(registry) {
		return h
	}
	port := portOf(registry)
	if port != "" && port != "443" {
		h.scheme = "http"
	}
	if port != "80" {
		h.tls = cmp.Or(h.insecure, local)
	}
	return h
}

// endpoint returns the host as a registry's endpoint. A host with TLS settings
// and plain HTTP is asked over HTTPS first, except on port 80.
func (h hostConfig) endpoint(registry string) Endpoint {
	endpoint := Endpoint{Header: h.header, TLS: h.tls}
	if h.scheme == "http" && h.tls != nil && portOf(h.host) != "80" {
		h.scheme = "https"
		endpoint.HTTPFallback = true
	}
	if !h.resolve {
		endpoint.Pulls = DigestPulls
	}
	if h.host != registry && (registry != "docker.io" || h.host != "registry-1.docker.io") {
		endpoint.Namespace = registry
	}
	endpoint.URL = h.scheme + "://" + h.host + strings.TrimSuffix(path.Join("/", h.path), "/")
	if h.host == "" {
		endpoint.Err = errors.New("the host's address " + h.path + " names no host")
	}
	return endpoint
}

// isLocalhost reports whether a registry is on this machine. Source:
// [IsLocalhost].
//
// [IsLocalhost]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/resolver.go#L948-L959
func isLocalhost(registry string) bool {
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func portOf(host string) string {
	_, port, _ := net.SplitHostPort(host)
	return port
}
