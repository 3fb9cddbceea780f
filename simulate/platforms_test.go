package simulate_test

import (
	"archive/tar"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestOtherPlatform starts an image on a node of another architecture: some
// runtimes start it, some do not, and the process ends at once.
func TestOtherPlatform(t *testing.T) {
	image := built(t, v1.Config{Entrypoint: []string{"/bin/tool"}}, tar.Header{Name: "bin/tool", Mode: 0o755})
	image.Config.OS, image.Config.Architecture = "linux", "amd64"
	known := imageconfig.Map{"built": image}
	for arch, want := range map[string]simulate.Verdict{"amd64": simulate.Started, "arm64": simulate.Undecided} {
		node := simulate.Kubelet{Images: known, Node: simulate.Node{Arch: arch}}
		if got := node.Start(t.Context(), podOf(container("app", "built"))).Containers[0]; got.Verdict != want {
			t.Errorf("%s: verdict = %v (%v), want %v", arch, got.Verdict, got.Undecided, want)
		}
	}
}

// TestMatrixOfAnIndex starts a Pod on all platforms of an image whose USER was
// forgotten on one of them, on many nodes. The registry is asked for each
// manifest and config once.
func TestMatrixOfAnIndex(t *testing.T) {
	var configs atomic.Int64
	handler := registry.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			configs.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/multi:1")
	if err != nil {
		t.Fatal(err)
	}
	index := v1.ImageIndex(empty.Index)
	for arch, user := range map[string]string{"amd64": "1000", "arm64": ""} {
		config := &v1.ConfigFile{OS: "linux", Architecture: arch, Config: v1.Config{User: user, Entrypoint: []string{"/app"}}}
		image, err := mutate.ConfigFile(empty.Image, config)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	matrix := simulate.Matrix{Images: &imageconfig.Registry{}, AllPlatforms: true}
	got := map[string]int{}
	for _, outcome := range matrix.Start(t.Context(), nonRoot(podOf(container("app", ref.String())))) {
		got[outcome.Node.Arch+" "+outcome.Containers[0].Failure.Reason]++
	}
	nodes := len(simulate.Nodes())
	crio := 3 // those three fail when the container is created
	want := map[string]int{
		"amd64 RunContainerError":          nodes - crio, // the image has no /app
		"amd64 CreateContainerError":       crio,
		"arm64 CreateContainerConfigError": nodes,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if fetched := configs.Load(); fetched != 2 {
		t.Errorf("the registry was asked for %d blobs, want the 2 configs", fetched)
	}
}
