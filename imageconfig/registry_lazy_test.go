package imageconfig_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// blobsOf returns the ends of the paths of an image's layers, the lowest first.
func blobsOf(t *testing.T, image v1.Image) []string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	ends := make([]string, len(layers))
	for n, each := range layers {
		ends[n] = "/blobs/" + digestOf(t, each)
	}
	return ends
}

func TestRegistryFetchesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	image := imageOf(t, "app",
		layer{dir("etc"), file("etc/passwd", "old"), file("etc/group", "old"), file("bin/sh", "shell"), file("opt/x", "x")},
		layer{dir("etc"), file("etc/group", "middle"), file(".wh.opt", ""), file("srv/.wh..wh..opq", "")},
		layer{dir("etc"), file("etc/passwd", "new"), symlink("etc/link", "group"), dir("usr")},
	)
	tests := []struct {
		name, reason string
		use          func(t *testing.T, files fs.FS)
		want         [3]int // requests for each layer, the lowest first
	}{
		{"nothing", "an image that is only found", func(*testing.T, fs.FS) {}, [3]int{}},
		{"root", "every image has a root", func(t *testing.T, files fs.FS) { lstat(t, files, ".") }, [3]int{}},
		{"bad path", "a path that is none needs no layer", func(t *testing.T, files fs.FS) { missing(t, files, "/x", fs.ErrInvalid) }, [3]int{}},
		{"top", "the layer that has the file is enough", func(t *testing.T, files fs.FS) { wantContent(t, files, "etc/passwd", "new") }, [3]int{0, 0, 1}},
		{"top twice", "a layer is kept", func(t *testing.T, files fs.FS) {
			wantContent(t, files, "etc/passwd", "new")
			wantContent(t, files, "etc/passwd", "new")
		}, [3]int{0, 0, 1}},
		{"middle", "the layers above are asked first", func(t *testing.T, files fs.FS) { wantContent(t, files, "etc/group", "middle") }, [3]int{0, 1, 1}},
		{"whiteout", "a whiteout settles a path", func(t *testing.T, files fs.FS) { missing(t, files, "opt/x", fs.ErrNotExist) }, [3]int{0, 1, 1}},
		{"opaque", "an opaque directory settles a path", func(t *testing.T, files fs.FS) { missing(t, files, "srv/x", fs.ErrNotExist) }, [3]int{0, 1, 1}},
		{"missing", "only all layers say that a file is missing", func(t *testing.T, files fs.FS) { missing(t, files, "etc/shadow", fs.ErrNotExist) }, [3]int{1, 1, 1}},
		{"account files", "passwd and group are kept with the tree", func(t *testing.T, files fs.FS) {
			wantContent(t, files, "etc/passwd", "new")
			wantContent(t, files, "etc/group", "middle")
			wantContent(t, files, "etc/link", "middle")
		}, [3]int{0, 1, 1}},
		{"other file", "the content of another file is read when it is asked for", func(t *testing.T, files fs.FS) {
			lstat(t, files, "bin/sh")
			wantContent(t, files, "bin/sh", "shell")
		}, [3]int{2, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			host, seen := serveReal(t)
			push(t, host+"/app", image)
			found := find(t, &imageconfig.Registry{}, host+"/app")
			tt.use(t, filesOf(t, found))
			var got [3]int
			for n, end := range blobsOf(t, image) {
				got[n] = seen.count(end)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("requests for the layers (-want +got):\n%s", diff)
			}
		})
	}
}

func lstat(t *testing.T, files fs.FS, name string) fs.FileInfo {
	t.Helper()
	info, err := fs.Lstat(files, name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func missing(t *testing.T, files fs.FS, name string, want error) {
	t.Helper()
	if _, err := fs.Lstat(files, name); !errors.Is(err, want) {
		t.Errorf("Lstat of %s: error is %v, want %v", name, err, want)
	}
	if _, err := files.Open(name); !errors.Is(err, want) {
		t.Errorf("Open of %s: error is %v, want %v", name, err, want)
	}
}

func wantContent(t *testing.T, files fs.FS, name, want string) {
	t.Helper()
	if got := read(t, files, name); got != want {
		t.Errorf("%s holds %q, want %q", name, got, want)
	}
}

// A layer that could not be read is asked for again.
func TestRegistryLayerThatComesLater(t *testing.T) {
	t.Parallel()
	answers := liar{}
	stream := tarOf(t, file("etc/passwd", "root"))
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(stream)))
	whole := answers.add("/blobs/", types.OCIUncompressedLayer, stream)
	answers.tag(manifestOf(t, config, whole), types.OCIManifestSchema1)
	broken := true
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if broken && strings.HasSuffix(request.URL.Path, whole.Digest.String()) {
			broken = false
			w.Header().Set("Content-Length", "1000000")
			_, _ = io.WriteString(w, "half") // then the connection breaks off
			return
		}
		answers.ServeHTTP(w, request)
	}))
	files := filesOf(t, find(t, &imageconfig.Registry{}, host+"/app"))
	_, err := files.Open("etc/passwd")
	wantKind(t, err, imageconfig.ErrUnreachable)
	wantContent(t, files, "etc/passwd", "root")
}

// Content that fails before it is read to its end gives its place among the
// requests back: else a few bad layers would stop all others.
func TestRegistryAfterBadLayers(t *testing.T) {
	t.Parallel()
	answers := liar{}
	bad := append([]byte{0x1f, 0x8b, 0xff, 0xff}, make([]byte, 1<<20)...) // no gzip after all
	layers := make([]v1.Descriptor, 0, 20)
	for n := range 20 {
		bad[1<<20] = byte(n)
		layers = append(layers, answers.add("/blobs/", types.OCILayer, append([]byte(nil), bad...)))
	}
	source := &imageconfig.Registry{}
	host := serve(t, answers)
	for _, each := range layers {
		config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, each.Digest))
		answers.tag(manifestOf(t, config, each), types.OCIManifestSchema1)
		_, err := filesOf(t, find(t, source, host+"/app")).Open("etc/passwd")
		wantKind(t, err, imageconfig.ErrInvalid)
	}
}
