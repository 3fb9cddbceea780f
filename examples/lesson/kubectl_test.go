package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// recordedPods are Pods whose kubectl output was recorded.
func recordedPods() []*corev1.Pod {
	pod := func(name, uid string, context *corev1.PodSecurityContext, containers ...corev1.Container) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid)},
			Spec:       corev1.PodSpec{SecurityContext: context, Containers: containers},
		}
	}
	container := func(name, image string) corev1.Container {
		return corev1.Container{Name: name, Image: "127.0.0.1:5000/etc/" + image + ":1"}
	}
	nonRoot := func() *corev1.PodSecurityContext { return &corev1.PodSecurityContext{RunAsNonRoot: new(true)} }
	user, groups := nonRoot(), nonRoot()
	user.RunAsUser = new(int64(1000))
	groups.RunAsUser, groups.RunAsGroup, groups.FSGroup = new(int64(1000)), new(int64(2000)), new(int64(3000))
	initRoot := pod("init-root", "4484a977-b6c4-41ec-a8c3-1819e67bb503", nonRoot(), container("app", "n1000"))
	initRoot.Spec.InitContainers = []corev1.Container{container("setup", "none")}
	twoFail := pod("two-fail", "ac3937fd-b2cf-4cd5-a176-fe702df20a2a", nil,
		container("zeta", "none"), container("alpha", "missing"), container("ok", "n1000"))
	twoFail.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsNonRoot: new(true)}
	return []*corev1.Pod{
		pod("nonroot-pod", "", user, container("app", "none")),
		pod("nonroot-groups-pod", "", groups, container("app", "none")),
		pod("rootfail-pod", "36a9c4f0-6255-4abd-8628-4317216bcdd7", nonRoot(), container("app", "none")),
		pod("named-user", "ccf4e5f7-8020-4b6b-b87d-854687818969", nonRoot(), container("app", "app")),
		initRoot,
		twoFail,
		pod("sandbox-group", "", &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}, container("app", "n1000")),
	}
}

// TestLayoutIsKubectls prints recorded Pods and finds each line in what the real
// kubectl printed for them: in the same order, but for events, which kubectl
// sorts by time.
func TestLayoutIsKubectls(t *testing.T) {
	content, err := os.ReadFile("../../testdata/cluster/kubectl.txt")
	if err != nil {
		t.Fatal(err)
	}
	accounts := fstest.MapFS{"etc/passwd": {Data: []byte("root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")}}
	images := imageconfig.Map{}
	var present []string
	for name, user := range map[string]string{"none": "", "app": "app", "n1000": "1000", "missing": "missing"} {
		ref := "127.0.0.1:5000/etc/" + name + ":1"
		images[ref] = imageconfig.Declared(user, accounts)
		present = append(present, ref)
	}
	node := simulate.Kubelet{Images: images, Present: present}
	for _, pod := range recordedPods() {
		t.Run(pod.Name, func(t *testing.T) {
			var out bytes.Buffer
			outcome := node.Start(t.Context(), pod)
			p := &printer{out: &out}
			p.get(pod.Name, outcome.Status())
			p.describe(pod, outcome)
			recorded := timeless(recordedOutput(string(content), pod.Name))
			next := 0
			for _, line := range timeless(out.String()) {
				from := next
				if event.MatchString(line) {
					from = 0
				}
				at := slices.Index(recorded[from:], line)
				if at < 0 {
					t.Fatalf("kubectl did not print %q here; it went on with\n%s", line, strings.Join(recorded[from:], "\n"))
				}
				next = max(next, from+at+1)
			}
		})
	}
}

// recordedOutput returns what kubectl printed for a Pod.
func recordedOutput(content, name string) string {
	_, section, _ := strings.Cut(content, "$ kubectl get pod "+name+"\n")
	section = "$ kubectl get pod " + name + "\n" + section
	describe := strings.Index(section, "$ kubectl describe pod ")
	if end := strings.Index(section[describe:], "$ kubectl get pod "); end >= 0 {
		return section[:describe+end]
	}
	return section
}

var (
	event = regexp.MustCompile(`^ (Normal|Warning) `)
	// folded are the rows whose columns are as wide as a time is long, and the
	// image, whose column depends on whether a command is shown.
	folded = regexp.MustCompile(`^(NAME |  Type +Reason|  ----|  Normal |  Warning |\S+ +\d/\d |    Image:)`)
	spaces = regexp.MustCompile(` {2,}`)
	times  = regexp.MustCompile(`<time>|(?: )\d+m?\d*s?( \(x\d+ over [\dms]+\))?( kubelet|$)`)
)

// timeless returns lines without what differs each time.
func timeless(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if folded.MatchString(line) {
			line = spaces.ReplaceAllString(line, " ")
			line = times.ReplaceAllString(line, " <t>$2")
			line = strings.Trim(line, "-")
		}
		lines = append(lines, strings.TrimRight(strings.ReplaceAll(line, "<time>", "<t>"), " -"))
	}
	return lines
}

func TestStatusColumn(t *testing.T) {
	waiting := func(reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
	}
	ended := func(reason string, code int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}}
	}
	runs := corev1.ContainerStatus{Ready: true, Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	list := func(statuses ...corev1.ContainerStatus) []corev1.ContainerStatus { return statuses }
	tests := []struct {
		name, reason string
		status       corev1.PodStatus
		want         string
	}{
		{name: "phase", reason: "nothing else to say", status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: list(runs)}, want: "Running"},
		{name: "reason", reason: "a rejected Pod", status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "PodOSNotSupported"}, want: "PodOSNotSupported"},
		{name: "first container wins", reason: "by name, the last word is the first one's", status: corev1.PodStatus{ContainerStatuses: list(waiting("ImagePullBackOff"), runs, waiting("CreateContainerConfigError"))}, want: "ImagePullBackOff"},
		{name: "init", reason: "the first that is not done", status: corev1.PodStatus{InitContainerStatuses: list(ended("Completed", 0), waiting("CreateContainerConfigError"))}, want: "Init:CreateContainerConfigError"},
		{name: "init waits", reason: "PodInitializing says nothing", status: corev1.PodStatus{InitContainerStatuses: list(ended("Completed", 0), waiting("PodInitializing"))}, want: "Init:1/2"},
		{name: "init ended badly", reason: "its reason", status: corev1.PodStatus{InitContainerStatuses: list(ended("StartError", 128))}, want: "Init:StartError"},
		{name: "sidecar runs", reason: "it is done with starting", status: corev1.PodStatus{Phase: corev1.PodRunning, InitContainerStatuses: list(runs), ContainerStatuses: list(runs)}, want: "Running"},
		{name: "one completed, one runs", reason: "Completed would hide the other", status: corev1.PodStatus{ContainerStatuses: list(ended("Completed", 0), runs)}, want: "NotReady"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, statusColumn(test.status)); diff != "" || test.reason == "" {
				t.Errorf("STATUS (-want +got):\n%s", diff)
			}
		})
	}
}
