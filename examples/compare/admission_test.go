package compare

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// restricted is the level that pod-security-admission is asked about.
var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

// pods are the Pods that both sides look at. All of them start.
var pods = []struct {
	name    string
	pod     *corev1.Pod
	allowed bool // by admission, at the level restricted
}{
	{"one", onePod(), true},
	{"several", severalPod(), true},
	{"unrestricted", unrestrictedPod(), false},
}

// TestAnswers pins what both sides have to say, so that it is known what the
// benchmark compares.
func TestAnswers(t *testing.T) {
	admission := evaluator(t)
	for _, test := range pods {
		results := admission.EvaluatePod(restricted, &test.pod.ObjectMeta, &test.pod.Spec)
		refused := slices.ContainsFunc(results, func(result policy.CheckResult) bool { return !result.Allowed })
		if refused == test.allowed {
			t.Errorf("%s: admission refuses it: %v", test.name, refused)
		}
		for kind, held := range inMemory(t) {
			if err := (simulate.Kubelet{Images: held}).Start(t.Context(), test.pod).Err(); err != nil {
				t.Errorf("%s, %s: %v", test.name, kind, err)
			}
		}
	}
}

// BenchmarkRestricted evaluates each Pod at the level restricted, with
// pod-security-admission and with Start.
func BenchmarkRestricted(b *testing.B) {
	admission := evaluator(b)
	for _, test := range pods {
		b.Run("pod="+test.name+"/by=admission", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(admission.EvaluatePod(restricted, &test.pod.ObjectMeta, &test.pod.Spec)) == 0 {
					b.Fatal("admission checks nothing")
				}
			}
		})
		for kind, held := range inMemory(b) {
			node := simulate.Kubelet{Images: held}
			if err := node.Start(b.Context(), test.pod).Err(); err != nil { // reads the layers
				b.Fatal(err)
			}
			b.Run("pod="+test.name+"/by=start/images="+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := node.Start(b.Context(), test.pod).Err(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func evaluator(t testing.TB) policy.Evaluator {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return evaluator
}

// inMemory returns the images, written down and with layers.
func inMemory(t testing.TB) map[string]imageconfig.Map {
	t.Helper()
	declared, layered := imageconfig.Map{}, imageconfig.Map{}
	for ref, user := range images {
		image, err := imageconfig.FromV1(built(t, user))
		if err != nil {
			t.Fatal(err)
		}
		declared[ref], layered[ref] = imageconfig.Declared(user, accounts), image
	}
	return map[string]imageconfig.Map{"declared": declared, "layered": layered}
}

// built returns an image of two layers: the account files, then the program.
func built(t testing.TB, user string) v1.Image {
	t.Helper()
	base, err := mutate.AppendLayers(empty.Image, layerOf(t, "etc/passwd", "etc/group"), layerOf(t, "app"))
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.Config(base, v1.Config{User: user, Entrypoint: []string{"/app"}})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func layerOf(t testing.TB, names ...string) v1.Layer {
	t.Helper()
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for _, name := range names {
		content := accounts[name]
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content.Data))}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stream.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}
