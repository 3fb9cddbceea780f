package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"io"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

var update = flag.Bool("update", false, "write the golden files and the image anew")

// TestImageIsTheOneDescribedHere keeps the embedded layout and its description
// in step: -update writes it anew.
func TestImageIsTheOneDescribedHere(t *testing.T) {
	dir := t.TempDir()
	if *update {
		dir = "image"
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	writeLayout(t, dir)
	if *update {
		return
	}
	want, err := fs.Sub(embedded, "image")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(t, want), contents(t, os.DirFS(dir))); diff != "" {
		t.Errorf("the embedded image is not the one described here; run go test ./examples/lesson -update (-embedded +described):\n%s", diff)
	}
}

func contents(t *testing.T, dir fs.FS) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		found[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// writeLayout writes the image that stands for nginx:1.28: the config's USER,
// entrypoint, command and environment, the accounts of both files, and the files
// that are executed.
func writeLayout(t *testing.T, dir string) {
	t.Helper()
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), baseLayer(t), nginxLayer(t))
	if err != nil {
		t.Fatal(err)
	}
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config = v1.Config{
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Entrypoint: []string{"/docker-entrypoint.sh"},
		Cmd:        []string{"nginx", "-g", "daemon off;"},
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{"org.opencontainers.image.ref.name": "docker.io/library/nginx:1.28"}
	if err := written.AppendImage(image, layout.WithAnnotations(name)); err != nil {
		t.Fatal(err)
	}
}

const (
	basePasswd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
		"www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
	baseGroup = "root:x:0:\ndaemon:x:1:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n"
)

func baseLayer(t *testing.T) v1.Layer {
	return layerOf(t,
		tar.Header{Name: "bin", Typeflag: tar.TypeSymlink, Linkname: "usr/bin", Mode: 0o777}, "",
		tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}, "",
		tar.Header{Name: "etc/passwd", Mode: 0o644}, basePasswd,
		tar.Header{Name: "etc/group", Mode: 0o644}, baseGroup,
		tar.Header{Name: "usr/bin/", Typeflag: tar.TypeDir, Mode: 0o755}, "",
		tar.Header{Name: "usr/bin/bash", Mode: 0o755}, "a shell\n",
		tar.Header{Name: "usr/bin/sh", Typeflag: tar.TypeSymlink, Linkname: "bash", Mode: 0o777}, "",
	)
}

func nginxLayer(t *testing.T) v1.Layer {
	return layerOf(t,
		tar.Header{Name: "docker-entrypoint.sh", Mode: 0o755}, "#!/bin/sh\nexec \"$@\"\n",
		tar.Header{Name: "etc/passwd", Mode: 0o644}, basePasswd+"nginx:x:101:101:nginx user:/nonexistent:/bin/false\n",
		tar.Header{Name: "etc/group", Mode: 0o644}, baseGroup+"nginx:x:101:\n",
		tar.Header{Name: "usr/sbin/", Typeflag: tar.TypeDir, Mode: 0o755}, "",
		tar.Header{Name: "usr/sbin/nginx", Mode: 0o755}, "a web server\n",
	)
}

// layerOf returns an uncompressed layer of pairs of a header and a body.
func layerOf(t *testing.T, headersAndBodies ...any) v1.Layer {
	t.Helper()
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for i := 0; i < len(headersAndBodies); i += 2 {
		header, body := headersAndBodies[i].(tar.Header), headersAndBodies[i+1].(string)
		header.Size = int64(len(body))
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return static.NewLayer(stream.Bytes(), types.OCIUncompressedLayer)
}
