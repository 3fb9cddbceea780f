package examples_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// blocks returns the README's fenced blocks of a language, in order.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	content, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	var found []string
	for _, match := range fence.FindAllStringSubmatch(string(content), -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	if len(found) == 0 {
		t.Fatalf("the README has no %q block", language)
	}
	return found
}

// TestREADMECommands runs each command that the README shows with its output. A
// line "..." there stands for any lines.
func TestREADMECommands(t *testing.T) {
	for _, block := range blocks(t, "console") {
		command, want, _ := strings.Cut(strings.TrimPrefix(block, "$ "), "\n")
		t.Run(command, func(t *testing.T) {
			run := exec.CommandContext(t.Context(), "sh", "-c", command)
			run.Dir = ".."
			got, err := run.Output()
			if err != nil {
				t.Fatal(err)
			}
			pattern := strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`+"\n", "(?s:.*)")
			if !regexp.MustCompile("^" + pattern + "$").Match(got) {
				t.Errorf("output (-README +printed):\n%s", cmp.Diff(want, string(got)))
			}
		})
	}
}

// TestREADMEPod checks that the first Pod is the lesson's, and that the lesson
// prints the error that the README shows for it.
func TestREADMEPod(t *testing.T) {
	manifest, err := os.ReadFile("lesson/manifests/rootfail-pod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(manifest), blocks(t, "yaml")[0]); diff != "" {
		t.Errorf("Pod (-lesson +README):\n%s", diff)
	}
	printed, err := os.ReadFile("lesson/testdata/lesson.txt")
	if err != nil {
		t.Fatal(err)
	}
	reason, message, _ := strings.Cut(strings.TrimSpace(blocks(t, "")[0]), ": ")
	for _, text := range []string{reason, message} {
		if !strings.Contains(string(printed), text) {
			t.Errorf("the lesson does not print %q", text)
		}
	}
}

// TestREADMEProgram builds the README's program in another module and runs it on
// an image that a registry on loopback serves.
func TestREADMEProgram(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/web:1")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(1024, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	dir := otherModule(t, "main.go", blockWith(t, "package main\n"))
	got := output(t, dir, "go", "run", ".", ref.String())
	want := `container "app": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "rootfail-pod_default()", container: app)` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

// TestREADMETest runs the README's test in another module; it has to fail with
// the words that the README shows.
func TestREADMETest(t *testing.T) {
	dir := otherModule(t, "shop_test.go", blockWith(t, "package shop_test\n"))
	got := output(t, dir, "go", "test", ".")
	if want := strings.TrimSpace(blocks(t, "")[1]); !strings.Contains(got, want) || !strings.Contains(got, "--- FAIL: TestShopStarts") {
		t.Errorf("go test does not fail with %q:\n%s", want, got)
	}
}

func blockWith(t *testing.T, start string) string {
	t.Helper()
	for _, block := range blocks(t, "go") {
		if strings.HasPrefix(block, start) {
			return block
		}
	}
	t.Fatalf("no Go block of the README starts with %q", start)
	return ""
}

// otherModule writes a module that has one file and requires this one.
func otherModule(t *testing.T, file, content string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	goSum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	module := strings.Replace(string(goMod), "module "+strings.TrimSuffix(modulePath, "/"), "module example.com/other", 1) +
		"\nrequire github.com/drystart/drystart v0.0.0\nreplace github.com/drystart/drystart => " + root + "\n"
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": module, "go.sum": string(goSum), file: content} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// output returns what a command prints, whether or not it fails.
func output(t *testing.T, dir, command string, args ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), command, args...)
	run.Dir = dir
	run.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	got, err := run.CombinedOutput()
	if err != nil {
		t.Logf("%s %v: %v", command, args, err)
	}
	return string(got)
}
