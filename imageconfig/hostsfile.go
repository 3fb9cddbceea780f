package imageconfig

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A hostTable is what a hosts.toml may say about a host.
type hostTable struct {
	Capabilities []string       `toml:"capabilities"`
	CA           any            `toml:"ca"`     // a path or paths
	Client       any            `toml:"client"` // a path, paths, or pairs of paths
	SkipVerify   *bool          `toml:"skip_verify"`
	Header       map[string]any `toml:"header"` // a text or texts each
	OverridePath bool           `toml:"override_path"`
	DialTimeout  string         `toml:"dial_timeout"`
}

// parseHostsFile reads a hosts.toml: its hosts, and the server at the end.
// Source: [parseHostsFile].
//
// [parseHostsFile]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L380-L422
func parseHostsFile(file string, document []byte) ([]hostConfig, error) {
	var content struct {
		hostTable
		Server string               `toml:"server"`
		Hosts  map[string]hostTable `toml:"host"`
	}
	if err := decodeTOML(file, document, &content); err != nil {
		return nil, err
	}
	addresses := sortedHosts(document)
	if len(addresses) > maxHosts {
		return nil, &ConfigError{File: file, Err: fmt.Errorf("has more than %d hosts", maxHosts)}
	}
	var hosts []hostConfig
	for _, address := range addresses {
		host, key, err := parseHost(address, path.Dir(file), content.Hosts[address])
		if err != nil {
			return nil, &ConfigError{File: file, Line: lineOf(document, "host", address, key), Err: fmt.Errorf("host %q: %s: %w", address, key, err)}
		}
		hosts = append(hosts, host)
	}
	server, key, err := parseHost(content.Server, path.Dir(file), content.hostTable)
	if err != nil {
		return nil, &ConfigError{File: file, Line: lineOf(document, key), Err: fmt.Errorf("%s: %w", key, err)}
	}
	return append(hosts, server), nil
}

// sortedHosts returns the addresses of the hosts in the order of the file: of
// the headers of their tables. A table that is taken up again further down is a
// host once more; what has no header of its own is none. Source:
// [getSortedHosts].
//
// [getSortedHosts]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L551-L585
func sortedHosts(document []byte) []string {
	var parser unstable.Parser
	parser.Reset(document)
	var hosts []string
	last := ""
	for parser.NextExpression() {
		expression := parser.Expression()
		if expression.Kind != unstable.Table {
			continue
		}
		keys := keysOf(expression, 2)
		if len(keys) < 2 || keys[0] != "host" || keys[1] == last {
			continue
		}
		last = keys[1]
		hosts = append(hosts, last)
	}
	return hosts
}

// parseHost reads what is said about a host; of an error, it names the key.
// Source: [parseHostConfig].
//
// [parseHostConfig]: https://github.com/containerd/containerd/blob/v2.3.4/core/remotes/docker/config/hosts.go#L424-L548
func parseHost(address, dir string, table hostTable) (host hostConfig, key string, err error) {
	host.skipVerify = table.SkipVerify
	if err := host.setAddress(address, table.OverridePath); err != nil {
		return host, "server", err
	}
	if err := host.setCapabilities(table.Capabilities); err != nil {
		return host, "capabilities", err
	}
	if host.caCerts, err = pathsIn(dir, table.CA); err != nil {
		return host, "ca", err
	}
	if host.clientPairs, err = pairsIn(dir, table.Client); err != nil {
		return host, "client", err
	}
	if host.header, err = headerOf(table.Header); err != nil {
		return host, "header", err
	}
	if table.DialTimeout != "" {
		if _, err := time.ParseDuration(table.DialTimeout); err != nil {
			return host, "dial_timeout", err
		}
	}
	return host, "", nil
}

// setAddress sets where a host is. "/v2" comes after its path if it is not there
// and the path is not said to be all.
func (h *hostConfig) setAddress(address string, overridePath bool) error {
	if address == "" {
		return nil
	}
	if !strings.HasPrefix(address, "http") {
		address = "https://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return err
	}
	h.scheme, h.host, h.path = parsed.Scheme, parsed.Host, parsed.Path
	if h.path != "" {
		h.path = path.Clean(h.path)
	}
	if !strings.HasSuffix(h.path, "/v2") && !overridePath {
		h.path += "/v2"
	}
	return nil
}

func (h *hostConfig) setCapabilities(capabilities []string) error {
	h.pull, h.resolve = len(capabilities) == 0, len(capabilities) == 0
	for _, capability := range capabilities {
		switch strings.ToLower(capability) {
		case "pull":
			h.pull = true
		case "resolve":
			h.resolve = true
		case "push", "referrers": // not asked here
		default:
			return fmt.Errorf("unknown capability %q", capability)
		}
	}
	return nil
}
