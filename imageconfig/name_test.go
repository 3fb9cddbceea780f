package imageconfig_test

import (
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

// parts are what a Name says of itself.
type parts struct{ Domain, Path, Repository, Tag, Version, String, Err string }

func partsOf(text string) parts {
	name, err := imageconfig.ParseName(text)
	if err != nil {
		return parts{Err: err.Error()}
	}
	return parts{name.Domain(), name.Path(), name.Repository(), name.Tag(), name.Version(), name.String(), ""}
}

// referenceParts are the same, as the library says them that the kubelet uses.
func referenceParts(text string) parts {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return parts{Err: err.Error()}
	}
	named = reference.TagNameOnly(named)
	p := parts{Domain: reference.Domain(named), Path: reference.Path(named), Repository: named.Name(), String: named.String()}
	if tagged, ok := named.(reference.Tagged); ok {
		p.Tag, p.Version = tagged.Tag(), tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		p.Version = digested.Digest().String()
	}
	return p
}

// FuzzParseName compares any text with what github.com/distribution/reference
// makes of it: all parts, and the text of the error. Two names are equal if and
// only if the library writes them alike, and only then does a Map find one by the
// other.
func FuzzParseName(f *testing.F) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for _, text := range []string{
		"nginx", "nginx:1.28", "library/nginx", "docker.io/nginx", "index.docker.io/library/nginx:latest", "index.docker.io",
		"registry.example/shop/app:v1.4.2-RC_1", "registry.example:5000/app@" + digest, "app:1@" + digest, "app@" + strings.ToUpper(digest),
		"localhost/app", "localhost", "localhost:5000", "localhost:5000/app", "[::1]:5000/app", "docker.io/library/a/b", "docker.io/localhost/x",
		"a__b/c--d", "a___b", "a..b", "-a", "a-", "a_/b", "Nginx", "EXAMPLE/app", "Example.com/app", "a:-x", "a:.x", "a:_x", "a:", "a@", "a:b:c", "x:y/z",
		"", "/", "//", ":", "@", "a/", "/a", "a//b", "a.b", "a.b/", "a-.b/c", "a.-b/c", "a_b.c/d", "host:/x", "host:1a/x", "a@sha512:" + strings.Repeat("0", 128), "a@b@c", " a",
		strings.Repeat("a", 64), strings.Repeat("a", 64) + ":x", strings.Repeat("a", 256), "x/" + strings.Repeat("a", 250), "a:" + strings.Repeat("b", 128), "a:" + strings.Repeat("b", 129), "ä", "a:ä", "xn--80ak6aa92e.com/app",
	} {
		f.Add(text, "docker.io/library/nginx:latest")
	}
	f.Add("docker.io/localhost/x", "localhost/x")
	f.Add("docker.io/library/nginx", "nginx:latest")
	f.Fuzz(func(t *testing.T, text, other string) {
		want, got := referenceParts(text), partsOf(text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-library +ParseName):\n%s", text, diff)
		}
		one, err := imageconfig.ParseName(text)
		two, otherErr := imageconfig.ParseName(other)
		if err == nil && otherErr == nil && (one == two) != (one.String() == two.String()) {
			t.Errorf("%q and %q: equal is %v, but they are %v and %v", text, other, one == two, one, two)
		}
		_, err = imageconfig.Map{other: &imageconfig.Image{}}.Image(t.Context(), text, v1.Platform{})
		found := text == other || strings.TrimSuffix(text, ":latest") == other || got.Err == "" && got.String == partsOf(other).String
		if (err == nil) != found {
			t.Errorf("%q is found by %q is %v, want %v", other, text, err == nil, found)
		}
		if full, err := imageconfig.ParseName(got.String); got.Err == "" && (err != nil || full != one) {
			t.Errorf("%q is not %q: %+v and %+v, %v", text, got.String, one, full, err)
		}
	})
}

// BenchmarkParseName reads the usual names, and one that is left to the library.
func BenchmarkParseName(b *testing.B) {
	for name, text := range map[string]string{
		"short":   "nginx",
		"tag":     "registry.example/shop/app:1.4.2",
		"digest":  "registry.example/shop/app@sha256:" + strings.Repeat("0123456789abcdef", 4),
		"unusual": "registry.example/shop__app:1.4.2",
	} {
		b.Run("name="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := imageconfig.ParseName(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
