package imageconfig

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// choose returns the first entry of an index that a node of that platform takes.
// An entry that names no platform suits every node.
//
// Source: containerd's [platforms.OnlyStrict], which its transfer service uses.
//
// [platforms.OnlyStrict]: https://github.com/containerd/platforms/blob/v1.0.0-rc.1/compare.go#L56-L62
func choose(index *v1.IndexManifest, platform v1.Platform) (v1.Descriptor, bool) {
	wanted := normalize(platform)
	for _, entry := range index.Manifests {
		if entry.Platform == nil || normalize(*entry.Platform) == wanted {
			return entry, true
		}
	}
	return v1.Descriptor{}, false
}

// Suits reports whether the image's config is for that operating system and
// architecture. A config that names neither suits every platform.
func (i *Image) Suits(platform v1.Platform) bool {
	own := target{os: i.Config.OS, arch: i.Config.Architecture}
	if own == (target{}) || own == (target{os: platform.OS, arch: platform.Architecture}) {
		return true
	}
	own = normalize(v1.Platform{OS: own.os, Architecture: own.arch})
	wanted := normalize(platform)
	return (own.os == "" || own.os == wanted.os) && (own.arch == "" || own.arch == wanted.arch)
}

// A target is a platform in its normal form.
type target struct{ os, arch, variant string }

// normalize returns the normal form of a platform: the usual name of its
// architecture, and no variant where it is the one that all machines have.
//
// Source: [platforms.Normalize].
//
// [platforms.Normalize]: https://github.com/containerd/platforms/blob/v1.0.0-rc.1/database.go#L81-L111
func normalize(p v1.Platform) target {
	t := target{p.OS, p.Architecture, p.Variant}
	switch t.arch {
	case "x86_64", "x86-64":
		t.arch = "amd64"
	case "aarch64":
		t.arch = "arm64"
	case "i386":
		t.arch = "386"
	case "armhf":
		t.arch, t.variant = "arm", "v7"
	case "armel":
		t.arch, t.variant = "arm", "v6"
	}
	switch t {
	case target{t.os, "amd64", "v1"}:
		t.variant = ""
	case target{t.os, "arm64", "8"}, target{t.os, "arm64", "v8"}:
		t.variant = ""
	case target{t.os, "arm", ""}, target{t.os, "arm", "7"}:
		t.variant = "v7"
	}
	return t
}
