package imageconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/distribution/reference"
)

// RegistriesConf returns the [Endpoints] of a node whose CRI-O has these
// registry configurations, such as "/etc/containers/registries.conf" and
// "/etc/containers/registries.conf.d". They are paths from root, the node's file
// system, each a file or a directory of which the *.conf are read by name. Later
// ones replace the [[registry]] tables of earlier ones that have the same
// prefix. On the node itself, root is os.DirFS("/").
//
// The longest prefix decides; what follows it is appended to the location of
// each mirror, then to that of the registry. See [containers-registries.conf(5)].
// A registry that is blocked is an [Endpoint] with a [*BlockedError]. Its mirrors
// are asked nevertheless, and as on the node the block is looked for under the
// name that the image has after the rewriting. CAs and client certificates come
// from /etc/containers/certs.d and, for a registry without a directory there,
// /etc/docker/certs.d, as containers-certs.d(5) says.
//
// All is read at once; a file that is not valid, or is in the deprecated version
// 1, is a [*ConfigError]; so is one above 1 MiB or with more than 4096 registries
// and mirrors. What says nothing about endpoints is passed over, such as
// credential-helpers. So is what completes short names,
// unqualified-search-registries and aliases: CRI-O does that before it looks for
// endpoints. A short name, such as "nginx", is Docker Hub's on a CRI-O only if
// the node's files say so, and that is not found out here.
//
// [containers-registries.conf(5)]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/docs/containers-registries.conf.5.md
func RegistriesConf(root fs.FS, paths ...string) (Endpoints, error) {
	files := nodeFiles{root}
	config := &registriesConfig{}
	for _, name := range paths {
		dropIns, err := files.dropIns(name)
		if err != nil {
			return nil, err
		}
		for _, file := range dropIns {
			tables, err := files.loadRegistries(file)
			if err != nil {
				return nil, err
			}
			config.update(tables)
		}
	}
	var err error
	config.certs, err = files.loadCertsDirs("/etc/containers/certs.d", "/etc/docker/certs.d")
	if err != nil {
		return nil, err
	}
	return config.endpoints, nil
}

// dropIns returns the files that a path stands for. Source: [dropInConfigs].
//
// [dropInConfigs]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L653-L700
func (n nodeFiles) dropIns(name string) ([]string, error) {
	if !n.isDir(name) {
		return []string{path.Join("/", name)}, nil
	}
	entries, err := n.list(name)
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && strings.HasSuffix(entry.Name(), ".conf") {
			files = append(files, path.Join("/", name, entry.Name()))
		}
	}
	return files, err
}

// loadCertsDirs reads what is in each registry's directory; of two for the same
// registry, the first.
func (n nodeFiles) loadCertsDirs(dirs ...string) (map[string]registryTLS, error) {
	certs := map[string]registryTLS{}
	for _, dir := range dirs {
		entries, err := n.list(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			place := path.Join(dir, entry.Name())
			if _, known := certs[entry.Name()]; known || !n.isDir(place) {
				continue
			}
			settings, err := n.setupCertificates(place)
			certs[entry.Name()] = registryTLS{settings, skipVerify(settings), err}
		}
	}
	certs[""] = registryTLS{nil, skipVerify(nil), nil} // of all others
	return certs, nil
}

// registriesConfig is what all files say together.
type registriesConfig struct {
	tables []registryTable // by prefix
	certs  map[string]registryTLS
}

// endpoints is the Endpoints of the configuration. Source: [newImageSource] and
// [PullSourcesFromReference].
//
// [newImageSource]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/docker/docker_image_src.go#L56-L126
// [PullSourcesFromReference]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L149-L185
func (c *registriesConfig) endpoints(repository string) ([]Endpoint, error) {
	if _, _, err := parseRepository(repository); err != nil {
		return nil, err
	}
	table := c.find(repository)
	if table == nil {
		table = &registryTable{Prefix: repository, location: location{Location: repository}}
	}
	var found []Endpoint
	for _, mirror := range table.Mirrors {
		endpoint, err := c.endpoint(mirror, table.Prefix, repository)
		if err != nil {
			return nil, err
		}
		endpoint.Pulls = pullsFromMirror[mirror.PullFromMirror]
		if table.MirrorByDigestOnly {
			endpoint.Pulls = DigestPulls
		}
		found = append(found, endpoint)
	}
	primary, err := c.endpoint(table.location, table.Prefix, repository)
	if err != nil {
		return nil, err
	}
	return append(found, primary), nil
}

// pullsFromMirror are the values of pull-from-mirror.
var pullsFromMirror = map[string]Pulls{"": AllPulls, "all": AllPulls, "digest-only": DigestPulls, "tag-only": TagPulls}

// endpoint returns a location as a repository's endpoint. Source:
// [newImageSourceAttempt], [newDockerClient] and [detectPropertiesHelper].
//
// [newImageSourceAttempt]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/docker/docker_image_src.go#L131-L197
// [newDockerClient]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/docker/docker_client.go#L238-L293
// [detectPropertiesHelper]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/docker/docker_client.go#L961-L1008
func (c *registriesConfig) endpoint(at location, prefix, repository string) (Endpoint, error) {
	physical, err := at.rewrite(repository, prefix)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s at %q: %w", repository, at.Location, err)
	}
	registry := reference.Domain(physical)
	certs, ok := c.certs[registry]
	if !ok {
		certs = c.certs[""]
	}
	endpoint := Endpoint{
		Repository: reference.Path(physical), Pinned: true,
		TLS: certs.settings, HTTPFallback: at.Insecure, Err: certs.err,
	}
	if at.Insecure {
		endpoint.TLS = certs.insecure
	}
	if table := c.find(physical.Name()); table != nil && table.Blocked && endpoint.Err == nil {
		endpoint.Err = &BlockedError{Prefix: table.Prefix}
	}
	if registry == "docker.io" {
		registry = "registry-1.docker.io"
	}
	endpoint.URL = "https://" + registry + "/v2"
	return endpoint, nil
}

// find returns the table with the longest prefix of a name; of two, the first.
// Source: [findRegistryWithParsedConfig].
//
// [findRegistryWithParsedConfig]: https://github.com/containers/container-libs/blob/image/v5.39.2/image/pkg/sysregistriesv2/system_registries_v2.go#L929-L945
func (c *registriesConfig) find(name string) *registryTable {
	var found *registryTable
	for i := range c.tables {
		table := &c.tables[i]
		if matching(name, table.Prefix) >= 0 && (found == nil || len(table.Prefix) > len(found.Prefix)) {
			found = table
		}
	}
	return found
}
