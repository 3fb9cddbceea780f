package imageconfig_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// A layoutServer is a registry that serves the one image of a layout as "app", and
// counts what it sends of each blob.
type layoutServer struct {
	files  fstest.MapFS
	ranges string // "" are none, "right" or "wrong"

	mu   sync.Mutex
	sent map[string]int // by digest
}

func (s *layoutServer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	name := path.Base(request.URL.Path)
	if name == "latest" {
		index, _ := v1.ParseIndexManifest(bytes.NewReader(s.files["index.json"].Data))
		name = index.Manifests[0].Digest.String()
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
	}
	blob, ok := s.files["blobs/"+strings.Replace(name, ":", "/", 1)]
	if !ok {
		return // the greeting
	}
	counted := &sentWriter{ResponseWriter: w}
	switch {
	case s.ranges == "" || request.Header.Get("Range") == "":
		_, _ = counted.Write(blob.Data)
	case s.ranges == "wrong":
		w.Header().Set("Content-Range", "bytes 0-3/4")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = counted.Write(blob.Data[:4])
	default:
		http.ServeContent(counted, request, "", time.Time{}, bytes.NewReader(blob.Data))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[name] += counted.bytes
}

type sentWriter struct {
	http.ResponseWriter
	bytes int
}

func (w *sentWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

// TestRegistryReadsParts reads layers with tables of contents from registries
// that give parts of blobs, and from some that do not.
func TestRegistryReadsParts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, reason, ranges string
		parts                bool // whether less than the layer is read
	}{
		{"parts", "the table and the files are enough", "right", true},
		{"no parts", "then the whole layer is read", "", false},
		{"other parts", "what was not asked for is not taken for it", "wrong", false},
	} {
		for _, layer := range recorded(t) {
			t.Run(tt.name+"/"+layer.Name, func(t *testing.T) {
				t.Parallel()
				needsReason(t, tt.reason)
				server := &layoutServer{files: laidOut(t, layer), ranges: tt.ranges, sent: map[string]int{}}
				image := find(t, &imageconfig.Registry{}, serve(t, server)+"/app")
				got := account(t, filesOf(t, image))
				want := account(t, layoutFiles(t, laidOut(t, layer.plain())))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("account files (-whole layer +parts):\n%s", diff)
				}
				sent := server.sent[hashOf(layer.blob).String()]
				if len(layer.blob) < 4096 {
					return // the parts of a tiny layer overlap
				}
				if tt.parts != (sent < len(layer.blob)) {
					t.Errorf("%d of %d bytes of the layer were sent", sent, len(layer.blob))
				}
			})
		}
	}
}

// account returns what is at the paths of the account files.
func account(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"etc/passwd", "etc/group"} {
		content, err := fs.ReadFile(files, name)
		if found[name] = string(content); err != nil {
			found[name] = err.Error()
		}
	}
	return found
}

// TestRegistryKeepsLayers has two runs: the second finds the layers that its
// image shares with that of the first.
func TestRegistryKeepsLayers(t *testing.T) {
	t.Parallel()
	host, seen := serveReal(t)
	base := layer{dir("etc"), file("etc/passwd", "root"), file("etc/group", "wheel")}
	one := imageOf(t, "one", base, layer{file("one", "1")})
	two := imageOf(t, "two", base, layer{file("two", "2")})
	push(t, host+"/one", one)
	push(t, host+"/two", two)
	cache := imageconfig.Cache{Dir: t.TempDir() + "/cache"}
	want := map[string]string{"etc/passwd": "root", "etc/group": "wheel"}
	for _, tt := range []struct {
		name, reason, ref string
		image             v1.Image
		layers            []int // requests for each, the lowest first
	}{
		{"first", "nothing is known", "/one", one, []int{1, 1}},
		{"shared base", "the base is known", "/two", two, []int{1, 1}},
		{"again", "all is known", "/one", one, []int{1, 1}},
	} {
		needsReason(t, tt.reason)
		image := find(t, &imageconfig.Registry{Cache: cache}, host+tt.ref)
		if diff := cmp.Diff(want, account(t, filesOf(t, image))); diff != "" {
			t.Errorf("%s: account files (-want +got):\n%s", tt.name, diff)
		}
		for n, end := range blobsOf(t, tt.image) {
			if got := seen.count(end); got != tt.layers[n] {
				t.Errorf("%s: layer %d was asked for %d times in all, want %d", tt.name, n, got, tt.layers[n])
			}
		}
	}
}
