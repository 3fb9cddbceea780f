package simulate_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	corev1 "k8s.io/api/core/v1"
)

// built returns an image with one layer of these entries.
func built(t testing.TB, config v1.Config, entries ...tar.Header) *imageconfig.Image {
	t.Helper()
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for _, header := range entries {
		body := ""
		if header.Typeflag == 0 {
			body = "#!\n"
		}
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
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(stream.Bytes(), types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	if image, err = mutate.Config(image, config); err != nil {
		t.Fatal(err)
	}
	result, err := imageconfig.FromV1(image)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestCommand(t *testing.T) {
	entries := []tar.Header{
		{Name: "bin/tool", Mode: 0o755},
		{Name: "bin/link", Typeflag: tar.TypeSymlink, Linkname: "/bin/tool"},
		{Name: "bin/loop", Typeflag: tar.TypeSymlink, Linkname: "loop"},
		{Name: "bin/mine", Mode: 0o700, Uid: 1000},
		{Name: "bin/ours", Mode: 0o070, Gid: 3000},
		{Name: "bin/text", Mode: 0o644},
		{Name: "root/", Typeflag: tar.TypeDir, Mode: 0o700},
		{Name: "root/tool", Mode: 0o755},
		{Name: "srv/tool", Mode: 0o755},
		{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o755},
	}
	const runc = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
		"unable to start container process: error during container init: "
	tests := []struct {
		name, reason string
		config       v1.Config
		edit         func(*corev1.Pod)
		wantMessage  string // of the failure; empty where it starts
		wantErr      error
		undecided    bool
	}{
		{name: "no command", reason: "neither the image nor the container has one", wantMessage: `failed to generate container "<id>" spec: failed to generate spec: no command specified`, wantErr: simulate.ErrNoCommand},
		{name: "entrypoint", reason: "the image's own", config: v1.Config{Entrypoint: []string{"/bin/tool"}}},
		{name: "cmd alone", reason: "an image without an entrypoint executes its Cmd", config: v1.Config{Cmd: []string{"tool"}}},
		{name: "empty entrypoint", reason: `[""] counts as none`, config: v1.Config{Entrypoint: []string{""}, Cmd: []string{"/bin/tool"}}},
		{name: "args alone", reason: "the container's args replace the Cmd", config: v1.Config{Cmd: []string{"nope"}}, edit: func(p *corev1.Pod) { p.Spec.Containers[0].Args = []string{"tool"} }},
		{name: "command over entrypoint", reason: "the container's command replaces both", config: v1.Config{Entrypoint: []string{"/nope"}}, edit: func(p *corev1.Pod) { p.Spec.Containers[0].Command = []string{"/bin/link"} }},
		{name: "not found", reason: "an absolute path", config: v1.Config{Entrypoint: []string{"/bin/nope"}}, wantMessage: runc + `exec: "/bin/nope": stat /bin/nope: no such file or directory`, wantErr: simulate.ErrCommandNotFound},
		{name: "not in PATH", reason: "a name", config: v1.Config{Entrypoint: []string{"nope"}}, wantMessage: runc + `exec: "nope": executable file not found in $PATH`, wantErr: simulate.ErrCommandNotFound},
		{name: "image's PATH", reason: "it decides where a name is looked for", config: v1.Config{Entrypoint: []string{"tool"}, Env: []string{"PATH=/sbin"}}, wantMessage: runc + `exec: "tool": executable file not found in $PATH`, wantErr: simulate.ErrCommandNotFound},
		{name: "container's PATH", reason: "it replaces the image's", config: v1.Config{Entrypoint: []string{"tool"}, Env: []string{"PATH=/sbin"}}, edit: func(p *corev1.Pod) { p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PATH", Value: "/sbin:/srv"}} }},
		{name: "PATH from elsewhere", reason: "its value is not known", config: v1.Config{Entrypoint: []string{"tool"}}, edit: func(p *corev1.Pod) {
			p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PATH", ValueFrom: &corev1.EnvVarSource{}}}
		}, undecided: true},
		{name: "directory", reason: "it exists, but cannot be executed", config: v1.Config{Entrypoint: []string{"/bin"}}, wantMessage: runc + `exec: "/bin": is a directory`, wantErr: simulate.ErrCommandIsDirectory},
		{name: "below a file", reason: "a path through a file", config: v1.Config{Entrypoint: []string{"/bin/tool/x"}}, wantMessage: runc + `exec: "/bin/tool/x": stat /bin/tool/x: not a directory`, wantErr: simulate.ErrCommandNotFound},
		{name: "loop", reason: "a link to itself", config: v1.Config{Entrypoint: []string{"/bin/loop"}}, wantMessage: runc + `exec: "/bin/loop": stat /bin/loop: too many levels of symbolic links`, wantErr: simulate.ErrCommandNotFound},
		{name: "not executable", reason: "no x bit, not even for root", config: v1.Config{Entrypoint: []string{"/bin/text"}}, wantMessage: runc + `exec: "/bin/text": permission denied`, wantErr: simulate.ErrCommandNotExecutable},
		{name: "owner's", reason: "executable for uid 1000 alone", config: v1.Config{User: "1000", Entrypoint: []string{"/bin/mine"}}},
		{name: "not the owner's", reason: "executable for uid 1000 alone", config: v1.Config{User: "1001", Entrypoint: []string{"/bin/mine"}}, wantMessage: runc + `exec: "/bin/mine": permission denied`, wantErr: simulate.ErrCommandNotExecutable},
		{name: "group's", reason: "fsGroup joins the groups that the kernel checks", config: v1.Config{User: "1001", Entrypoint: []string{"/bin/ours"}}, edit: func(p *corev1.Pod) { p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: new(int64(3000))} }},
		{name: "root's directory", reason: "a directory on the way cannot be searched", config: v1.Config{User: "1000", Entrypoint: []string{"/root/tool"}}, wantMessage: runc + `exec: "/root/tool": stat /root/tool: permission denied`, wantErr: simulate.ErrCommandNotExecutable},
		{name: "root passes", reason: "CAP_DAC_OVERRIDE is a default capability", config: v1.Config{Entrypoint: []string{"/bin/mine"}}},
		{name: "root without capabilities", reason: "drop ALL takes CAP_DAC_OVERRIDE away", config: v1.Config{Entrypoint: []string{"/bin/mine"}}, edit: func(p *corev1.Pod) {
			p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
		}, wantMessage: runc + `exec: "/bin/mine": permission denied`, wantErr: simulate.ErrCommandNotExecutable},
		{name: "working directory", reason: "a relative path starts there", config: v1.Config{Entrypoint: []string{"./tool"}, WorkingDir: "/srv"}},
		{name: "container's working directory", reason: "it replaces the image's", config: v1.Config{Entrypoint: []string{"./tool"}, WorkingDir: "/srv"}, edit: func(p *corev1.Pod) { p.Spec.Containers[0].WorkingDir = "/bin" }},
		{name: "relative working directory", reason: "the runtime refuses it in words of its own", config: v1.Config{Entrypoint: []string{"tool"}, WorkingDir: "srv"}, undecided: true},
		{name: "in a volume", reason: "what a volume holds is not known", config: v1.Config{Entrypoint: []string{"/data/run.sh"}}, edit: func(p *corev1.Pod) {
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/data"}}
		}, undecided: true},
		{name: "below a mount point that the image lacks", reason: "the runtime makes the directories", config: v1.Config{Entrypoint: []string{"/opt/x/run.sh"}}, edit: func(p *corev1.Pod) {
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/opt/x"}}
		}, undecided: true},
		{name: "variable", reason: "the kubelet expands it", config: v1.Config{}, edit: func(p *corev1.Pod) { p.Spec.Containers[0].Command = []string{"$(TOOL)"} }, undecided: true},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			pod := podOf(container("app", "built"))
			if test.edit != nil {
				test.edit(pod)
			}
			kubelet := simulate.Kubelet{Images: imageconfig.Map{"built": built(t, test.config, entries...)}}
			got := kubelet.Start(t.Context(), pod).Containers[0]
			if test.undecided != (got.Verdict == simulate.Undecided) {
				t.Fatalf("verdict = %v (%v, %v)", got.Verdict, got.Failure, got.Undecided)
			}
			message := ""
			if got.Failure != nil {
				message = got.Failure.Message
				if !errors.Is(got.Failure, test.wantErr) {
					t.Errorf("errors.Is(%v, %v) = false", got.Failure, test.wantErr)
				}
			}
			if diff := cmp.Diff(test.wantMessage, message); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}
