package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// printed runs the program and returns its exit code and its output.
func printed(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestLesson compares the program's own output with the golden file; -update
// writes it anew.
func TestLesson(t *testing.T) {
	const golden = "testdata/lesson.txt"
	code, stdout, stderr := printed(t)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(stdout), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), stdout); diff != "" {
		t.Errorf("output (-golden +printed):\n%s", diff)
	}
}

func TestArguments(t *testing.T) {
	write := func(content string) string {
		name := filepath.Join(t.TempDir(), "pod.yaml")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	tests := []struct {
		name, reason string
		args         []string
		wantCode     int
		want         []string // in the output or in the error
	}{
		{
			name: "two documents", reason: "manifests come together",
			args: []string{write("# nothing\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: a, image: \"nginx:1.28\"}]}\n---\n" +
				`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "two"}, "spec": {"containers": [{"name": "b", "image": "nginx:1.28"}]}}`)},
			want: []string{"kubectl get pod one", "kubectl get pod two", `uid 0  the image has no USER`, `gid 0  /etc/passwd entry "root"`},
		},
		{
			name: "other image", reason: "the layout does not have it",
			args: []string{write("apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: a, image: \"other:1\"}]}")},
			want: []string{`Whether the process of container "a" runs is undecided`, "-registry"},
		},
		{
			name: "unknown field", reason: "a typing error is not passed over", wantCode: 2,
			args: []string{write("apiVersion: v1\nkind: Pod\nspec: {runAsNonRoot: true}")},
			want: []string{`pod.yaml: document 1:`, `unknown field "runAsNonRoot"`},
		},
		{
			name: "other kind", reason: "only Pods are taken", wantCode: 2,
			args: []string{write("apiVersion: apps/v1\nkind: Deployment\n")},
			want: []string{`kind "Deployment"`},
		},
		{name: "empty", reason: "there is nothing to show", wantCode: 2, args: []string{write("")}, want: []string{"there is no Pod"}},
		{name: "no file", reason: "the message names it", wantCode: 2, args: []string{"nowhere.yaml"}, want: []string{"nowhere.yaml"}},
		{name: "no such flag", reason: "wrong use", wantCode: 2, args: []string{"-x"}, want: []string{"usage: lesson"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := printed(t, test.args...)
			if code != test.wantCode || test.reason == "" {
				t.Errorf("exit code %d, want %d: %s", code, test.wantCode, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("output lacks %q:\n%s%s", want, stdout, stderr)
				}
			}
		})
	}
}

// TestRegistry reads the image of a manifest from a registry on loopback.
func TestRegistry(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/web:1")
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.Config(empty.Image, v1.Config{User: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(t.TempDir(), "pod.yaml")
	content := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  securityContext: {runAsNonRoot: true}\n" +
		"  containers: [{name: app, image: \"" + ref.String() + "\"}]\n"
	if err := os.WriteFile(manifest, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := printed(t, "-registry", manifest)
	for _, want := range []string{
		`Pulling image "` + ref.String() + `"`,
		`Error: container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (pod: "web_default()", container: app)`,
	} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, output lacks %q:\n%s%s", code, want, stdout, stderr)
		}
	}
}
