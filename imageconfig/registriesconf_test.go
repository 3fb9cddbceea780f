package imageconfig_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// conf and confDir are where CRI-O's configuration is.
const (
	conf    = "/etc/containers/registries.conf"
	confDir = "/etc/containers/registries.conf.d"
)

const blocked = " is blocked in /etc/containers/registries.conf or /root/.config/containers/registries.conf.d"

// TestRegistriesConf has the rules of a file, most as
// containers-registries.conf(5) states them.
func TestRegistriesConf(t *testing.T) {
	const manual = `
unqualified-search-registries = ["example.com"]
[[registry]]
prefix = "example.com/foo"
location = "internal.example.net/bar"
[[registry.mirror]]
location = "mirror-0.example/mirror-for-foo"
[[registry.mirror]]
location = "mirror-1.example/mirrors/foo"
insecure = true
[[registry]]
location = "registry.com"
[[registry.mirror]]
location = "mirror.registry.com"`
	const wildcards = `
[[registry]]
prefix = "*.example.com"
insecure = true
[[registry]]
prefix = "*.deep.example.com"
location = "deep.example.net/all"
[[registry]]
location = "x.deep.example.com"`
	const pulls = `
[[registry]]
location = "a.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m.example"
[[registry]]
location = "b.example"
[[registry.mirror]]
location = "all.example"
pull-from-mirror = "all"
[[registry.mirror]]
location = "digest.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tag.example"
pull-from-mirror = "tag-only"`
	const blocks = `
[[registry]]
location = "blocked.example"
blocked = true
[[registry.mirror]]
location = "mirror.example/blocked"
[[registry]]
prefix = "moved.example"
location = "new.example"
blocked = true
[[registry]]
location = "open.example"
[[registry.mirror]]
location = "blocked.example/mirror"`
	for _, test := range []struct {
		name, reason, file, repository string
		want                           []string
	}{
		{"empty", "Names are what they say.", "", "registry.example/app", []string{"https://registry.example/v2/app"}},
		{"docker.io", "Docker Hub's API has another name.", "", "docker.io/library/nginx", []string{"https://registry-1.docker.io/v2/library/nginx"}},
		{"localhost", "Is nothing special.", "", "localhost:5000/app", []string{"https://localhost:5000/v2/app"}},
		{"short name", "CRI-O completes names before.", `unqualified-search-registries = ["example.com"]`, "nginx", []string{`error: repository "nginx": repository name must be canonical`}},
		{"the manual's example", "Mirrors in order, then the location.", manual, "example.com/foo/image", []string{
			"https://mirror-0.example/v2/mirror-for-foo/image", "https://mirror-1.example/v2/mirrors/foo/image or-http tls unverified",
			"https://internal.example.net/v2/bar/image",
		}},
		{"another registry", "Has its own mirrors.", manual, "registry.com/image", []string{"https://mirror.registry.com/v2/image", "https://registry.com/v2/image"}},
		{"beside the prefix", "A prefix ends with a part.", manual, "example.com/food/image", []string{"https://example.com/v2/food/image"}},
		{"port", "A prefix without a port takes those with one.", manual, "registry.com:5000/image", []string{"https://mirror.registry.com:5000/v2/image", "https://registry.com:5000/v2/image"}},
		{"wildcard", "Without a location, nothing is rewritten.", wildcards, "a.b.example.com/app", []string{"https://a.b.example.com/v2/app or-http tls unverified"}},
		{"wildcard's own domain", "Is not below itself.", wildcards, "example.com/app", []string{"https://example.com/v2/app"}},
		{"wildcard with a location", "The longest prefix, and the host is replaced.", wildcards, "a.deep.example.com/app", []string{"https://deep.example.net/v2/all/app"}},
		{"wildcard and a name of its length", "The first in the order of prefixes.", wildcards, "x.deep.example.com/app", []string{"https://deep.example.net/v2/all/app"}},
		{"wildcard in a path", "Is for hosts.", wildcards, "other.com/a.example.com/app", []string{"https://other.com/v2/a.example.com/app"}},
		{"mirror-by-digest-only", "Is for all mirrors.", pulls, "a.example/app", []string{"https://m.example/v2/app digest-only", "https://a.example/v2/app"}},
		{"pull-from-mirror", "Is for one.", pulls, "b.example/app", []string{
			"https://all.example/v2/app", "https://digest.example/v2/app digest-only", "https://tag.example/v2/app tag-only", "https://b.example/v2/app",
		}},
		{"blocked", "Its mirrors are not.", blocks, "blocked.example/app", []string{
			"https://mirror.example/v2/blocked/app", "https://blocked.example/v2/app error: registry blocked.example" + blocked,
		}},
		{"blocked and moved", "The block is looked for under the new name, where there is none.", blocks, "moved.example/app", []string{"https://new.example/v2/app"}},
		{"blocked mirror", "Is blocked wherever it is met.", blocks, "open.example/app", []string{
			"https://blocked.example/v2/mirror/app error: registry blocked.example" + blocked, "https://open.example/v2/app",
		}},
		{"prefix twice", "The first counts.", "[[registry]]\nprefix = 'a.example'\nlocation = 'b.example'\n[[registry]]\nprefix = 'a.example'\nlocation = 'c.example'",
			"a.example/app", []string{"https://b.example/v2/app"}},
		{"slashes", "At the end are none.", "[[registry]]\nprefix = 'a.example/lib//'\nlocation = 'b.example/'", "a.example/lib/app", []string{"https://b.example/v2/app"}},
		{"a tag as prefix", "Is of no repository.", "[[registry]]\nprefix = 'a.example/app:v1'\nlocation = 'b.example/app'", "a.example/app", []string{"https://a.example/v2/app"}},
		{"whole name", "A prefix may be that.", "[[registry]]\nprefix = 'a.example/app'\nlocation = 'b.example/other'", "a.example/app", []string{"https://b.example/v2/other"}},
		{"nothing left", "A registry is no image.", "[[registry]]\nprefix = 'a.example/app'\nlocation = 'b.example:5000'", "a.example/app",
			[]string{`error: a.example/app at "b.example:5000": invalid reference format`}},
		{"library", "Docker Hub's names are not shortened.", "[[registry]]\nprefix = 'docker.io/library'\nlocation = 'docker.io'", "docker.io/library/nginx",
			[]string{`error: docker.io/library/nginx at "docker.io": repository name must be canonical`}},
		{"other keys", "Say nothing of endpoints.", "credential-helpers = ['x']\nshort-name-mode = 'disabled'\nnew = 1\n[aliases]\nnginx = 'a.example/nginx'",
			"a.example/app", []string{"https://a.example/v2/app"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.RegistriesConf(nodeOf(map[string]string{conf: test.file}), conf)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, test.repository, test.want...)
		})
	}
}

