package imageconfig_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// fuzzedRepositories are asked for in each fuzzed configuration.
var fuzzedRepositories = []string{"docker.io/library/nginx", "localhost:5000/app", "a.b.example.com/lib/app", "a.example/app"}

// checkConfiguration checks what holds for any file: it is refused with a
// *ConfigError that has a line of the file, or for each repository there are at
// most as many endpoints as the file has lines, and the one at the end; each has
// a URL without a slash at the end, or says why it is not asked; and the same
// file gives the same again.
func checkConfiguration(t *testing.T, content string, load func(content string) (imageconfig.Endpoints, error)) {
	t.Helper()
	endpoints, err := load(content)
	again, errAgain := load(content)
	most := 1 + strings.Count(content, "[")
	if err != nil {
		var known *imageconfig.ConfigError
		if !errors.As(err, &known) || known.Line < 0 || known.Line > 1+strings.Count(content, "\n") {
			t.Fatalf("error is %v (%T), want a *ConfigError with a line of the file", err, err)
		}
		if errAgain == nil {
			t.Fatal("the file is refused once, and taken once")
		}
		return
	}
	for _, repository := range fuzzedRepositories {
		found, err := endpoints(repository)
		foundAgain, errAgain := again(repository)
		if diff := cmp.Diff(lines(found), lines(foundAgain)); diff != "" || (err == nil) != (errAgain == nil) {
			t.Fatalf("%s is different the second time: %v, %v, %s", repository, err, errAgain, diff)
		}
		if len(found) > most {
			t.Fatalf("%s has %d endpoints of at most %d", repository, len(found), most)
		}
		for _, endpoint := range found {
			parsed, err := url.Parse(endpoint.URL)
			if endpoint.Err != nil {
				continue
			}
			if err != nil || parsed.Host == "" || endpoint.Repository == "" || strings.HasSuffix(endpoint.URL, "/") {
				t.Fatalf("%s is asked of %q for %q (%v)", repository, endpoint.URL, endpoint.Repository, err)
			}
		}
	}
}

func FuzzHostsTOML(f *testing.F) {
	for _, seed := range []string{
		"", "server = 'https://registry-1.docker.io'\n[host.'http://192.168.31.250:5000']\ncapabilities = ['pull', 'resolve']\nskip_verify = true",
		"[host.a]\n[host.b]\n[host.a.header]\nx = ['y']", "[host]\n'a' = {ca = ['x']}", "host.'a'.client = [['x', '']]",
		"[host.\"\\u0041\"]\noverride_path = true", "ca = 5", "[[host]]", "[host.'https://[::1']", "server = 'https://a/%zz'",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		checkConfiguration(t, content, func(content string) (imageconfig.Endpoints, error) {
			return imageconfig.HostsTOML(nodeOf(map[string]string{certs + "/_default/hosts.toml": content}), certs)
		})
	})
}

func FuzzRegistriesConf(f *testing.F) {
	for _, seed := range []string{
		"", "unqualified-search-registries = ['a.example']\n[[registry]]\nprefix = '*.example.com'\n[[registry.mirror]]\nlocation = 'm.example/x'\ninsecure = true",
		"[[registry]]\nlocation = 'docker.io'\nblocked = true\nmirror-by-digest-only = true", "[[registry]]\nprefix = '*.'\nlocation = '/'",
		"registry = [{location = 'a'}]", "[[registry]]\nmirror = [{}]", "[registries.search]\nregistries = []", "[[registry]]\n[registry.mirror]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		checkConfiguration(t, content, func(content string) (imageconfig.Endpoints, error) {
			return imageconfig.RegistriesConf(nodeOf(map[string]string{conf: content}), conf)
		})
	})
}
