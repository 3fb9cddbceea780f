package imageconfig_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// silent is a registry that logs nothing.
var silent = registry.Logger(log.New(io.Discard, "", 0))

// A recorder is an HTTP handler that remembers the paths of its GET requests.
type recorder struct {
	http.Handler
	mu   sync.Mutex
	seen []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet {
		r.mu.Lock()
		r.seen = append(r.seen, request.URL.Path)
		r.mu.Unlock()
	}
	r.Handler.ServeHTTP(w, request)
}

// count returns how many requests had a path with that end, and forgets none.
func (r *recorder) count(end string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, path := range r.seen {
		if strings.HasSuffix(path, end) {
			n++
		}
	}
	return n
}

// serve starts a registry and returns its host.
func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// serveReal starts a real, empty registry that remembers its requests.
func serveReal(t testing.TB) (host string, seen *recorder) {
	t.Helper()
	seen = &recorder{Handler: registry.New(silent)}
	return serve(t, seen), seen
}

// push writes an image or an index to a registry.
func push(t testing.TB, ref string, what remote.Taggable) {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	switch what := what.(type) {
	case v1.Image:
		err = remote.Write(parsed, what)
	case v1.ImageIndex:
		err = remote.WriteIndex(parsed, what)
	default:
		t.Fatalf("%T is neither an image nor an index", what)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A content is what a lying registry answers with.
type content struct {
	mediaType types.MediaType
	status    int // 0 is 200
	write     func(w io.Writer) error
}

// A liar is a hand-written registry: a map from the end of a path, such as
// "/manifests/latest", to what is there.
type liar map[string]content

func (l liar) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/v2/" {
		return
	}
	for end, answer := range l {
		if !strings.HasSuffix(request.URL.Path, end) {
			continue
		}
		w.Header().Set("Content-Type", string(answer.mediaType))
		if answer.status != 0 {
			w.WriteHeader(answer.status)
		}
		if answer.write != nil {
			_ = answer.write(w) // a client that hangs up is what some tests are about
		}
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// add puts content under its true digest.
func (l liar) add(where string, mediaType types.MediaType, body []byte) v1.Descriptor {
	described := describe(mediaType, body)
	l[where+described.Digest.String()] = content{mediaType: mediaType, write: writes(body)}
	return described
}

// tag puts a manifest under the tag "latest" too.
func (l liar) tag(body []byte, mediaType types.MediaType) {
	l["/manifests/latest"] = content{mediaType: mediaType, write: writes(body)}
}

func writes(body []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(body))
		return err
	}
}

// describe returns the true descriptor of a content.
func describe(mediaType types.MediaType, body []byte) v1.Descriptor {
	return v1.Descriptor{MediaType: mediaType, Size: int64(len(body)), Digest: hashOf(body)}
}

func hashOf(body []byte) v1.Hash {
	sum := sha256.Sum256(body)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

func jsonOf(t testing.TB, value any) []byte {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// configOf returns a config for layers with these tar streams' hashes.
func configOf(t testing.TB, diffIDs ...v1.Hash) []byte {
	t.Helper()
	return jsonOf(t, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64",
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs},
	})
}

// manifestOf returns an image manifest.
func manifestOf(t testing.TB, config v1.Descriptor, layers ...v1.Descriptor) []byte {
	t.Helper()
	if layers == nil {
		layers = []v1.Descriptor{}
	}
	return jsonOf(t, &v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: layers,
	})
}

// indexOf returns an index.
func indexOf(t testing.TB, entries ...v1.Descriptor) []byte {
	t.Helper()
	return jsonOf(t, &v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: entries})
}