// TestRegistriesConfBlocked tells a blocked registry from others, and what is
// read where it was found.
func TestRegistriesConfBlocked(t *testing.T) {
	endpoints, err := imageconfig.RegistriesConf(nodeOf(map[string]string{conf: "[[registry]]\nprefix = '*.example'\nblocked = true"}), conf)
	if err != nil {
		t.Fatal(err)
	}
	found, err := endpoints("a.example/app")
	if err != nil {
		t.Fatal(err)
	}
	var known *imageconfig.BlockedError
	if len(found) != 1 || !errors.As(found[0].Err, &known) || known.Prefix != "*.example" {
		t.Errorf("endpoints are %v, want one that *.example blocks", lines(found))
	}
	if !found[0].Pinned {
		t.Error("what CRI-O finds in one place it reads there")
	}
}

// TestRegistriesConfDropIns has the rules of several files.
func TestRegistriesConfDropIns(t *testing.T) {
	to := func(location string) string {
		return "[[registry]]\nprefix = 'a.example'\nlocation = '" + location + "'\n"
	}
	node := nodeOf(map[string]string{
		conf:                      to("main.example") + "insecure = true\n[[registry]]\nprefix = 'b.example'\nlocation = 'main.example'\ninsecure = true",
		confDir + "/50-b.conf":    to("b.example"),
		confDir + "/10-a.conf":    to("a.example") + "[[registry]]\nprefix = 'a.example/lib'\nlocation = 'lib.example'",
		confDir + "/99-c.example": to("c.example"),
		confDir + "/60/d.conf":    to("d.example"),
	})
	for _, test := range []struct {
		name, reason, repository string
		paths                    []string
		want                     string
	}{
		{"main file", "Alone.", "a.example/app", []string{conf}, "https://main.example/v2/app or-http tls unverified"},
		{"directory", "By name, the last counts, *.conf only, none below; with all that the table says.", "a.example/app", []string{conf, confDir}, "https://b.example/v2/app"},
		{"other tables", "Stay.", "b.example/app", []string{conf, confDir}, "https://main.example/v2/app or-http tls unverified"},
		{"new tables", "Come.", "a.example/lib/app", []string{conf, confDir}, "https://lib.example/v2/app"},
		{"order", "Is the caller's.", "a.example/app", []string{confDir, conf}, "https://main.example/v2/app or-http tls unverified"},
		{"no slash", "A path is from the root.", "a.example/app", []string{strings.TrimPrefix(conf, "/")}, "https://main.example/v2/app or-http tls unverified"},
		{"none", "A node without a configuration.", "a.example/app", nil, "https://a.example/v2/app"},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.RegistriesConf(node, test.paths...)
			if err != nil {
				t.Fatal(err)
			}
			wantEndpoints(t, endpoints, test.repository, test.want)
		})
	}
}

