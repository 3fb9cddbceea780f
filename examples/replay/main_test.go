package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// replayed runs the program and returns its exit code and its output.
func replayed(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestRecordings replays every recording that the project has. A recording that
// is not replayed is a mistake: the test reads the directory.
func TestRecordings(t *testing.T) {
	recordings, err := filepath.Glob("../../testdata/nodes/*.jsonl")
	if err != nil || len(recordings) == 0 {
		t.Fatalf("recordings = %v, %v", recordings, err)
	}
	windows, err := filepath.Glob("../../testdata/windows/*.jsonl")
	if err != nil || len(windows) == 0 {
		t.Fatalf("recordings = %v, %v", windows, err)
	}
	recordings = append(recordings, windows...)
	closing := regexp.MustCompile(`^\S+: [1-9]\d* pods, [1-9]\d* containers, 0 differ(, [1-9]\d* fields not compared)?\n$`)
	for _, recording := range recordings {
		t.Run(filepath.Base(recording), func(t *testing.T) {
			code, stdout, stderr := replayed(t, recording)
			if code != 0 || !closing.MatchString(stdout) {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
			t.Log(strings.TrimSpace(stdout))
		})
	}
}

const (
	smallImages = `{"layers": {"base": [{"path": "bin/sh", "type": "file", "mode": "0755"}]},
		"images": {"127.0.0.1:5000/root:1": {"user": "", "entrypoint": ["/bin/sh"], "layers": ["base"]}}}`
	smallNode = `{"node": {"kubelet": "1.37.2", "runtime": "containerd", "runtimeVersion": "2.4.0", "os": "linux", "arch": "amd64"}}`
	smallPod  = `{"pod": {"metadata": {"name": "p", "namespace": "default", "uid": "u"},
		"spec": {"containers": [{"name": "app", "image": "127.0.0.1:5000/root:1", "imagePullPolicy": "IfNotPresent"}], "restartPolicy": "Always"}},
		"want": {"phase": "Running",
		"conditions": [{"type": "PodReadyToStartContainers", "status": "True"}, {"type": "Initialized", "status": "True"},
			{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
		"containers": {"app": {"state": "running", "user": {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}}}},
		"events": [
			{"type": "Normal", "reason": "Pulled", "fieldPath": "spec.containers{app}", "message": "Container image \"127.0.0.1:5000/root:1\" already present on machine and can be accessed by the pod"},
			{"type": "Normal", "reason": "Created", "fieldPath": "spec.containers{app}", "message": "Container created"},
			{"type": "Normal", "reason": "Started", "fieldPath": "spec.containers{app}", "message": "Container started"}],
		"process": {"app": {"uid": 0, "gid": 0, "groups": [0], "capEff": "00000000a80425fb"}}}}`
)

// TestDifferences changes one thing of a recording that fits, and expects to be
// told about just that.
func TestDifferences(t *testing.T) {
	tests := []struct {
		name, reason string
		old, new     string
		want         string // empty where nothing differs
	}{
		{name: "unchanged", reason: "the recording itself fits", old: "", new: ""},
		{name: "phase", reason: "a plain field", old: `"phase": "Running"`, new: `"phase": "Pending"`, want: `p: phase: recorded "Pending", simulated "Running"`},
		{name: "uid", reason: "what the status says", old: `{"uid": 0, "gid": 0, "supp`, new: `{"uid": 1, "gid": 0, "supp`, want: `p: containers.app.user.linux.uid: recorded 1, simulated 0`},
		{name: "process", reason: "what the process saw", old: `"groups": [0]`, new: `"groups": [0, 5]`, want: `p: process.app.groups[1]: recorded 5, simulated nothing`},
		{name: "condition", reason: "an element of a list", old: `"type": "Ready", "status": "True"`, new: `"type": "Ready", "status": "False"`, want: `p: conditions[2].status: recorded "False", simulated "True"`},
		{name: "unknown field", reason: "nothing that is recorded is passed over", old: `"phase": "Running"`, new: `"phase": "Running", "color": "red"`, want: `p: color: recorded "red", simulated nothing`},
		{name: "missing field", reason: "what is simulated and not recorded differs too", old: `"phase": "Running",`, new: ``, want: `p: phase: recorded nothing, simulated "Running"`},
		{name: "event", reason: "events count in their order", old: `"message": "Container created"`, new: `"message": "Created container app"`, want: `p: events[1].message: recorded "Created container app", simulated "Container created"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.reason == "" {
				t.Fatal("the case needs a reason")
			}
			changed := strings.Replace(smallPod, test.old, test.new, 1)
			if test.name != "unchanged" && changed == smallPod {
				t.Fatal("the case changes nothing")
			}
			name := write(t, "node.jsonl", smallNode+"\n"+changed+"\n")
			code, stdout, stderr := replayed(t, "-images", write(t, "i.json", smallImages), name)
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			closing := name + ": 1 pods, 1 containers, 0 differ, 1 fields not compared"
			if test.want != "" {
				closing = strings.Replace(closing, "0 differ", "1 differ", 1)
				if code != 1 || len(lines) != 2 || lines[0] != test.want {
					t.Errorf("exit code %d, want 1 and %q\n%s%s", code, test.want, stdout, stderr)
				}
			}
			if got := lines[len(lines)-1]; got != closing || test.want == "" && code != 0 {
				t.Errorf("exit code %d, closing line %q, want %q\n%s", code, got, closing, stderr)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	images := write(t, "images.json", smallImages)
	tests := []struct {
		name, reason string
		args         []string
		want         string
	}{
		{name: "no arguments", reason: "there is nothing to replay", want: "usage: replay"},
		{name: "no such flag", reason: "wrong use", args: []string{"-x"}, want: "usage: replay"},
		{name: "no recording", reason: "the file does not exist", args: []string{"-images", images, "nowhere.jsonl"}, want: "nowhere.jsonl"},
		{name: "no images", reason: "images.json is missing beside it", args: []string{write(t, "node.jsonl", smallNode)}, want: "images.json"},
		{name: "no node", reason: "the first line is a Pod", args: []string{"-images", images, write(t, "pod.jsonl", smallPod)}, want: "the first line names no node"},
		{name: "not JSON", reason: "the message names the line", args: []string{"-images", images, write(t, "bad.jsonl", smallNode+"\n{")}, want: "bad.jsonl: line 2"},
		{name: "no Pod", reason: "the message names the line", args: []string{"-images", images, write(t, "none.jsonl", smallNode+"\n{}\n")}, want: "none.jsonl: line 2: there is no Pod"},
		{name: "unknown layer", reason: "an image of a layer that is not described", args: []string{"-images", write(t, "i.json", `{"images": {"a:1": {"layers": ["x"]}}}`), write(t, "n.jsonl", smallNode)}, want: `there is no layer "x"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := replayed(t, test.args...)
			if code != 2 || !strings.Contains(stderr, test.want) || test.reason == "" {
				t.Errorf("exit code %d, want 2 and %q\n%s%s", code, test.want, stdout, stderr)
			}
		})
	}
}

// write writes a file into a directory of its own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
