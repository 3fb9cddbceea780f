package imageconfig

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// loadHostDir reads a registry's directory. Source: [loadHostDir].
//
// [loadHostDir]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L315-L336
func (n nodeFiles) loadHostDir(dir string) ([]hostConfig, error) {
	file := path.Join(dir, "hosts.toml")
	document, err := n.read(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(document) == 0 {
		return n.loadCertFiles(dir)
	}
	return parseHostsFile(file, document)
}

// loadCertFiles reads the certificates of a registry's directory as Docker names
// them. Source: [loadCertFiles].
//
// [loadCertFiles]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L622-L650
func (n nodeFiles) loadCertFiles(dir string) ([]hostConfig, error) {
	entries, err := n.list(dir)
	if err != nil {
		return nil, err
	}
	var config hostConfig
	for _, entry := range entries {
		file := path.Join(dir, entry.Name())
		if entry.IsDir() {
			continue
		}
		if strings.HasSuffix(file, ".crt") {
			config.caCerts = append(config.caCerts, file)
		}
		if stem, ok := strings.CutSuffix(file, ".cert"); ok {
			pair := keyPair{cert: file}
			if holds(entries, path.Base(stem+".key")) {
				pair.key = stem + ".key"
			}
			config.clientPairs = append(config.clientPairs, pair)
		}
	}
	return []hostConfig{config}, nil
}

// tlsConfig reads a host's certificates. Source: [updateTLSConfigFromHost].
//
// [updateTLSConfigFromHost]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L242-L289
func (n nodeFiles) tlsConfig(host hostConfig) (*tls.Config, error) {
	if host.caCerts == nil && host.clientPairs == nil && host.skipVerify == nil {
		return nil, nil
	}
	settings := &tls.Config{}
	if host.skipVerify != nil {
		settings.InsecureSkipVerify = *host.skipVerify
	}
	for _, file := range host.caCerts {
		if err := n.addCA(settings, file); err != nil {
			return nil, err
		}
	}
	for _, pair := range host.clientPairs {
		if err := n.addKeyPair(settings, pair); err != nil {
			return nil, err
		}
	}
	return settings, nil
}
