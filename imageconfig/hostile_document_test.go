package imageconfig_test

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// A world is documents and blobs by digest, true or not. It can be a registry
// and a layout.
type world struct {
	bodies map[v1.Hash]content
	raw    map[v1.Hash][]byte
	top    v1.Descriptor
}

func newWorld() *world { return &world{bodies: map[v1.Hash]content{}, raw: map[v1.Hash][]byte{}} }

// put stores a body under its digest.
func (w *world) put(mediaType types.MediaType, body []byte) v1.Descriptor {
	made := describe(mediaType, body)
	w.lie(made, body)
	return made
}

// lie stores a body under another's digest.
func (w *world) lie(at v1.Descriptor, body []byte) {
	w.bodies[at.Digest] = content{mediaType: at.MediaType, write: writes(body)}
	w.raw[at.Digest] = body
}

// image stores an image of one layer with that config and names it.
func (w *world) image(t testing.TB, config []byte, layers ...v1.Descriptor) {
	t.Helper()
	w.top = w.put(types.OCIManifestSchema1, manifestOf(t, w.put(types.OCIConfigJSON, config), layers...))
}

// sources returns the world as a registry and as a layout, with the reference
// that names its top in each.
func (w *world) sources(t testing.TB) map[string]func() (*imageconfig.Image, error) {
	t.Helper()
	answers, files := liar{}, fstest.MapFS{}
	for digest, body := range w.bodies {
		answers["/manifests/"+digest.String()] = body
		answers["/blobs/"+digest.String()] = body
		files[path.Join("blobs", digest.Algorithm, digest.Hex)] = &fstest.MapFile{Data: w.raw[digest]}
	}
	answers["/manifests/latest"] = w.bodies[w.top.Digest]
	top := w.top
	top.Annotations = map[string]string{"org.opencontainers.image.ref.name": "latest"}
	files["index.json"] = &fstest.MapFile{Data: indexOf(t, top)}
	ask := func(source imageconfig.Source, ref string) func() (*imageconfig.Image, error) {
		return func() (*imageconfig.Image, error) { return source.Image(t.Context(), ref, amd64) }
	}
	return map[string]func() (*imageconfig.Image, error){
		"registry": ask(&imageconfig.Registry{}, serve(t, answers)+"/app"),
		"layout":   ask(imageconfig.Layout{FS: files}, "registry.example/app"),
	}
}