func TestRegistriesConfErrors(t *testing.T) {
	for _, test := range []struct{ name, reason, content, want string }{
		{"syntax", "The place is the parser's.", "\n[[registry]", ":2: toml: …"},
		{"type", "A text is not a yes.", "[[registry]]\nlocation = 'a'\ninsecure = 'yes'", ":3: toml: cannot decode…"},
		{"version 1", "Is another format.", "\n[registries.search]\nregistries = ['a.example']", ":2: the file is in version 1 of the format, which is deprecated and not read here"},
		{"version 1, no entries", "Is one as well.", "[registries.block]\nregistries = []", ":1: the file is in version 1 of the format, which is deprecated and not read here"},
		{"scheme", "A location is no URL.", "[[registry]]\nlocation = 'a.example'\n[[registry]]\nlocation = 'https://b.example'", `:4: "https://b.example" has a scheme; a location has none`},
		{"prefix's scheme", "Nor is a prefix.", "[[registry]]\nlocation = 'a.example'\nprefix = 'http://b.example'", `:3: "http://b.example" has a scheme; a location has none`},
		{"nothing", "Says nothing.", "[[registry]]\nlocation = 'a.example'\n\n[[registry]]\ninsecure = true", ":4: a registry has neither a location nor a prefix"},
		{"prefix only", "Is for wildcards.", "[[registry]]\nprefix = 'a.example'", `:1: the registry "a.example" has no location, and its prefix is not of the form *.example.com`},
		{"wildcard with a path", "Is for hosts.", "[[registry]]\nprefix = '*.example/app'", `:2: the prefix "*.example/app" is not of the form *.example.com`},
		{"wildcard with a port", "Is for hosts.", "[[registry]]\nlocation = '*.example:5000'", `:1: the prefix "*.example:5000" is not of the form *.example.com`},
		{"mirror without a location", "The line is the mirror's.", "[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = 'm.example'\n[[registry.mirror]]\ninsecure = true", ":5: a mirror has no location"},
		{"mirror's scheme", "As above.", "[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = 'http://m.example'", `:4: "http://m.example" has a scheme; a location has none`},
		{"pull-from-mirror", "Has three values.", "[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = 'm.example'\npull-from-mirror = 'never'", `:5: pull-from-mirror has the unknown value "never"`},
		{"pull-from-mirror of a registry", "Is for mirrors.", "[[registry]]\nlocation = 'a.example'\npull-from-mirror = 'all'", ":3: pull-from-mirror is for mirrors, not for registries"},
		{"both restrictions", "One or the other.", "[[registry]]\nlocation = 'a.example'\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = 'm.example'\npull-from-mirror = 'all'", ":6: pull-from-mirror cannot be set where the registry has mirror-by-digest-only"},
		{"conflict", "A location is insecure or not.", "[[registry]]\nlocation = 'a.example'\n[[registry]]\nprefix = 'b.example'\nlocation = 'a.example'\ninsecure = true", `:3: the location "a.example" is insecure or blocked in another table, and not so in this`},
		{"search", "CRI-O refuses the file.", "unqualified-search-registries = ['a.example', 'b.example/lib']", `:1: unqualified-search-registries: "b.example/lib" is not a registry`},
		{"mode", "CRI-O refuses the file.", "\nshort-name-mode = 'on'", `:2: short-name-mode has the unknown value "on"`},
		{"many tables", "Nobody has as many.", strings.Repeat("[[registry]]\nlocation = 'a'\n[[registry.mirror]]\nlocation = 'b'\n", 2049), ": has more than 4096 registries and mirrors"},
		{"deep key", "Takes no longer than it is.", "\n[a" + strings.Repeat(".a", 1<<18) + "]\n[[registry]]", ":3: a registry has neither a location nor a prefix"},
		{"inline tables", "Have the line of their array.", "\nregistry = [{location = 'a'}, {insecure = true}]", ":2: a registry has neither a location nor a prefix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			endpoints, err := imageconfig.RegistriesConf(nodeOf(map[string]string{confDir + "/a.conf": test.content}), confDir)
			wantConfigError(t, endpoints, err, confDir+"/a.conf"+test.want)
		})
	}
	endpoints, err := imageconfig.RegistriesConf(nodeOf(nil), conf)
	wantConfigError(t, endpoints, err, conf+": file does not exist")
}

