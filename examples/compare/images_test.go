package compare

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// smallImages is how many images the comparison of configs reads.
const smallImages = 200

// smallRef returns the n-th image: one repository has four of them.
func smallRef(host string, n int) string {
	return fmt.Sprintf("%s/team/app%d:v%d", host, n/4, n%4)
}

// pushSmall fills a registry with images that share a base.
func pushSmall(host string) error {
	var stream bytes.Buffer
	w := gzip.NewWriter(&stream)
	entries := tar.NewWriter(w)
	writeFile(entries, "etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")
	if err := firstError(entries.Close(), w.Close()); err != nil {
		return err
	}
	base, err := mutate.AppendLayers(empty.Image, static.NewLayer(stream.Bytes(), types.OCILayer))
	if err != nil {
		return err
	}
	for n := range smallImages {
		image, err := mutate.Config(base, v1.Config{
			User: "app", Entrypoint: []string{"/app"}, Env: []string{"PATH=/bin", fmt.Sprintf("VERSION=%d", n)},
		})
		if err != nil {
			return err
		}
		if err := push(smallRef(host, n), image); err != nil {
			return err
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFile(w *tar.Writer, name, body string) {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body))}); err != nil {
		panic(err)
	}
	if _, err := io.WriteString(w, body); err != nil {
		panic(err)
	}
}

// A bigLayer is a gzip layer that is made as it is sent: its account files, and
// one file of the same megabytes over and over, each a gzip member of its own.
type bigLayer struct {
	accounts map[string]string
	repeats  int // of the chunk
}

// The chunk is words, some of them more often than others, which gzip brings to
// about a third, as it does with programs and libraries.
var chunk = sync.OnceValue(func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, 1<<14)
	for n := range words {
		words[n] = make([]byte, 2+random.IntN(10))
		for i := range words[n] {
			words[n][i] = byte(random.IntN(256))
		}
	}
	often := rand.NewZipf(random, 1.1, 8, uint64(len(words)-1))
	content := make([]byte, 0, 8<<20)
	for len(content) < 8<<20-16 {
		content = append(content, words[often.Uint64()]...)
	}
	return content[:8<<20]
})

var packedChunk = sync.OnceValue(func() []byte { return member(chunk()) })

func member(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// around returns the tar stream before and after the repeated chunk.
func (l bigLayer) around() (before, after []byte) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range []string{"etc/", "usr/", "usr/bin/"} { // as every builder does
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}); err != nil {
			panic(err)
		}
	}
	for _, name := range []string{"etc/passwd", "etc/group"} {
		if body, ok := l.accounts[name]; ok {
			writeFile(w, name, body)
		}
	}
	if l.repeats > 0 {
		size := int64(l.repeats * len(chunk()))
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/bin/large", Mode: 0o755, Size: size}); err != nil {
			panic(err)
		}
		return out.Bytes(), make([]byte, 1024)
	}
	return out.Bytes(), append(make([]byte, 1024), make([]byte, 1024)...)
}

// write sends the layer.
func (l bigLayer) write(w io.Writer) error {
	before, after := l.around()
	if l.repeats == 0 {
		_, err := w.Write(member(append(before, after...)))
		return err
	}
	if _, err := w.Write(member(before)); err != nil {
		return err
	}
	for range l.repeats {
		if _, err := w.Write(packedChunk()); err != nil {
			return err
		}
	}
	_, err := w.Write(member(after))
	return err
}

// diffID returns the digest of the layer's tar stream.
func (l bigLayer) diffID() v1.Hash {
	before, after := l.around()
	sum := sha256.New()
	_, _ = sum.Write(before)
	for range l.repeats {
		_, _ = sum.Write(chunk())
	}
	_, _ = sum.Write(after)
	return hashOf(sum)
}

func hashOf(sum hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
}

// bigImages are images of five layers that unpack to 1 GiB each, by repository.
type bigImages struct {
	mu    sync.Mutex
	parts map[string]map[string]func(io.Writer) error // by repository, then by tag or digest
}

// bigLayers are the images' layers, the lowest first, by repository. An image
// usually ends with an application; its user is added just below, or comes with
// the distribution.
var bigLayers = map[string][]bigLayer{
	"big-adduser": {
		{map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n"}, 20},
		{nil, 50},
		{nil, 46},
		{map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n", "etc/group": "root:x:0:\napp:x:1000:\n"}, 0},
		{nil, 12},
	},
	"big-base": {
		{map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n", "etc/group": "root:x:0:\napp:x:1000:\n"}, 20},
		{nil, 50},
		{nil, 40},
		{nil, 10},
		{nil, 8},
	},
}

func newBigImages() *bigImages {
	return &bigImages{parts: map[string]map[string]func(io.Writer) error{}}
}

func (b *bigImages) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	repository, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/")
	write, ok := b.of(repository)[path.Base(request.URL.Path)]
	if !ok {
		http.NotFound(w, request)
		return
	}
	if strings.Contains(request.URL.Path, "/manifests/") {
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
	}
	_ = write(w) // a client may have read enough
}

// of makes an image when it is first asked for.
func (b *bigImages) of(repository string) map[string]func(io.Writer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if parts, ok := b.parts[repository]; ok {
		return parts
	}
	parts := map[string]func(io.Writer) error{}
	config := v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{User: "app"}, RootFS: v1.RootFS{Type: "layers"}}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	for _, layer := range bigLayers[repository] {
		described := describe(types.OCILayer, layer.write)
		parts[described.Digest.String()] = layer.write
		manifest.Layers = append(manifest.Layers, described)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.diffID())
	}
	writeConfig := writes(config)
	manifest.Config = describe(types.OCIConfigJSON, writeConfig)
	parts[manifest.Config.Digest.String()] = writeConfig
	writeManifest := writes(manifest)
	parts["latest"] = writeManifest
	parts[describe(types.OCIManifestSchema1, writeManifest).Digest.String()] = writeManifest
	b.parts[repository] = parts
	return parts
}

func writes(document any) func(io.Writer) error {
	return func(w io.Writer) error { return json.NewEncoder(w).Encode(document) }
}

// describe returns the descriptor of what a function writes.
func describe(mediaType types.MediaType, write func(io.Writer) error) v1.Descriptor {
	sum, counted := sha256.New(), &counter{}
	if err := write(io.MultiWriter(sum, counted)); err != nil {
		panic(err)
	}
	return v1.Descriptor{MediaType: mediaType, Size: counted.bytes, Digest: hashOf(sum)}
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}
