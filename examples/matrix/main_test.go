package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const pod = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - {name: setup, image: "app:1"}
  containers:
  - {name: app, image: "huge:1"}
  - {name: other, image: "unknown:1"}
`

// printed runs the program and returns its exit code and its output.
func printed(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func write(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTable(t *testing.T) {
	code, stdout, stderr := printed(t, "-image", "app:1=1000:1000", "-image", "huge:1=4294967296",
		"-node", "kubernetes 1.36.3", "-node", "kubernetes 1.37.2", "-node", "kubernetes 1.33.5, containerd 1.7.26", write(t, pod))
	want := `Pod web
CONTAINER  [1]                          [2]
setup      started 1000:0               started 1000:0
app        failed CreateContainerError  started 0:0
other      undecided                    undecided
[1] kubernetes 1.36.3, containerd 2.4.0, linux/amd64
    kubernetes 1.37.2, containerd 2.4.0, linux/amd64
    setup: uid 1000: the image's USER "1000:1000"; gid 0: no entry of /etc/passwd has uid 1000; groups [0]
    setup: beware: the group of the image's USER "1000:1000" is dropped: the gid is 0
    app: failed to create containerd container: invalid USER value "4294967296": uid out of range
    other: image "unknown:1": the source does not hold the image
[2] kubernetes 1.33.5, containerd 1.7.26, linux/amd64
    setup: uid 1000: the image's USER "1000:1000"; gid 0: no entry of /etc/passwd has uid 1000; groups [0]
    setup: beware: the group of the image's USER "1000:1000" is dropped: the gid is 0
    app: uid 0: the image's USER "4294967296"; gid 0: no entry of /etc/passwd has uid 0; groups [0]
    app: beware: the image's USER is 4294967296, which no process may have; newer releases refuse it
    other: image "unknown:1": the source does not hold the image
`
	if diff := cmp.Diff(want, stdout); diff != "" || code != 0 {
		t.Errorf("exit code %d, output (-want +got):\n%s%s", code, diff, stderr)
	}
}

func TestBadArguments(t *testing.T) {
	tests := []struct {
		name, reason string
		args         []string
		want         string
	}{
		{name: "none", reason: "there is no Pod", want: "usage: matrix"},
		{name: "node", reason: "the error lists what is known", args: []string{"-node", "kubernetes 1.2.3", "x"}, want: "known are kubernetes 1.28.0 to 1.37.2"},
		{name: "image", reason: "there is no USER", args: []string{"-image", "x", "x"}, want: `"x" has no =`},
		{name: "file", reason: "it does not exist", args: []string{"nowhere.yaml"}, want: "nowhere.yaml"},
		{name: "page", reason: "it cannot be written", args: []string{"-html", "/nowhere/page.html", write(t, pod)}, want: "/nowhere/page.html"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, _, stderr := printed(t, test.args...)
			if code != 2 || !strings.Contains(stderr, test.want) || test.reason == "" {
				t.Errorf("exit code %d, want 2 and %q:\n%s", code, test.want, stderr)
			}
		})
	}
}

// TestPageEscapes writes a page about a Pod whose names are HTML.
func TestPageEscapes(t *testing.T) {
	hostile := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "<script>alert(1)</script>"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "<b>", Image: "<i>"}}},
	}
	outcomes := simulate.Matrix{Images: imageconfig.Map{}, Nodes: []simulate.Node{{}}}.Start(t.Context(), hostile)
	name := filepath.Join(t.TempDir(), "page.html")
	if err := writePage(name, []table{newTable(hostile.Name, outcomes)}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"<script>", "<i>", "<b>&lt;"} {
		if strings.Contains(string(content), raw) {
			t.Errorf("the page has %s", raw)
		}
	}
	if external := strings.Count(string(content), "src="); external > 0 {
		t.Errorf("the page refers to %d other files", external)
	}
}

// TestPageInBrowser loads the page in a real browser, where one is installed,
// and looks at what it makes of it.
func TestPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			browser = found
			break
		}
	}
	if browser == "" {
		t.Skip("no browser is installed")
	}
	page := filepath.Join(t.TempDir(), "page.html")
	if code, _, stderr := printed(t, "-image", "app:1=1000:1000", "-image", "huge:1=4294967296", "-html", page, write(t, pod)); code != 0 {
		t.Fatal(stderr)
	}
	show := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+page)
	dom, err := show.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<td class="started">`, `<td class="failed">`, `<td class="undecided">`,
		`invalid USER value "4294967296": uid out of range`, `kubernetes 1.37.2, cri-o 1.35.1, linux/amd64`,
	} {
		if !strings.Contains(string(dom), want) {
			t.Errorf("the browser shows no %s", want)
		}
	}
	rows, columns := strings.Count(string(dom), `<th scope="row">`), strings.Count(string(dom), `<th>kubernetes 1.37.2, containerd 2.4.0, linux/amd64<`)
	if rows != 3 || columns != 1 {
		t.Errorf("the browser shows %d containers, and the newest node %d times", rows, columns)
	}
}
