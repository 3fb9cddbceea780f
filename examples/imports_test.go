// Package examples_test holds the tests of what the project promises as a whole:
// its arrows, its README and its use from another module.
package examples_test

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/drystart/drystart/"

// arrows are the packages that each package may import: of the project, and of
// others by their prefix. The standard library is always allowed.
var arrows = map[string][]string{
	"identity":                   {"k8s.io/api/core/v1", "github.com/moby/sys/user"},
	"imageconfig":                {"github.com/google/go-containerregistry/", "github.com/distribution/reference", "github.com/pelletier/go-toml/v2", "github.com/pelletier/go-toml/v2/unstable", "github.com/klauspost/compress/gzip", "github.com/klauspost/compress/zstd", modulePath + "imageconfig/internal/"},
	"imageconfig/internal/cache": {},
	"simulate":                   {modulePath + "imageconfig", modulePath + "identity", "k8s.io/api/core/v1", "k8s.io/apimachinery/pkg/", "github.com/google/go-containerregistry/pkg/v1", "github.com/google/go-containerregistry/pkg/authn", "github.com/distribution/reference"},
	"simulate/internal/faulty":   {"github.com/google/go-containerregistry/pkg/"},
	"examples/compare":           {},
	"examples/internal/manifest": {"k8s.io/api/core/v1", "k8s.io/apimachinery/", "sigs.k8s.io/yaml"},
	"examples/matrix":            {modulePath, "k8s.io/api/", "k8s.io/apimachinery/"},
	"examples/lock":              {modulePath, "k8s.io/api/", "k8s.io/apimachinery/", "github.com/distribution/reference"},
	"examples/lesson":            {modulePath, "k8s.io/api/", "k8s.io/apimachinery/", "sigs.k8s.io/yaml"},
	"examples/replay":            {modulePath, "k8s.io/api/", "github.com/google/go-containerregistry/"},
}

// TestArrows fails for an import that the design does not have, and for a
// package that it does not know.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); name == "testdata" || dir != ".." && strings.HasPrefix(name, ".") {
			return filepath.SkipDir
		}
		found, err := build.ImportDir(dir, 0)
		if err != nil || len(found.GoFiles) == 0 {
			return nil //nolint:nilerr // a directory without Go files
		}
		name := filepath.ToSlash(strings.TrimPrefix(dir, "../"))
		allowed, known := arrows[name]
		if !known {
			t.Errorf("package %s is not part of the design", name)
		}
		seen[name] = true
		for _, path := range found.Imports {
			standard := !strings.Contains(strings.Split(path, "/")[0], ".")
			fits := func(prefix string) bool {
				return path == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)
			}
			if !standard && path != "embed" && !slices.ContainsFunc(allowed, fits) {
				t.Errorf("%s must not import %s", name, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range arrows {
		if !seen[name] {
			t.Errorf("package %s is gone; so should its arrows be", name)
		}
	}
}

// TestTopLevel fails for anything at the top that does not belong there.
func TestTopLevel(t *testing.T) {
	want := []string{"simulate", "imageconfig", "identity", "examples", "testdata", "go.mod", "go.sum", "README.md", "LICENSE"}
	found, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range found {
		if name := filepath.Base(path); !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("top level = %v, want %v", names, want)
	}
}