// TestRegistriesConfCertificates has the rules of containers-certs.d(5).
func TestRegistriesConfCertificates(t *testing.T) {
	cert, key := certificate(t)
	const containers, docker = "/etc/containers/certs.d/", "/etc/docker/certs.d/"
	node := nodeOf(map[string]string{
		conf:                                  "[[registry]]\nlocation = 'ca.example'\n[[registry.mirror]]\nlocation = 'both.example:5000'\ninsecure = true",
		containers + "ca.example/ca.crt":      cert,
		containers + "ca.example/notes":       "not looked at",
		docker + "ca.example/a.cert":          cert,
		docker + "both.example:5000/ca.crt":   cert,
		docker + "both.example:5000/me.cert":  cert,
		docker + "both.example:5000/me.key":   key,
		docker + "docker.io/ca.crt":           cert,
		containers + "junk.example/ca.crt":    "junk",
		containers + "nokey.example/me.cert":  cert,
		containers + "nocert.example/me.key":  key,
		containers + "badkey.example/me.cert": cert,
		containers + "badkey.example/me.key":  "junk",
	})
	endpoints, err := imageconfig.RegistriesConf(node, conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, reason, repository string
		want                     []string
	}{
		{"ca", "Of the first directory that the registry has; the mirror has its own.", "ca.example/app", []string{
			"https://both.example:5000/v2/app or-http tls unverified ca client", "https://ca.example/v2/app tls ca",
		}},
		{"port", "Is part of the name.", "both.example/app", []string{"https://both.example/v2/app"}},
		{"docker.io", "By the name in the image's.", "docker.io/library/nginx", []string{"https://registry-1.docker.io/v2/library/nginx tls ca"}},
		{"junk", "CRI-O passes over it.", "junk.example/app", []string{"https://junk.example/v2/app tls ca"}},
		{"no key", "The registry is not asked.", "nokey.example/app", []string{"https://nokey.example/v2/app error: /etc/containers/certs.d/nokey.example/me.cert: has no .key beside it; a CA is a .crt"}},
		{"no certificate", "As above.", "nocert.example/app", []string{"https://nocert.example/v2/app error: /etc/containers/certs.d/nocert.example/me.key: has no .cert beside it"}},
		{"bad key", "As above.", "badkey.example/app", []string{"https://badkey.example/v2/app error: /etc/containers/certs.d/badkey.example/me.cert: tls: …"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			needsReason(t, test.reason)
			wantEndpoints(t, endpoints, test.repository, test.want...)
		})
	}
}