// Documents that lie or that are none give no image.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	good := configOf(t)
	tests := []struct {
		name, reason string
		build        func(t *testing.T, w *world)
	}{
		{"config longer than promised", "the size is part of the promise", func(t *testing.T, w *world) {
			config := w.put(types.OCIConfigJSON, good)
			config.Size--
			w.top = w.put(types.OCIManifestSchema1, manifestOf(t, config))
		}},
		{"config shorter than promised", "the size is part of the promise", func(t *testing.T, w *world) {
			config := w.put(types.OCIConfigJSON, good)
			config.Size++
			w.top = w.put(types.OCIManifestSchema1, manifestOf(t, config))
		}},
		{"config of another digest", "the digest is the promise", func(t *testing.T, w *world) {
			config := describe(types.OCIConfigJSON, good)
			evil := jsonOf(t, &v1.ConfigFile{Config: v1.Config{User: "0"}})
			w.lie(config, append(evil, strings.Repeat(" ", 500)...)[:len(good)])
			w.top = w.put(types.OCIManifestSchema1, manifestOf(t, config))
		}},
		{"manifest of another digest", "the same one step before", func(t *testing.T, w *world) {
			promised := describe(types.OCIManifestSchema1, []byte("promised"))
			w.lie(promised, manifestOf(t, w.put(types.OCIConfigJSON, good)))
			w.top = w.put(types.OCIImageIndex, indexOf(t, promised))
		}},
		{"manifest longer than the index promises", "the size is part of the promise", func(t *testing.T, w *world) {
			image := w.put(types.OCIManifestSchema1, manifestOf(t, w.put(types.OCIConfigJSON, good)))
			image.Size--
			w.top = w.put(types.OCIImageIndex, indexOf(t, image))
		}},
		{"config that is promised to be huge", "it is not even asked for", func(t *testing.T, w *world) {
			config := w.put(types.OCIConfigJSON, good)
			config.Size = 100 << 20
			w.top = w.put(types.OCIManifestSchema1, manifestOf(t, config))
		}},
		{"config that is huge", "a config has a limit", func(t *testing.T, w *world) {
			w.image(t, append(good, make([]byte, 9<<20)...))
		}},
		{"config that is no JSON", "there is nothing to read", func(t *testing.T, w *world) { w.image(t, []byte("#!/bin/sh")) }},
		{"empty config", "there is nothing to read", func(t *testing.T, w *world) { w.image(t, nil) }},
		{"number as USER", "a USER is text", func(t *testing.T, w *world) { w.image(t, []byte(`{"config":{"User":1000}}`)) }},
		{"object as USER", "a USER is text", func(t *testing.T, w *world) { w.image(t, []byte(`{"config":{"User":{}}}`)) }},
		{"array as USER", "a USER is text", func(t *testing.T, w *world) { w.image(t, []byte(`{"config":{"User":["a"]}}`)) }},
		{"more layers than the config", "the config promises nothing of the second", func(t *testing.T, w *world) {
			one := w.put(types.OCILayer, []byte("one"))
			w.image(t, configOf(t, one.Digest), one, one)
		}},
		{"fewer layers than the config", "the config promises a second", func(t *testing.T, w *world) {
			one := w.put(types.OCILayer, []byte("one"))
			w.image(t, configOf(t, one.Digest, one.Digest), one)
		}},
		{"schema 1", "containerd no longer takes it", func(_ *testing.T, w *world) {
			w.top = w.put(types.DockerManifestSchema1, []byte(`{"schemaVersion":1,"name":"app","tag":"v1","fsLayers":[]}`))
		}},
		{"manifest that is no JSON", "there is nothing to read", func(_ *testing.T, w *world) {
			w.top = w.put(types.OCIManifestSchema1, []byte("<html>"))
		}},
		{"manifest that is null", "there is nothing to read", func(_ *testing.T, w *world) {
			w.top = w.put(types.OCIManifestSchema1, []byte("null"))
		}},
		{"index that is no JSON", "there is nothing to choose from", func(_ *testing.T, w *world) {
			w.top = w.put(types.OCIImageIndex, []byte("<html>"))
		}},
		{"index that names itself", "its digest cannot be right", func(t *testing.T, w *world) {
			itself := describe(types.OCIImageIndex, []byte("itself"))
			itself.Size = 0
			w.top = itself
			w.lie(itself, indexOf(t, itself))
		}},
		{"five indexes", "the chain has a limit", func(t *testing.T, w *world) { w.nest(t, 5) }},
		{"a thousand indexes", "the chain has a limit", func(t *testing.T, w *world) { w.nest(t, 1000) }},
	}
	for _, tt := range tests {
		needsReason(t, tt.reason)
		w := newWorld()
		tt.build(t, w)
		for name, ask := range w.sources(t) {
			t.Run(fmt.Sprintf("%s in a %s", tt.name, name), func(t *testing.T) {
				image, err := ask()
				wantNoImage(t, image, err, imageconfig.ErrInvalid)
			})
		}
	}
}

// nest puts an image below so many indexes.
func (w *world) nest(t testing.TB, depth int) {
	t.Helper()
	w.image(t, configOf(t))
	for range depth {
		w.top = w.put(types.OCIImageIndex, indexOf(t, w.top))
	}
}

func TestNestedIndexes(t *testing.T) {
	t.Parallel()
	for depth := range 5 {
		w := newWorld()
		w.nest(t, depth)
		for name, ask := range w.sources(t) {
			if _, err := ask(); err != nil {
				t.Errorf("%d indexes in a %s: %v", depth, name, err)
			}
		}
	}
}

// A manifest that lies about a layer is found out when the layer is read.
func TestHostileLayerPromises(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"))
	evil := tarOf(t, file("etc/passwd", "evil"))
	packed := gzipped(t, stream)
	tests := []struct {
		name, reason string
		promise      func(of *v1.Descriptor)
		body         []byte
	}{
		{"longer", "the size is part of the promise", func(of *v1.Descriptor) { of.Size-- }, packed},
		{"much longer", "it is clear before the end", func(of *v1.Descriptor) { of.Size = 10 }, packed},
		{"shorter", "the size is part of the promise", func(of *v1.Descriptor) { of.Size++ }, packed},
		{"huge promise", "a promise does not lift the limits", func(of *v1.Descriptor) { of.Size = 1 << 62 }, packed},
		{"other content", "the digest is the promise", func(*v1.Descriptor) {}, gzipped(t, evil)},
		{"other bytes of the same content", "the digest is of the compressed layer", func(*v1.Descriptor) {}, stream},
	}
	for _, tt := range tests {
		needsReason(t, tt.reason)
		w := newWorld()
		promised := describe(types.OCILayer, packed)
		tt.promise(&promised)
		w.lie(promised, tt.body)
		w.image(t, configOf(t, hashOf(stream)), promised)
		for name, ask := range w.sources(t) {
			t.Run(fmt.Sprintf("%s in a %s", tt.name, name), func(t *testing.T) {
				image, err := ask()
				if err != nil {
					t.Fatal(err)
				}
				_, err = filesOf(t, image).Open("etc/passwd")
				wantKind(t, err, imageconfig.ErrInvalid)
			})
		}
	}
}
